"""Conventions noted: what is written, what is refused, how an exit ends services, and what it leaves to settle."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert, text

from storage import direct, schema
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.network.convention_acts import SERVICES, Objected, denounce, leave, notify, remains, withdraw
from storage.network.conventions import Objection, Stage, legal_day, stage
from storage.network.hours import without_referent
from storage.network.network import Network, load_network
from storage.usecase import Origin
from tests.network import LENS, LIEVIN, NOW
from tests.storage.network.declaring import Store


@pytest.fixture
def member(store: Store) -> Store:
    """A commune, LENS, whose convention was notified on 2025-05-31; and a library of it that declares no service."""
    notify(store.connection, NOW, "LENS", "2025-05-31", "2025")
    return store


def network_of(store: Store) -> Network:
    return load_network(store.connection, store.pins)


def objection(act: Callable[..., None], store: Store, *args: Any) -> Objection:
    before = store.everything()
    with pytest.raises(Objected) as caught:
        act(store.connection, NOW, "LENS", *args)
    assert store.everything() == before
    return caught.value.objection


def test_a_notification_is_noted_with_its_end(member: Store) -> None:
    (membership,) = network_of(member).communes["LENS"].memberships
    assert (membership.convention, membership.notified_on, membership.ends_on) == ("2025", "2025-05-31", "2029-12-31")
    assert objection(notify, member, "2026-01-01", "2025") is Objection.NOTIFIED_ALREADY
    assert objection(notify, member, "2025-05-31", "another") is Objection.NOTIFIED_ALREADY
    assert objection(notify, member, "2030-01-01", "2030", "2029-12-31") is Objection.ENDS_BEFORE


def test_a_convention_that_was_prepared_is_the_one_that_is_notified(store: Store) -> None:
    store.load('communes = [{code = "LENS", memberships = [{convention = "2025", signed_on = 2025-05-01}]}]')
    notify(store.connection, NOW, "LENS", "2025-05-31", "2025")
    (row,) = store.rows(schema.membership)
    assert (row["signed_on"], row["notified_on"]) == ("2025-05-01", "2025-05-31")


def test_a_denunciation_and_its_withdrawal_are_noted(member: Store) -> None:
    denounce(member.connection, NOW, "LENS", "2026-02-28", "commune", "article 3", "courrier 12")
    town = network_of(member).communes["LENS"]
    assert stage(town.memberships[0], "2026-03-01") is Stage.DENOUNCED
    assert town.exit is not None
    assert town.exit.effective == "2026-05-31"
    assert objection(denounce, member, "2026-03-01", "network", "x") is Objection.DENOUNCED_ALREADY
    withdraw(member.connection, NOW, "LENS", "2026-05-30")
    town = network_of(member).communes["LENS"]
    assert town.exit is None
    assert stage(town.memberships[0], "2026-06-01") is Stage.ACTIVE
    assert objection(withdraw, member, "2026-05-30") is Objection.NOT_DENOUNCED
    denounce(member.connection, NOW, "LENS", "2026-06-01", "network", "article 4")
    assert network_of(member).exits[LENS].effective == "2027-05-31"


def test_every_act_has_its_journal_row(member: Store) -> None:
    denounce(member.connection, NOW, "LENS", "2026-02-28", "commune", "article 3")
    withdraw(member.connection, NOW, "LENS", "2026-03-01")
    rows = [(row["act"], json.loads(row["detail"])) for row in member.rows(schema.journal)]
    assert [act for act, _ in rows] == ["convention.notified", "convention.denounced", "convention.withdrawn"]
    assert rows[1][1]["clause"] == "article 3"
    assert all(detail["commune"] == "LENS" for _, detail in rows)


def test_a_commune_that_nobody_knows(store: Store) -> None:
    with pytest.raises(Objected, match="unknown-commune"):
        notify(store.connection, NOW, "NOWHERE", "2025-05-31", "2025")


@pytest.mark.parametrize("day", ["2029-12-31", "2030-01-01", "2031-06-01"])
def test_the_end_of_a_convention_stops_no_service(member: Store, day: str) -> None:
    assert all(network_of(member).libraries[LENS].offers(service, day) for service in SERVICES)


@pytest.mark.parametrize(
    "second", [datetime(2029, 12, 31, 22, 59, 59, tzinfo=UTC), datetime(2029, 12, 31, 23, tzinfo=UTC)]
)
def test_kiosks_lend_on_when_all_conventions_end_at_midnight_in_paris(store: Store, second: datetime) -> None:
    store.connection.execute(text("UPDATE patron SET valid_until = '2031-12-31'"))
    for town in ("LENS", "LIEVIN", "AVION"):
        notify(store.connection, NOW, town, "2025-05-31", "2025")
    now, network = int(second.timestamp()), network_of(store)
    for place, (card, barcode) in enumerate([("R1", "I1"), ("R2", "I10"), ("R3", "I11")], start=LENS):
        request = CheckoutRequest(card, barcode, Origin("sip2", "desk", place))
        assert direct.transact(store.connection, network, CHECKOUT, request, now).ok
    wanted = Stage.ACTIVE if second.hour == 22 else Stage.EXPIRED
    day = legal_day(now)
    assert {stage(town.memberships[0], day) for town in network.communes.values()} == {wanted}


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_begins_and_ends_on_its_own_day(store: Store, service: str) -> None:
    store.load(
        f'libraries = [{{code = "LENS", services = [{{service = "{service}", from_on = 2027-03-01, to_on = 2027-06-01}}]}}]'
    )
    lens = network_of(store).libraries[LENS]
    days = ["2027-02-28", "2027-03-01", "2027-05-31", "2027-06-01"]
    assert [lens.offers(service, day) for day in days] == [False, True, True, False]
    assert not any(lens.offers(other, "2027-03-01") for other in SERVICES if other != service)


def test_the_effect_of_a_denunciation_stops_no_service_until_the_exit_is_noted(member: Store) -> None:
    denounce(member.connection, NOW, "LENS", "2026-02-28", "commune", "article 3")
    assert network_of(member).libraries[LENS].offers("circulation", "2026-06-01")
    assert objection(leave, member, "2026-05-30") is Objection.NOT_YET
    leave(member.connection, NOW, "LENS", "2026-05-31")
    assert not network_of(member).libraries[LENS].offers("circulation", "2026-05-31")


@pytest.mark.parametrize(
    ("service", "last"),
    [
        ("holds-supply", "2026-03-01"),
        ("holds-pickup", "2026-05-16"),
        *((service, "2026-05-30") for service in SERVICES if not service.startswith("holds-")),
    ],
)
def test_an_exit_ends_each_service_in_its_phase(member: Store, service: str, last: str) -> None:
    denounce(member.connection, NOW, "LENS", "2026-02-28", "commune", "article 3")
    leave(member.connection, NOW, "LENS", "2026-05-31")
    network = network_of(member)
    after = {"2026-03-01": "2026-03-02", "2026-05-16": "2026-05-17", "2026-05-30": "2026-05-31"}[last]
    assert network.libraries[LENS].offers(service, last)
    assert not network.libraries[LENS].offers(service, after)
    assert network.libraries[LIEVIN].offers(service, after)


def test_an_exit_shortens_what_a_library_declared_and_opens_nothing(member: Store) -> None:
    member.load(
        'libraries = [{code = "LENS", services = [{service = "circulation", from_on = 2025-06-01},'
        ' {service = "rfid", from_on = 2025-06-01, to_on = 2025-12-31}]}]'
    )
    denounce(member.connection, NOW, "LENS", "2026-02-28", "commune", "article 3")
    leave(member.connection, NOW, "LENS", "2026-05-31")
    assert network_of(member).libraries[LENS].services == {
        "circulation": (("2025-06-01", "2026-05-31"),),
        "rfid": (("2025-06-01", "2025-12-31"),),
    }
    assert objection(leave, member, "2026-06-01") is Objection.LEFT_ALREADY


@pytest.mark.parametrize(
    ("library", "day", "renewal", "cap"),
    [
        (LIEVIN, "2026-03-01", False, None),
        (LIEVIN, "2026-03-02", False, "2026-05-17"),
        (LIEVIN, "2026-03-02", True, None),
        (LIEVIN, "2026-04-16", True, "2026-05-17"),
        (LENS, "2026-04-16", False, None),
    ],
)
def test_what_is_lent_elsewhere_comes_back_before_an_exit(
    member: Store, library: int, day: str, renewal: bool, cap: str | None
) -> None:
    denounce(member.connection, NOW, "LENS", "2026-02-28", "commune", "article 3")
    network = network_of(member)
    assert network.exit_cap(LENS, library, day, renewal=renewal) == cap
    assert network.exit_cap(LIEVIN, LENS, day, renewal=renewal) is None


def test_what_an_exit_leaves_to_settle_is_counted(member: Store) -> None:
    connection = member.connection
    assert set(remains(connection, "LENS").values()) == {0}
    lent = {"library_id": LIEVIN, "item_type_id": 2, "channel": "sip2", "out_at": NOW, "due_on": "2026-12-20"}
    # R3 is of LENS (1 + 3 % 3), R1 of LIEVIN: I1 to I9 are of LENS, I10 and later of others.
    connection.execute(insert(schema.loan).values(id=1, item_id=1, patron_id=1, **lent))
    connection.execute(insert(schema.loan).values(id=2, item_id=2, patron_id=3, **lent))
    connection.execute(insert(schema.loan).values(id=3, item_id=10, patron_id=3, **lent))
    waits = {"requested_at": NOW, "state": "waiting"}
    connection.execute(insert(schema.hold).values(id=1, patron_id=1, target_item_id=3, pickup_id=LENS, **waits))
    connection.execute(
        insert(schema.hold).values(
            id=2, patron_id=1, target_item_id=4, item_id=4, pickup_id=LIEVIN, requested_at=NOW, state="transit"
        )
    )
    sent = {"reason": "hold", "sent_at": NOW}
    connection.execute(insert(schema.transit).values(id=1, item_id=4, from_id=LENS, to_id=LIEVIN, **sent))
    connection.execute(insert(schema.transit).values(id=2, item_id=11, from_id=LIEVIN, to_id=LENS, **sent))
    connection.execute(text("UPDATE item SET current_id = 2 WHERE id = 4"))
    assert remains(connection, "LENS") == {
        "holds_of_others_on_its_items": 1,
        "holds_of_others_for_its_titles_alone": 0,
        "holds_to_fetch_at_its_libraries": 1,
        "transits_of_its_items": 1,
        "transits_to_its_libraries": 1,
        "its_items_on_loan_to_others": 1,
        "its_items_on_loan_to_its_readers": 1,
        "items_of_others_on_loan_to_its_readers": 1,
        "its_items_elsewhere": 1,
        "items_of_others_at_its_libraries": 0,
    }


def test_a_join_changes_nothing_of_those_who_are_members_already(member: Store) -> None:
    before = member.everything()
    member.load(
        'communes = [{code = "MERICOURT", name = "Méricourt"}]\n'
        'libraries = [{code = "MERICOURT", name = "Méricourt", commune = "MERICOURT",'
        ' services = [{service = "circulation", from_on = 2027-01-01}]}]'
    )
    notify(member.connection, NOW, "MERICOURT", "2026-12-01", "2026")
    after = member.everything()
    new = {"commune", "library", "service_activation", "membership", "journal"}
    assert {name: rows for name, rows in after.items() if name not in new} == {
        name: rows for name, rows in before.items() if name not in new
    }
    assert all(set(before[name]) <= set(after[name]) for name in new)
    joined = network_of(member).by_code["MERICOURT"]
    assert [joined.offers("circulation", day) for day in ("2026-12-31", "2027-01-01")] == [False, True]


# --- referents -----------------------------------------------------------------------------------------------------------


def test_a_library_that_lends_without_a_referent_is_an_anomaly_the_same_day(store: Store) -> None:
    assert without_referent(store.connection, "2026-11-22") == ["AVION", "LENS", "LIEVIN"]
    store.load(
        'libraries = [{code = "LENS", referents = [{role = "head", name = "A. B.", from_on = 2026-01-01,'
        ' to_on = 2026-11-23}]}, {code = "AVION", services = [{service = "portal", from_on = 2026-01-01},'
        ' {service = "circulation", from_on = 2026-11-24}]}]'
    )
    assert without_referent(store.connection, "2026-11-22") == ["LIEVIN"]
    assert without_referent(store.connection, "2026-11-23") == ["LENS", "LIEVIN"]
    assert without_referent(store.connection, "2026-11-24") == ["AVION", "LENS", "LIEVIN"]


def test_a_referent_ends_as_it_is_declared(store: Store) -> None:
    text_ = 'libraries = [{code = "LENS", referents = [{role = "head", name = "A", from_on = 2026-01-01%s}]}]'
    store.load(text_ % "")
    store.load(text_ % ", to_on = 2026-06-01")
    assert [row["to_on"] for row in store.rows(schema.referent)] == ["2026-06-01"]
    assert store.refused(text_ % ", to_on = 2025-06-01") == ["libraries[0].referents[0].to_on: comes before from_on"]
