"""The truth about characters, from the octets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.marc.charsets import Charset, encode
from protocols.marc.detect import claim, detect, twice_encoded
from protocols.marc.format import Format

SENTENCES = (
    "L'éducation sentimentale : histoire d'un jeune homme",
    "Élèves et maîtres à l'école",
    "\x1faÉtudes françaises\x1fbœuvres complètes",
    "Château, forêt, île",
    "À la recherche du temps perdu",
    "Müller, Günter : Größe",
    "Noël",
    "Fürstenberg",
    "18e siècle",
)


@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize("charset", [Charset.ISO5426, Charset.CP850, Charset.CP1252, Charset.MARC8, Charset.UTF8])
@pytest.mark.parametrize("text", SENTENCES)
def test_the_set_is_found_from_one_short_field(text: str, charset: Charset, form: Format) -> None:
    octets = encode(text, charset)
    assert detect(octets, form, expected=charset) is charset
    assert detect(octets, form) is charset


def test_a_false_claim_does_not_help_a_set() -> None:
    for claimed in Charset:
        assert detect("L'été à Besançon".encode(), Format.UNIMARC, claimed) is Charset.UTF8
        assert detect("L'été à Besançon".encode("cp1252"), Format.UNIMARC, claimed) is Charset.CP1252
        assert detect(b"L'\xc2et\xc2e \xc1a Besan\xd0con", Format.UNIMARC, claimed) is Charset.ISO5426


def test_ascii_is_utf_8_and_escapes_are_marc_8() -> None:
    assert detect(b"plain", Format.MARC21, Charset.MARC8) is Charset.UTF8
    assert detect(b"\x1b(NlEW\x1b(B", Format.MARC21) is Charset.MARC8


def test_utf_8_with_some_damage_stays_utf_8() -> None:
    assert detect("été, été, été".encode() + b"\xe9t", Format.UNIMARC) is Charset.UTF8


@given(st.binary(max_size=80), st.sampled_from(list(Format)))
def test_every_octets_have_a_set(data: bytes, form: Format) -> None:
    assert isinstance(detect(data, form), Charset)


@pytest.mark.parametrize(
    ("form", "leader", "a", "claimed"),
    [
        (Format.UNIMARC, b"00000nam  2200000   450 ", b"20010206d1892    k  y0frey50      ba", Charset.UTF8),
        (Format.UNIMARC, b"00000nam a2200000   450 ", b"20010206d1892    k  y0frey0103    ba", Charset.ISO5426),
        (Format.UNIMARC, b"00000nam  2200000   450 ", b"20010206d1892    k  y0frey01      ba", None),
        (Format.UNIMARC, b"00000nam  2200000   450 ", b"short", None),
        (Format.MARC21, b"00000nam a2200000   4500", b"", Charset.UTF8),
        (Format.MARC21, b"00000nam  2200000   4500", b"", Charset.MARC8),
    ],
)
def test_what_a_record_says_of_itself(form: Format, leader: bytes, a: bytes, claimed: Charset | None) -> None:
    assert claim(leader, [(b"001", b"1"), (b"100", b"  \x1fa" + a)], form) is claimed


@pytest.mark.parametrize(
    ("text", "repaired"),
    [
        ("8Â°007.775", "8°007.775"),
        ("Ã©lÃ¨ve", "élève"),
        ("Å“uvre", "œuvre"),
        ("lâ€™art", "l’art"),
        ("Ã\x89lan", "Élan"),
        ("CAFÃ‰", "CAFÉ"),
        ("château", "château"),
        ("IRMÃ»", "IRMÃ»"),
        ("«Â»", "«»"),
        ("ÃO", "ÃO"),
    ],
)
def test_utf_8_encoded_twice_is_repaired_and_sound_text_is_left_alone(text: str, repaired: str) -> None:
    assert twice_encoded(text) == repaired


@given(st.text(st.sampled_from("abc éèêàâçîôûœ'’°«»É"), max_size=30))
def test_french_encoded_twice_comes_back_and_once_stays(text: str) -> None:
    assert twice_encoded(text) == text
    assert twice_encoded(text.encode().decode("latin-1")) == text
