"""Checks of segmentation: records over several messages (level 1), and a record over several of them (level 2)."""

from __future__ import annotations

from typing import Any, Final

from conformance.checks import Checks, want
from conformance.results import Failed, NotApplicable
from conformance.z3950 import ber
from conformance.z3950.bench import MAY, MUST, SHOULD, Bench, want_refused
from conformance.z3950.ber import BerError, Incomplete, Node
from conformance.z3950.client import Association, Record, diagnostic, records, retrieved
from conformance.z3950.corpus import Corpus
from conformance.z3950.pdus import Pdu
from conformance.z3950.search import common

check = Checks[Bench]()

_SEGMENTS: Final = "Z39.50 3.3.2, level 1 segmentation"
_FRAGMENTS: Final = "Z39.50 3.3.3, level 2 segmentation"
_SIZES: Final = "Z39.50 3.3.1, message and record size"
_ONE: Final = ("level1Segmentation",)
_BOTH: Final = (*_ONE, "level2Segmentation")
_PARTIAL: Final = (1, 2, 3, 4)
_MESSAGE: Final = 4_096
_LARGE: Final = 1 << 24
_LEAST: Final = 4_000
"""Octets of a record that is large enough to be told from its wrapping."""
_STARTS, _GOES_ON, _ENDS = 3, 4, 5


def _set(bench: Bench, association: Association) -> tuple[str, int]:
    """Search for many records; return the query, and how many of them are asked for."""
    query = bench.corpus().query or common(bench, 1)[0]
    return query, min(association.count(query), 30)


def _messages(association: Association, start: int, number: int, **changes: Any) -> list[Pdu]:
    """Ask for records; return the segments that come, and the response behind them. Raises Failed."""
    association.send(association.present_request(start, number, referenceId=b"s", **changes))
    found = [association.receive()]
    while found[-1].name == "segment":
        found.append(association.receive())
    want(found[-1].name == "presentResponse", f"{found[-1].name} comes")
    want(all(each["referenceId"] == b"s" for each in found), "the referenceId is not in every segment")
    return found


def _parts(message: Pdu) -> list[tuple[int, Node]]:
    """Return what a message has of records: 1 for a whole one, 2 for a diagnostic, 3 to 5 for a piece, and what it is."""
    listed = message["responseRecords"] or message["segmentRecords"] or ()
    found = [(each.get(0), each.get(1)) for each in listed]
    if any(body is None for _, body in found):
        raise Failed("a NamePlusRecord without a record")
    return [(body.only.tag, body.only.only) for _, body in found if body is not None]


def _sizes(message: Pdu) -> list[int]:
    return [len(ber.written(node)) for _, node in _parts(message)]


def _joined(messages: list[Pdu]) -> list[Record]:
    """Return the whole records that messages bring, put together from their pieces. Raises Failed."""
    out: list[Record] = []
    pieces: list[bytes] = []
    for kind, node in [part for each in messages for part in _parts(each)]:
        want(kind in {_GOES_ON, _ENDS} if pieces else kind not in {_GOES_ON, _ENDS}, f"[{kind}] comes out of order")
        if kind == 1:
            out.append(retrieved(None, node))
        elif kind in {_STARTS, _GOES_ON, _ENDS}:
            pieces.append(retrieved(None, node).octets if node.tag == ber.EXTERNAL else node.octets)
        if kind == _ENDS:
            out.append(_whole(b"".join(pieces)))
            pieces = []
    want(not pieces, "the last record has no end")
    return out


def _whole(octets: bytes) -> Record:
    """Return the record that pieces are: an EXTERNAL, or what is in one."""
    try:
        return retrieved(None, ber.read(octets)[0])
    except (BerError, Incomplete, Failed):
        return Record(None, "", octets, None, None)


def _same(messages: list[Pdu], due: list[Record]) -> None:
    got = _joined(messages)
    want(len(got) == len(due), f"{len(got)} records come in messages, {len(due)} without")
    for at, (one, other) in enumerate(zip(got, due, strict=True), 1):
        want(one.octets == other.octets, f"record {at} is another than without segmentation")


def _largest(corpus: Corpus) -> tuple[int, int]:
    """Return the place of the largest record of the database (from 1) and its octets. Raises NotApplicable."""
    if not (corpus.whole and corpus.query):
        raise NotApplicable(corpus.why or "the records are those of a file: their places are not known")
    at, record = max(enumerate(corpus.records, 1), key=lambda each: len(each[1].octets))
    if len(record.octets) < _LEAST:
        raise NotApplicable(f"no record has {_LEAST} octets")
    return at, len(record.octets)


def _with_largest(bench: Bench, *options: str, record: int = _LARGE) -> tuple[Association, int, int, int]:
    """Return an association with the set of all records, the place of the largest, its octets, and those of a message.

    A message holds a quarter of it. Raises NotApplicable.
    """
    corpus = bench.corpus()
    at, size = _largest(corpus)
    most = size // 4
    association = bench.granted(*options, preferredMessageSize=most, exceptionalRecordSize=record)
    association.count(corpus.query)
    return association, at, size, most


# --- level 1 ------------------------------------------------------------------------------------------------------------


@check("present segments", MAY, "where segments were agreed on a long answer comes in them", _SEGMENTS)
def _segments(bench: Bench) -> None:
    association = bench.granted(*_ONE, preferredMessageSize=_MESSAGE, exceptionalRecordSize=_LARGE)
    _, number = _set(bench, association)
    *segments, response = _messages(association, 1, number, syntax=bench.corpus().syntax)
    told = [each["numberOfRecordsReturned"] for each in segments]
    came = [len(records(each)) for each in segments]
    want(told == came, f"the segments have {came} records, and say {told}")
    seen = sum(came) + len(records(response))
    want(response["numberOfRecordsReturned"] == seen, f"{response['numberOfRecordsReturned']} are told of, {seen} came")
    want(seen == number or response["presentStatus"] in _PARTIAL, f"{seen} records of {number} come")


@check(
    "segments hold what is due",
    MUST,
    "segments have the records in their order, each as it comes without them",
    _SEGMENTS,
)
def _in_order(bench: Bench) -> None:
    association = bench.granted(*_ONE, preferredMessageSize=_MESSAGE, exceptionalRecordSize=_LARGE)
    _, number = _set(bench, association)
    syntax = bench.corpus().syntax
    messages = _messages(association, 1, number, syntax=syntax)
    want(len(messages) > 1 or sum(_sizes(messages[0])) <= _MESSAGE, "all come in one message that cannot hold them")
    plain = bench.association()
    _set(bench, plain)
    _same(messages, plain.records(1, messages[-1]["numberOfRecordsReturned"], syntax))


@check("segment size", MUST, "no segment holds more than was agreed on, nor than the request says", _SEGMENTS)
def _segment_size(bench: Bench) -> None:
    association = bench.granted(*_ONE, preferredMessageSize=_MESSAGE, exceptionalRecordSize=_LARGE)
    _, number = _set(bench, association)
    for most, changes in ((_MESSAGE, {}), (_MESSAGE // 2, {"maxSegmentSize": _MESSAGE // 2})):
        for each in _messages(association, 1, number, syntax=bench.corpus().syntax, **changes):
            sizes = _sizes(each)
            want(sum(sizes) <= most or len(sizes) == 1, f"{len(sizes)} records of {sum(sizes)} octets in one of {most}")


@check(
    "segment count", MUST, "there are no more segments than the request says, and what does not come is told", _SEGMENTS
)
def _segment_count(bench: Bench) -> None:
    association = bench.granted(*_ONE, preferredMessageSize=_MESSAGE, exceptionalRecordSize=_LARGE)
    _, number = _set(bench, association)
    if len(_messages(association, 1, number, syntax=bench.corpus().syntax)) == 1:
        raise NotApplicable("all records fit into one message")
    (answer,) = _messages(association, 1, number, syntax=bench.corpus().syntax, maxSegmentCount=1)
    want(answer["presentStatus"] in {2, 5}, f"presentStatus is {answer['presentStatus']}, where not all fit")


@check(
    "no segments unless agreed on",
    MUST,
    "who has not agreed to segments gets none, whatever his requests say",
    _SEGMENTS,
)
def _not_agreed(bench: Bench) -> None:
    association = bench.association(preferredMessageSize=_MESSAGE, exceptionalRecordSize=_LARGE)
    _, number = _set(bench, association)
    for changes in ({}, {"maxSegmentCount": 9, "maxSegmentSize": _MESSAGE}):
        found = _messages(association, 1, number, syntax=bench.corpus().syntax, **changes)
        want(len(found) == 1, f"{len(found) - 1} segments come")
        want(all(kind <= 2 for kind, _ in _parts(found[0])), "a piece of a record comes")


# --- level 2 ------------------------------------------------------------------------------------------------------------


@check(
    "fragments", MAY, "where it was agreed on, a record that no message holds comes in pieces that are it", _FRAGMENTS
)
def _fragments(bench: Bench) -> None:
    association, at, _, most = _with_largest(bench, *_BOTH)
    syntax = bench.corpus().syntax
    messages = _messages(association, at, 1, syntax=syntax)
    kinds = [kind for each in messages for kind, _ in _parts(each)]
    want(kinds == [_STARTS, *[_GOES_ON] * (len(kinds) - 2), _ENDS], f"its parts are {kinds}")
    sizes = [sum(_sizes(each)) for each in messages]
    want(max(sizes) <= most, f"a message of {max(sizes)} octets comes, {most} were agreed on")
    plain = bench.association()
    plain.count(bench.corpus().query)
    _same(messages, plain.records(at, 1, syntax))
    told = messages[-1]["numberOfRecordsReturned"]
    want(told == 1, f"{told} records are told of")


@check("fragments among records", MAY, "a record in pieces leaves those before and behind it whole", _FRAGMENTS)
def _among(bench: Bench) -> None:
    association, at, *_ = _with_largest(bench, *_BOTH)
    corpus = bench.corpus()
    start, number = max(1, at - 1), min(3, len(corpus.records) - max(1, at - 1) + 1)
    messages = _messages(association, start, number, syntax=corpus.syntax)
    plain = bench.association()
    plain.count(corpus.query)
    _same(messages, plain.records(start, number, corpus.syntax))


@check("no fragments at level 1", MUST, "who has agreed to level 1 alone gets no piece of a record", _FRAGMENTS)
def _level_1(bench: Bench) -> None:
    association, at, *_ = _with_largest(bench, *_ONE)
    for each in _messages(association, at, 1, syntax=bench.corpus().syntax):
        want(all(kind <= 2 for kind, _ in _parts(each)), "a piece of it comes")


def _refused_instead(messages: list[Pdu], *conditions: int) -> None:
    """Want one diagnostic, and no piece of a record, in place of one. Raises Failed."""
    want(len(messages) == 1, f"{len(messages) - 1} segments come")
    found = diagnostic(messages[0]) or next((each.diagnostic for each in records(messages[0])), None)
    want_refused(found, *conditions, what="a record too large")


@check(
    "fragments that are too many",
    SHOULD,
    "a record that needs more segments than there may be is refused (217)",
    _FRAGMENTS,
)
def _too_many(bench: Bench) -> None:
    association, at, *_ = _with_largest(bench, *_BOTH)
    found = _messages(association, at, 1, syntax=bench.corpus().syntax, maxSegmentCount=2)
    _refused_instead(found, 217, 16, 17)


@check("fragments that are too small", SHOULD, "segments that hold nothing are refused (242)", _FRAGMENTS)
def _too_small(bench: Bench) -> None:
    association, at, *_ = _with_largest(bench, *_BOTH)
    found = _messages(association, at, 1, syntax=bench.corpus().syntax, maxSegmentSize=10)
    _refused_instead(found, 242, 217, 16, 17)


# --- sizes of records ---------------------------------------------------------------------------------------------------


def _exceptional(name: str, *options: str) -> None:
    @check(f"record over the exceptional size{name}", MUST, f"it is replaced by 17{name}", _SIZES)
    def _look(bench: Bench) -> None:
        at, size = _largest(bench.corpus())
        association, *_ = _with_largest(bench, *options, record=size // 2)
        found = _messages(association, at, 1, syntax=bench.corpus().syntax)
        _refused_instead(found, 17)


for _name, _options in {"": (), ", with segments": _ONE, ", with fragments": _BOTH}.items():
    _exceptional(_name, *_options)


@check(
    "record size of the request",
    SHOULD,
    "a record larger than the request takes (maxRecordSize) is replaced by 17",
    _SIZES,
)
def _of_request(bench: Bench) -> None:
    association, at, size, _ = _with_largest(bench, *_BOTH)
    _refused_instead(_messages(association, at, 1, syntax=bench.corpus().syntax, maxRecordSize=size // 2), 17)


@check(
    "record over the preferred size",
    MUST,
    "one of several comes alone, or is replaced by 16: never with others, nor cut",
    _SIZES,
)
def _preferred(bench: Bench) -> None:
    association, at, size, _ = _with_largest(bench)
    last = len(bench.corpus().records)
    for start in {max(1, at - 1), min(at, last - 1)}:
        (answer,) = _messages(association, start, 2, syntax=bench.corpus().syntax)
        found = records(answer)
        want(len(found) == 1 or all(len(each.octets) < size for each in found), "it comes with others")
        for each in found:
            if each.diagnostic is not None:
                want_refused(each.diagnostic, 16, what=f"a record of {size} octets")
        want(len(found) == 2 or answer["presentStatus"] in _PARTIAL, f"presentStatus is {answer['presentStatus']}")
