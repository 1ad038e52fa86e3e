"""Extended services as the kit asks for them: their parameters, the packages that tell of them, and a desk that undoes what it had done."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from conformance.checks import want
from conformance.results import Failed, NotApplicable
from conformance.z3950 import ber
from conformance.z3950.bench import Bench
from conformance.z3950.ber import BerError, Node, context, oid_octets, sequence, universal
from conformance.z3950.client import UNIMARC, Association, diagnostic, retrieved
from conformance.z3950.pdus import TASK_PACKAGE, Pdu, make, members_of
from conformance.z3950.queries import Z3950

RESULT_SET: Final = f"{Z3950}9.1"
ITEM_ORDER: Final = f"{Z3950}9.4"
UPDATE: Final = f"{Z3950}9.5.1.1"
PACKAGES: Final = "IR-Extend-1"
EXT_1: Final = f"{Z3950}3.3"
PACKAGE_SYNTAX: Final = f"{Z3950}5.106"
CREATE, DELETE, MODIFY = 1, 2, 3
INSERT, REPLACE, DELETE_RECORD = 1, 2, 3
"""Actions of an Update."""
DONE, ACCEPTED, FAILURE = 1, 2, 3
COMPLETE: Final = 2
_NOT_HERE: Final = frozenset({221, 222, 223, 1004})


def request(service: str, parameters: Sequence[Node] | None = None, form: str = "", **members: Any) -> Node:
    """Return a request: to create a package, and to wait for it, where *members* say nothing else; *form* types the parameters."""
    external = None
    if parameters is not None:
        external = [universal(ber.OID, oid_octets(form or service)), context(0, context(1, parameters))]
    sent = {"function": CREATE, "waitAction": 1, "referenceId": b"e", **members}
    return make("extendedServicesRequest", packageType=service, taskSpecificParameters=external, **sent)


def asked(association: Association, sent: Node) -> Pdu:
    """Return the response to a request. Raises Failed."""
    return association.ask(sent, "extendedServicesResponse")


def served(answer: Pdu) -> Pdu:
    """Return a response. Raises NotApplicable where the service is not there, or not for who asks."""
    found = diagnostic(answer)
    if found is not None and found.condition in _NOT_HERE:
        raise NotApplicable(f"the service is not there, or not for who asks: {found}")
    return answer


def kept_set(name: str | None) -> list[Node]:
    """Return the parameters by which a result set is kept."""
    wanted = [] if name is None else [context(1, name)]
    return [context(1, b""), context(2, sequence(*wanted))]


def order(*wanted: Node) -> list[Node]:
    """Return the parameters of an Item Order."""
    return [context(2, sequence(*wanted))]


def item(name: str, place: int) -> Node:
    """Return the record at a place of a result set, as an order names it."""
    return context(1, [context(1, name), context(2, place)])


def saving(database: str, action: int, *records: Node) -> list[Node]:
    """Return the parameters of an Update."""
    return [context(1, sequence(context(1, action), context(2, database))), context(2, sequence(*records))]


def supplied(octets: bytes, syntax: str = UNIMARC, *, number: str = "", version: str = "", known_by: int = 7) -> Node:
    """Return one record of an Update, which the request knows by a number."""
    return sequence(
        *([context(1, context(2, number))] if number else []),
        *([context(2, context(2, version))] if version else []),
        context(3, [context(2, known_by)]),
        context(4, [universal(ber.OID, oid_octets(syntax)), context(1, octets)]),
    )


def duration(value: int, unit: str) -> list[Node]:
    """Return an IntUnit."""
    return [context(1, value), context(2, context(3, context(1, unit)))]


def package(record: Node | None) -> Pdu:
    """Read a task package. Raises Failed, BerError."""
    if record is None:
        raise Failed("the package is not sent as a single ASN.1 type")
    return members_of(record, "TaskPackage", TASK_PACKAGE)


def returned(answer: Pdu) -> Pdu:
    """Return the task package that comes with a response. Raises Failed, BerError."""
    want(answer["operationStatus"] == DONE, f"operationStatus is {answer['operationStatus']}: {diagnostic(answer)}")
    want(answer["taskPackage"], "no package comes")
    found = retrieved(None, universal(ber.EXTERNAL, answer["taskPackage"]))
    want(found.syntax == PACKAGE_SYNTAX, f"the package is of {found.syntax}")
    return package(found.node)


def told(found: Pdu) -> Node:
    """Return what the target tells in a package, its targetPart. Raises Failed, BerError."""
    parameters = retrieved(None, universal(ber.EXTERNAL, found["taskSpecificParameters"]))
    want(parameters.syntax == found["packageType"], f"its parameters are of {parameters.syntax}")
    part = None if parameters.node is None or parameters.node.tag != 2 else parameters.node.get(2)
    if part is None:
        raise Failed("the package tells nothing of the task")
    return part.only


class Desk:
    """An association that asks for tasks, each under a name that nobody has, and remembers them."""

    def __init__(self, association: Association) -> None:
        self.association = association
        self.number = f"kit{secrets.token_hex(6)}"
        self._made: list[tuple[str, str]] = []

    def create(self, service: str, parameters: Sequence[Node], **members: Any) -> Pdu:
        """Ask for a task; return the response. Raises Failed, NotApplicable."""
        name = f"{self.number}-{len(self._made)}"
        self._made.append((service, name))
        return served(asked(self.association, request(service, parameters, packageName=name, **members)))

    def clear(self, association: Association) -> None:
        """Delete the packages."""
        for service, name in self._made:
            asked(association, request(service, function=DELETE, packageName=name))


@contextmanager
def desk(bench: Bench) -> Iterator[Desk]:
    """Begin to ask for tasks; delete their packages at the end. Raises NotApplicable."""
    made = Desk(bench.granted("extendedServices"))
    try:
        yield made
    finally:
        with suppress(Failed, BerError, NotApplicable):
            made.clear(bench.granted("extendedServices"))
