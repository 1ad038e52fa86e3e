"""The reference page of the crosswalk, made of its tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from protocols.marc.crosswalk_coded import FORM, GENERAL, SERIAL, TEXTUAL, Position
from protocols.marc.crosswalk_table import ROWS, Way
from protocols.marc.dublincore import ELEMENTS

_ARROWS = {Way.BOTH: "↔", Way.TO_MARC21: "→", Way.TO_UNIMARC: "←"}


def reference() -> str:
    """Return the page, in Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# UNIMARC and MARC 21\n"
    yield "Generated from the tables of `protocols.marc`. A field is converted by the first row that its indicators fit (`.` fits any, and is"
    yield "written as a blank). Leader, 100, 102, 200, 801 and the choice of the main entry are converted by rules of their own; what has no"
    yield "row is lost, and is named.\n"
    yield "## Fields\n"
    yield from _rows(
        ("UNIMARC", "", "MARC 21", "subfields, UNIMARC first"),
        (
            (
                f"{row.unimarc} `{row.unimarc_indicators}`",
                _ARROWS[row.way],
                f"{row.marc21} `{row.marc21_indicators}`",
                row.codes,
            )
            for row in ROWS
        ),
    )
    yield "## Coded data\n"
    yield "A blank is written `_`; `|` says that nothing is coded.\n"
    tables = (("100", GENERAL), ("105", TEXTUAL), ("106", FORM), ("110", SERIAL))
    coded = [_position(tag, position) for tag, table in tables for position in table]
    yield from _rows(("UNIMARC $a", "MARC 21 008", "codes, UNIMARC first"), coded)
    yield "## Dublin Core\n"
    dublin = [(name, " ".join(tags)) for name, tags, _ in ELEMENTS]
    yield from _rows(("element", "UNIMARC fields"), [*dublin, ("type", "leader/6")])


def _position(tag: str, position: Position) -> tuple[str, str, str]:
    codes = " ".join(f"{unimarc}:{marc21.replace(' ', '_')}" for unimarc, marc21 in position.codes.items())
    return (f"{tag}/{_span(position.unimarc, position.length)}", _span(position.marc21, position.length), f"`{codes}`")


def _span(at: int, length: int) -> str:
    return f"{at}-{at + length - 1}" if length > 1 else str(at)


def _rows(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    yield ""
