"""Sort: result sets in the order of the keys that a request names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from pyroaring import BitMap

from protocols.z3950 import apdu, oids
from protocols.z3950.bib1 import AttributeType
from protocols.z3950.diagnostics import Bib1, Refused
from server.catalogue.result_sets import ResultSet
from server.catalogue.shared import Catalogue
from server.z3950.control import Cancellation
from storage.catalogue.access_points import SORT_POINTS, SortPoint, sort_by_use
from storage.catalogue.sorting import BY_USE, MAX_KEYS, MAX_RECORDS, Missing, SortError, SortKey, sort
from storage.catalogue.spelling import Spelling

MAX_INPUTS: Final = 16
"""Result sets that one sort may bring together."""
BY_NAME: Final[dict[str, SortPoint]] = {by.name: by for by in (*SORT_POINTS, BY_USE)}
"""The names of sort fields, for origins that send no attributes."""
_ASCENDING: Final = 0
_DESCENDING: Final = 1
_SENSITIVE: Final = 0
_INSENSITIVE: Final = 1


async def ordered(
    catalogue: Catalogue, named: Callable[[str], ResultSet], request: apdu.SortRequest, cancellation: Cancellation
) -> ResultSet:
    """Return the set that a Sort makes of those that it names. Raises Refused, StoreUnavailable."""
    names = request.input_result_set_names
    if not names:
        raise Refused(Bib1.SORT_SEQUENCE, "no result set is named")
    if len(names) > MAX_INPUTS:
        raise Refused(Bib1.TOO_MANY_SORT_INPUTS, MAX_INPUTS)
    inputs = [named(name) for name in names]
    keys = _keys(request.sort_sequence)
    records, before = inputs[0].records, inputs[0].order
    if len(inputs) > 1:
        records, before = BitMap.union(*(each.records for each in inputs)), None
    try:
        steps = sort(catalogue.orders, records, keys, before)
        order = await cancellation.watch(catalogue.store.read(steps), steps)
    except SortError as error:
        if error.by is None:
            raise Refused(Bib1.TOO_MANY_RECORDS, MAX_RECORDS) from error
        raise Refused(Bib1.SORT_SEQUENCE, error) from error
    databases = {database.id: database for each in inputs for database in each.databases}
    return ResultSet(records, tuple(databases.values()), order)


def _keys(sent: Sequence[apdu.SortKeySpec]) -> list[SortKey]:
    if not sent:
        raise Refused(Bib1.SORT_SEQUENCE, "no key is named")
    if len(sent) > MAX_KEYS:
        raise Refused(Bib1.TOO_MANY_SORT_KEYS, MAX_KEYS)
    keys = [_key(each) for each in sent]
    if len({key.by for key in keys}) < len(keys):
        raise Refused(Bib1.DUPLICATE_SORT_KEYS, ", ".join(key.by.name for key in keys))
    return keys


def _key(sent: apdu.SortKeySpec) -> SortKey:
    """Return one key. Case is told apart where keys are alike without it, and accents are not: they are not spoken of."""
    if sent.sort_element.generic is None:
        raise Refused(Bib1.DATABASE_SPECIFIC_SORT)
    if sent.sort_relation not in {_ASCENDING, _DESCENDING}:
        raise Refused(Bib1.SORT_RELATION, f"{sent.sort_relation}: 0 ascending, 1 descending")
    if sent.case_sensitivity not in {_SENSITIVE, _INSENSITIVE}:
        raise Refused(Bib1.SORT_CASE, sent.case_sensitivity)
    return SortKey(
        _by(sent.sort_element.generic),
        sent.sort_relation == _DESCENDING,
        _missing(sent.missing_value_action),
        Spelling(case=sent.case_sensitivity == _SENSITIVE),
    )


def _by(sent: apdu.SortKey) -> SortPoint:
    found: SortPoint | None = None
    if sent.sortfield is not None:
        found = BY_NAME.get(sent.sortfield.casefold())
    elif sent.sort_attributes is not None:
        found = _by_attributes(sent.sort_attributes)
    if found is None:
        uses = ", ".join(map(str, sort_by_use))
        raise Refused(Bib1.SORT_SEQUENCE, f"Use attributes to sort by: {uses}; fields: {', '.join(BY_NAME)}")
    return found


def _by_attributes(sent: apdu.SortAttributes) -> SortPoint | None:
    for attribute in sent.list_:
        if (attribute.attribute_set or sent.id) != oids.BIB_1:
            raise Refused(Bib1.ATTRIBUTE_SET, attribute.attribute_set or sent.id)
        if attribute.attribute_type == AttributeType.USE:
            return sort_by_use.get(attribute.attribute_value.numeric or 0)
    raise Refused(Bib1.USE_REQUIRED)


def _missing(sent: apdu.MissingValueAction | None) -> Missing | str:
    if sent is None or sent.null is not None:
        return Missing.FIRST
    if sent.missing_value_data is not None:
        return sent.missing_value_data.decode("utf-8", "replace")
    return Missing.ABORT
