"""Declaring a network: what `bibliobus load` does with its file.

A declaration adds and corrects; what it does not name stays as it is. It is compared with the store first, whole, and
written only when nothing speaks against it; what is as declared already is not written again.
"""

from __future__ import annotations

import re
import time
from typing import Final

from sqlalchemy import Connection

from storage.catalogue.records import lock_catalogue
from storage.circulation.pins import Pins
from storage.network.declaration import Declaration, DeclarationError, Problem, declaration_of, read_declaration
from storage.network.declaration_items import plan_items
from storage.network.declaration_keys import keys_of
from storage.network.declaration_patrons import plan_patrons
from storage.network.declaration_plan import Plan, Report
from storage.network.declaration_policies import plan_policies
from storage.network.declaration_reference import reference
from storage.network.declaration_routes import plan_routes
from storage.network.declaration_rows import Passwords, plan_accounts, plan_network

__all__ = [
    "Declaration",
    "DeclarationError",
    "Passwords",
    "Problem",
    "Report",
    "apply_declaration",
    "compare_declaration",
    "declaration_of",
    "read_declaration",
    "reference",
]

_TABLES: Final = {key.name: number for number, key in enumerate(keys_of(Declaration))}


def _place(problem: Problem) -> tuple[int, list[tuple[str, int]]]:
    """Return where a problem comes in the order in which a file is read."""
    steps = re.findall(r"([^.[\]]+)|\[(\d+)\]", problem.path)
    return _TABLES.get(steps[0][0], len(_TABLES)), [(name, int(number or 0)) for name, number in steps]


def _plan(connection: Connection, declaration: Declaration, pins: Pins, passwords: Passwords) -> Plan:
    plan = Plan(connection, declaration.problems)
    plan_network(plan, declaration)
    plan_policies(plan, declaration)
    plan_routes(plan, declaration)
    plan_accounts(plan, declaration, passwords)
    plan_patrons(plan, declaration, pins)
    plan_items(plan, declaration)
    if plan.problems:
        raise DeclarationError(sorted(plan.problems, key=_place))
    return plan


def compare_declaration(connection: Connection, declaration: Declaration, pins: Pins, passwords: Passwords) -> Report:
    """Tell what applying *declaration* would change, and write nothing. Raises DeclarationError as applying would."""
    return _plan(connection, declaration, pins, passwords).report


def apply_declaration(
    connection: Connection, declaration: Declaration, pins: Pins, passwords: Passwords, now: int | None = None
) -> Report:
    """Bring the store to what *declaration* says, in the transaction of *connection*; *now* is the journal's time.

    *passwords* keeps what it has hashed: after a comparison with the same one, nothing is left to hash.
    Raises DeclarationError with all that is wrong, `Declaration.problems` included; then nothing was written.
    """
    lock_catalogue(connection)  # Two loads at once would both add the same things: one goes after the other.
    plan = _plan(connection, declaration, pins, passwords)
    if plan.report.wrote:
        plan.write(int(time.time()) if now is None else now)
    return plan.report
