"""Checks of extended services: what is refused and how, result sets that are kept, and the packages that tell of tasks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from conformance.checks import Checks, want
from conformance.results import NotApplicable
from conformance.z3950 import ber
from conformance.z3950.bench import MUST, SHOULD, Bench, want_refused
from conformance.z3950.ber import Node, context, oid_octets, universal
from conformance.z3950.client import UNIMARC, Association, Closed, diagnostic, records
from conformance.z3950.pdus import Pdu
from conformance.z3950.queries import Z3950, type_1
from conformance.z3950.search import common
from conformance.z3950.tasks import (
    ACCEPTED,
    COMPLETE,
    DELETE,
    DONE,
    EXT_1,
    FAILURE,
    ITEM_ORDER,
    MODIFY,
    PACKAGE_SYNTAX,
    PACKAGES,
    RESULT_SET,
    UPDATE,
    Desk,
    asked,
    desk,
    duration,
    item,
    kept_set,
    order,
    package,
    request,
    returned,
    saving,
    served,
    told,
)  # fmt: skip

check = Checks[Bench]()

EXTENDED: Final = "Z39.50 3.2.9, extended services"
_PACKAGES: Final = "Z39.50 3.2.9.2, the extended services database"
_SETS: Final = "Z39.50 appendix EXT, persistent result set"
_ORDERS: Final = "Z39.50 appendix EXT, item order"
_NAMELESS: Final = "kit-no-such-package"


def refused(answer: Pdu, *conditions: int) -> None:
    """Want a task to be refused, with one of these diagnostics where there are any. Raises Failed."""
    want(answer["operationStatus"] == FAILURE, f"operationStatus is {answer['operationStatus']}")
    found = diagnostic(answer)
    want(found, "it is refused without a diagnostic")
    if conditions:
        want_refused(found, *conditions, what="it")


# --- what is refused ----------------------------------------------------------------------------------------------------


@check("extended unknown", MUST, "an extended service that there is not is refused with 221", EXTENDED)
def _no_service(bench: Bench) -> None:
    answer = asked(bench.granted("extendedServices"), request(f"{Z3950}9.999"))
    refused(answer, 221, 1043, 222)
    want(answer["referenceId"] == b"e", f"the referenceId is {answer['referenceId']!r}")


@check("extended by nobody", MUST, "who did not say who he is orders nothing, and changes no package", EXTENDED)
def _nobody(bench: Bench) -> None:
    association = bench.granted("extendedServices", nobody=True)
    association.count(common(bench)[0])
    refused(asked(association, request(ITEM_ORDER, order(item("default", 1 << 24)))))
    for function in (DELETE, MODIFY):
        refused(asked(association, request(RESULT_SET, function=function, packageName=_NAMELESS)))


_SET: Final = kept_set("default")
_STRANGE: Final = context(2, [universal(ber.OID, oid_octets("1.2.3")), context(1, b"kit")])
_REFUSED: Final[dict[str, tuple[str, str, Node, tuple[int, ...]]]] = {
    "extended function": ("a function other than create, delete and modify is refused with 1040", EXTENDED, request(RESULT_SET, _SET, function=9), (1040,)),
    "extended wait action": ("a waitAction that there is not is refused with 1047", EXTENDED, request(RESULT_SET, _SET, waitAction=9), (1047,)),
    "extended no parameters": ("a task without parameters is refused with 1008", EXTENDED, request(RESULT_SET), (1008,)),
    "extended retention time": ("a retention time in a unit that nobody knows is refused with 1041", EXTENDED, request(RESULT_SET, _SET, retentionTime=duration(1, "kit")), (1041,)),
    "set kept of nothing": ("a set that there is not cannot be kept: 30", _SETS, request(RESULT_SET, kept_set("no-such-set-kit")), (30, 27, 128)),
    "set kept without a name": ("of a set to be kept the name must be said: 1008", _SETS, request(RESULT_SET, kept_set(None)), (1008,)),
    "package unknown deleted": ("a package that there is not cannot be deleted: 219", EXTENDED, request(RESULT_SET, function=DELETE, packageName=_NAMELESS), (219,)),
    "package unknown changed": ("a package that there is not cannot be changed: 219", EXTENDED, request(RESULT_SET, function=MODIFY, packageName=_NAMELESS), (219,)),
    "package without a name deleted": ("of a package to be deleted the name must be said: 1008", EXTENDED, request(RESULT_SET, function=DELETE), (1008, 219)),
    "order of nothing": ("an order says what is ordered, or is refused with 1008", _ORDERS, request(ITEM_ORDER, order()), (1008,)),
    "order out of range": ("what is behind the last record of a set cannot be ordered: 13", _ORDERS, request(ITEM_ORDER, order(item("default", 1 << 24)), userId="kit/kit"), (13, 1003)),
    "order of an unknown set": ("nor what is in a set that there is not: 30", _ORDERS, request(ITEM_ORDER, order(item("no-such-set-kit", 1)), userId="kit/kit"), (30, 27, 128, 1003)),
    "order of a strange kind": ("an order in a form that nobody knows is refused with 1009", _ORDERS, request(ITEM_ORDER, order(_STRANGE), userId="kit/kit"), (1009, 1002)),
    "update action": ("an action that there is not is refused with 1044", EXTENDED, request(UPDATE, saving("kit", 9)), (1044, 109, 235)),
}  # fmt: skip
"""Name -> what is asked, where that is said, the request, and the diagnostics of which one is due."""


def _declare(name: str, text: str, source: str, sent: Node, conditions: tuple[int, ...]) -> None:
    @check(name, MUST, text, source)
    def _look(bench: Bench) -> None:
        association = bench.granted("extendedServices")
        association.count(common(bench)[0])
        refused(served(asked(association, sent)), *conditions)


for _name, _row in _REFUSED.items():
    _declare(_name, *_row)


@check("extended broken", MUST, "parameters of another service, or of none, are refused, or Close comes", EXTENDED)
def _broken(bench: Bench) -> None:
    for service, parameters, form in (
        (RESULT_SET, _SET, f"{Z3950}9.2"),
        *(
            (service, broken, "")
            for service in (RESULT_SET, f"{Z3950}9.5")
            for broken in ([], [context(9, 7)], [universal(2, 7)])
        ),
    ):
        association = bench.granted("extendedServices")
        association.send(request(service, parameters, form))
        with suppress(Closed):
            answer = association.receive()
            if answer.name != "close":
                refused(answer)


# --- sets that are kept, and their packages ----------------------------------------------------------------------------------------


@contextmanager
def _kept(bench: Bench, **members: object) -> Iterator[tuple[Desk, Pdu, int]]:
    """Keep a set; yield the desk, the package that comes, and how many records the set has. Raises NotApplicable."""
    with desk(bench) as made:
        count = made.association.count(common(bench)[0])
        yield made, returned(made.create(RESULT_SET, _SET, **members)), count


def _set_name(found: Pdu) -> str:
    """Return the name of the set that a package tells; it need be told only where the package is presented."""
    name = told(found).get(1)
    want(name is not None and name.octets, "no name is told of the set")
    assert name is not None
    return name.octets.decode()


@check("wait actions", MUST, "who waits is told of the end, who wants no package gets none", EXTENDED)
def _waits(bench: Bench) -> None:
    for action in (1, 2, 3, 4):
        with desk(bench) as made:
            made.association.count(common(bench)[0])
            answer = made.create(RESULT_SET, _SET, waitAction=action)
            status, what = answer["operationStatus"], f"waitAction {action}"
            if status == FAILURE:
                want_refused(diagnostic(answer), 225, 226, what=what)
                continue
            want(action != 1 or status == DONE, f"{what}: operationStatus is {status}")
            want(status in {DONE, ACCEPTED}, f"{what}: operationStatus is {status}")
            want(action != 4 or answer["taskPackage"] is None, f"{what}: a package comes")
            want(action > 2 or answer["taskPackage"], f"{what}: no package comes")


@check("package", MUST, "a package says of what service and name it is, and how far the task is", EXTENDED)
def _package(bench: Bench) -> None:
    with _kept(bench, description="kit", retentionTime=duration(2, "day")) as (made, found, _):
        want(found["packageType"] == RESULT_SET, f"its type is {found['packageType']}")
        want(found["packageName"] == f"{made.number}-0", f"its name is {found['packageName']!r}")
        want(found["taskStatus"] == COMPLETE, f"its task is done, and its status {found['taskStatus']}")
        want(found["description"] in {"kit", None}, f"its description is {found['description']!r}")
        made_at = found["creationDateTime"]
        want(made_at is None or made_at[:12].isdigit(), f"it was made at {made_at!r}")


@check("package name taken", SHOULD, "a name is taken once: another package of it is refused with 218", EXTENDED)
def _taken(bench: Bench) -> None:
    with _kept(bench) as (made, found, _):
        again = request(RESULT_SET, _SET, packageName=found["packageName"])
        refused(asked(made.association, again), 218)


def _search(association: Association, query: str, *more: str) -> Pdu:
    """Search packages. Raises NotApplicable where their database is not there."""
    answer = association.search(type_1(query, EXT_1), "packages", PACKAGES, *more)
    found = diagnostic(answer)
    if not answer["searchStatus"] and not more and found is not None and found.condition in {109, 235}:
        raise NotApplicable(f"{PACKAGES} is not searched: {found}")
    return answer


def _found(association: Association, name: str) -> list[Pdu]:
    """Return the packages of a name. Raises Failed, NotApplicable."""
    answer = _search(association, f"@attr 1=2 {name}")
    want(answer["searchStatus"], f"it is refused with {diagnostic(answer)}")
    if not answer["resultCount"]:
        return []
    got = records(association.present(1, answer["resultCount"], PACKAGE_SYNTAX, name="packages"))
    want(len(got) == answer["resultCount"], f"{len(got)} of {answer['resultCount']} packages come")
    return [package(each.node) for each in got]


def _the(association: Association, sent: Pdu) -> Pdu:
    """Return a package as it is found. Raises Failed, NotApplicable."""
    found = _found(association, sent["packageName"])
    want(len(found) == 1, f"{len(found)} packages of its name are found")
    return found[0]


@check("package found", SHOULD, "a package is found by its name, and is what came with the response", _PACKAGES)
def _finds(bench: Bench) -> None:
    with _kept(bench, description="kit") as (_, sent, _):
        found = _the(bench.association(), sent)
        for name in ("packageType", "packageName", "taskStatus", "description", "targetReference"):
            want(found[name] == sent[name], f"{name} is {found[name]!r}, and was {sent[name]!r}")


@check("set kept", SHOULD, "a set that is kept is presented in another association, by the name in its package", _SETS)
def _keeps(bench: Bench) -> None:
    with _kept(bench) as (made, sent, count):
        found = _the(made.association, sent)
        number = told(found).get(2)
        want(number is None or int.from_bytes(number.octets, "big") == count, f"it is not said to have {count} records")
        syntax = bench.corpus().syntax
        due = made.association.records(1, 1, syntax)[0].octets
        made.association.close()
        got = records(bench.association().present(1, 1, syntax, name=_set_name(found)))
        want(got and got[0].octets == due, "another record comes, or none")


@check(
    "package found by each use",
    SHOULD,
    "so it is by user, date, status and type, and not by those of others",
    _PACKAGES,
)
def _by_use(bench: Bench) -> None:
    with _kept(bench) as (_, sent, _):
        association = bench.association()
        found = _the(association, sent)
        named = f"@attr 1=2 {sent['packageName']}"
        year = (found["creationDateTime"] or "")[:4]
        right = {1: found["userId"], 3: year, 4: str(found["taskStatus"]), 5: RESULT_SET}
        wrong = {1: "kit-nobody", 3: "1901", 4: "3", 5: UPDATE}
        for due, values in ((1, right), (0, wrong)):
            for use, value in values.items():
                if right[use]:
                    answer = _search(association, f"@and {named} @attr 1={use} {value}")
                    want(answer["searchStatus"], f"1={use} is refused with {diagnostic(answer)}")
                    want(answer["resultCount"] == due, f"1={use} {value} finds {answer['resultCount']}, not {due}")


@check("package not for all", MUST, "who is nobody in particular finds no package of an account", _PACKAGES)
def _not_for_all(bench: Bench) -> None:
    with _kept(bench) as (_, sent, _):
        answer = _search(bench.granted("extendedServices", nobody=True), f"@attr 1=2 {sent['packageName']}")
        want(not answer["resultCount"], f"{answer['resultCount']} are found")
        want(answer["searchStatus"] or diagnostic(answer), "it is refused without a diagnostic")


@check("package changed", SHOULD, "description and time of a package are changed, and what was done is not", EXTENDED)
def _changes(bench: Bench) -> None:
    with _kept(bench, description="kit one") as (made, sent, _):
        before = _the(made.association, sent)
        changed = request(
            RESULT_SET, function=MODIFY, packageName=sent["packageName"], description="kit two",
            retentionTime=duration(3, "day"),
        )  # fmt: skip
        answer = asked(made.association, changed)
        want(answer["operationStatus"] == DONE, f"it is refused with {diagnostic(answer)}")
        after = _the(made.association, sent)
        want(after["description"] == "kit two", f"the description is {after['description']!r}")
        want(after["retentionTime"] and after["retentionTime"][0].octets == b"\3", "it is kept as long as before")
        want(_set_name(after) == _set_name(before), "it tells of another set")


@check("package deleted", SHOULD, "a package that is deleted is gone, and the set that it kept with it", EXTENDED)
def _deletes(bench: Bench) -> None:
    with _kept(bench) as (made, sent, _):
        found = _the(made.association, sent)
        gone = request(RESULT_SET, function=DELETE, packageName=sent["packageName"])
        answer = asked(made.association, gone)
        want(answer["operationStatus"] == DONE, f"it is refused with {diagnostic(answer)}")
        refused(asked(made.association, gone), 219)
        answer = bench.association().present(1, 1, name=_set_name(found))
        want(answer["responseRecords"] is None, "its set is still presented")
        want(not _found(made.association, sent["packageName"]), "it is still found")


def _shelf(bench: Bench) -> Association:
    """Return an association that may search packages. Raises NotApplicable."""
    association = bench.granted("extendedServices")
    answer = _search(association, f"@attr 1=2 {_NAMELESS}")
    if not answer["searchStatus"]:
        raise NotApplicable(f"{PACKAGES} is refused with {diagnostic(answer)}")
    return association


_PACKAGE_QUERIES: Final = {
    "use": ("@attr 1=999 kit", 114),
    "attribute set": (f"@attr {Z3950}3.1 1=2 kit", 121),
    "relation": ("@attr 1=2 @attr 2=100 kit", 117),
}


def _declare_refusal(name: str, query: str, condition: int) -> None:
    @check(f"packages refuse {name}", SHOULD, f"in {PACKAGES} it is refused with {condition}", _PACKAGES)
    def _look(bench: Bench) -> None:
        want_refused(diagnostic(_search(_shelf(bench), query)), condition, what=query)


for _name, (_query, _condition) in _PACKAGE_QUERIES.items():
    _declare_refusal(_name, _query, _condition)


@check("packages alone", SHOULD, "packages are not searched together with records: 23, 111 or 235", _PACKAGES)
def _alone(bench: Bench) -> None:
    answer = _search(_shelf(bench), f"@attr 1=2 {_NAMELESS}", bench.databases[0])
    want_refused(diagnostic(answer), 23, 111, 109, 235, what="the search")


@check("packages in their syntax", SHOULD, "a package comes in its own syntax, and in no MARC", _PACKAGES)
def _in_syntax(bench: Bench) -> None:
    with _kept(bench) as (made, sent, _):
        _the(made.association, sent)
        answer = made.association.present(1, 1, UNIMARC, name="packages")
        found = diagnostic(answer) or next((each.diagnostic for each in records(answer)), None)
        want_refused(found, 239, 238, 227, what="UNIMARC")
