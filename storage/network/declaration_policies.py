"""The policy sets of a declaration as rows, and what no set may say: a library's rule over the network's, or a fee unvoted.

A rule is *local* when it is for acts in one library, or for items of one library of the network. Local rules are deviations
from what all libraries decided together (S-26): they need an attribute that is open to them, and none of them may meet a
rule that the network locked. Every change of a rule, and every new deviation, has its row in the journal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import select

from storage import schema
from storage.network.attributes import FEES
from storage.network.declaration import Declaration
from storage.network.declaration_keys import REQUIRED
from storage.network.declaration_plan import Kind, Plan, Row
from storage.network.declaration_rows import CATEGORIES, ITEM_TYPES, LIBRARIES, plan_parts

POLICIES: Final = Kind("policies", schema.policy_set, ("code",), named=True)
RULES: Final = Kind(
    "rules",
    schema.rule,
    (
        "policy_set_id", "attribute", "patron_category_id", "item_type_id", "owner_id", "library_id", "location", "channel",
    ),
)  # fmt: skip
_TREES: Final = {"patron_category_id": CATEGORIES, "item_type_id": ITEM_TYPES}
_FLAT: Final = ("owner_id", "location", "channel")


class _Rule(NamedTuple):
    """A rule as it will be: *path* is where it stands in the file, or its id for one that the store has alone."""

    path: str
    values: Mapping[str, Any]
    declared: bool


def plan_policies(plan: Plan, declaration: Declaration) -> None:
    """Plan policy sets with their rules."""
    for rows in plan_parts(plan, POLICIES, RULES, "policy_set_id", declaration.policies, "rules"):
        _check(plan, declaration, rows)


def _check(plan: Plan, declaration: Declaration, rows: list[Row]) -> None:
    """See that the sets are what libraries may vote, as they will be: with the rules that the store has already."""
    stored = {tuple(found[each] for each in RULES.key): found for found in _stored(plan, rows)}
    by_set: dict[Any, list[_Rule]] = {}
    local = _Locality(plan, declaration)
    for row in rows:
        values = {**row.fill, **row.values}
        if REQUIRED in (values["attribute"], values["value"]):
            continue  # Something is missing, as will be told.
        old = stored.pop(tuple(values[each] for each in RULES.key), None)
        rule = _Rule(row.path, values if old is None else {**old, **row.values}, declared=True)
        by_set.setdefault(values["policy_set_id"], []).append(rule)
        _note(plan, local, rule, old)
    for key, found in stored.items():
        by_set.setdefault(key[0], []).append(_Rule(f"rule:{found['id']}", found, declared=False))
    sets = _sets(plan, declaration)
    for policy_set, rules in by_set.items():
        _check_set(plan, local, rules, *sets.get(policy_set, ("", None)))


def _stored(plan: Plan, rows: list[Row]) -> Iterator[Mapping[str, Any]]:
    wanted = dict.fromkeys(row.values["policy_set_id"] for row in rows)
    return map(dict, plan.stored(RULES, "policy_set_id", wanted))


def _sets(plan: Plan, declaration: Declaration) -> dict[Any, tuple[str, str | None]]:
    """Return the decision of each set and the attributes it opens, as they will be."""
    table = schema.policy_set.c
    found: dict[Any, tuple[str, str | None]] = {
        number: (decision, opened)
        for number, decision, opened in plan.connection.execute(select(table.id, table.decision, table.opened))
    }
    for declared in declaration.policies:
        number = plan.expect(POLICIES, declared.code)
        decision, opened = found.get(number, ("", None))
        found[number] = (
            declared.decision if declared.decision is not None else decision,
            declared.opened if declared.opened is not None else opened,
        )
    return found


class _Locality:
    """Knows which rules are local, and which meet: what of the network they need is read once."""

    def __init__(self, plan: Plan, declaration: Declaration) -> None:
        library = schema.library.c
        kinds: dict[Any, str] = dict(plan.connection.execute(select(library.id, library.kind)).all())
        self._codes = {plan.expect(LIBRARIES, code): code for code in plan.names(LIBRARIES.name)}
        for declared in declaration.libraries:
            number = plan.expect(LIBRARIES, declared.code)
            kinds[number] = declared.kind or kinds.get(number, "library")
        self._places = {number for number, kind in kinds.items() if kind not in {"external", "network"}}
        self._parents = {
            column: _parents(plan, kind, getattr(declaration, kind.name)) for column, kind in _TREES.items()
        }

    def of(self, values: Mapping[str, Any]) -> str:
        """Return the key that makes a rule local, or nothing."""
        if values["library_id"] is not None:
            return "library"
        return "owner" if values["owner_id"] in self._places else ""

    def whose(self, values: Mapping[str, Any]) -> str | None:
        """Return the code of the library that a local rule is for."""
        return self._codes.get(values["library_id"] if values["library_id"] is not None else values["owner_id"])

    def meet(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
        """Tell whether two rules can both fit one act."""
        return all(self._related(column, one[column], other[column]) for column in _TREES) and not any(
            one[column] is not None and other[column] is not None and one[column] != other[column] for column in _FLAT
        )

    def _related(self, column: str, one: Any, other: Any) -> bool:
        return one is None or other is None or one in self._path(column, other) or other in self._path(column, one)

    def _path(self, column: str, node: Any) -> list[Any]:
        found: list[Any] = []
        while node is not None and node not in found:
            found.append(node)
            node = self._parents[column].get(node)
        return found


def _parents(plan: Plan, kind: Kind, declared: Any) -> dict[Any, Any]:
    found: dict[Any, Any] = dict(plan.connection.execute(select(kind.table.c.id, kind.table.c.parent_id)).all())
    known = plan.names(kind.name)
    found.update({plan.expect(kind, node.code): known.get(node.parent) for node in declared if node.parent is not None})
    return found


def _check_set(plan: Plan, local: _Locality, rules: list[_Rule], decision: str, opened: str | None) -> None:
    allowed = None if opened is None else opened.split()
    locks = [rule for rule in rules if rule.values["locked"] and not local.of(rule.values)]
    for rule in rules:
        attribute, where = rule.values["attribute"], local.of(rule.values)
        if attribute in FEES and rule.values["value"] != "none":
            if not decision and rule.declared:
                plan.problem(f"{rule.path}.value", "a fee needs a decision: write who decided it, and when, in the set")
            if where and rule.declared:
                plan.problem(f"{rule.path}.{where}", f"{attribute} is decided for the whole network")
        if not where:
            continue
        if rule.values["locked"] and rule.declared:
            plan.problem(f"{rule.path}.locked", "only a rule for the whole network can be locked")
        if allowed is not None and attribute not in allowed and rule.declared:
            plan.problem(f"{rule.path}.{where}", f"{attribute} is not open to rules of one library")
        for lock in locks:
            if lock.values["attribute"] == attribute and local.meet(lock.values, rule.values):
                _complain(plan, rule, where, lock)


def _complain(plan: Plan, rule: _Rule, where: str, lock: _Rule) -> None:
    attribute = rule.values["attribute"]
    if rule.declared:
        plan.problem(f"{rule.path}.{where}", f"{attribute} is locked for the network, at {lock.path}")
    elif lock.declared:
        plan.problem(f"{lock.path}.locked", f"a library has a rule of its own for {attribute}: {rule.path}")


def _note(plan: Plan, local: _Locality, rule: _Rule, old: Mapping[str, Any] | None) -> None:
    """Have the journal tell what becomes of a rule that was in force, and of every deviation."""
    told = {each: rule.values[each] for each in ("attribute", "value")}
    if old is not None and (rule.values["value"], rule.values["locked"]) != (old["value"], old["locked"]):
        plan.note("rule.changed", json.dumps({"rule": old["id"], **told, "before": old["value"]}, ensure_ascii=False))
    elif old is None and local.of(rule.values):
        plan.note("rule.deviates", json.dumps({"library": local.whose(rule.values), **told}, ensure_ascii=False))
