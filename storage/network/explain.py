"""Why something happened: an event of the journal with the rules that decided it, as they were then.

The journal keeps the ids of the rules (`because`) and what they were looked up with (`storage.network.contexts`). What a rule
said at the time is what it says now, with every later change of it (`rule.changed` in the journal) undone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, select

from storage import schema
from storage.network.contexts import parse
from storage.network.network import Network
from storage.network.policies import PolicySet, Rule, Scope


class Applied(NamedTuple):
    """A rule that was applied: its *scope* in codes, and the set, with the decision, that it comes from.

    *changed* is what the rule says now, when it says something else. A default of this release is in no set.
    """

    rule: str
    attribute: str
    value: str
    scope: Mapping[str, str] = {}
    locked: bool = False
    set: str = ""
    effective_from: str = ""
    decision: str = ""
    changed: str | None = None

    @property
    def is_default(self) -> bool:
        """Whether no set says anything else."""
        return not self.set


class Explanation(NamedTuple):
    """An event of the journal: *at* as local time of its library, places and kinds by their codes."""

    seq: int
    at: str
    act: str
    channel: str
    actor: str
    library: str | None
    item: str | None
    title: str | None
    loan: int | None
    hold: int | None
    detail: str
    circumstances: Mapping[str, Any]
    rules: tuple[Applied, ...]


def scope_words(network: Network, scope: Scope) -> dict[str, str]:
    """Return what a rule is limited to, in codes, by the keys of the network's file."""
    libraries, types, categories = network.libraries, network.item_types, network.categories
    found = {
        "owner": libraries[scope.owner].code if scope.owner is not None else None,
        "item_type": types[scope.item_type].code if scope.item_type is not None else None,
        "category": categories[scope.category].code if scope.category is not None else None,
        "library": libraries[scope.library].code if scope.library is not None else None,
        "location": scope.location,
        "channel": scope.channel,
    }
    return {name: value for name, value in found.items() if value is not None}


def applied(network: Network, policy: PolicySet, rule: Rule) -> Applied:
    """Say which rule that is, of a set of *network*."""
    if rule.id.startswith("default:"):
        return Applied(rule.id, rule.attribute, rule.value)
    scope = scope_words(network, rule.scope)
    return Applied(
        rule.id, rule.attribute, rule.value, scope, rule.locked, policy.code, policy.effective_from, policy.decision
    )


def _rules(network: Network) -> dict[str, Applied]:
    return {rule.id: applied(network, policy, rule) for policy in network.policy_sets for rule in policy.rules}


_EVENT: Final = (
    select(schema.journal, schema.item.c.title, schema.barcode.c.number.label("barcode"))
    .join_from(schema.journal, schema.item, schema.item.c.id == schema.journal.c.item_id, isouter=True)
    .join(
        schema.barcode,
        (schema.barcode.c.item_id == schema.journal.c.item_id) & (schema.barcode.c.is_primary == 1),
        isouter=True,
    )
)
_CHANGES: Final = select(schema.journal.c.detail).where(schema.journal.c.act == "rule.changed")


def explain(connection: Connection, network: Network, seq: int) -> Explanation | None:
    """Explain the event *seq*; None when the journal has none of that number."""
    row = connection.execute(_EVENT.where(schema.journal.c.seq == seq)).first()
    if row is None:
        return None
    library = network.libraries.get(row.library_id)
    instant = datetime.fromtimestamp(row.at, tz=UTC)
    at = instant.astimezone(library.zone if library is not None else None)
    rules = row.because.split()
    return Explanation(
        seq,
        at.isoformat(),
        row.act,
        row.channel,
        row.actor,
        library.code if library is not None else None,
        row.barcode,
        row.title,
        row.loan_id,
        row.hold_id,
        row.detail,
        _circumstances(network, row.context),
        tuple(_as_then(connection, network, rules, seq)) if rules else (),
    )


def _as_then(connection: Connection, network: Network, ids: list[str], seq: int) -> Iterator[Applied]:
    known = _rules(network)
    before: dict[str, str] = {}
    for detail in connection.scalars(_CHANGES.where(schema.journal.c.seq > seq).order_by(schema.journal.c.seq)):
        change = json.loads(detail)
        before.setdefault(f"rule:{change['rule']}", change["before"])
    for rule in dict.fromkeys(ids):
        now = known.get(rule) or Applied(rule, "", "")
        then = before.get(rule, now.value)
        yield now if then == now.value else now._replace(value=then, changed=now.value)


def _circumstances(network: Network, context: str) -> dict[str, Any]:
    found = parse(context)
    if found is None:
        return {}

    def loans(counted: Mapping[int, int]) -> dict[str, int]:
        return {network.item_types[kind].code: count for kind, count in counted.items() if kind in network.item_types}

    told = {
        **scope_words(network, Scope(found.owner or None, found.type or None, found.category or None, found.library)),
        "channel": found.channel,
        "location": found.location,
        "loans": loans(found.load),
        "loans_here": loans(found.site),
        "loans_of_household": loans(found.household),
        "days_late": found.late,
        "renewals": found.renewals,
        "due": _due(found.due),
        "was_due": _due(found.was),
        "last_day": found.cap,
        "holds_per_copy": found.demand / 100,
    }
    return {name: value for name, value in told.items() if value}


def _due(due: Any) -> str | None:
    if due is None:
        return None
    return due.on or datetime.fromtimestamp(due.at, tz=UTC).isoformat()
