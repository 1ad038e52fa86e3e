"""What SRU may sort by: the sort keys of a CQL query, and those that SRU 1.1 sends beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from protocols.sru import cql
from protocols.sru.diagnostics import Condition, Refused
from server.catalogue import indexes as cql_indexes
from storage.catalogue.access_points import PointKind, sort_by_use
from storage.catalogue.sorting import MAX_KEYS, Missing, SortKey

_DIRECTIONS: Final = {"sort.ascending": False, "ascending": False, "sort.descending": True, "descending": True}
_LAST: Final = "\U0010ffff"
"""Stands behind every key that a record has."""
_MISSING: Final[dict[str, Missing | str]] = {
    "sort.missinglow": Missing.FIRST,
    "sort.missinghigh": _LAST,
    "sort.missingfail": Missing.ABORT,
}
_ALWAYS: Final = frozenset({"sort.ignorecase", "ignorecase", "sort.ignoreaccents", "ignoreaccents"})
_CASED: Final = frozenset({"sort.respectcase", "respectcase"})
_VALUES: Final[dict[str, Missing | str]] = {
    "": Missing.FIRST,
    "lowvalue": Missing.FIRST,
    "highvalue": _LAST,
    "abort": Missing.ABORT,
}


def sort_keys(query: cql.Query, beside: str) -> list[SortKey]:
    """Return the keys of a query, or else those beside it. Raises Refused."""
    keys = [_of_query(key) for key in query.sort_keys] or [_of_parameter(key) for key in beside.split()]
    if len(keys) > MAX_KEYS:
        raise Refused(Condition.TOO_MANY_SORT_KEYS, MAX_KEYS)
    if len({key.by for key in keys}) < len(keys):
        raise Refused(Condition.DUPLICATE_SORT_KEYS, ", ".join(key.by.name for key in keys))
    return keys


def _of_query(key: cql.SortKey) -> SortKey:
    descending, cased = False, ""
    missing: Missing | str = Missing.FIRST
    for modifier in key.modifiers:
        if modifier.name in _DIRECTIONS:
            descending = _DIRECTIONS[modifier.name]
        elif modifier.name in _MISSING:
            missing = _MISSING[modifier.name]
        elif modifier.name == "sort.missingvalue" and modifier.value:
            missing = modifier.value
        elif modifier.name in _CASED:
            cased = f"{modifier.name} at character {modifier.position}"
        elif modifier.name not in _ALWAYS:
            raise Refused(Condition.SORT_SEQUENCE, f"{modifier.name} at character {modifier.position}")
    return _key(key.index, descending, missing, cased)


def _of_parameter(text: str) -> SortKey:
    """Read a key of SRU 1.1: path, schema, ascending, caseSensitive, missingValue."""
    path, _schema, ascending, case, missing, *more = [*text.split(","), "", "", "", ""][:6]
    if any(more):
        raise Refused(Condition.SORT_SEQUENCE, text)
    if ascending not in {"", "0", "1", "true", "false"}:
        raise Refused(Condition.SORT_DIRECTION, ascending)
    if case not in {"", "0", "1", "true", "false"}:
        raise Refused(Condition.SORT_CASE, case)
    action = missing.strip("'\"")
    if action.lower() == "omit":
        raise Refused(Condition.SORT_MISSING, action)
    prefix, point, name = path.rpartition(".")
    index = cql.Index(name.rpartition("/")[2], prefix if point else "")
    return _key(
        index, ascending in {"0", "false"}, _VALUES.get(action.lower(), action), case if case in {"1", "true"} else ""
    )


def _key(index: cql.Index, descending: bool, missing: Missing | str, cased: str) -> SortKey:
    """Return a key; *cased* is what asks for capitals apart from small letters: of years it asks for nothing."""
    row = cql_indexes.resolve(index)
    by = None if isinstance(row, str) else sort_by_use.get(row.use)
    if by is None:
        raise Refused(Condition.SORT, f"{index}; what can be sorted by: {', '.join(sortable())}")
    if cased and by.kind is not PointKind.YEAR:
        raise Refused(Condition.SORT_CASE, cased)
    return SortKey(by, descending, missing)


def sortable() -> Sequence[str]:
    """Return an index for each thing that can be sorted by."""
    return [row.names.split()[0] for row in cql_indexes.OFFERED if row.use in sort_by_use]
