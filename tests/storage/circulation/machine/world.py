"""A small world to walk in: three towns and a department, six items, four readers, a clock, on either database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from storage import direct
from storage.circulation.accounts import Item, make_item
from storage.circulation.facts import ITEM, ItemRow
from storage.database import Location
from storage.jobs.job import Job, RunRequest, usecase_of
from storage.journal import gather
from storage.network.network import Network, load_network
from storage.usecase import Act, Origin
from tests.network import AVION, LENS, LIEVIN, NOW

ITEMS: Final = tuple(f"I{number}" for number in (1, 10, 11, 2, 12, 4))
"""Three copies of a title, two of another, in three towns, and one of neither."""
READERS: Final = tuple(f"R{number}" for number in range(1, 5))
LIBRARIES: Final = (LENS, LIEVIN, AVION)
TITLES: Final = {1: (1, 10, 11), 2: (2, 12)}
_SETUP: Final = (
    *(
        "INSERT INTO record (id, format, iso2709, source, control, title, created_at, modified_at)"
        f" VALUES ({record}, 'unimarc', '', 'x', '{record}', 'T', 0, 0)"
        for record in TITLES
    ),
    *(
        f"UPDATE item SET record_id = {record} WHERE id IN ({', '.join(map(str, items))})"
        for record, items in TITLES.items()
    ),
    "UPDATE item SET home_id = 3, owner_id = 3, current_id = 3 WHERE id IN (11, 12)",
    "UPDATE item SET home_id = 2, owner_id = 2, current_id = 2 WHERE id = 10",
    "INSERT INTO policy_set (id, code, effective_from) VALUES (1, 'vote', '2026-01-01')",
    (
        "INSERT INTO rule (policy_set_id, attribute, value) VALUES (1, 'loan.limit', '3'), (1, 'hold.limit', '3'),"
        " (1, 'hold.available-here', 'allow')"
    ),
    "INSERT INTO route (id, code, weekdays) VALUES (1, 'N', '1 2 3 4 5 6')",
    (
        "INSERT INTO route_stop (route_id, position, library_id, at) VALUES"
        f" (1, 1, {LENS}, '09:00'), (1, 2, {LIEVIN}, '10:00'), (1, 3, {AVION}, '11:00'), (1, 4, {LENS}, '12:00')"
    ),
    "INSERT INTO container (id, code, place_id) VALUES (1, 'C1', 1), (2, 'C2', 2)",
    *(
        f"INSERT INTO opening (library_id, weekday, opens, closes) VALUES ({library}, {day}, '09:00', '18:00')"
        for library in LIBRARIES
        for day in (2, 3, 4, 5, 6)
    ),
)


Rows: TypeAlias = Callable[[str], list[Any]]
Check: TypeAlias = "tuple[str, ...] | Callable[[World, Rows], list[Any]]"


class World:
    """The store at *location*, an act at a time, each in its own transaction; `now` is its clock."""

    def __init__(self, location: Location, now: int = NOW) -> None:
        self.location = location
        self.now = now
        self._engine = location.engine()
        self._connection = self._engine.connect()
        if not location.url:  # What a power failure would lose is lost with the folder anyway.
            raw: Any = self._connection.connection.driver_connection
            raw.execute("PRAGMA synchronous=OFF")
        self.network: Network
        self.reload()

    @classmethod
    def begin(cls, location: Location) -> World:
        """Make the world in a store that has the small network."""
        world = cls(location)
        for statement in _SETUP:
            world.sql(statement.replace("''", "x''", 1) if not location.url and "iso2709" in statement else statement)
        world.reload()
        return world

    def reload(self) -> None:
        with self._connection.begin():
            self.network = load_network(self._connection, self.location.pins())

    def close(self) -> None:
        self._connection.close()
        self._engine.dispose()

    def sql(self, statement: str) -> list[Any]:
        with self._connection.begin():
            return self._rows(statement)

    def broken(self, checks: Mapping[str, Check]) -> dict[str, list[Any]]:
        """Return what breaks each of *checks*, which are queries or functions of the world and a way to ask it."""
        with self._connection.begin():
            found = {
                name: [row for one in check for row in self._rows(one)]
                if isinstance(check, tuple)
                else check(self, self._rows)
                for name, check in checks.items()
            }
        return {name: rows for name, rows in found.items() if rows}

    def _rows(self, statement: str) -> list[Any]:
        result = self._connection.exec_driver_sql(statement.replace("%", "%%") if self.location.url else statement)
        return [tuple(row) for row in result] if result.returns_rows else []

    def act(self, usecase: Any, request: Any) -> Any:
        with self._connection.begin():
            return direct.transact(self._connection, self.network, usecase, request, self.now)

    def decided(self, usecase: Any, request: Any) -> Any:
        """Return what would be decided, and write nothing."""
        with self._connection.begin() as transaction:
            found, _ = direct.read(self._connection, gather(Act(usecase, request, self.now), self.network))
            transaction.rollback()
        return usecase.decide(request, found, self.network, self.now)

    def crash(self, usecase: Any, request: Any) -> None:
        """Do all of an act, and be killed before it is committed."""
        with self._connection.begin() as transaction:
            direct.transact(self._connection, self.network, usecase, request, self.now)
            transaction.rollback()

    def job(self, job: Job) -> None:
        """Do a whole round."""
        usecase, rounds = usecase_of(job), 0
        while True:
            slice_ = self.act(usecase, RunRequest(Origin("job", "walk", 0), self.now))
            rounds += 1
            assert rounds < 100, f"{job.name} never ends"
            if not slice_.cursor:
                return

    def item(self, barcode: str) -> Item:
        with self._connection.begin():
            (row,) = [ItemRow._make(row) for row in direct.read(self._connection, _one(barcode))]
        return make_item(self.network, row)


def _one(barcode: str) -> Any:
    (rows,) = yield [ITEM(barcode)]
    return rows


def at(library: int, channel: str = "sip2") -> Origin:
    return Origin(channel, "desk", library)
