"""Result sets: named, few for each, within one budget of memory for all of them together.

A set is the frozen bitmap of record numbers that a search found; records saved later are not in it. What has to go is
the set that was used longest ago, and its owner is told so when it asks for it (diagnostic 27), not that it never was.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from pyroaring import BitMap

from protocols.z3950.diagnostics import Bib1, Refused
from storage.network.network import Database

MAX_SETS: Final = 16
"""Result sets of one association."""
MAX_OCTETS: Final = 256 << 20
"""Memory of all result sets of the process."""
_MAX_FORGOTTEN: Final = 64
_OVERHEAD: Final = 512


@dataclass(frozen=True, slots=True, eq=False)
class ResultSet:
    """The records of a search; in the order of their numbers, or in *order* once they were sorted."""

    records: BitMap
    databases: tuple[Database, ...]
    order: array[int] | None = None

    def numbers(self, start: int, end: int) -> list[int]:
        """Return the records from one position to another (from 0, the second excluded)."""
        return list(self.records[start:end] if self.order is None else self.order[start:end])

    @property
    def octets(self) -> int:
        """What the set holds of memory, at most: two octets a record, but no more than a bit for each that may be."""
        if not self.records:
            return _OVERHEAD
        order = 0 if self.order is None else len(self.order) * self.order.itemsize
        return _OVERHEAD + order + min(2 * len(self.records), (self.records.max() >> 16) + 1 << 13)


class Budget:
    """The memory of all result sets together."""

    def __init__(self, octets: int = MAX_OCTETS) -> None:
        self._limit = octets
        self._used = 0
        self._sets: OrderedDict[tuple[ResultSets, str], int] = OrderedDict()

    def add(self, owner: ResultSets, name: str, octets: int) -> None:
        """Count a set, and take from the owners of the oldest what is too much."""
        self.remove(owner, name)
        self._sets[owner, name] = octets
        self._used += octets
        while self._used > self._limit and len(self._sets) > 1:
            (oldest, its_name), _ = next(iter(self._sets.items()))
            oldest.evict(its_name, "memory for result sets is short")

    def remove(self, owner: ResultSets, name: str) -> None:
        """Count a set no more."""
        self._used -= self._sets.pop((owner, name), 0)

    def touch(self, owner: ResultSets, name: str) -> None:
        """Note that a set was used."""
        self._sets.move_to_end((owner, name))


class ResultSets:
    """The result sets of one association, *limit* of them."""

    def __init__(self, budget: Budget, limit: int = MAX_SETS) -> None:
        self._budget = budget
        self._limit = limit
        self._sets: OrderedDict[str, ResultSet] = OrderedDict()
        self._forgotten: OrderedDict[str, str] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sets)

    def __contains__(self, name: str) -> bool:
        return _key(name) in self._sets

    def __getitem__(self, name: str) -> ResultSet:
        """Return the set *name*. Raises Refused (27, 30)."""
        key = _key(name)
        found = self._sets.get(key)
        if found is None:
            if key in self._forgotten:
                raise Refused(Bib1.RESULT_SET_DELETED_BY_TARGET, self._forgotten[key])
            raise Refused(Bib1.RESULT_SET_DOES_NOT_EXIST, name)
        self._sets.move_to_end(key)
        self._budget.touch(self, key)
        return found

    def __setitem__(self, name: str, made: ResultSet) -> None:
        key = _key(name)
        self._forgotten.pop(key, None)
        self._sets.pop(key, None)
        self._sets[key] = made
        if len(self._sets) > self._limit:
            self.evict(next(iter(self._sets)), f"no more than {self._limit} result sets are kept")
        self._budget.add(self, key, made.octets)

    def discard(self, name: str) -> bool:
        """Drop the set *name* as its owner wished; tell whether there was one."""
        key = _key(name)
        self._forgotten.pop(key, None)
        self._budget.remove(self, key)
        return self._sets.pop(key, None) is not None

    def evict(self, key: str, why: str) -> None:
        """Drop a set that its owner may still ask for."""
        self._budget.remove(self, key)
        del self._sets[key]
        self._forgotten[key] = why
        if len(self._forgotten) > _MAX_FORGOTTEN:
            self._forgotten.popitem(last=False)

    def clear(self) -> None:
        """Drop all sets."""
        for key in self._sets:
            self._budget.remove(self, key)
        self._sets.clear()
        self._forgotten.clear()


def _key(name: str) -> str:
    """Return *name* for comparison: of all names, only that of the default set is compared without case."""
    folded = name.casefold()
    return folded if folded == "default" else name
