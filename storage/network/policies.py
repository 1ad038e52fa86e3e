"""Policies: for each attribute, which rule applies, along one declared total order of specificity.

A rule gives an attribute a value within a scope; a scope column that is None means any. The rule that applies is the
most specific that fits, compared column by column in `ORDER` (domain.md 2.5): owner, item type, patron category,
library of the act, location, channel. Inside a tree the nearest node wins. A locked rule beats every unlocked one.
Where a reader lives is not a column, and must never become one (S-02).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias


class Scope(NamedTuple):
    """What a rule is limited to. The columns stand in the order in which specificity is compared."""

    owner: int | None = None
    item_type: int | None = None
    category: int | None = None
    library: int | None = None
    location: str | None = None
    channel: str | None = None


ORDER: Final = Scope._fields


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: *id* is what decisions cite in `because`."""

    id: str
    attribute: str
    value: str
    scope: Scope
    locked: bool = False


class Found(NamedTuple):
    """The value that applies, and the rule that says so."""

    value: str
    rule: str

    @property
    def number(self) -> int:
        """The value as a whole number; the leading number of a period such as ``28 days``."""
        return int(self.value.split()[0])


Limits: TypeAlias = tuple[tuple[int | None, Found], ...]
"""Limits that bind together, each with the item type whose branch it counts (None: all types)."""


class Context(NamedTuple):
    """Where a rule is looked for. Trees are paths, nearest node first."""

    owner: int
    item_type: tuple[int, ...]
    category: tuple[int, ...]
    library: int
    location: str
    channel: str


def _specificity(rule: Rule, context: Context) -> tuple[int, ...] | None:
    """Return how narrowly *rule* fits *context*, greatest is narrowest; None when it does not fit."""
    places = [int(rule.locked)]
    for wanted, given in zip(rule.scope, context, strict=True):
        if wanted is None:
            places.append(0)
        elif isinstance(given, tuple):
            if wanted not in given:
                return None
            places.append(len(given) - given.index(wanted))
        elif wanted == given:
            places.append(1)
        else:
            return None
    return tuple(places)


def _narrowest(rules: Iterable[Rule], context: Context) -> Found | None:
    """Return what the most specific of *rules* that fit says. Of equally specific ones the later wins."""
    fitting = [
        (places, number, rule)
        for number, rule in enumerate(rules)
        if (places := _specificity(rule, context)) is not None
    ]
    if not fitting:
        return None
    rule = max(fitting, key=lambda fit: fit[:2])[2]
    return Found(rule.value, rule.id)


class _Known(NamedTuple):
    """What was found in one context: values, values asked for together, and limits, by attribute."""

    one: dict[str, Found]
    together: dict[tuple[str, ...], tuple[Found, ...]]
    limits: dict[str, Limits]


@dataclass(frozen=True)
class PolicySet:
    """The rules in force from a day on, as the libraries voted them.

    *decision* says who decided it, and when. *opened* names the attributes that libraries may have rules of their own for;
    None: all that no rule locks.
    """

    code: str
    effective_from: str
    rules: tuple[Rule, ...]
    decision: str = ""
    opened: tuple[str, ...] | None = None
    _found: dict[Context, _Known] = field(default_factory=dict, repr=False, compare=False)
    _recent: list[tuple[Context | None, _Known]] = field(
        default_factory=lambda: [(None, _Known({}, {}, {}))], repr=False, compare=False
    )

    def _known(self, context: Context) -> _Known:
        """Return what was found before. An act asks about one context many times: to hash it takes as long as to find."""
        recent, known = self._recent[0]
        if recent is not context:
            found = self._found.get(context)
            known = self._found[context] = found if found is not None else _Known({}, {}, {})
            self._recent[0] = (context, known)
        return known

    def find(self, attribute: str, context: Context) -> Found:
        """Return the value of *attribute* in *context*.

        Raises LookupError for an attribute that no rule gives at all: every attribute has a default in
        `storage.network.attributes`. Equal specificity (the same scope declared twice) is settled by declaration: the
        later rule wins, so that a set can correct the defaults it starts from.
        """
        known = self._known(context).one
        found = known.get(attribute)
        if found is None:
            found = _narrowest((rule for rule in self.rules if rule.attribute == attribute), context)
            if found is None:
                raise LookupError(attribute)
            known[attribute] = found
        return found

    def for_all(self, deviation: Rule) -> str:
        """Return the value that *deviation* takes the place of: that of the narrowest rule for every owner and library."""
        scope = deviation.scope._replace(owner=None, library=None)
        rules = [rule for rule in reversed(self.rules) if rule.attribute == deviation.attribute]
        return next((rule.value for wanted in (scope, Scope()) for rule in rules if rule.scope == wanted), "")

    def find_all(self, attributes: tuple[str, ...], context: Context) -> tuple[Found, ...]:
        """Return what `find` returns for each of *attributes*, by one look where they are asked for together often."""
        known = self._known(context).together
        found = known.get(attributes)
        if found is None:
            found = known[attributes] = tuple(self.find(attribute, context) for attribute in attributes)
        return found

    def limits(self, attribute: str, context: Context) -> Limits:
        """Return every limit that binds in *context*, narrowest types first; the value ``none`` binds nothing.

        A limit on a type counts all loans of that type's branch, so a DVD is held to the limit on DVDs, to the one on
        audiovisual items and to the one on everything.
        """
        known = self._known(context).limits
        limits = known.get(attribute)
        if limits is None:
            found = ((node, self._limit(attribute, context, node)) for node in (*context.item_type, None))
            limits = known[attribute] = tuple(
                (node, limit) for node, limit in found if limit is not None and limit.value != "none"
            )
        return limits

    def _limit(self, attribute: str, context: Context, node: int | None) -> Found | None:
        branch = context.item_type[context.item_type.index(node) :] if node is not None else ()
        rules = (rule for rule in self.rules if rule.attribute == attribute and rule.scope.item_type == node)
        return _narrowest(rules, context._replace(item_type=branch))
