"""Checks of an initiator, on all that it has sent to the kit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Any, Final

from conformance.checks import Row
from conformance.ncip.judge import judge
from conformance.results import Level, Outcome, Result
from protocols.ncip import Fault, Received, SchemeValue, read
from protocols.ncip.base import Initiation
from protocols.ncip.model import Element, Kind
from protocols.ncip.schemes import SCHEMES, RequestScopeType, RequestType
from protocols.xmlsafe import Node, UnsafeXMLError, parse

_VERSION: Final = re.compile(
    r"http://www\.niso\.org/(schemas/)?ncip/v(1_0|2_0|2_01|2_02)/(imp1/)?(dtd/|xsd/)?ncip_v\w+\.(dtd|xsd)", re.ASCII
)
"""The forms in use: with and without the implementation profile's folder."""
_UTC: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_PAUSE: Final = 1.0
"""Seconds that an initiator waits at least before it brings again what was not taken."""


class Treatment(Enum):
    """What the kit did with a message."""

    ANSWERED = "answered"
    LOST = "answered by silence"
    REFUSED = "refused for the moment"
    BROKEN = "answered by HTTP 503"


@dataclass(frozen=True, slots=True)
class Heard:
    """One message that came. *key* is the same for one that is brought again."""

    body: bytes
    media_type: str
    at: float
    received: Received | Fault
    treatment: Treatment = Treatment.ANSWERED

    @property
    def message(self) -> Initiation | None:
        """The initiation, None for anything else."""
        found = self.received.message if isinstance(self.received, Received) else None
        return found if isinstance(found, Initiation) else None

    @property
    def service(self) -> str:
        """Name of its service."""
        return self.message.service if self.message is not None else "?"

    @property
    def request(self) -> tuple[str, str]:
        """The RequestId of the message, else its item's number."""
        request, item = getattr(self.message, "request_id", None), getattr(self.message, "item_id", None)
        if request is not None:
            return (request.agency_id.value if request.agency_id else ""), request.request_identifier_value or ""
        return "", (getattr(item, "item_identifier_value", None) or "")

    @property
    def key(self) -> tuple[str, tuple[str, str], bytes]:
        """What a message that is brought again has in common with the first."""
        return self.service, self.request, self.body


def hear(body: bytes, media_type: str, at: float) -> Heard:
    """Read what came."""
    return Heard(body, media_type, at, read(body))


HEARD: Final[list[Row[Callable[[Sequence[Heard], str], Iterator[str]]]]] = []
"""The checks: each yields what is wrong, and first of all an empty text when there was something to look at."""


def _check(name: str, level: Level, text: str, source: str) -> Callable[[Callable[[Heard, str], str | None]], None]:
    """Put a check of single messages into the list: it gives a fault, nothing, or None for a message that is not concerned."""

    def put(look: Callable[[Heard, str], str | None]) -> None:
        def each(heard: Sequence[Heard], to: str) -> Iterator[str]:
            for one in heard:
                fault = look(one, to)
                if fault is not None:
                    yield ""
                    if fault:
                        yield f"{one.service}: {fault}"

        HEARD.append(Row(f"initiator.{name}", level, text, source, each))

    return put


@_check("message", Level.MUST, "all that comes is an initiation of NCIP", "Z39.83-1, 5")
def _message(one: Heard, _to: str) -> str | None:
    if isinstance(one.received, Fault):
        return one.received.problem.problem_detail or "no NCIP"
    return "" if one.message is not None else "a response"


@_check("valid", Level.MUST, "every message is valid", "Z39.83-2, schema")
def _valid(one: Heard, _to: str) -> str | None:
    return "; ".join(judge(one.body)[:3]) if one.message is not None else None


@_check("header", Level.MUST, "every message says who asks and whom", "Z39.83-1, headers")
def _header(one: Heard, _to: str) -> str | None:
    if one.message is None:
        return None
    header = one.message.initiation_header
    return "" if header and header.from_agency_id and header.to_agency_id else "it does not"


@_check("to", Level.SHOULD, "messages are meant for the agency that the kit is", "Z39.83-1, headers")
def _to(one: Heard, to: str) -> str | None:
    header = one.message.initiation_header if one.message is not None else None
    if header is None or header.to_agency_id is None or header.to_agency_id.agency_id is None:
        return None
    found = header.to_agency_id.agency_id.value
    return "" if found == to else f"for {found}"


@_check("media-type", Level.SHOULD, "messages come as application/xml", "implementation profile 1")
def _media(one: Heard, _to: str) -> str:
    return "" if one.media_type.lower().startswith("application/xml") else f"as {one.media_type!r}"


@_check("version", Level.SHOULD, "version is one of the standard's", "Z39.83-2")
def _version(one: Heard, _to: str) -> str | None:
    if not isinstance(one.received, Received):
        return None
    version = one.received.envelope.version
    return "" if _VERSION.fullmatch(version) else f"version {version!r}"


@_check("utc", Level.SHOULD, "dates are in UTC, to the second", "implementation profile 1")
def _utc(one: Heard, _to: str) -> str | None:
    dates = [text for text in _dates(one) if not _UTC.fullmatch(text)]
    return f"{dates[0]!r}" if dates else ""


@_check("schemes", Level.SHOULD, "a value of the standard's lists has the list's Scheme, or none", "Z39.83-1, A")
def _schemes(one: Heard, _to: str) -> str | None:
    wrong = [f"{tag} {pair.value!r} of {pair.scheme}" for tag, pair in _pairs(one.message) if _misplaced(tag, pair)]
    return wrong[0] if wrong else ""


def _misplaced(tag: str, pair: SchemeValue) -> bool:
    known = SCHEMES.get(tag)
    return known is not None and known.of(pair) is not None and pair.scheme not in {None, known.uri}


@_check(
    "request-id",
    Level.MUST,
    "a RequestItem has a RequestId with an agency, so that all that follows can name it",
    "ncip in use",
)
def _request_id(one: Heard, _to: str) -> str | None:
    if one.service != "RequestItem":
        return None
    agency, number = one.request
    return "" if agency and number else f"RequestId {one.request}"


@_check("request-type", Level.SHOULD, "a RequestItem has a type and a scope of the standard", "Z39.83-1, A")
def _request_type(one: Heard, _to: str) -> str | None:
    if one.service != "RequestItem":
        return None
    told: Any = one.message
    good = RequestType.of(told.request_type) and RequestScopeType.of(told.request_scope_type)
    return "" if good else "one of them is not"


def _pairs(element: Element | None) -> Iterator[tuple[str, SchemeValue]]:
    for child, value in element.children() if element is not None else ():
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, SchemeValue):
                yield child.tag, one
            elif isinstance(one, Element):
                yield from _pairs(one)


def _dates(one: Heard) -> Iterator[str]:
    """Yield the texts of all dates, as they were sent."""
    tags = {child.tag for child in _children(one.message) if child.kind is Kind.DATE}
    try:
        root = parse(one.body).root
    except UnsafeXMLError:
        return
    yield from (node.text.strip() for node in _all(root) if node.name in tags)


def _children(element: Element | None) -> Iterator[Any]:
    for child, value in element.children() if element is not None else ():
        yield child
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, Element):
                yield from _children(each)


def _all(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _all(child)


# --- when the line fails ------------------------------------------------------------------------------------------------------


def _tries(heard: Sequence[Heard]) -> dict[Any, list[Heard]]:
    tries: dict[Any, list[Heard]] = {}
    for one in heard:
        if one.message is not None:
            tries.setdefault((one.service, one.request), []).append(one)
    return tries


def _again(heard: Sequence[Heard], _to: str) -> Iterator[str]:
    for (service, _), tries in _tries(heard).items():
        if any(one.treatment is not Treatment.ANSWERED for one in tries):
            yield ""
            if tries[-1].treatment is not Treatment.ANSWERED:
                yield f"{service}: {tries[-1].treatment.value}, and not brought again"


def _same(heard: Sequence[Heard], _to: str) -> Iterator[str]:
    for (service, _), tries in _tries(heard).items():
        for before, after in pairwise(tries):
            if before.treatment is not Treatment.ANSWERED:
                yield ""
                if before.body != after.body:
                    yield f"{service}: it is another message"


def _once(heard: Sequence[Heard], _to: str) -> Iterator[str]:
    done = set()
    for one in heard:
        yield ""
        if one.key in done and not one.service.startswith("Lookup"):
            yield f"{one.service}: it was answered, and comes again"
        if one.treatment is Treatment.ANSWERED:
            done.add(one.key)


def _pauses(heard: Sequence[Heard], _to: str) -> Iterator[str]:
    for (service, _), tries in _tries(heard).items():
        for before, after in pairwise(tries):
            if before.treatment is not Treatment.ANSWERED:
                yield ""
                if after.at - before.at < _PAUSE:
                    yield f"{service}: after {after.at - before.at:.2f} s"


def _order(heard: Sequence[Heard], _to: str) -> Iterator[str]:
    waiting: dict[tuple[str, str], str] = {}
    for one in heard:
        if one.message is None or not one.request[0]:
            continue
        yield ""
        if waiting.get(one.request, one.service) != one.service:
            yield f"{one.service} comes before {waiting[one.request]} was taken"
        if one.treatment is Treatment.ANSWERED:
            waiting.pop(one.request, None)
        else:
            waiting.setdefault(one.request, one.service)


_LINE: Final = "what is not taken is brought again"
HEARD.extend(
    [
        Row(
            "initiator.again",
            Level.MUST,
            "what got no answer, or was refused for the moment, is brought again",
            _LINE,
            _again,
        ),
        Row(
            "initiator.same",
            Level.MUST,
            "what is brought again is the same message, so that it is done once",
            _LINE,
            _same,
        ),
        Row("initiator.once", Level.MUST, "what was answered is not brought again", _LINE, _once),
        Row(
            "initiator.pause",
            Level.SHOULD,
            "it waits a second at least before it brings something again",
            _LINE,
            _pauses,
        ),
        Row("initiator.order", Level.MUST, "no message of a request overtakes another one of it", _LINE, _order),
    ]
)


def heard_results(heard: Sequence[Heard], to: str, only: str = "") -> Iterator[Result]:
    """Judge all that came, by the checks with *only* in their names; what nothing came of is not applicable."""
    for row in HEARD:
        if only in row.name:
            found = list(row.look(heard, to))
            faults = sorted({fault for fault in found if fault})
            outcome = Outcome.FAILED if faults else Outcome.PASSED if found else Outcome.NOT_APPLICABLE
            yield row.result(outcome, "; ".join(faults[:5]) if found else "nothing came that it could be seen by")
