"""What terminals store of items, and until when a hold is needed: on each database."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, select

from storage import schema
from storage.circulation.holds.needed import CHANGE_NEEDED, NeededRequest
from storage.circulation.properties import STORE_PROPERTIES, PropertiesRequest
from storage.database import Location
from storage.direct import transact
from storage.network.network import load_network
from storage.refusals import Reason
from storage.usecase import Origin
from tests.network import LENS, NOW

HERE = Origin("sip2", "kiosk-lens", LENS)


def done(location: Location, usecase: Any, request: Any) -> Any:
    with location.engine().begin() as connection:
        network = load_network(connection, location.pins())
        return transact(connection, network, usecase, request, NOW)


def read(location: Location, statement: Any) -> Any:
    with location.engine().begin() as connection:
        return connection.execute(statement).all()


def test_properties_take_the_place_of_those_before(any_location: Location) -> None:
    for text in ("set of 3", ""):
        answer = done(any_location, STORE_PROPERTIES, PropertiesRequest("I1", text, HERE))
        assert (answer.ok, answer.item.row.title) == (True, "Titre 1")
        assert read(any_location, select(schema.item.c.properties).where(schema.item.c.id == 1)) == [(text or None,)]
    unknown = done(any_location, STORE_PROPERTIES, PropertiesRequest("NONE", "x", HERE))
    assert (unknown.ok, unknown.reasons) == (False, (Reason.UNKNOWN_ITEM,))


@pytest.mark.parametrize(
    ("until", "state", "reasons"),
    [
        ("2026-12-31", "waiting", ()),
        ("2026-11-21", "waiting", (Reason.BAD_DATE,)),
        ("2026-12-31", "shelf", (Reason.HOLD_CAPTURED,)),
    ],
)
def test_a_hold_is_needed_until_a_day_to_come_and_not_once_it_is_there(
    any_location: Location, until: str, state: str, reasons: tuple[Reason, ...]
) -> None:
    on_shelf = {"item_id": 2, "shelf_until": "2026-12-01"} if state == "shelf" else {}
    hold = {"id": 1, "patron_id": 1, "target_item_id": 2, "pickup_id": 1, "requested_at": NOW, "state": state}
    with any_location.engine().begin() as connection:
        connection.execute(insert(schema.hold).values(**hold | on_shelf))
    answer = done(any_location, CHANGE_NEEDED, NeededRequest(HERE, card="R1", barcode="I2", until=until))
    assert answer.reasons == reasons
    kept = None if reasons else until
    assert read(any_location, select(schema.hold.c.expires_on)) == [(kept,)]


def test_nobody_changes_the_hold_of_another(any_location: Location) -> None:
    answer = done(any_location, CHANGE_NEEDED, NeededRequest(HERE, card="R1", barcode="I2", until="2026-12-31"))
    assert answer.reasons == (Reason.UNKNOWN_HOLD,)
