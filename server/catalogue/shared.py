"""The catalogue as its wires share it: what is remembered of the index and of records, and result sets for all.

Z39.50 and SRU are two ways to the same things: a set that SRU made is known to Z39.50 by its identifier, a record that one made
is as ready for the other.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from twisted.internet.task import deferLater

from protocols.z3950.diagnostics import Bib1, Refused
from server.catalogue.records import Shelf
from server.catalogue.result_sets import Budget, ResultSet, ResultSets
from storage.catalogue.hits import Hits
from storage.catalogue.sorting import Orders
from storage.network.network import Database, Network
from storage.store import Store

MAX_DATABASES: Final = 64
MAX_SHARED_SETS: Final = 4096
"""Result sets that belong to no association."""
SHARED_OCTETS: Final = 64 << 20
"""Memory of them."""
UTF8: Final = "utf8"
EIGHT_BIT: Final = "5426"
MARC21: Final = "marc21"
LATIN_1: Final = "latin1"
"""No end of a name: text for who has agreed on it."""
VARIANTS: Final = frozenset({UTF8, EIGHT_BIT, MARC21})
"""Ends of names: records in UTF-8; in the eight-bit set of their format; in MARC 21 where no syntax is asked for."""
_DEFAULT: Final = "default"


@dataclass(frozen=True)
class Catalogue:
    """What the wires of a daemon share. *clock* is the reactor; *shared* are the sets that any wire may name."""

    store: Store
    clock: Any
    hits: Hits = field(init=False)
    shelf: Shelf = field(default_factory=Shelf)
    orders: Orders = field(default_factory=Orders)
    budget: Budget = field(default_factory=Budget)
    shared: ResultSets = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "hits", Hits(commits=lambda: self.store.commits))
        # Of a budget of their own: a busy portal takes no association's sets away.
        object.__setattr__(self, "shared", ResultSets(Budget(SHARED_OCTETS), MAX_SHARED_SETS))

    def publish(self, found: ResultSet, name: str = "") -> str:
        """Keep a set for any wire to name, and return its name."""
        name = name or new_name()
        self.shared[name] = found
        return name

    def rest(self) -> Awaitable[None]:
        """Let others have their turn."""
        return deferLater(self.clock, 0)


def new_name() -> str:
    """Return a name for a set that nobody guesses."""
    return secrets.token_urlsafe(12)


def databases(network: Network, names: Sequence[str]) -> tuple[Database, ...]:
    """Return the databases that are named, by their names or by aliases (``NAME-5426``), each once. Raises Refused."""
    if len(names) > MAX_DATABASES:
        raise Refused(Bib1.TOO_MANY_DATABASES, MAX_DATABASES)
    if not names:
        raise Refused(Bib1.DATABASE_DOES_NOT_EXIST)
    found: dict[int, Database] = {}
    for name in names:
        database = _named(network, name.casefold()) or _alias(network, name)
        if database is None:
            raise Refused(Bib1.DATABASE_DOES_NOT_EXIST, name)
        found[database.id] = database
    return tuple(found.values())


def _named(network: Network, folded: str) -> Database | None:
    database = network.databases.get(folded)
    return network.default_database() if database is None and folded == _DEFAULT else database


def _alias(network: Network, name: str) -> Database | None:
    """Return the database that an alias means, under the name that the origin knows it by."""
    base, _, end = name.casefold().rpartition("-")
    database = _named(network, base) if end in VARIANTS else None
    return None if database is None else replace(database, name=name, variant=end)
