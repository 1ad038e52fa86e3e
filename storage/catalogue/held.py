"""What is asked of the items of records: their barcode, their call number, the library that possesses them.

No posting says it: items change with every delivery and every inventory, and are read as they are. What stands as it was asked is
found by an index; what is truncated is looked for among all items, in slices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from pyroaring import BitMap
from sqlalchemy import Select, bindparam, literal_column, select

from storage.catalogue import analyser
from storage.catalogue.access_points import BARCODE, CALL_NUMBER, INSTITUTION
from storage.catalogue.hits import Held
from storage.schema import barcode, commune, item, library
from storage.statements import Row, Statement, Steps

SLICE: Final = 2_000
"""Items that are looked at in one step."""


def _items(*columns: Any) -> Select[Any]:
    """Select of the items that records show."""
    shown = item.c.condition != literal_column("'withdrawn'")
    return select(item.c.id, item.c.record_id, *columns).where(item.c.record_id.is_not(None), shown)


def _walk(name: str, statement: Select[Any], *binds: str) -> Statement:
    sliced = statement.where(item.c.id > bindparam("after")).order_by(item.c.id).limit(bindparam("rows"))
    return Statement(name, sliced, *binds, "after", "rows")


_NUMBERED: Final = _items(barcode.c.number).join(barcode, barcode.c.item_id == item.c.id)
_BY_BARCODE: Final = Statement("records of barcode", _NUMBERED.where(barcode.c.number == bindparam("text")), "text")
_BARCODES: Final = _walk("barcodes of records", _NUMBERED.where(barcode.c.is_primary == literal_column("1")))
_BY_CALL_NUMBER: Final = Statement(
    "records of call number", _items().where(item.c.call_number == bindparam("text")), "text"
)
_CALL_NUMBERS: Final = _walk("call numbers of records", _items(item.c.call_number))
_POSSESSED: Final = _walk("records of owner", _items().where(item.c.owner_id == bindparam("owner")), "owner")
_LIBRARIES: Final = Statement(
    "libraries",
    select(library.c.id, library.c.code, library.c.isil, library.c.name, commune.c.name).join_from(
        library, commune, isouter=True
    ),
)


def held(key: Held) -> Steps[BitMap]:
    """Return the records whose items are as *key* says."""
    return _WAYS[key.code](key)


def _numbers(exact: Statement, every: Statement) -> Callable[[Held], Steps[BitMap]]:
    """Return the reader of what is written on items: whole, or as it begins."""

    def read(key: Held) -> Steps[BitMap]:
        if not key.open:
            answers = yield [exact(text) for text in dict.fromkeys((key.text, key.text.upper(), key.text.lower()))]
            return _records(row for rows in answers for row in rows)
        wanted = key.text.casefold()
        return (yield from _sliced(every, (), lambda row: bool(row[2]) and row[2].casefold().startswith(wanted)))

    return read


def _possessed(key: Held) -> Steps[BitMap]:
    """Return what libraries have that are named by code or ISIL, or by words of their name or their commune's."""
    (rows,) = yield [_LIBRARIES()]
    found = BitMap()
    for number in _named(key, rows):
        found |= yield from _sliced(_POSSESSED, (number,), bool)
    return found


def _named(key: Held, rows: Sequence[Row]) -> list[int]:
    """Return the libraries that are meant. A code is one library's: LENS is not Noyelles-sous-Lens as well."""
    asked = key.text.casefold()
    codes = [(number, (code.casefold(), (isil or "").casefold())) for number, code, isil, *_ in rows]
    exact = [number for number, each in codes if asked and asked in each]
    if exact and not key.open:
        return exact
    begun = [number for number, each in codes if key.open and any(code.startswith(asked) for code in each if code)]
    spoken = [number for number, _, _, name, town in rows if _has_words(key, f"{name} {town or ''}")]
    return list(dict.fromkeys([*begun, *spoken]))


def _has_words(key: Held, name: str) -> bool:
    words, wanted = analyser.words(name), analyser.asked(key.text)
    if not wanted:
        return key.open and not key.text
    *whole, last = wanted
    ends = any(word.startswith(last) for word in words) if key.open else last in words
    return ends and all(word in words for word in whole)


def _sliced(statement: Statement, values: tuple[Any, ...], wanted: Callable[[Row], bool]) -> Steps[BitMap]:
    found, after = BitMap(), 0
    while True:
        (rows,) = yield [statement(*values, after, SLICE)]
        found |= _records(row for row in rows if wanted(row))
        if len(rows) < SLICE:
            return found
        after = rows[-1][0]


def _records(rows: Iterable[Row]) -> BitMap:
    return BitMap([row[1] for row in rows])


_WAYS: Final[dict[int, Callable[[Held], Steps[BitMap]]]] = {
    BARCODE.code: _numbers(_BY_BARCODE, _BARCODES),
    CALL_NUMBER.code: _numbers(_BY_CALL_NUMBER, _CALL_NUMBERS),
    INSTITUTION.code: _possessed,
}
