"""What SRU may sort by: the sort keys of a CQL query, and those that SRU 1.1 sends beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from protocols.sru import cql
from protocols.sru.diagnostics import Condition, Refused
from server.catalogue import indexes as cql_indexes
from storage.catalogue.access_points import sort_by_use
from storage.catalogue.sorting import MAX_KEYS, Missing, SortKey
from storage.catalogue.spelling import UNSPELT, Spelling

_DIRECTIONS: Final = {"sort.ascending": False, "ascending": False, "sort.descending": True, "descending": True}
_MISSING: Final[dict[str, Missing | str]] = {
    "sort.missinglow": Missing.FIRST,
    "sort.missinghigh": Missing.LAST,
    "sort.missingfail": Missing.ABORT,
}
_SPELLINGS: Final[dict[str, dict[str, bool]]] = {
    "ignorecase": {"case": False},
    "respectcase": {"case": True},
    "ignoreaccents": {"marks": False},
    "respectaccents": {"marks": True},
}
"""Modifier, alone or of the context set sort -> what of the spelling counts."""
_VALUES: Final[dict[str, Missing | str]] = {
    "": Missing.FIRST,
    "lowvalue": Missing.FIRST,
    "highvalue": Missing.LAST,
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
    descending, spelling = False, UNSPELT
    missing: Missing | str = Missing.FIRST
    for modifier in key.modifiers:
        if modifier.name in _DIRECTIONS:
            descending = _DIRECTIONS[modifier.name]
        elif modifier.name in _MISSING:
            missing = _MISSING[modifier.name]
        elif modifier.name == "sort.missingvalue" and modifier.value:
            missing = modifier.value
        elif (counts := _SPELLINGS.get(modifier.name.removeprefix("sort."))) is not None:
            spelling = spelling._replace(**counts)
        else:
            raise Refused(Condition.SORT_SEQUENCE, f"{modifier.name} at character {modifier.position}")
    return _key(key.index, descending, missing, spelling)


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
    spelling = Spelling(case=case in {"1", "true"})
    return _key(index, ascending in {"0", "false"}, _VALUES.get(action.lower(), action), spelling)


def _key(index: cql.Index, descending: bool, missing: Missing | str, spelling: Spelling) -> SortKey:
    row = cql_indexes.resolve(index)
    by = None if isinstance(row, str) else sort_by_use.get(row.use)
    if by is None:
        raise Refused(Condition.SORT, f"{index}; what can be sorted by: {', '.join(sortable())}")
    return SortKey(by, descending, missing, spelling)


def sortable() -> Sequence[str]:
    """Return an index for each thing that can be sorted by."""
    return [row.names.split()[0] for row in cql_indexes.OFFERED if row.use in sort_by_use]
