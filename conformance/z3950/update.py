"""Checks of the extended service Update. What they save they delete; they save only where that was allowed (--saves)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from conformance.checks import Checks, want
from conformance.results import Failed, NotApplicable
from conformance.z3950 import marc
from conformance.z3950.bench import MUST, SHOULD, Bench, want_refused
from conformance.z3950.ber import BerError, Node
from conformance.z3950.client import diagnostic
from conformance.z3950.extended import EXTENDED, refused
from conformance.z3950.pdus import Pdu
from conformance.z3950.queries import Z3950
from conformance.z3950.tasks import (
    DELETE_RECORD,
    DONE,
    FAILURE,
    INSERT,
    REPLACE,
    UPDATE,
    Desk,
    asked,
    desk,
    request,
    returned,
    saving,
    supplied,
    told,
)

check = Checks[Bench]()

_UPDATE: Final = "Z39.50 appendix EXT, update"
_FIRST_REVISION: Final = f"{Z3950}9.5"
_SUCCESS, _PARTIAL, _FAILED = 1, 2, 4
_NO_RECORD: Final = b"no record at all"


@check("update by nobody", MUST, "who did not say who he is changes nothing", EXTENDED)
def _nobody(bench: Bench) -> None:
    sent = request(UPDATE, saving(bench.databases[0], INSERT, supplied(_NO_RECORD)))
    refused(asked(bench.granted("extendedServices", nobody=True), sent))


@check("update with no record", MUST, "what is no record is not saved", EXTENDED)
def _no_record(bench: Bench) -> None:
    with desk(bench) as made:
        for service in (_FIRST_REVISION, UPDATE):
            answer = made.create(service, saving(bench.databases[0], INSERT, supplied(_NO_RECORD)))
            status = answer["operationStatus"]
            want(status in {DONE, FAILURE}, f"operationStatus is {status}")
            want(status == FAILURE or answer["taskPackage"], "it is done, and no package says what became of it")


# --- records that are saved ------------------------------------------------------------------------------------------------------


class _Record:
    """A record of the kit's own, which is saved at a desk under a number that no other has."""

    def __init__(self, bench: Bench, made: Desk) -> None:
        corpus = bench.corpus()
        self.number = made.number
        self._form, self._syntax = corpus.form, corpus.syntax
        self._bench, self._desk = bench, made

    def word(self, kind: str = "one") -> str:
        """Return the word of a title that no other record has."""
        return f"{self.number}{kind}"

    def sent(self, kind: str = "one", version: str = "") -> Node:
        """Return it as a request supplies it, with a title of its own."""
        octets = marc.made(self._form, self.number, f"Notice de la recette {self.word(kind)}")
        return supplied(octets, self._syntax, number=self.number, version=version)

    def save(self, action: int, *records: Node) -> Pdu:
        """Ask for an action on records. Raises Failed, NotApplicable."""
        return self._desk.create(UPDATE, saving(self._bench.saves, action, *records))

    def count(self, kind: str = "one") -> int:
        """Return how many records have its title, another association asking."""
        return self._bench.association().count(f"@attr 1=4 {self.word(kind)}", "default", self._bench.saves)


@contextmanager
def _saved(bench: Bench) -> Iterator[tuple[_Record, Pdu]]:
    """Save a record; yield it and the response; delete it. Raises NotApplicable."""
    if not bench.saves:
        raise NotApplicable("no database to save in was given (--saves)")
    with desk(bench) as made:
        record = _Record(bench, made)
        try:
            yield record, _done(record.save(INSERT, record.sent()))
        finally:
            with suppress(Failed, BerError, NotApplicable):
                record.save(DELETE_RECORD, record.sent())


def _done(answer: Pdu) -> Pdu:
    want(answer["operationStatus"] == DONE, f"it is not done: {diagnostic(answer)}")
    return answer


def _statuses(answer: Pdu) -> tuple[int, dict[int, int]]:
    """Return what a package tells: updateStatus, and recordStatus by the numbers that the request knew records by."""
    part = told(returned(answer))
    status, listed = part.get(1), part.get(3)
    if status is None or listed is None:
        raise Failed("the package does not tell what became of the records")
    each = {_number(node.get(2), 2): _number(node, 3) for node in listed.nodes}
    return int.from_bytes(status.octets, "big"), each


def _number(node: Node | None, tag: int) -> int:
    found = None if node is None else node.get(tag)
    return -1 if found is None else int.from_bytes(found.octets, "big")


@check("update saves", SHOULD, "a record that is saved is found by the next search", _UPDATE)
def _saves(bench: Bench) -> None:
    with _saved(bench) as (record, _):
        want(record.count() == 1, f"{record.count()} are found by the title")


@check(
    "update tells",
    SHOULD,
    "the package tells what became of the record, by the number that the request knows it by",
    _UPDATE,
)
def _tells(bench: Bench) -> None:
    with _saved(bench) as (_, answer):
        want(_statuses(answer) == (_SUCCESS, {7: _SUCCESS}), f"the statuses are {_statuses(answer)}")


@check("update saves once", SHOULD, "a record that there is cannot be inserted again", _UPDATE)
def _once(bench: Bench) -> None:
    with _saved(bench) as (record, _):
        refused(record.save(INSERT, record.sent("two")))
        want((record.count(), record.count("two")) == (1, 0), "the record is another now")


@check("update replaces", SHOULD, "a record that is replaced is found as it is now, and no longer as it was", _UPDATE)
def _replaces(bench: Bench) -> None:
    with _saved(bench) as (record, _):
        _done(record.save(REPLACE, record.sent("two")))
        want((record.count(), record.count("two")) == (0, 1), "the record is what it was")


@check("update of another version", SHOULD, "who has seen another version of a record does not replace it", _UPDATE)
def _version(bench: Bench) -> None:
    with _saved(bench) as (record, _):
        refused(record.save(REPLACE, record.sent("two", version="no-such-version-kit")))
        want((record.count(), record.count("two")) == (1, 0), "the record is another now")


@check("update in part", SHOULD, "of several records each is saved or not, and it is said which", _UPDATE)
def _in_part(bench: Bench) -> None:
    with _saved(bench) as (record, _):
        answer = record.save(REPLACE, record.sent("two"), supplied(_NO_RECORD, known_by=8))
        want(_statuses(answer) == (_PARTIAL, {7: _SUCCESS, 8: _FAILED}), f"the statuses are {_statuses(answer)}")
        want(record.count("two") == 1, "the one that is right is not saved")


@check("update deletes", SHOULD, "a record that is deleted is found no more, and cannot be deleted again", _UPDATE)
def _deletes(bench: Bench) -> None:
    with _saved(bench) as (record, _):
        _done(record.save(DELETE_RECORD, record.sent()))
        want(record.count() == 0, "it is still found")
        refused(record.save(DELETE_RECORD, record.sent()))


@check("update nowhere", SHOULD, "in a database that there is not nothing is saved: 235, 109 or 224", _UPDATE)
def _nowhere(bench: Bench) -> None:
    with _saved(bench) as (record, _):
        elsewhere = saving("no-such-database-kit", REPLACE, record.sent("two"))
        answer = asked(bench.granted("extendedServices"), request(UPDATE, elsewhere))
        want_refused(diagnostic(answer), 235, 109, 224, what="it")
        want(record.count() == 1, "the record is another now")
