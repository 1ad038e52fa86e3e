"""What another policy set would have decided: past check-outs and renewals, decided again.

An act is decided twice from what the journal kept of it: by the set that was in force, and by the proposed one; what differs
is the sets' doing. Trees and opening hours are those of today, for both. What the journal does not keep is not decided
again: holds, blocks, the last day of a registration, and refusals, which change nothing and are in no journal. An act that
the set in force then does not bring back as it was (staff overruled it, hours changed since) is counted, not compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Connection, func, select

from storage import schema
from storage.circulation.accounts import Load
from storage.circulation.acts import Setting
from storage.circulation.due import Due, Terms, compute, local_day
from storage.circulation.limits import Loads, over_limits
from storage.network.contexts import Circumstances, parse
from storage.network.declaration_keys import PolicySet as DeclaredSet
from storage.network.network import Network, defaults
from storage.network.policies import Context, PolicySet, Rule, Scope
from storage.refusals import Reason

ACTS: Final = ("checkout", "renew")
SLICE: Final = 500
"""How many events one transaction reads."""


class Verdict(NamedTuple):
    """What a set decides: the reasons to refuse, else the due date."""

    reasons: tuple[Reason, ...]
    due: Due | None


class Difference(NamedTuple):
    """An event that the proposed set decides otherwise: *then* by the set that was in force, *proposed* by the other."""

    seq: int
    act: str
    library: str
    then: Verdict
    proposed: Verdict


class Slice(NamedTuple):
    """A part of the answer. *cursor* is the last event read, None when there are no more; *other* were not brought back."""

    cursor: int | None
    read: int
    other: int
    differences: tuple[Difference, ...]


def proposed_set(network: Network, declared: DeclaredSet) -> PolicySet:
    """Return a set as it is declared, with the defaults under it. Raises LookupError for a code that nobody has."""
    types = {kind.code: kind.id for kind in network.item_types.values()}
    categories = {kind.code: kind.id for kind in network.categories.values()}
    places = {library.code: library.id for library in network.libraries.values()}

    def scope(rule: object) -> Scope:
        def number(name: str, known: dict[str, int]) -> int | None:
            code = getattr(rule, name)
            return None if code is None else known[code]

        return Scope(
            number("owner", places),
            number("item_type", types),
            number("category", categories),
            number("library", places),
            getattr(rule, "location", None),
            getattr(rule, "channel", None),
        )

    rules = tuple(
        Rule(f"proposed:{number}", rule.attribute or "", rule.value or "", scope(rule), bool(rule.locked))
        for number, rule in enumerate(declared.rules)
    )
    return PolicySet(declared.code or "", declared.effective_from or "", defaults() + rules, declared.decision or "")


def decide(network: Network, act: str, found: Circumstances, at: int) -> Verdict:
    """Decide an act again, by the set of *network* that is in force on its day."""
    library = network.libraries[found.library]
    today = local_day(at, library.zone)
    setting = Setting(library, today, today.isoformat(), at, found.context(network))
    policy, context = network.policy(setting.day), setting.context
    reasons: list[Reason] = []
    if act == "renew":
        return _renewal(policy, setting, found)
    if policy.find("loan.allowed", context).value != "yes":
        reasons.append(Reason.NOT_FOR_LOAN)
    if found.late > policy.find("overdue.block-days", context).number:
        reasons.append(Reason.OVERDUES)
    reasons += over_limits(network, setting, Loads(*(Load(dict(each)) for each in found[6:9])))[0]
    return Verdict(tuple(reasons), None if reasons else _due(policy, setting, found, "loan.period", today))


def _renewal(policy: PolicySet, setting: Setting, found: Circumstances) -> Verdict:
    context, reasons = setting.context, []
    limit = policy.find("renewal.limit", context).number
    if found.renewals >= limit:
        reasons.append(Reason.TOO_MANY_RENEWALS if limit else Reason.RENEWAL_NOT_ALLOWED)
    late = policy.find("renewal.late-days", context).number
    since = (setting.today - timedelta(days=late)).isoformat()
    if found.was is not None and found.was.is_past(since, setting.now - late * 86400):
        reasons.append(Reason.TOO_LATE_TO_RENEW)
    if reasons:
        return Verdict(tuple(reasons), None)
    start = setting.today
    if policy.find("renewal.base", context).value == "due" and found.was is not None and found.was.on is not None:
        start = date.fromisoformat(found.was.on)
    due = _due(policy, setting, found, "renewal.period", start)
    return Verdict((), found.was.later(due) if found.was is not None and found.cap is None else due)


def _due(policy: PolicySet, setting: Setting, found: Circumstances, attribute: str, start: date) -> Due:
    context = setting.context
    threshold = policy.find("loan.demand-threshold", context).number
    reduced = policy.find("loan.demand-period", context).value if 0 < threshold * 100 <= found.demand else ""
    terms = Terms(
        policy.find(attribute, context).value,
        policy.find("loan.closed-days", context).value,
        policy.find("loan.max-push", context).number,
        _caps(policy, context, found, start.isoformat()),
        reduced,
    )
    return compute(setting.now, start, terms, setting.library.calendar).due


def _caps(policy: PolicySet, context: Context, found: Circumstances, start: str) -> tuple[str, ...]:
    fixed = policy.find("loan.all-back-by", context).value
    coming = [day for day in sorted(fixed.split()) if day >= start] if fixed != "none" else []
    return (*coming[:1], *([found.cap] if found.cap is not None else ()))


def how_many(connection: Connection, since: int) -> int:
    """Return how many events there are to decide again, since an instant."""
    journal = schema.journal.c
    found = connection.scalar(select(func.count()).where(journal.at >= since, journal.act.in_(ACTS)))
    return int(found or 0)


def what_if(connection: Connection, network: Network, proposed: PolicySet, since: int, cursor: int = 0) -> Slice:
    """Decide the next `SLICE` events after *cursor* again."""
    journal = schema.journal.c
    rows = connection.execute(
        select(journal.seq, journal.at, journal.act, journal.context)
        .where(journal.seq > cursor, journal.at >= since, journal.act.in_(ACTS), journal.context != "")
        .order_by(journal.seq)
        .limit(SLICE)
    ).all()
    other = replace(network, policy_sets=(proposed,))
    differences, unlike = [], 0
    for row in rows:
        found = parse(row.context)
        if found is None or found.library not in network.libraries:
            continue
        then = decide(network, row.act, found, row.at)
        unlike += then.due != found.due
        now = decide(other, row.act, found, row.at)
        if then.due == found.due and now != then:
            differences.append(Difference(row.seq, row.act, network.libraries[found.library].code, then, now))
    return Slice(rows[-1].seq if len(rows) == SLICE else None, len(rows), unlike, tuple(differences))


def described(differences: tuple[Difference, ...]) -> Iterator[dict[str, object]]:
    """Yield *differences* as JSON has them."""
    for each in differences:
        yield {
            "seq": each.seq,
            "act": each.act,
            "library": each.library,
            "then": _told(each.then),
            "proposed": _told(each.proposed),
        }


def _told(verdict: Verdict) -> dict[str, object]:
    if verdict.due is None:
        return {"refused": [reason.value for reason in verdict.reasons]}
    return {"due": verdict.due.on if verdict.due.on is not None else verdict.due.at}
