"""Checks of the smaller services: DeleteResultSet, ResourceReport, TriggerResourceControl, Explain."""

from __future__ import annotations

from typing import Final

from conformance.checks import Checks, want
from conformance.results import NotApplicable
from conformance.z3950 import ber
from conformance.z3950.bench import MAY, MUST, SHOULD, Bench
from conformance.z3950.ber import context
from conformance.z3950.client import Association, Closed
from conformance.z3950.pdus import Pdu, make
from conformance.z3950.queries import Z3950, type_1
from conformance.z3950.search import common

check = Checks[Bench]()

_DELETE: Final = "Z39.50 3.2.4, Delete"
_RESOURCES: Final = "Z39.50 3.2.6, resource control"
_FAILURE: Final = 5


def _delete(association: Association, *names: str, everything: bool = False) -> Pdu:
    listed = None if everything else [context(31, each) for each in names]
    return association.ask(
        make("deleteResultSetRequest", referenceId=b"d", deleteFunction=int(everything), resultSetList=listed),
        "deleteResultSetResponse",
    )


def _statuses(answer: Pdu) -> dict[str, int]:
    return {
        each.nodes[0].octets.decode(): int.from_bytes(each.nodes[1].octets, "big")
        for each in answer["deleteListStatuses"] or ()
    }


@check("delete", MUST, "a set that is deleted is gone", _DELETE)
def _delete_one(bench: Bench) -> None:
    association = bench.granted("delSet")
    association.count(common(bench)[0])
    answer = _delete(association, "default")
    want(answer["deleteOperationStatus"] == 0, f"the status is {answer['deleteOperationStatus']}")
    want(answer["referenceId"] == b"d", f"the referenceId is {answer['referenceId']!r}")
    want(association.present(1, 1)["presentStatus"] == _FAILURE, "it is still presented")


@check("delete one of several", MUST, "others stay", _DELETE)
def _others(bench: Bench) -> None:
    association = bench.granted("delSet")
    first, second, *_ = common(bench)
    association.count(first, "a")
    count = association.count(second, "b")
    _delete(association, "a")
    want(association.count("@set b", "c") == count, "another set has changed")


@check(
    "delete unknown", SHOULD, "of a set that there is not, it is said so (1), and the whole is not a success", _DELETE
)
def _unknown(bench: Bench) -> None:
    association = bench.granted("delSet")
    association.count(common(bench)[0], "a")
    answer = _delete(association, "a", "no-such-set-kit")
    want(answer["deleteOperationStatus"] != 0, "it is said to have worked")
    told = _statuses(answer)
    want(not told or told.get("no-such-set-kit") == 1, f"the statuses are {told}")
    want(not told or told.get("a") == 0, f"the statuses are {told}")


@check("delete all", SHOULD, "all sets are deleted at once, or 7 comes", _DELETE)
def _all(bench: Bench) -> None:
    association = bench.granted("delSet")
    for name, query in zip("ab", common(bench), strict=False):
        association.count(query, name)
    answer = _delete(association, everything=True)
    if answer["deleteOperationStatus"] in {7, 8}:
        raise NotApplicable("sets are not deleted in bulk")
    want(answer["deleteOperationStatus"] == 0, f"the status is {answer['deleteOperationStatus']}")
    for name in "ab":
        want(association.present(1, 1, name=name)["presentStatus"] == _FAILURE, f"{name} is still there")


@check("delete all of none", SHOULD, "where there is no set, deleting all works", _DELETE)
def _none(bench: Bench) -> None:
    answer = _delete(bench.granted("delSet"), everything=True)
    want(answer["deleteOperationStatus"] in {0, 7}, f"the status is {answer['deleteOperationStatus']}")


@check("resource report", SHOULD, "a report of what was used is given, or refused with its status", _RESOURCES)
def _report(bench: Bench) -> None:
    association = bench.granted("resourceReport")
    association.count(common(bench)[0])
    answer = association.ask(make("resourceReportRequest", referenceId=b"report"), "resourceReportResponse")
    want(answer["referenceId"] == b"report", f"the referenceId is {answer['referenceId']!r}")
    want(0 <= answer["resourceReportStatus"] <= 7, f"the status is {answer['resourceReportStatus']}")
    if answer["resourceReportStatus"] == 0:
        want(answer["resourceReport"] is not None, "there is no report")


@check("trigger", MUST, "TriggerResourceControl has no answer, and the association goes on", _RESOURCES)
def _trigger(bench: Bench) -> None:
    association = bench.granted("triggerResourceCtrl")
    (query, *_) = common(bench)
    for action in (1, 2, 3):
        association.send(make("triggerResourceControlRequest", referenceId=b"t", requestedAction=action))
    association.count(query)


@check("cancel", SHOULD, "a search that is cancelled is answered, whole or with 105 or what it had", _RESOURCES)
def _cancel(bench: Bench) -> None:
    association = bench.granted("triggerResourceCtrl")
    (query, *_) = common(bench)
    request = association.search_request(query)
    association.write(ber.written(request) + ber.written(make("triggerResourceControlRequest", requestedAction=3)))
    answer = association.receive()
    want(answer.name == "searchResponse", f"{answer.name} comes")
    association.count(query)


# --- Explain ------------------------------------------------------------------------------------------------------------


@check("explain", MAY, "IR-Explain-1 is searched, or refused in words that a client knows", "Z39.50 3.2.10, Explain")
def _explain(bench: Bench) -> None:
    query = type_1("@attr 1=1 TargetInfo", f"{Z3950}3.2")
    found = bench.association().refused(query, "default", "IR-Explain-1")
    want(found is None or found.condition in {109, 235, 1007, 121, 236, 3}, f"it is refused with {found}")


@check("pdu of the target", MUST, "a PDU that only a target sends is no request: Close or an end", "Z39.50 4.2, states")
def _backwards(bench: Bench) -> None:
    association = bench.association()
    association.send(make(
        "presentResponse", numberOfRecordsReturned=0, nextResultSetPosition=0, presentStatus=0,
    ))  # fmt: skip
    want_closed(association)


def want_closed(association: Association) -> None:
    """Want a Close or the end of the connection. Raises Failed."""
    try:
        answer = association.receive()
    except Closed:
        return
    want(answer.name == "close", f"{answer.name} comes")
    want(0 <= answer["closeReason"] <= 9, f"its reason is {answer['closeReason']}")
