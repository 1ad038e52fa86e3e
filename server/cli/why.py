"""`bibliobus why` and `bibliobus what-if`: what the rules decided, and what others would have."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from server.cli.common import FILE, as_json, configured, explained, find_store, refused
from server.words import LANGUAGE, _

if TYPE_CHECKING:
    from storage.network.explain import Applied, Explanation
    from storage.network.what_if import Difference, Verdict

DAY = click.DateTime(["%Y-%m-%d"])


@click.command(help=_("Explain an event of the journal: the rules that decided it, as they were then."))
@click.argument("seq", type=int)
@configured
@as_json
def why(seq: int, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """Explain an event."""
    from server.writing import looking
    from storage.network.explain import explain

    with explained():
        store = looking(find_store(path, data))
        found = store.read(explain, store.network, seq)
    if found is None:
        refused("unknown-event", _("The journal has no event {seq}.").format(seq=seq))
    if json_:
        told = {**found._asdict(), "rules": [rule._asdict() for rule in found.rules]}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo("\n".join(_story(found)))


def _story(found: Explanation) -> Iterator[str]:
    yield _("Event {seq}: {act}, {at}").format(seq=found.seq, act=found.act, at=found.at)
    yield _("By {actor} ({channel}) at {library}").format(
        actor=found.actor, channel=found.channel, library=found.library or "-"
    )
    if found.item is not None:
        yield _("Item {barcode}: {title}").format(barcode=found.item, title=found.title)
    if found.detail:
        yield _("Remarks: {detail}").format(detail=found.detail)
    if found.circumstances:
        yield _("Looked up with: {facts}").format(facts=_facts(found.circumstances))
    if not found.rules:
        yield _("No rule had a say in it.")
    for rule in found.rules:
        yield from rule_story(rule)


def _facts(facts: Any) -> str:
    return ", ".join(
        f"{name} " + (" ".join(f"{kind}:{count}" for kind, count in value.items()) if isinstance(value, dict) else str(value))
        for name, value in facts.items()
    )  # fmt: skip


def rule_story(rule: Applied) -> Iterator[str]:
    """Yield what a rule says, for whom, and who decided it."""
    if not rule.attribute:
        yield "  " + _("{rule}: a rule that is not in the network any more").format(rule=rule.rule)
        return
    yield f"  {rule.attribute} = {rule.value}" + (" " + _("(locked)") if rule.locked else "")
    if rule.is_default:
        yield "    " + _("what holds when no rule says otherwise")
        return
    scope = ", ".join(f"{name} {value}" for name, value in rule.scope.items())
    yield "    " + (_("for {scope}").format(scope=scope) if scope else _("for everything"))
    yield "    " + _("{rule} of the set {set}, in force from {day}: {decision}").format(
        rule=rule.rule, set=rule.set, day=rule.effective_from, decision=rule.decision or _("decision not noted")
    )
    if rule.changed is not None:
        yield "    " + _("now it says {value}").format(value=rule.changed)


# --- what if -------------------------------------------------------------------------------------------------------------


@click.command(
    "what-if",
    help=_("Decide past check-outs and renewals again by the policy set of a file, and tell what would differ."),
)
@click.argument("file", type=FILE)
@click.option("--since", type=DAY, required=True, help=_("The first day to decide again."))
@configured
@as_json
def what_if(file: Path, since: datetime, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """Replay the past."""
    from rich.console import Console
    from rich.progress import Progress

    from server.writing import looking
    from storage.network.conventions import ZONE
    from storage.network.what_if import described, how_many
    from storage.network.what_if import what_if as decide_again
    from storage.refusals import sentence

    with explained():
        store = looking(find_store(path, data))
        network = store.network
        proposed = _proposed(store, network, file)
        start = int(datetime.combine(since.date(), time(), ZONE).timestamp())
        total, read, unlike = store.read(how_many, start), 0, 0
        found: list[Difference] = []
        cursor: int | None = 0
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task(_("Deciding again"), total=total)
            while cursor is not None:
                part = store.read(decide_again, network, proposed, start, cursor)
                cursor, read, unlike = part.cursor, read + part.read, unlike + part.other
                found += part.differences
                progress.update(task, completed=read)
    figures = {"events": total, "decided": read, "not_as_then": unlike, "different": len(found)}
    if json_:
        click.echo(json.dumps({**figures, "differences": list(described(tuple(found)))}, ensure_ascii=False))
        return
    for each in found:
        click.echo(f"{each.seq:>10}  {each.act:9} {each.library:12} {_said(each.then)} -> {_said(each.proposed)}")
    click.echo(
        _(
            "{decided} of {events} events decided again, {different} differently; {not_as_then} had not gone by the rules."
        ).format(**figures)
    )
    for reason, count in Counter(reason for each in found for reason in each.proposed.reasons).most_common():
        click.echo(f"{count:>10}  {sentence(reason, LANGUAGE)}")


def _proposed(store: Any, network: Any, file: Path) -> Any:
    """Return the one policy set of *file*, checked as `load` checks it."""
    from server.passwords import HASHER
    from storage.network.declare import DeclarationError, Passwords, compare_declaration, read_declaration
    from storage.network.what_if import proposed_set

    try:
        declaration = read_declaration(file.read_bytes())
        store.read(compare_declaration, declaration, store.location.pins(), Passwords(HASHER.hash))
    except DeclarationError as error:
        refused("declaration", f"{file}:\n{error}")
    if len(declaration.policies) != 1:
        refused("declaration", _("{file} must have one policy set, and has {count}.").format(
            file=file, count=len(declaration.policies)
        ))  # fmt: skip
    return proposed_set(network, declaration.policies[0])


def _said(verdict: Verdict) -> str:
    from storage.refusals import sentence

    if verdict.due is None:
        return " ".join(sentence(reason, LANGUAGE) for reason in verdict.reasons)
    return str(verdict.due.on or verdict.due.at)
