"""Why: events of the journal with their rules as they were; and what another set would have decided."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from storage import direct, schema
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.circulation.due import Due
from storage.circulation.renew import RENEW, RenewRequest
from storage.network.declare import read_declaration
from storage.network.explain import explain
from storage.network.network import Network, load_network
from storage.network.policies import PolicySet
from storage.network.what_if import SLICE, Verdict, how_many, proposed_set, what_if
from storage.refusals import Reason
from storage.usecase import Origin
from tests.network import LENS, NOW
from tests.storage.network.declaring import Store

VOTED = """
policies = [{code = "2026", effective_from = 2026-01-01, decision = "Comité du 12/12/2025", rules = [
  {attribute = "loan.period", value = "%s"}, {attribute = "loan.limit", value = 3, category = "ADULT"},
]}]
"""
DAY = 86400


def network_of(store: Store) -> Network:
    return load_network(store.connection, store.pins)


def act(store: Store, usecase: Any, request: Any, now: int = NOW) -> Any:
    return direct.transact(store.connection, network_of(store), usecase, request, now)


def lend(store: Store, card: str, barcode: str, now: int = NOW) -> int:
    """Lend, and return the event's number."""
    assert act(store, CHECKOUT, CheckoutRequest(card, barcode, Origin("sip2", "desk", LENS)), now).ok
    return last(store)


def last(store: Store) -> int:
    journal = schema.journal.c
    found = store.connection.scalar(select(journal.seq).order_by(journal.seq.desc()).limit(1))
    assert found is not None
    return int(found)


def test_an_event_is_explained_by_its_rules(store: Store) -> None:
    store.load(VOTED % "21 days")
    lend(store, "R1", "I5")
    found = explain(store.connection, network_of(store), lend(store, "R1", "I1"))
    assert found is not None
    assert (found.act, found.library, found.item, found.title, found.channel) == (
        "checkout", "LENS", "I1", "Titre 1", "sip2"
    )  # fmt: skip
    assert found.at == "2026-11-22T12:00:00+01:00"
    told = found.circumstances
    assert (told["category"], told["item_type"], told["loans"], told["due"]) == (
        "ADULT",
        "BOOK",
        {"DVD": 1},
        "2026-12-13",
    )
    rules = {rule.attribute: rule for rule in found.rules}
    period = rules["loan.period"]
    assert (period.value, period.set, period.effective_from, period.decision, period.changed) == (
        "21 days", "2026", "2026-01-01", "Comité du 12/12/2025", None
    )  # fmt: skip
    assert rules["loan.allowed"].is_default


def test_a_rule_is_told_as_it_was_at_the_time(store: Store) -> None:
    store.load(VOTED % "21 days")
    first = lend(store, "R1", "I1")
    store.load(VOTED % "14 days")
    second = lend(store, "R1", "I2")
    store.load(VOTED % "7 days")
    network = network_of(store)
    periods = []
    for seq in (first, second, lend(store, "R1", "I3")):
        found = explain(store.connection, network, seq)
        assert found is not None
        periods += [(rule.value, rule.changed) for rule in found.rules if rule.attribute == "loan.period"]
    assert periods == [("21 days", "7 days"), ("14 days", "7 days"), ("7 days", None)]


def test_an_event_without_rules_and_one_that_is_not(store: Store) -> None:
    store.load(VOTED % "21 days")
    found = explain(store.connection, network_of(store), last(store))
    assert found is not None
    assert (found.act, found.rules, found.library) == ("network.declared", (), None)
    assert explain(store.connection, network_of(store), 10**9) is None


def test_an_explanation_names_no_reader(store: Store) -> None:
    found = explain(store.connection, network_of(store), lend(store, "R1", "I1"))
    assert "Durand" not in repr(found)
    assert "R1" not in repr(found)


def proposed(store: Store, *rules: str) -> PolicySet:
    text = f'policies = [{{code = "x", effective_from = 2027-01-01, rules = [{", ".join(rules)}]}}]'
    (declared,) = read_declaration(text.encode()).policies
    return proposed_set(network_of(store), declared)


def asked(store: Store, *rules: str) -> Any:
    return what_if(store.connection, network_of(store), proposed(store, *rules), NOW)


def test_the_set_that_was_in_force_would_decide_the_same(store: Store) -> None:
    lend(store, "R1", "I1")
    lend(store, "R1", "I2")
    act(store, RENEW, RenewRequest("R1", "I1", Origin("sip2", "desk", LENS)), NOW + DAY)
    found = asked(store)
    assert (found.read, found.other, found.differences, found.cursor) == (3, 0, (), None)
    assert how_many(store.connection, NOW) == 3
    assert how_many(store.connection, NOW + 1) == 1


def test_another_period_gives_other_due_dates(store: Store) -> None:
    seq = lend(store, "R1", "I1")
    (difference,) = asked(store, '{attribute = "loan.period", value = "14 days"}').differences
    assert (difference.seq, difference.act, difference.library) == (seq, "checkout", "LENS")
    assert difference.then == Verdict((), Due("2026-12-20"))
    assert difference.proposed == Verdict((), Due("2026-12-06"))


def test_narrower_limits_refuse_what_was_lent(store: Store) -> None:
    for barcode in ("I1", "I2", "I5"):
        lend(store, "R1", barcode)
    found = asked(
        store, '{attribute = "loan.limit", value = 2}', '{attribute = "loan.limit", value = 0, item_type = "DVD"}'
    )
    assert [difference.proposed.reasons for difference in found.differences] == [
        (Reason.TOO_MANY_OF_TYPE, Reason.TOO_MANY_LOANS)
    ]


def test_types_that_are_not_lent_are_refused(store: Store) -> None:
    lend(store, "R1", "I5")
    lend(store, "R1", "I1")
    found = asked(store, '{attribute = "loan.allowed", value = "no", item_type = "DVD"}')
    assert [difference.proposed for difference in found.differences] == [Verdict((Reason.NOT_FOR_LOAN,), None)]


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        ('{attribute = "renewal.limit", value = 0}', Verdict((Reason.RENEWAL_NOT_ALLOWED,), None)),
        ('{attribute = "renewal.period", value = "7 days"}', Verdict((), Due("2026-12-20"))),
        ('{attribute = "renewal.base", value = "due"}', Verdict((), Due("2027-01-17"))),
        ('{attribute = "renewal.late-days", value = 0}', None),
    ],
)
def test_renewals_are_decided_again(store: Store, rule: str, verdict: Verdict | None) -> None:
    lend(store, "R1", "I1")
    act(store, RENEW, RenewRequest("R1", "I1", Origin("sip2", "desk", LENS)), NOW + DAY)
    found = [difference.proposed for difference in asked(store, rule).differences]
    assert found == ([] if verdict is None else [verdict])


def test_what_did_not_go_by_the_rules_is_counted_and_not_compared(store: Store) -> None:
    seq = lend(store, "R1", "I1")
    journal = schema.journal
    context = store.row(journal, seq=seq)["context"].replace("due=2026-12-20", "due=2026-12-24")
    store.connection.execute(journal.update().where(journal.c.seq == seq).values(context=context))
    found = asked(store, '{attribute = "loan.period", value = "14 days"}')
    assert (found.other, found.differences) == (1, ())


def test_the_past_is_read_in_slices(store: Store) -> None:
    seq = lend(store, "R1", "I1")
    row = dict(store.row(schema.journal, seq=seq))
    del row["seq"]
    store.connection.execute(schema.journal.insert(), [row] * SLICE)
    network, other = network_of(store), proposed(store, '{attribute = "loan.period", value = "14 days"}')
    first = what_if(store.connection, network, other, NOW)
    assert (first.read, len(first.differences)) == (SLICE, SLICE)
    assert first.cursor is not None
    second = what_if(store.connection, network, other, NOW, first.cursor)
    assert (second.read, second.cursor) == (1, None)


def test_a_proposed_set_knows_the_network(store: Store) -> None:
    found = proposed(
        store, '{attribute = "loan.limit", value = 1, owner = "LENS", item_type = "DVD", category = "YOUTH"}'
    )
    assert found.rules[-1].scope == (LENS, 3, 3, None, None, None)
    with pytest.raises(LookupError):
        proposed(store, '{attribute = "loan.limit", value = 1, owner = "LENZ"}')


def test_replaying_asks_nothing_of_todays_sets(store: Store) -> None:
    """The verdict of a proposed set is the same whatever is in force now: a set is all that differs."""
    lend(store, "R1", "I1")
    network, other = network_of(store), proposed(store, '{attribute = "loan.period", value = "14 days"}')
    before = what_if(store.connection, network, other, NOW)
    today = replace(network.policy_sets[0], code="tomorrow", effective_from="2026-11-23")
    after = what_if(store.connection, replace(network, policy_sets=(*network.policy_sets, today)), other, NOW)
    assert before == after
