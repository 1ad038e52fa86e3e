"""Declaring a network: what `bibliobus load` does with its file.

A declaration adds and corrects; what it does not name stays as it is. It is compared with the store first, whole, and
written only when nothing speaks against it; what is as declared already is not written again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from storage.circulation.pins import Pins
from storage.network.declaration import Declaration, DeclarationError, Problem, read_declaration
from storage.network.declaration_items import plan_items
from storage.network.declaration_keys import keys_of
from storage.network.declaration_patrons import plan_patrons
from storage.network.declaration_plan import Count, Plan
from storage.network.declaration_reference import reference
from storage.network.declaration_rows import Passwords, plan_accounts, plan_network

__all__ = [
    "Declaration",
    "DeclarationError",
    "Problem",
    "Report",
    "apply_declaration",
    "read_declaration",
    "reference",
]


@dataclass(frozen=True, slots=True)
class Report:
    """What a declaration came to: for each kind of thing in it, how many were added, changed, and as declared already."""

    counts: Mapping[str, Count]

    @property
    def wrote(self) -> bool:
        """Whether anything was written."""
        return any(count.added or count.changed for count in self.counts.values())

    def __str__(self) -> str:
        return ", ".join(
            f"{name} +{count.added} ~{count.changed} ={count.unchanged}" for name, count in self.counts.items()
        )


_TABLES: Final = {key.name: number for number, key in enumerate(keys_of(Declaration))}


def _place(problem: Problem) -> tuple[int, list[tuple[str, int]]]:
    """Return where a problem comes in the order in which a file is read."""
    steps = re.findall(r"([^.[\]]+)|\[(\d+)\]", problem.path)
    return _TABLES.get(steps[0][0], len(_TABLES)), [(name, int(number or 0)) for name, number in steps]


def apply_declaration(
    connection: Connection,
    declaration: Declaration,
    pins: Pins,
    hash_password: Callable[[str], str],
    now: int | None = None,
) -> Report:
    """Bring the store to what *declaration* says, in the transaction of *connection*.

    *hash_password* makes the argon2 hash of a device's password. *now* is the journal's, seconds since 1970 UTC.
    Raises DeclarationError with all that is wrong, those of `declaration.problems` included; then nothing was written.
    """
    plan = Plan(connection, declaration.problems)
    plan_network(plan, declaration)
    plan_accounts(plan, declaration, Passwords(hash_password))
    plan_patrons(plan, declaration, pins)
    plan_items(plan, declaration)
    if plan.problems:
        raise DeclarationError(sorted(plan.problems, key=_place))
    report = Report({name: count for name, count in plan.counts.items() if any(count)})
    if report.wrote:
        plan.write()
        plan.enter(int(time.time()) if now is None else now, str(report))
    return report
