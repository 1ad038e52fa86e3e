"""The stores that are measured: the demo's network, with many more readers, items and loans than the demo has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Table, func, select

import server
from bench.daemon import run
from storage import schema
from storage.bulk import insert_rows
from storage.database import Location
from storage.ids import new_id
from storage.jobs.table import JOBS

NETWORK: Final = Path(server.__path__[0]) / "demo" / "network.toml"
PIN: Final = "1234"
_LOAN_DAYS: Final = 28
_BURDENED: Final = 4
_LOANS, _HOLDS = 100, 20
_TITLES: Final = (
    "La mine et les mineurs",
    "Histoire du bassin houiller",
    "Le retour des hirondelles",
    "Petites fugues",
)
_AUTHORS: Final = ("Dumont, Claire", "Lefebvre, Jean", "Wattrelos, Inès", "Kowalski, Adam")


def card(number: int) -> str:
    """Return the card of the benchmark's reader *number*, from 0."""
    return f"B{number:07d}"


def burdened() -> Iterator[str]:
    """Yield the cards of the readers with a hundred loans and twenty holds each."""
    return (f"H{number:07d}" for number in range(_BURDENED))


def item(number: int) -> str:
    """Return the barcode of the benchmark's item *number*, from 0."""
    return f"J{number:07d}"


@dataclass(frozen=True)
class Size:
    """How much is added to the network: three items a reader, half of them on loan."""

    readers: int

    @property
    def items(self) -> int:
        """How many items."""
        return self.readers * 3

    @property
    def loans(self) -> int:
        """How many of the items, the first ones, are on loan."""
        return self.items // 2


@dataclass(frozen=True)
class Store:
    """A store, and the configuration file that names it."""

    location: Location
    configuration: Path
    libraries: tuple[str, ...]
    """The libraries that lend, in the order in which the items go round them."""

    def grow(self, size: Size) -> None:
        """Add readers, items and loans."""
        with self.location.engine().begin() as connection:
            _grow(connection, self.location, size)
            if self.location.url:  # what autovacuum would do within a minute
                connection.exec_driver_sql("ANALYZE")

    def burden(self) -> None:
        """Add the readers who are `burdened`, with items of their own."""
        with self.location.engine().begin() as connection:
            _burden(connection, self.location)


def make(folder: Path, url: str = "", *, connections: int = 4096) -> Store:
    """Make a store with the demo's network in *folder*, or in the PostgreSQL database *url*, as its users would.

    The daemon takes so many SIP2 *connections*.
    """
    configuration = folder / "bibliobus.toml"
    store = f"[store]\ndata = {json.dumps(str(folder / 'store'))}\nurl = {json.dumps(url)}\n"
    configuration.write_text(f"{store}[sip2]\nconnections = {connections}\n")
    run("db", "upgrade", f"--config={configuration}")
    run("load", str(NETWORK), f"--config={configuration}")
    location = Location(folder / "store", url)
    with location.engine(reads=True).connect() as connection:
        return Store(location, configuration, tuple(code for _, code in _lending(connection)))


def _lending(connection: Connection) -> list[tuple[int, str]]:
    library = schema.library.c
    rows = connection.execute(select(library.id, library.code).where(library.kind == "library").order_by(library.id))
    return [(row.id, row.code) for row in rows]


def _grow(connection: Connection, location: Location, size: Size) -> None:
    pins = location.pins()
    homes = [number for number, _ in _lending(connection)]
    adult, book = _id_of(connection, schema.patron_category, "adult"), _id_of(connection, schema.item_type, "book")
    patron, thing = _last(connection, schema.patron) + 1, _last(connection, schema.item) + 1
    now = datetime.now(UTC)
    valid = (now + timedelta(days=365)).date().isoformat()
    due, out = (now + timedelta(days=_LOAN_DAYS)).date().isoformat(), int(now.timestamp()) - 3600

    def home(number: int) -> int:
        return homes[number % len(homes)]

    insert_rows(
        connection,
        schema.patron,
        ("id", "code", "category_id", "home_id", "surname", "forename", "valid_until", "pin_hash"),
        (
            (patron + i, card(i), adult, home(i), f"Durand {i}", "Camille", valid, pins.hash(card(i), PIN))
            for i in range(size.readers)
        ),
    )
    insert_rows(
        connection,
        schema.card,
        ("namespace", "number", "patron_id"),
        (("", card(i), patron + i) for i in range(size.readers)),
    )
    insert_rows(
        connection,
        schema.item,
        ("id", "owner_id", "home_id", "current_id", "item_type_id", "title", "author", "call_number"),
        (
            (thing + i, home(i), home(i), home(i), book, _TITLES[i % 4], _AUTHORS[i % 4], "R DUM")
            for i in range(size.items)
        ),
    )
    insert_rows(
        connection,
        schema.barcode,
        ("number", "namespace", "item_id"),
        ((item(i), "", thing + i) for i in range(size.items)),
    )
    insert_rows(
        connection,
        schema.loan,
        ("id", "item_id", "patron_id", "library_id", "item_type_id", "channel", "out_at", "due_on"),
        (
            (new_id(), thing + i, patron + i * 7919 % size.readers, home(i), book, "sip2", out, due)
            for i in range(size.loans)
        ),
    )
    _have_jobs_done(connection, int(now.timestamp()))


def _have_jobs_done(connection: Connection, now: int) -> None:
    """Have the jobs of the day behind us: for a while after the first start they take up to a tenth of a core."""
    insert_rows(connection, schema.job, ("name", "began_at", "ended_at"), ((name, now, now) for name in JOBS))


def _burden(connection: Connection, location: Location) -> None:
    pins = location.pins()
    home = _lending(connection)[0][0]
    adult, book = _id_of(connection, schema.patron_category, "adult"), _id_of(connection, schema.item_type, "book")
    patron, thing = _last(connection, schema.patron) + 1, _last(connection, schema.item) + 1
    now = datetime.now(UTC)
    due, at = (now + timedelta(days=_LOAN_DAYS)).date().isoformat(), int(now.timestamp()) - 3600
    cards = list(enumerate(burdened()))
    items = [(thing + n, n) for n in range(len(cards) * (_LOANS + _HOLDS))]
    insert_rows(
        connection,
        schema.patron,
        ("id", "code", "category_id", "home_id", "surname", "pin_hash"),
        ((patron + n, number, adult, home, "Durand", pins.hash(number, PIN)) for n, number in cards),
    )
    insert_rows(
        connection, schema.card, ("namespace", "number", "patron_id"), (("", number, patron + n) for n, number in cards)
    )
    insert_rows(
        connection,
        schema.item,
        ("id", "owner_id", "home_id", "current_id", "item_type_id", "title"),
        ((number, home, home, home, book, _TITLES[n % 4]) for number, n in items),
    )
    insert_rows(
        connection,
        schema.barcode,
        ("number", "namespace", "item_id"),
        ((f"K{n:07d}", "", number) for number, n in items),
    )
    lent, held = items[: len(cards) * _LOANS], items[len(cards) * _LOANS :]
    insert_rows(
        connection,
        schema.loan,
        ("id", "item_id", "patron_id", "library_id", "item_type_id", "channel", "out_at", "due_on"),
        ((new_id(), number, patron + n // _LOANS, home, book, "sip2", at, due) for number, n in lent),
    )
    insert_rows(
        connection,
        schema.hold,
        ("id", "patron_id", "target_item_id", "pickup_id", "requested_at"),
        ((new_id(), patron + n % len(cards), number, home, at) for number, n in held),
    )


def _id_of(connection: Connection, table: Table, code: str) -> Any:
    return connection.execute(select(table.c.id).where(table.c.code == code)).scalar_one()


def _last(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one())
