"""The database IR-Extend-1, of task packages: those that an account has or may see, and the sets that they keep (Z39.50 3.2.9.2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from pyroaring import BitMap

from protocols.z3950 import elements, ext1, oids, rpn
from protocols.z3950.diagnostics import Bib1, Refused
from server.catalogue.result_sets import ResultSet
from server.catalogue.shared import Catalogue, databases
from server.z3950.records import Form
from storage import kept_sets
from storage import packages as kept
from storage.network.network import Cataloguer, Database
from storage.packages import Package

DATABASE: Final = "IR-Extend-1"
SYNTAXES: Final = frozenset({oids.TASK_PACKAGE})


def stamp(instant: int) -> str:
    """Return an instant as a GeneralizedTime."""
    return f"{datetime.fromtimestamp(instant, UTC):%Y%m%d%H%M%SZ}"


_FOLDED: Final = DATABASE.casefold()


def asked(names: Sequence[str]) -> bool:
    """Tell whether the database of packages is meant, which is searched alone. Raises Refused (23)."""
    found = _FOLDED in map(str.casefold, names)
    if found and len(names) > 1:
        raise Refused(Bib1.DATABASE_COMBINATION, ", ".join(names))
    return found


def owner(account: Cataloguer | None) -> Database:
    """Return the packages of an account as a database, whose title is the account. Raises Refused (236)."""
    if account is None:
        raise Refused(Bib1.DATABASE_ACCESS_DENIED, DATABASE)
    return Database(0, DATABASE, account.code, is_default=False)


def hold(databases: Sequence[Database]) -> bool:
    """Tell whether records of these databases are packages."""
    return databases[0].name == DATABASE


def are(found: ResultSet) -> bool:
    """Tell whether a set is one of packages."""
    return hold(found.databases)


async def find(
    catalogue: Catalogue, database: Database, query: elements.RPNQuery, named: Callable[[str], ResultSet]
) -> BitMap:
    """Return the numbers of the packages that a query finds. Raises Refused, StoreUnavailable."""
    tree = rpn.decode(query.rpn)
    return _matching(tree, query.attribute_set, await _packages(catalogue, database), named)


async def read(catalogue: Catalogue, numbers: Sequence[int], database: Database, form: Form) -> list[bytes]:
    """Return packages as the records of a response."""
    found = {package.id: package.package for package in await _packages(catalogue, database)}
    gone = Refused(Bib1.RECORD_DELETED)
    return [
        form.record(DATABASE, found[number]) if number in found else form.diagnostic(DATABASE, gone)
        for number in numbers
    ]


async def kept_set(catalogue: Catalogue, account: Cataloguer | None, name: str) -> ResultSet | None:
    """Return a set that an account keeps, if there is one of that name. Raises Refused (235: its database is no more)."""
    if account is None:
        return None
    found = await catalogue.store.read(kept_sets.kept_set_named(account.code, name, int(catalogue.clock.seconds())))
    if found is None:
        return None
    return ResultSet(found.records, databases(catalogue.store.network, found.databases), found.order)


async def _packages(catalogue: Catalogue, database: Database) -> list[Package]:
    return await catalogue.store.read(kept.packages(database.title, int(catalogue.clock.seconds())))


def _matching(
    node: rpn.SentQuery, attribute_set: str, found: list[Package], named: Callable[[str], ResultSet]
) -> BitMap:
    if isinstance(node, rpn.Boolean):
        if not isinstance(node.operator, rpn.BooleanOperator):
            raise Refused(Bib1.OPERATOR, "prox")
        left, right = (_matching(each, attribute_set, found, named) for each in (node.left, node.right))
        match node.operator:
            case rpn.BooleanOperator.AND:
                return left & right
            case rpn.BooleanOperator.OR:
                return left | right
            case _:
                return left - right
    if node.result_set is not None:
        operand = named(node.result_set)
        if not are(operand):
            raise Refused(Bib1.DATABASE_COMBINATION, node.result_set)
        return operand.records
    if node.attr_term is None:
        raise Refused(Bib1.RESULT_SET_ATTRIBUTES)
    wanted = ext1.wanted(node.attr_term, attribute_set)
    return BitMap(package.id for package in found if wanted.matches(COMPARED[wanted.use](package)))


COMPARED: Final[dict[ext1.Use, Callable[[Package], str]]] = {
    ext1.Use.USER_ID: lambda package: package.account,
    ext1.Use.PACKAGE_NAME: lambda package: package.name,
    ext1.Use.CREATION_DATE_TIME: lambda package: stamp(package.made_at).removesuffix("Z"),
    ext1.Use.TASK_STATUS: lambda package: str(package.status),
    ext1.Use.PACKAGE_TYPE: lambda package: package.service,
}
"""Use -> what of a package is compared with the term."""
