"""A yard for tests: the small network with two routes that meet at the hub, and acts of the shuttle as plain calls.

NORTH comes to LENS (the hub), LIEVIN and back on every weekday morning; SOUTH to LENS, AVION and back on every afternoon.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, text

from server.writing import Direct
from storage import direct
from storage.circulation.checkin import CHECKIN, CheckinRequest
from storage.circulation.shuttle import carriage, packing
from storage.circulation.shuttle.carriage import LoadRequest, RunRequest
from storage.circulation.shuttle.packing import AddRequest, ContainerRequest, PackRequest
from storage.database import Location
from storage.network.declare import Passwords, apply_declaration, read_declaration
from storage.statements import Call
from storage.usecase import Decision, Origin, UseCase
from tests.network import AVION, LENS, LIEVIN
from tests.storage.circulation.shuttle.timetables import instant

MONDAY = "2026-11-23"
MORNING = instant(f"{MONDAY} 07:00")
ROUTES = """
[[routes]]
code = "NORTH"
weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday"]
hub = "LENS"
stops = [{library = "LENS", at = "08:00"}, {library = "LIEVIN", at = "09:00", handling = 30}, {library = "LENS", at = "11:00", handling = 60}]
[[routes]]
code = "SOUTH"
weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday"]
hub = "LENS"
stops = [{library = "LENS", at = "13:00"}, {library = "AVION", at = "14:00", handling = 30}, {library = "LENS", at = "16:00", handling = 60}]
"""
CODES = {LENS: "LENS", LIEVIN: "LIEVIN", AVION: "AVION"}


def _nothing(_request: Any, _network: Any) -> Any:
    yield []


class Yard:
    """Acts on the store at *location*, at the clock `now`."""

    def __init__(self, location: Location) -> None:
        self.location = location
        self.engine = location.engine()
        self.now = MORNING
        self.held: Connection | None = None
        with self.engine.begin() as connection:
            declaration = read_declaration(ROUTES.encode())
            apply_declaration(connection, declaration, location.pins(), Passwords(str), self.now)
        self.access = Direct(location)
        self.network = self.access.network

    def reload(self) -> None:
        self.network = self.access.network

    @contextmanager
    def rolled_back(self) -> Iterator[None]:
        """Within this, everything is one transaction that leaves nothing."""
        with self.engine.connect() as connection, connection.begin() as transaction:
            self.held, now = connection, self.now
            try:
                yield
            finally:
                self.held, self.now = None, now
                transaction.rollback()

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        if self.held is not None:
            yield self.held
        else:
            with self.engine.begin() as connection:
                yield connection

    def do(self, usecase: Any, request: Any) -> Any:
        with self.connected() as connection:
            return direct.transact(connection, self.network, usecase, request, self.now)

    def read(self, steps: Any) -> Any:
        with self.connected() as connection:
            return direct.read(connection, steps)

    def sql(self, statement: str, **values: Any) -> list[Any]:
        with self.connected() as connection:
            result = connection.execute(text(statement), values)
            return [tuple(row) for row in result] if result.returns_rows else []

    def write(self, *calls: Call) -> None:
        """Apply calls as an act would."""
        usecase: Any = UseCase("write", _nothing, lambda *_: Decision(None, calls), lambda _: (), lambda *_: None)
        self.do(usecase, RunRequest("", "", self.origin(LENS)))

    def origin(self, place: int) -> Origin:
        return Origin("cli", "staff", place)

    def checkin(self, barcode: str, place: int) -> Any:
        return self.do(CHECKIN, CheckinRequest(barcode, self.origin(place)))

    def add(self, code: str, place: int, capacity: int | None = None) -> Any:
        return self.do(packing.ADD, AddRequest(code, self.origin(place), "crate", capacity))

    def open(self, code: str, place: int, to: int | None = None, *, missing: bool = False) -> Any:
        request = ContainerRequest(code, self.origin(place), CODES[to] if to is not None else None, missing)
        return self.do(packing.OPEN, request)

    def pack(self, barcode: str, code: str, place: int) -> Any:
        return self.do(packing.PACK, PackRequest(barcode, code, self.origin(place)))

    def unpack(self, barcode: str, code: str, place: int) -> Any:
        return self.do(packing.UNPACK, PackRequest(barcode, code, self.origin(place)))

    def seal(self, code: str, place: int) -> Any:
        return self.do(packing.SEAL, ContainerRequest(code, self.origin(place)))

    def load(self, code: str, route: str, place: int, day: str = MONDAY) -> Any:
        return self.do(carriage.LOAD, LoadRequest(code, route, day, self.origin(place)))

    def unload(self, code: str, place: int) -> Any:
        return self.do(carriage.UNLOAD, ContainerRequest(code, self.origin(place)))

    def run(self, usecase: Any, route: str, day: str = MONDAY, driver: str = "") -> Any:
        return self.do(usecase, RunRequest(route, day, self.origin(LENS), driver))

    def ready(self, code: str, *barcodes: str, place: int = LENS, to: int | None = None) -> None:
        """A sealed container of *place* with these items, which were checked in there."""
        self.add(code, place)
        assert self.open(code, place, to).ok
        for barcode in barcodes:
            self.checkin(barcode, place)
            assert self.pack(barcode, code, place).ok, barcode
        assert self.seal(code, place).ok

    def container(self, code: str) -> tuple[str, int, int | None]:
        (found,) = self.sql("SELECT state, place_id, to_id FROM container WHERE code = :c", c=code)
        return found  # type: ignore[no-any-return]

    def lines(self, barcode: str) -> list[Any]:
        return self.sql(
            "SELECT c.code, l.outcome, l.inferred FROM manifest_line l JOIN barcode b ON b.item_id = l.item_id"
            " LEFT JOIN container c ON c.id = l.container_id WHERE b.number = :b ORDER BY l.id",
            b=barcode,
        )

    def anomalies(self) -> list[Any]:
        return self.sql("SELECT kind, library_id, item_id, detail FROM anomaly WHERE settled_at IS NULL ORDER BY id")


@contextmanager
def yard_at(location: Location) -> Iterator[Yard]:
    made = Yard(location)
    yield made
    made.engine.dispose()
