"""Policy sets as they may be voted: what is locked, what is open to a library, what a fee needs, and what is noted."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from storage import schema
from storage.database import Location
from storage.network.network import Network, load_network
from tests.storage.network.declaring import Store

LOCKED = '{attribute = "loan.period", value = "28 days", locked = true}'
HEAD = 'code = "2026", effective_from = 2026-01-01'


def policy(*rules: str, more: str = "") -> str:
    return f"policies = [{{{HEAD}{more}, rules = [{', '.join(rules)}]}}]"


def local(attribute: str = "loan.period", value: str = "7 days", **more: str) -> str:
    scope = ", ".join(f'{name} = "{code}"' for name, code in more.items())
    return f'{{attribute = "{attribute}", value = "{value}", {scope}}}'


@pytest.fixture
def one_store(location: Location) -> Iterator[Store]:
    with location.engine().begin() as connection:
        yield Store(location, connection)


REFUSED = [
    (
        policy(LOCKED, local(library="LENS")),
        "policies[0].rules[1].library: loan.period is locked for the network, at policies[0].rules[0]",
    ),
    (
        policy(LOCKED, local(owner="LENS")),
        "policies[0].rules[1].owner: loan.period is locked for the network, at policies[0].rules[0]",
    ),
    (
        policy(LOCKED, local(library="LENS", item_type="DVD", category="YOUTH")),
        "policies[0].rules[1].library: loan.period is locked for the network, at policies[0].rules[0]",
    ),
    (
        policy(local(library="LENS", item_type="DOC"), '{attribute = "loan.period", value = "7 days", item_type = "DVD", locked = true}'),
        "policies[0].rules[0].library: loan.period is locked for the network, at policies[0].rules[1]",
    ),
    (
        policy('{attribute = "loan.limit", value = 2, library = "LENS", locked = true}'),
        "policies[0].rules[0].locked: only a rule for the whole network can be locked",
    ),
    (
        policy(local("loan.limit", "2", library="LENS"), more=', opened = "loan.period"'),
        "policies[0].rules[0].library: loan.limit is not open to rules of one library",
    ),
    (
        policy(local("loan.limit", "2", owner="LENS"), more=', opened = "none"'),
        "policies[0].rules[0].owner: loan.limit is not open to rules of one library",
    ),
    (policy(more=', opened = "loan.perod"'), "policies[0].opened: no such attribute: loan.perod"),
    (
        policy('{attribute = "fee.loan", value = "1.00 EUR"}'),
        "policies[0].rules[0].value: a fee needs a decision: write who decided it, and when, in the set",
    ),
    (
        policy('{attribute = "fee.loan", value = "1.00 EUR", library = "LENS"}', more=', decision = "Comité"'),
        "policies[0].rules[0].library: fee.loan is decided for the whole network",
    ),
    (
        policy('{attribute = "fee.loan", value = "1 euro"}', more=', decision = "Comité"'),
        "policies[0].rules[0].value: not a value of fee.loan: write `none` or an amount with its currency, as `1.50 EUR`",
    ),
    (policy('{value = 2, library = "LENS"}'), "policies[0].rules[0].attribute: missing"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), REFUSED)
def test_what_may_not_be_voted_is_refused_where_it_stands(one_store: Store, text: str, problem: str) -> None:
    assert problem in one_store.refused(text)


@pytest.mark.parametrize(
    "text",
    [
        policy('{attribute = "loan.period", value = "7 days", item_type = "DVD", locked = true}', local(library="LENS", item_type="BOOK")),
        policy('{attribute = "loan.period", value = "7 days", channel = "sip2", locked = true}', local(library="LENS", channel="ncip")),
        policy('{attribute = "loan.period", value = "7 days", category = "YOUTH", locked = true}', local(owner="LENS", category="ADULT")),
        policy(LOCKED, local("loan.limit", "2", library="LENS")),
        policy(local(library="LENS"), more=', opened = "loan.period"'),
        policy(LOCKED, local(owner="MDPC")),
        policy('{attribute = "loan.period", value = "14 days", owner = "MDPC", locked = true}'),
        policy('{attribute = "fee.loan", value = "1.00 EUR", item_type = "DVD"}', more=', decision = "Comité du 12/12/2025"'),
    ],
)  # fmt: skip
def test_what_meets_no_lock_may_be_voted(one_store: Store, text: str) -> None:
    assert one_store.load(text).wrote
    assert not one_store.load(text).wrote


def test_a_lock_is_found_in_the_store_too(store: Store) -> None:
    store.load(policy(LOCKED))
    rule = store.row(schema.rule)["id"]
    assert store.refused(policy(local(library="LENS"))) == [
        f"policies[0].rules[0].library: loan.period is locked for the network, at rule:{rule}"
    ]


def test_a_lock_over_a_deviation_is_told_which(store: Store) -> None:
    store.load(policy(local(library="LENS")))
    rule = store.row(schema.rule)["id"]
    assert store.refused(policy(LOCKED)) == [
        f"policies[0].rules[0].locked: a library has a rule of its own for loan.period: rule:{rule}"
    ]


def test_another_set_may_deviate_where_this_one_may_not(store: Store) -> None:
    store.load(policy(LOCKED))
    store.load(policy(local(library="LENS")).replace("2026", "2027"))
    assert len(store.rows(schema.rule)) == 2


def network_of(store: Store) -> Network:
    return load_network(store.connection, store.pins)


def test_every_deviation_and_every_change_of_a_rule_is_in_the_journal(store: Store) -> None:
    store.load(policy('{attribute = "loan.limit", value = 20}', local("loan.limit", "2", library="LENS")))
    store.load(policy('{attribute = "loan.limit", value = 25}', local("loan.limit", "3", library="LENS")))
    journal = schema.journal.c
    noted = store.connection.execute(
        select(journal.act, journal.detail).where(journal.act.like("rule.%")).order_by(journal.seq)
    ).all()
    told = [(act, json.loads(detail)) for act, detail in noted]
    assert [(act, detail["value"], detail.get("before")) for act, detail in told] == [
        ("rule.deviates", "2", None),
        ("rule.changed", "25", "20"),
        ("rule.changed", "3", "2"),
    ]
    assert told[0][1]["library"] == "LENS"
    network = network_of(store)
    (deviation,) = [rule for rule in network.policy_sets[0].rules if network.deviates(rule)]
    assert (deviation.value, network.policy_sets[0].for_all(deviation)) == ("3", "25")


def test_the_decision_and_what_it_opens_are_known(store: Store) -> None:
    store.load(policy(more=', decision = "Comité", opened = "loan.limit loan.period"'))
    (found,) = network_of(store).policy_sets
    assert (found.decision, found.opened) == ("Comité", ("loan.limit", "loan.period"))


def test_no_rule_counts_more_than_the_readers_own_loans_unless_it_is_voted(store: Store) -> None:
    assert not network_of(store).counts_broadly
    store.load(policy('{attribute = "loan.household-limit", value = "none"}'))
    assert not network_of(store).counts_broadly
    store.load(policy('{attribute = "loan.household-limit", value = 30}'))
    assert network_of(store).counts_broadly
