"""A store that declarations are made to, on each database."""

from __future__ import annotations

from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Connection, RowMapping, select

from storage import schema
from storage.database import Location
from storage.network.declare import DeclarationError, Passwords, Report, apply_declaration, read_declaration
from tests.network import NOW

HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HASH = HASHER.hash("other")


class Store:
    """A store, and what declaring to it comes to."""

    def __init__(self, location: Location, connection: Connection) -> None:
        self.connection = connection
        self.pins = location.pins()
        self.passwords = Passwords(HASHER.hash)

    def load(self, text: str) -> Report:
        return apply_declaration(self.connection, read_declaration(text.encode()), self.pins, self.passwords, NOW)

    def refused(self, text: str) -> list[str]:
        """Return what speaks against a declaration, and see that nothing of it was written."""
        before = self.everything()
        with pytest.raises(DeclarationError) as caught:
            self.load(text)
        assert self.everything() == before
        return [str(problem) for problem in caught.value.problems]

    def everything(self) -> dict[str, list[Any]]:
        """Return all rows of the store."""
        tables = schema.METADATA.sorted_tables
        return {table.name: sorted(map(repr, self.connection.execute(select(table)))) for table in tables}

    def rows(self, table: Any, **where: Any) -> list[RowMapping]:
        query = select(table).filter_by(**where)
        return list(self.connection.execute(query).mappings())

    def row(self, table: Any, **where: Any) -> RowMapping:
        (found,) = self.rows(table, **where)
        return found


WHOLE = """
network.name = "Réseau d'essai"
communes = [
  {code = "VIMY", name = "Vimy", insee = "62861", memberships = [{convention = "2025", notified_on = 2025-05-31}]},
]
patron_categories = [{code = "CHILD", name = "Enfant", parent = "YOUTH"}]
item_types = [{code = "COMIC", name = "Bande dessinée", parent = "PRINT"}, {code = "PRINT", name = "Imprimé", parent = "DOC"}]
devices = [{login = "kiosk-vimy", library = "VIMY", password = "demo", profile = {charset = "cp850"}}]
partners = [{agency = "FR-X", name = "X", library = "MDPC", secret = "demo", profile = {language = "en"}}]
databases = [{name = "vimy", title = "Vimy", lenient = true}]
cataloguers = [{login = "marie", library = "VIMY", password = "demo", updates = true}]
[[libraries]]
code = "VIMY2"
name = "Vimy, annexe"
parent = "VIMY"
commune = "VIMY"
[[libraries]]
code = "VIMY"
name = "Vimy"
commune = "VIMY"
isil = "FR-628619901"
namespace = "vimy"
services = [
  {service = "circulation", from_on = 2026-01-01},
  {service = "rfid", from_on = 2026-01-01, to_on = 2027-01-01},
]
[[patrons]]
code = "A"
category = "CHILD"
home = "VIMY"
surname = "Noël"
pin = "1234"
valid_until = 2027-01-01
cards = [
  {number = "A1"},
  {number = "A0", namespace = "vimy", status = "replaced", primary = false, replaced_by = "A1"},
]
blocks = [{kind = "manual", acts = ["checkout", "hold"], from_on = 2026-01-01}]
[[patrons]]
category = "ADULT"
home = "LENS"
surname = "Wattrelos"
cards = [{number = "B1"}]
[[items]]
barcode = "V1"
owner = "VIMY"
home = "VIMY2"
type = "COMIC"
title = "Astérix"
call_number = "BD AST"
former_barcodes = [{number = "1", namespace = "vimy"}]
[[items]]
barcode = "V2"
owner = "MDPC"
home = "VIMY"
type = "BOOK"
title = "Dépôt"
due_back_on = 2027-06-30
for_loan = false
[[calendars]]
libraries = ["VIMY", "VIMY2"]
week.wednesday = ["10:00-12:00", "14:00-18:00"]
week.saturday = ["10:00-12:00"]
exceptions = [{day = 2026-12-26, reason = "Noël"}, {day = 2026-12-27, hours = "10:00-11:00"}]
[[calendars]]
exceptions = [{day = 2027-01-01}]
[[policies]]
code = "2026"
effective_from = 2026-01-01
decision = "Comité du 12/12/2025"
rules = [
  {attribute = "loan.limit", value = 12},
  {attribute = "loan.limit", value = 2, item_type = "DVD", locked = true},
  {attribute = "loan.period", value = "7 days", category = "CHILD", owner = "VIMY", library = "LENS", location = "BD", channel = "sip2"},
]
"""
