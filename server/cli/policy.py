"""`bibliobus policy`: the rules that the libraries voted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from server.cli.common import Exit, as_json, configured, explained, find_store, stop
from server.cli.why import DAY, rule_story
from server.words import _

if TYPE_CHECKING:
    from storage.network.explain import Applied
    from storage.network.network import Network
    from storage.network.policies import Context, PolicySet


@click.group(help=_("Look at the rules that the libraries voted."))
def policy() -> None:
    """Policies."""


def _network(path: Path | None, data: Path | None) -> Network:
    from server.writing import looking

    with explained():
        return looking(find_store(path, data)).network


def _day(on: datetime | None) -> str:
    import time

    from storage.network.conventions import legal_day

    return on.date().isoformat() if on is not None else legal_day(int(time.time()))


def _told(rules: list[Applied], *, json_: bool) -> None:
    if json_:
        click.echo(json.dumps([rule._asdict() for rule in rules], ensure_ascii=False))
        return
    for rule in rules:
        click.echo("\n".join(rule_story(rule)))


_ON = click.option("--on", type=DAY, help=_("The day to look at; today if not given."))


@policy.command("sets", help=_("List the policy sets: since when each is in force, and who decided it."))
@configured
@as_json
def sets(path: Path | None, data: Path | None, *, json_: bool) -> None:
    """List sets."""
    found = [
        {
            "code": each.code,
            "effective_from": each.effective_from,
            "decision": each.decision,
            "rules": sum(not rule.id.startswith("default:") for rule in each.rules),
            "opened": each.opened,
        }
        for each in _network(path, data).policy_sets
    ]
    if json_:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for each in found:
        click.echo(f"{each['code']:16} {each['effective_from']}  {each['rules']:4}  {each['decision']}")


@policy.command("show", help=_("Show the rules of a set; without a code, of the one in force."))
@click.argument("code", required=False)
@_ON
@configured
@as_json
def show(code: str | None, on: datetime | None, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """Show a set."""
    network = _network(path, data)
    found = _set(network, code) if code is not None else network.policy(_day(on))
    _told(list(_voted(network, found)), json_=json_)


def _set(network: Network, code: str) -> PolicySet:
    for each in network.policy_sets:
        if each.code == code:
            return each
    known = ", ".join(each.code for each in network.policy_sets)
    return stop(Exit.USAGE, _("There is no policy set {code}; there are: {known}").format(code=code, known=known))


def _voted(network: Network, found: PolicySet) -> Iterator[Applied]:
    from storage.network.explain import applied

    for rule in found.rules:
        if not rule.id.startswith("default:"):
            yield applied(network, found, rule)


@policy.command(
    "explain", help=_("Tell, for each attribute, the rule that would apply, and the limits that bind together.")
)
@click.option("--category", required=True, help=_("Code of the patron category."))
@click.option("--type", "item_type", required=True, help=_("Code of the item type."))
@click.option("--library", required=True, help=_("Code of the library of the act."))
@click.option("--owner", help=_("Code of the item's owner; the library of the act if not given."))
@click.option("--location", default="", help=_("Shelving location."))
@click.option("--channel", default="sip2", help=_("Channel of the act."))
@_ON
@configured
@as_json
def explain(
    category: str,
    item_type: str,
    library: str,
    owner: str | None,
    location: str,
    channel: str,
    on: datetime | None,
    path: Path | None,
    data: Path | None,
    *,
    json_: bool,
) -> None:
    """Explain a context."""
    from storage.network.attributes import ATTRIBUTES
    from storage.network.explain import applied
    from storage.network.policies import Context

    network = _network(path, data)
    here = _library(network, library)
    context = Context(
        _library(network, owner) if owner is not None else here,
        _node(network.item_types, item_type),
        _node(network.categories, category),
        here,
        location,
        channel,
    )
    found = network.policy(_day(on))
    by_id = {rule.id: rule for rule in found.rules}
    _told([applied(network, found, by_id[rule]) for rule in _applying(found, list(ATTRIBUTES), context)], json_=json_)


def _applying(found: PolicySet, attributes: list[str], context: Context) -> Iterator[str]:
    for attribute in attributes:
        if attribute.endswith("-limit") or attribute == "loan.limit":
            limits = found.limits(attribute, context)
            yield from (limit.rule for _node, limit in limits)
            if limits:
                continue
        yield found.find(attribute, context).rule


def _library(network: Network, code: str) -> int:
    library = network.by_code.get(code.upper())
    return library.id if library is not None else _unknown(code, [each.code for each in network.libraries.values()])


def _node(kinds: Mapping[int, Any], code: str) -> tuple[int, ...]:
    for kind in kinds.values():
        if kind.code == code:
            path: tuple[int, ...] = kind.path
            return path
    return _unknown(code, [kind.code for kind in kinds.values()])


def _unknown(code: str, known: list[str]) -> NoReturn:
    stop(Exit.USAGE, _("Nothing has the code {code}; there are: {known}").format(code=code, known=", ".join(known)))


@policy.command("diff", help=_("Tell what differs between two sets."))
@click.argument("one")
@click.argument("other")
@configured
@as_json
def diff(one: str, other: str, path: Path | None, data: Path | None, *, json_: bool) -> None:
    """Compare two sets."""
    network = _network(path, data)
    before, after = (
        {(rule.attribute, tuple(rule.scope.items())): rule for rule in _voted(network, _set(network, code))}
        for code in (one, other)
    )
    found: list[dict[str, Any]] = [
        {
            "attribute": attribute,
            "scope": dict(scope),
            one: _value(before.get((attribute, scope))),
            other: _value(after.get((attribute, scope))),
        }
        for attribute, scope in sorted(before.keys() | after.keys())
    ]
    found = [each for each in found if each[one] != each[other]]
    if json_:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for each in found:
        scope = ", ".join(f"{name} {value}" for name, value in each["scope"].items())
        click.echo(f"{each['attribute']:24} {each[one] or '-':12} -> {each[other] or '-':12} {scope}")


def _value(rule: Applied | None) -> str | None:
    if rule is None:
        return None
    return rule.value + (" (locked)" if rule.locked else "")


@policy.command("deviations", help=_("List every rule of one library, in every set, beside what holds for all."))
@configured
@as_json
def deviations(path: Path | None, data: Path | None, *, json_: bool) -> None:
    """List deviations."""
    network = _network(path, data)
    found: list[dict[str, Any]] = [
        {
            "set": each.code,
            "effective_from": each.effective_from,
            "attribute": rule.attribute,
            "value": rule.value,
            "network": each.for_all(rule),
            "rule": rule.id,
            "scope": scope,
        }
        for each in network.policy_sets
        for rule in each.rules
        if network.deviates(rule)
        for scope in [_scope(network, rule)]
    ]
    if json_:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for told in found:
        scope = ", ".join(f"{name} {value}" for name, value in told["scope"].items())
        click.echo(
            f"{told['set']:16} {told['attribute']:24} {told['value']:12} "
            + _("instead of {value}").format(value=told["network"])
            + f"  {scope}"
        )


def _scope(network: Network, rule: Any) -> dict[str, str]:
    from storage.network.explain import scope_words

    return scope_words(network, rule.scope)
