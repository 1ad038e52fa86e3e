"""What people note about conventions: notification, denunciation, its withdrawal, exit; and what an exit has left to do.

Each is a function of a connection, in the caller's transaction, that writes the convention and its journal row, or raises
`Objected` and writes nothing. No act happens by itself on a day.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, func, insert, or_, select, update

from storage import schema
from storage.network.conventions import (
    LAST_DAY,
    Membership,
    Objection,
    against_denouncing,
    against_leaving,
    against_notifying,
    against_withdrawing,
    exit_on,
)
from storage.schema import hold, item, library, loan, membership, service_activation, transit

SERVICES: Final = (
    "catalogue", "circulation", "self-check", "holds-pickup", "holds-supply", "shuttle", "rfid", "portal",
)  # fmt: skip
ENDS: Final = {"holds-supply": "freeze", "holds-pickup": "gather"}
"""Which phase of an exit ends a service; all others end when it takes effect (domain.md 8.2)."""
_FIELDS: Final = tuple(each.name for each in fields(Membership))


class Objected(Exception):
    """The act is refused, and nothing was written."""

    def __init__(self, objection: Objection) -> None:
        self.objection = objection
        super().__init__(objection.value)


def _commune(connection: Connection, code: str) -> int:
    """Return the id of a commune."""
    found = connection.scalar(select(schema.commune.c.id).where(schema.commune.c.code == code))
    if found is None:
        raise Objected(Objection.UNKNOWN_COMMUNE)
    return int(found)


def _latest(connection: Connection, commune: int) -> tuple[int | None, Membership | None]:
    """Return the commune's convention that was notified last, else the one that is prepared."""
    row = (
        connection.execute(
            select(membership)
            .where(membership.c.commune_id == commune)
            .order_by(membership.c.notified_on.is_(None), membership.c.notified_on.desc(), membership.c.id.desc())
            .with_for_update()
        )
        .mappings()
        .first()
    )
    return (None, None) if row is None else (row["id"], Membership(**{name: row[name] for name in _FIELDS}))


def _noted(connection: Connection, now: int, act: str, commune: str, **detail: Any) -> None:
    told = json.dumps({"commune": commune, **detail}, ensure_ascii=False)
    row = {"at": now, "act": f"convention.{act}", "channel": "cli", "actor": "commune", "detail": told}
    connection.execute(insert(schema.journal), [row])


def _change(connection: Connection, number: int | None, values: Mapping[str, Any]) -> None:
    connection.execute(update(membership).where(membership.c.id == number).values(**values))


def notify(connection: Connection, now: int, code: str, on: str, convention: str, ends_on: str = LAST_DAY) -> None:
    """Note that *convention* was notified to a commune: it is in force from that day."""
    commune = _commune(connection, code)
    same = (membership.c.commune_id == commune) & (membership.c.convention == convention)
    row = connection.execute(select(membership).where(same)).mappings().first()
    known = Membership(**{name: row[name] for name in _FIELDS}) if row is not None else None
    objection = against_notifying(known, on, ends_on)
    if objection is not None:
        raise Objected(objection)
    that_day = (membership.c.commune_id == commune) & (membership.c.notified_on == on)
    if connection.scalar(select(membership.c.id).where(that_day)) is not None:  # A day has one convention.
        raise Objected(Objection.NOTIFIED_ALREADY)
    values = {"notified_on": on, "ends_on": ends_on}
    if row is not None:
        _change(connection, row["id"], values)
    else:
        connection.execute(insert(membership).values(commune_id=commune, convention=convention, **values))
    _noted(connection, now, "notified", code, convention=convention, **values)


def denounce(connection: Connection, now: int, code: str, on: str, by: str, clause: str, evidence: str = "") -> None:
    """Note a denunciation that was received on a day. It takes effect on the next anniversary three months away."""
    number, known = _latest(connection, _commune(connection, code))
    objection = against_denouncing(known, on)
    if objection is not None:
        raise Objected(objection)
    values = {"denounced_on": on, "denounced_by": by, "clause": clause, "evidence": evidence, "withdrawn_on": None}
    _change(connection, number, values)
    _noted(connection, now, "denounced", code, **values)


def withdraw(connection: Connection, now: int, code: str, on: str) -> None:
    """Note that a denunciation is taken back before it takes effect."""
    number, known = _latest(connection, _commune(connection, code))
    objection = against_withdrawing(known, on)
    if objection is not None:
        raise Objected(objection)
    _change(connection, number, {"withdrawn_on": on})
    _noted(connection, now, "withdrawn", code, withdrawn_on=on)


def leave(connection: Connection, now: int, code: str, on: str) -> None:
    """Note that a commune leaves on a day, and end the services of its libraries by the phases of the exit."""
    commune = _commune(connection, code)
    number, known = _latest(connection, commune)
    objection = against_leaving(known, on)
    if objection is not None or known is None:
        raise Objected(objection or Objection.NOT_NOTIFIED)
    _change(connection, number, {"left_on": on})
    phases = exit_on(on)
    ends = {service: getattr(phases, ENDS.get(service, "effective")) for service in SERVICES}
    for place in connection.scalars(select(library.c.id).where(library.c.commune_id == commune)).all():
        _end_services(connection, place, ends, known.notified_on or "")
    _noted(connection, now, "left", code, left_on=on, services=ends)


def _end_services(connection: Connection, place: int, ends: Mapping[str, str], since: str) -> None:
    """End what is not over by then; a library that declared no service, and so offers all, has them written down."""
    service = service_activation.c
    if connection.scalar(select(func.count()).where(service.library_id == place)) == 0:
        rows = [{"library_id": place, "service": name, "from_on": since, "to_on": day} for name, day in ends.items()]
        connection.execute(insert(service_activation), rows)
        return
    for name, day in ends.items():
        over = or_(service.to_on.is_(None), service.to_on > day)
        connection.execute(
            update(service_activation)
            .where(service.library_id == place, service.service == name, over)
            .values(to_on=day)
        )


# --- what is left --------------------------------------------------------------------------------------------------------


def remains(connection: Connection, code: str) -> dict[str, int]:
    """Count what an exit of the commune has still to settle, both ways (I-48)."""
    places = select(library.c.id).where(library.c.commune_id == _commune(connection, code)).scalar_subquery()
    ours, here = item.c.owner_id.in_(places), item.c.current_id.in_(places)
    reader = schema.patron.c.home_id.in_(places)
    titles = select(item.c.record_id).where(ours, item.c.condition != "withdrawn")
    elsewhere = select(item.c.record_id).where(~ours, item.c.condition != "withdrawn", item.c.record_id.is_not(None))
    captured = hold.join(item, item.c.id == hold.c.item_id).join(schema.patron, schema.patron.c.id == hold.c.patron_id)
    waiting = hold.join(schema.patron, schema.patron.c.id == hold.c.patron_id)
    loans = loan.join(item, item.c.id == loan.c.item_id).join(schema.patron, schema.patron.c.id == loan.c.patron_id)
    moving = transit.join(item, item.c.id == transit.c.item_id)
    open_ = transit.c.received_at.is_(None)

    def count(source: Any, *conditions: ColumnElement[bool]) -> int:
        return int(connection.scalar(select(func.count()).select_from(source).where(*conditions)) or 0)

    counted: dict[str, Callable[[], int]] = {
        "holds_of_others_on_its_items": lambda: count(captured, ours, ~reader),
        "holds_of_others_for_its_titles_alone": lambda: count(
            waiting, ~reader, hold.c.item_id.is_(None), hold.c.record_id.in_(titles), hold.c.record_id.not_in(elsewhere)
        ),
        "holds_to_fetch_at_its_libraries": lambda: count(hold, hold.c.pickup_id.in_(places)),
        "transits_of_its_items": lambda: count(moving, open_, ours),
        "transits_to_its_libraries": lambda: count(moving, open_, ~ours, transit.c.to_id.in_(places)),
        "its_items_on_loan_to_others": lambda: count(loans, ours, ~reader),
        "its_items_on_loan_to_its_readers": lambda: count(loans, ours, reader),
        "items_of_others_on_loan_to_its_readers": lambda: count(loans, ~ours, reader),
        "its_items_elsewhere": lambda: count(item, ours, ~here),
        "items_of_others_at_its_libraries": lambda: count(item, ~ours, here),
    }
    return {name: counting() for name, counting in counted.items()}
