"""A small network for tests: three towns, a department, readers and items with known numbers."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, func, insert, select

from storage import schema
from storage.circulation.pins import Pins

NOW: Final = 1_795_345_200
"""2026-11-22 11:00:00 UTC, a Sunday noon in Paris."""
TODAY: Final = "2026-11-22"
PASSWORD: Final = "demo"
PASSWORD_HASH: Final = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21l$placeholder"
LENS, LIEVIN, AVION, DEPARTMENT = 1, 2, 3, 4


def _add(connection: Connection, table: Any, *rows: dict[str, Any]) -> None:
    for row in rows:
        connection.execute(insert(table).values(row))


def declare_small_network(connection: Connection, pins: Pins) -> None:
    """Three libraries, one partner, readers R1..R9 (PIN 1234) and items I1..I20 (I1..I9 of LENS, on their shelves)."""
    from argon2 import PasswordHasher

    secret = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    _add(connection, schema.setting, {"name": "network.name", "value": "Essai"})
    _add(
        connection,
        schema.commune,
        *(
            {"id": i, "code": c, "name": n}
            for i, c, n in [(1, "LENS", "Lens"), (2, "LIEVIN", "Liévin"), (3, "AVION", "Avion")]
        ),
    )
    _add(
        connection,
        schema.library,
        *(
            {"id": i, "code": c, "name": n, "commune_id": i, "isil": f"FR-62{i:07d}", "namespace": c}
            for i, c, n in [
                (1, "LENS", "Médiathèque de Lens"),
                (2, "LIEVIN", "Médiathèque de Liévin"),
                (3, "AVION", "Médiathèque d'Avion"),
            ]
        ),
        {"id": 4, "code": "MDPC", "name": "Médiathèque départementale", "kind": "external", "isil": "FR-620000099"},
    )
    _add(connection, schema.patron_category, {"id": 1, "code": "ALL", "name": "Tous"})
    _add(
        connection,
        schema.patron_category,
        {"id": 2, "code": "ADULT", "name": "Adulte", "parent_id": 1},
        {"id": 3, "code": "YOUTH", "name": "Jeunesse", "parent_id": 1},
    )
    _add(connection, schema.item_type, {"id": 1, "code": "DOC", "name": "Document"})
    _add(
        connection,
        schema.item_type,
        {"id": 2, "code": "BOOK", "name": "Livre", "parent_id": 1, "media_type": "001"},
        {"id": 3, "code": "DVD", "name": "DVD", "parent_id": 1, "media_type": "006"},
    )
    for i in range(1, 10):
        code = f"R{i}"
        patron = {
            "id": i,
            "code": code,
            "category_id": 2,
            "home_id": 1 + i % 3,
            "surname": f"Durand{i}",
            "forename": "Camille",
            "valid_until": "2027-12-31",
            "email": f"r{i}@example.org",
            "pin_hash": pins.hash(code, "1234"),
        }
        _add(connection, schema.patron, patron)
        _add(connection, schema.card, {"namespace": "", "number": code, "patron_id": i})
    for i in range(1, 21):
        place = 1 if i < 10 else 2 + i % 2
        item = {
            "id": i,
            "owner_id": place,
            "home_id": place,
            "current_id": place,
            "item_type_id": 2 if i % 5 else 3,
            "title": f"Titre {i}",
            "author": "Zola, Émile",
            "call_number": "R ZOL",
        }
        _add(connection, schema.item, item)
        _add(connection, schema.barcode, {"namespace": "", "number": f"I{i}", "item_id": i})
    _add(
        connection,
        schema.device,
        {"code": "kiosk-lens", "library_id": 1, "password_hash": secret},
        {"code": "kiosk-lievin", "library_id": 2, "password_hash": secret},
        {"code": "kiosk-off", "library_id": 2, "password_hash": secret, "enabled": 0},
    )
    _add(connection, schema.partner, {"agency": "FR-MDPC62", "name": "MDPC", "library_id": 4})
    _add(connection, schema.database, {"name": "network", "title": "Catalogue", "is_default": 1})
    if connection.dialect.name == "postgresql":
        # The ids above are our own: what comes after them is counted from there.
        for table in (
            schema.commune,
            schema.library,
            schema.patron_category,
            schema.item_type,
            schema.patron,
            schema.item,
        ):
            last = select(func.max(table.c.id)).scalar_subquery()
            connection.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "id"), last)))
