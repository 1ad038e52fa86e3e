"""What a department has: a library, a partner, an account for it, a reader of its own, and items D000001 and on, a title each."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, select, update

from protocols.marc.canonical import canonical
from protocols.marc.display import short
from protocols.marc.format import Format
from protocols.marc.record import Field, Record, Subfield
from server.passwords import HASHER
from storage import database, schema
from storage.catalogue.records import NewRecord, save_records
from storage.database import Location
from storage.network.declare import Passwords, apply_declaration, declaration_of

HOME: Final = "DEPARTMENT"
"""Code of the library that lends, of the external one that stands for the partner, and of the readers."""
AWAY: Final = "PARTNER"
ACCOUNT: Final = "ACCOUNT"
READER: Final = "READER"
_LEADER: Final = "00000nam  22000003  450 "


def network_tables(
    agency: str, partner: str, endpoint: str, items: int, retry: tuple[int, int] = (2, 30)
) -> dict[str, Any]:
    """Give the declaration of a department that lends *items*, D000001 and on, to *partner*."""
    profile = {
        "account": ACCOUNT,
        "our_agency": agency,
        "language": "fr",
        "retry_first": retry[0],
        "retry_longest": retry[1],
    }
    return {
        "network": {"name": f"Département {agency}"},
        "libraries": [
            {"code": HOME, "name": "Bibliothèque départementale", "kind": "library"},
            {"code": AWAY, "name": "Partenaire", "kind": "external"},
        ],
        "patron_categories": [{"code": "ALL", "name": "Tous"}],
        "item_types": [{"code": "DOC", "name": "Document"}],
        "patrons": [
            {"code": code, "category": "ALL", "home": HOME, "surname": code.title(), "cards": [{"number": code}]}
            for code in (ACCOUNT, READER)
        ],
        "databases": [{"name": "department", "title": "Département", "default": True}],
        "partners": [
            {"agency": partner, "name": "Partenaire", "library": AWAY, "endpoint": endpoint, "profile": profile}
        ],
        "items": [
            {"barcode": f"D{n:06}", "owner": HOME, "home": HOME, "type": "DOC", "title": f"Titre {n}", "call_number": f"R {n}"}
            for n in range(1, items + 1)
        ],
    }  # fmt: skip


def provide(location: Location, tables: dict[str, Any], now: int) -> None:
    """Make the store of a department, or bring it to what is declared."""
    location.create_directory()
    engine = location.engine()
    database.upgrade(engine)
    with engine.begin() as connection:
        apply_declaration(connection, declaration_of(tables), location.pins(), Passwords(HASHER.hash), now)
        _provide_titles(connection, len(tables["items"]), now)
    engine.dispose()


def _provide_titles(connection: Connection, count: int, now: int) -> None:
    """Give each item a record of its own: title n has item n, so that it can be asked for by either number."""
    if connection.execute(select(schema.record.c.id).limit(1)).first() is not None:
        return
    records = [_title(n) for n in range(1, count + 1)]
    databases = [row.id for row in connection.execute(select(schema.database.c.id))]
    ids = save_records(connection, records, databases, now).ids
    for number, record in enumerate(ids, start=1):
        named = select(schema.barcode.c.item_id).where(schema.barcode.c.number == f"D{number:06}").scalar_subquery()
        connection.execute(update(schema.item).where(schema.item.c.id == named).values(record_id=record))


def _title(number: int) -> NewRecord:
    name = Field("200", "", "1 ", [Subfield("a", f"Titre {number}")])
    record = Record(_LEADER, [Field("001", f"d{number}"), name])
    made = canonical(_LEADER.encode(), record.raw_fields(), Format.UNIMARC)
    brief = short(made.fields, Format.UNIMARC)
    return NewRecord("DEPARTMENT", f"d{number}", Format.UNIMARC, made.to_iso2709(), brief.title, brief.author)
