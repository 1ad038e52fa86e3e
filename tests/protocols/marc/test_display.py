"""What people read: brief records, ISBD in French, short title and author, items."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.marc.display import Short, brief, isbd, short
from protocols.marc.format import Format
from protocols.marc.holdings import Holding, item_fields
from protocols.marc.record import Record
from tests.protocols.marc.strategies import RECORDS
from tests.protocols.marc.test_crosswalk import MARC21_LEADER, UNIMARC_LEADER, field

GERMINAL = Record(
    UNIMARC_LEADER,
    [
        field("001 FRBNF1"),
        field("010    $a978-2-253-00422-6$bbr.$d6,90 EUR"),
        field("100    $a20010206d1983    k  y0frey50      ba"),
        field("200 1  $a\x98Le \x9cGerminal$eroman$fÉmile Zola$gpréface de X"),
        field("205    $a2e éd."),
        field("210    $aParis$cLibrairie générale française$d1983"),
        field("215    $a512 p.$d17 cm"),
        field("225 2  $aLe livre de poche$v145"),
        field("330    $aUn jeune homme arrive à Montsou."),
        field("606    $aMineurs$yFrance$2rameau"),
        field("700  1 $aZola$bÉmile$f1840-1902$4070"),
        field("995    $bLENS$fI000001"),
    ],
)
HOLDING = Holding("LENS", "LENS", "Adultes", "R ZOL", "I000001", "", "en prêt", "2026-12-01")


def test_golden_isbd() -> None:
    assert isbd(GERMINAL, Format.UNIMARC, [HOLDING, Holding("AVION", call_number="R ZOL", status="disponible")]) == (
        "Zola, Émile (1840-1902)\n"
        "Le Germinal : roman / Émile Zola ; préface de X. — 2e éd. — Paris :\n"
        "  Librairie générale française, 1983. — 512 p. ; 17 cm. — (Le livre de\n"
        "  poche ; 145).\n"
        "Un jeune homme arrive à Montsou.\n"
        "ISBN 978-2-253-00422-6 (br.) : 6,90 EUR\n"
        "Sujets : Mineurs -- France\n"
        "Exemplaires :\n"
        "  LENS — Adultes — R ZOL — en prêt (2026-12-01) — I000001\n"
        "  AVION — R ZOL — disponible\n"
    )


def test_marc21_reads_like_unimarc() -> None:
    record = Record(
        MARC21_LEADER,
        [
            field("100 1  $aZola, Émile,$d1840-1902."),
            field("245 13 $aLe Germinal :$broman /$cÉmile Zola."),
            field("260    $aParis :$bLGF,$c1983."),
        ],
    )
    assert isbd(record, Format.MARC21) == (
        "Zola, Émile (1840-1902)\nLe Germinal : roman / Émile Zola. — Paris : LGF, 1983.\n"
    )


@given(RECORDS, st.sampled_from(list(Format)))
def test_text_is_made_of_every_record_without_control_characters(record: Record, form: Format) -> None:
    text = isbd(record, form, [HOLDING])
    assert text.endswith("\n")
    assert not set(text) & set("\x1d\x1e\x1f\x98\x9c\r")
    assert all(len(line) <= 72 for line in text.split("\n"))


@pytest.mark.parametrize(
    ("form", "fields", "expected"),
    [
        (
            Format.UNIMARC,
            ["200 1  $a\x98Le \x9cchat$hII$iSuite$fX", "700  1 $aZola$bÉmile"],
            ("Le chat. II. Suite", "Zola, Émile"),
        ),
        (Format.UNIMARC, ["200 1  $aUn$aDeux$fpar X"], ("Un", "par X")),
        (Format.UNIMARC, ["200 1  $aRapport", "710 02 $aInsee"], ("Rapport", "Insee")),
        (Format.UNIMARC, ["700  1 $aZola$bÉmile"], ("", "Zola, Émile")),
        (
            Format.MARC21,
            ["100 1  $aZola, Émile,", "245 10 $aGerminal :$broman /$cE. Zola"],
            ("Germinal", "Zola, Émile"),
        ),
        (Format.MARC21, ["245 00 $aOne piece.$n12 /$cOda."], ("One piece. 12", "Oda")),
        (Format.MARC21, [], ("", "")),
    ],
)
def test_short_title_and_author(form: Format, fields: list[str], expected: tuple[str, str]) -> None:
    record = Record(UNIMARC_LEADER, [field(each) for each in fields])
    assert short(record.raw_fields(), form) == Short(*expected)


def test_the_brief_record_says_what_it_is_and_where() -> None:
    kept = [tag for tag, _ in brief(GERMINAL.raw_fields(), Format.UNIMARC)]
    assert kept == [b"001", b"010", b"100", b"200", b"205", b"210", b"215", b"225", b"700", b"995"]


def test_items_in_both_formats() -> None:
    assert item_fields([HOLDING], Format.UNIMARC) == [
        (b"995", "  \x1fbLENS\x1fcLENS\x1feAdultes\x1ffI000001\x1fkR ZOL\x1fn2026-12-01\x1fuen prêt".encode())
    ]
    assert item_fields([Holding("LENS", barcode="I1")], Format.MARC21) == [(b"852", b"  \x1faLENS\x1fpI1")]
