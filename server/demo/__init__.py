"""The demo network: the agglomeration of Lens-Liévin with readers, records, items, and a past.

What is promised, from one release to the next:

- libraries have the codes of ``network.toml``; each has a SIP2 account ``kiosk-`` and its code in small letters, with the
  password ``demo``; the departmental library is the NCIP agency ``FR-MDPC62``; the Z39.50 database is ``network``, and
  each commune has one of its own that bears its code;
- readers have the cards ``R000001`` to ``R004000`` and the PIN ``1234``; up to ``R000999`` they have neither loans nor
  holds nor blocks, and cards in order;
- items are ``I000001`` to ``I012000``; up to ``I000999`` they are books that stand on their shelves and may be lent to
  anyone. ``I000001`` is Émile Zola's Germinal, ISBN 9782253004226, at LENS.

Days are counted from the day on which the network is made; all else is always the same.
"""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from protocols.marc.errors import BadRecord
from server.demo.catalogue import SEED, Cataloguer
from server.demo.dice import Dice
from server.demo.history import History
from server.demo.stock import Copy, conditions, copies, item_field, readers
from server.demo.unimarc import record
from server.demo.works import Title
from server.passwords import HASHER
from storage import database, schema
from storage.catalogue.records import NewRecord, save_records
from storage.database import Location
from storage.intake.holdings import PROFILES
from storage.intake.marc_import import Task, databases_named, import_batch, new_records
from storage.intake.marc_read import MarcFile, SourceRecord, batches
from storage.network.declare import Passwords, apply_declaration, declaration_of
from storage.network.holidays import holidays
from storage.network.network import load_network

STAGES: Final = ("network", "records", "databases", "readers", "history")
Progress = Callable[[str, int, int], None]
"""Is told which of `STAGES` is being worked at, how much of it is done, and how much it is in all."""

_ZONE: Final = ZoneInfo("Europe/Paris")
_BATCH: Final = 500
_LIBRARY: Final = "LENS"
"""The library whose file of records is imported."""


def is_empty(location: Location) -> bool:
    """Tell whether the store at *location*, whose schema is this release's, has no network yet."""
    with location.engine(reads=True).connect() as connection:
        return connection.execute(select(schema.library.c.id).limit(1)).first() is None


def create_demo(location: Location, progress: Progress) -> None:
    """Make the demo network at *location*, whose write lock the caller holds, in one transaction: whole, or not at all.

    It goes the way of `bibliobus load` and `bibliobus import`. A schema is made where none is. Raises ValueError unless the
    store is empty.
    """
    location.create_directory()
    engine = location.engine()
    database.upgrade(engine)
    if not is_empty(location):
        raise ValueError(f"there is a network in {location.directory} already")
    with engine.begin() as connection:
        _Demo(connection, location, progress).make()
        database.announce(connection)


def network_tables(today: date) -> dict[str, Any]:
    """Return the tables of ``network.toml``, with the closed days of the years around *today*."""
    tables = tomllib.loads(Path(__file__).with_name("network.toml").read_text(encoding="utf-8"))
    days = [holiday for year in range(today.year - 1, today.year + 3) for holiday in holidays(year)]
    tables["calendars"].append({"exceptions": [{"day": day, "reason": name} for day, name in days]})
    return tables


def marc_file(titles: list[Title], all_copies: list[Copy]) -> Iterator[bytes]:
    """Yield the records of *titles* with their items, in ISO 2709: a file that `bibliobus import` takes."""
    copies_of: dict[int, list[Copy]] = {}
    for copy in all_copies:
        copies_of.setdefault(copy.title, []).append(copy)
    for number, title in enumerate(titles):
        made = record(title, number + 1)
        made.fields += [item_field(title, copy) for copy in copies_of[number]]
        yield made.to_iso2709()


class _Demo:
    """The making of the demo network."""

    def __init__(self, connection: Connection, location: Location, progress: Progress) -> None:
        self._connection = connection
        self._pins = location.pins()
        self._progress = progress
        self._now = int(time.time())
        self._today = datetime.fromtimestamp(self._now, _ZONE).date()
        self._titles = list(Cataloguer().titles())
        self._copies = copies(self._titles, Dice(SEED + 1))

    def make(self) -> None:
        """Make all of it."""
        tables = network_tables(self._today)
        self._declare("network", tables)
        self._import(tables)
        homes = self._readers(tables)
        network = load_network(self._connection, self._pins)
        history = History(self._connection, network, homes, self._today, Dice(SEED + 3))
        for done, total in history.live(self._copies):
            self._progress("history", done, total)

    def _declare(self, what: str, tables: dict[str, Any]) -> None:
        declaration = declaration_of(tables)
        apply_declaration(self._connection, declaration, self._pins, Passwords(HASHER.hash), self._now)
        self._progress(what, 1, 1)

    def _import(self, tables: dict[str, Any]) -> None:
        """Import the records with their items; then each commune's own join its database."""
        communes = {library["code"]: library.get("commune", "") for library in tables["libraries"]}
        held: dict[str, list[NewRecord]] = {}
        done = 0
        for batch in batches(self._records(), _BATCH):
            new = new_records(_LIBRARY, batch)
            import_batch(self._connection, Task(_LIBRARY, ["network"], PROFILES["995"], self._now), batch, new)
            for source, saved in zip(batch, new, strict=True):
                for commune in dict.fromkeys(communes[item.owner] for item in source.items):
                    held.setdefault(commune, []).append(saved)
            done += len(batch)
            self._progress("records", done, len(self._titles))
        for at, (commune, found) in enumerate(sorted(held.items()), start=1):
            save_records(self._connection, found, databases_named(self._connection, [commune]), self._now)
            self._progress("databases", at, len(held))

    def _records(self) -> Iterator[SourceRecord]:
        for found in MarcFile().records(marc_file(self._titles, self._copies)):
            assert not isinstance(found, BadRecord), found
            yield found

    def _readers(self, tables: dict[str, Any]) -> list[str]:
        """Declare the readers, and the items that are not as their records say; return the readers' libraries."""
        insee = {commune["code"]: commune["insee"] for commune in tables["communes"]}
        residences = {each["code"]: insee[each["commune"]] for each in tables["libraries"] if "commune" in each}
        declared = list(readers(Dice(SEED + 2), self._today, residences))
        homes = [reader["home"] for reader in declared]
        self._declare("readers", {"patrons": declared, "items": list(conditions(self._copies))})
        return homes
