"""Records for those who read no UTF-8: every character goes out, and the record says which set it is in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.marc import detect, iso2709
from protocols.marc.canonical import canonical, from_iso2709
from protocols.marc.charsets import NSB, NSE, Charset, decode, encode_nearest
from protocols.marc.format import Format
from protocols.marc.outgoing import EIGHT_BIT, eight_bit

LEADERS = {Format.UNIMARC: b"00000nam  22000003  450 ", Format.MARC21: b"00000nam a22000003a 4500"}
TITLES = {Format.UNIMARC: b"200", Format.MARC21: b"245"}
CODED = b"20260101d1885    u  y0frey50      ba"
LETTERS = "abcXYZ 019éèàçôûïÉÀæœŒøłđßñåö’«»" + NSB + NSE


def made(form: Format, title: str) -> tuple[bytes, list[iso2709.RawField]]:
    """Return a canonical record of one title."""
    coded = [(b"100", b"  \x1fa" + CODED)] if form is Format.UNIMARC else []
    found = canonical(LEADERS[form], [*coded, (TITLES[form], f"1 \x1fa{title}\x1ffZola".encode())], form, Charset.UTF8)
    return found.leader, found.fields


@pytest.mark.parametrize("form", Format)
@given(title=st.text(LETTERS, min_size=1))
def test_what_the_set_has_comes_back_and_the_claim_is_true(form: Format, title: str) -> None:
    leader, fields = made(form, title)
    sent_leader, sent = eight_bit(leader, fields, form)
    assert detect.claim(sent_leader, sent, form) is EIGHT_BIT[form]
    back = from_iso2709(iso2709.join(sent_leader, sent), form, EIGHT_BIT[form])
    texts = [decode(data, Charset.UTF8) for tag, data in back.fields if tag == TITLES[form]]
    assert texts == [decode(dict(fields)[TITLES[form]], Charset.UTF8)]


@given(text=st.text(st.characters(exclude_categories=["Cs", "Cc"])))
@pytest.mark.parametrize("charset", EIGHT_BIT.values())
def test_no_character_is_lost_without_a_trace(charset: Charset, text: str) -> None:
    sent = encode_nearest(text, charset)
    assert "\ufffd" not in decode(sent, charset).replace("&#xFFFD;", "")
    assert bool(sent.strip()) >= any(c.isalnum() for c in text)


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("人", b"&#x4EBA;"),
        ("ﬁn", b"fin"),
        ("été 人", b"\xc2et\xc2e &#x4EBA;"),
        ("l’art", b"l\xb9art"),
        ("½", b"&#x00BD;"),
    ],
)
def test_what_iso_5426_lacks_is_written_by_rule(text: str, sent: bytes) -> None:
    assert encode_nearest(text, Charset.ISO5426) == sent


def test_a_mark_that_begins_a_subfield_does_not_go_before_its_code() -> None:
    leader, fields = made(Format.UNIMARC, "x")
    fields[1] = (b"200", "1 \x1fa\u0332x".encode())
    (_, _), (_, title) = eight_bit(leader, fields, Format.UNIMARC)[1]
    assert title.startswith(b"1 \x1fa")


def test_a_field_100_without_coded_data_stays() -> None:
    leader, fields = made(Format.UNIMARC, "x")
    assert eight_bit(leader, [(b"100", b"  \x1fbx")], Format.UNIMARC)[1] == [(b"100", b"  \x1fbx")]
    assert dict(fields)[b"100"].endswith(CODED)
