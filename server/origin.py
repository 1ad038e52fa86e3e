"""Asks other catalogues, all at once: a line to each target, each with its own deadline, and what has come by then is kept.

Nothing that a target sends is trusted: answers are bounded in octets and time, and what is wrong is told, never raised.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol, wrapClientTLS
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.ssl import optionsForClientTLS
from twisted.python.failure import Failure
from twisted.web.client import Agent, ResponseDone
from twisted.web.http_headers import Headers

from protocols.sru import origin as sru
from protocols.sru.diagnostics import Refused
from protocols.z3950 import oids
from protocols.z3950.origin import Detail, Retrieval, Wish
from protocols.z3950.pqf import PqfError
from server.config import TargetTable, Wire
from server.origin_query import to_prefix

SYNTAXES: Final = {"unimarc": oids.UNIMARC, "usmarc": oids.USMARC, "marc21": oids.USMARC, "xml": oids.XML}
_CONNECT: Final = 10
_GOOD: Final = range(200, 300)
_ISBN_Z3950: Final = "@attr 1=7 @attr 2=3 @attr 3=3 @attr 4=2 @attr 5=100 @attr 6=1 {isbn}"
_ISBN_SRU: Final = ("bath.isbn={isbn}", "isbn={isbn}", "dc.identifier={isbn}", "{isbn}")
"""From the precise to the simple."""


@dataclass(slots=True)
class Found:
    """What a target gave: documents (ISO 2709 or XML), how many it has, why there are no more, how it had to be asked."""

    target: TargetTable
    hits: int = 0
    documents: list[bytes] = field(default_factory=list)
    failure: str = ""
    detail: int = 0
    diagnostics: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Asked:
    """What all targets are asked: an ISBN (digits), or a query in CQL; and how many records of each at most."""

    isbn: str = ""
    query: str = ""
    most: int = 5


def ask_all(
    reactor: Any,
    targets: Iterable[TargetTable],
    asked: Asked,
    learned: Mapping[str, int],
    told: Callable[[Found], object] = lambda _found: None,
) -> Deferred[list[Found]]:
    """Ask all *targets* at once; fires with what each gave, in the order of their priorities, and never fails.

    *learned* is how each (by name) had to be asked last time; *told* is called as each has finished.
    """

    def finished(found: Found) -> Found:
        told(found)
        return found

    ordered = sorted(targets, key=lambda target: (target.priority, target.name))
    asking = [ask(reactor, target, asked, learned.get(target.name, 0)).addCallback(finished) for target in ordered]
    return gatherResults(asking)


def ask(reactor: Any, target: TargetTable, asked: Asked, learned: int = 0) -> Deferred[Found]:
    """Ask one target within its time; never fails."""
    found = Found(target, detail=learned)
    way = _ask_z3950 if target.kind is Wire.Z3950 else _ask_sru
    asking = Deferred.fromCoroutine(way(reactor, found, asked))

    def late(_result: object, _timeout: float) -> None:
        found.failure = f"no answer within {target.timeout:g} s"

    def failed(failure: Failure) -> None:
        found.failure = str(failure.value) or type(failure.value).__name__

    asking.addTimeout(target.timeout, reactor, late)
    return asking.addErrback(failed).addCallback(lambda _none: found)


def _password(target: TargetTable) -> str:
    """Return the password. Raises OSError."""
    if not target.password_file:
        return ""
    return Path(target.password_file).read_text(encoding="utf-8").rstrip("\r\n")


# --- Z39.50 --------------------------------------------------------------------------------------------------------------


class _Line(Protocol):
    """The connection of one retrieval; `done` fires when that is over."""

    transport: Any

    def __init__(self, retrieval: Retrieval) -> None:
        self.retrieval = retrieval
        self.done: Deferred[None] = Deferred(lambda _done: self.transport.abortConnection())

    def connectionMade(self) -> None:  # noqa: N802 (Twisted's)
        """Begin."""
        self.transport.write(self.retrieval.start())

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 (Twisted's)
        """Go on."""
        self.transport.write(self.retrieval.receive(data))
        if self.retrieval.is_over:
            self._finish()

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802 (Twisted's)
        """Be left."""
        self.retrieval.lost()
        self._finish()

    def _finish(self) -> None:
        self.transport.loseConnection()
        if not self.done.called:
            self.done.callback(None)


def wish_of(target: TargetTable, asked: Asked, learned: int = 0) -> Wish:
    """Return what a Z39.50 target is asked. Raises Refused, PqfError, OSError."""
    query = (target.isbn or _ISBN_Z3950).replace("{isbn}", asked.isbn) if asked.isbn else to_prefix(asked.query)
    syntaxes = tuple(SYNTAXES.get(name.lower(), name) for name in target.syntax)
    return Wish(
        query=query,
        databases=tuple(target.database.split("+")),
        syntaxes=syntaxes or (oids.UNIMARC, oids.USMARC),
        most=asked.most,
        detail=Detail(min(max(learned, 0), Detail.NONE)),
        charset=target.terms,
        user=target.user,
        password=_password(target),
    )


async def _ask_z3950(reactor: Any, found: Found, asked: Asked) -> None:
    target = found.target
    try:
        retrieval = Retrieval(wish_of(target, asked, found.detail))
    except (Refused, PqfError) as error:
        found.failure = str(error)
        return
    endpoint: Any = HostnameEndpoint(reactor, target.host, target.port, timeout=min(_CONNECT, target.timeout))
    if target.tls:
        endpoint = wrapClientTLS(optionsForClientTLS(target.host), endpoint)
    line = await connectProtocol(endpoint, _Line(retrieval))
    try:
        await line.done
    finally:
        result = retrieval.result
        found.hits, found.failure, found.detail = result.hits, result.failure, int(result.detail)
        found.diagnostics = result.diagnostics
        found.documents = [octets for _syntax, octets in result.records]


# --- SRU -----------------------------------------------------------------------------------------------------------------


class _Body(Protocol):
    """Collects an answer, as long as it is no longer than an answer may be."""

    transport: Any

    def __init__(self) -> None:
        self.done: Deferred[bytes] = Deferred(lambda _done: self.transport.abortConnection())
        self._parts: list[bytes] = []
        self._size = 0

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 (Twisted's)
        """Keep a part."""
        self._size += len(data)
        if self._size > sru.MAX_ANSWER:
            self._parts.clear()
            self.transport.abortConnection()
            return
        self._parts.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802 (Twisted's)
        """Give the whole, or say that there is none."""
        if self.done.called:
            return
        if self._size > sru.MAX_ANSWER:
            self.done.errback(OverflowError(f"the answer has more than {sru.MAX_ANSWER} octets"))
        elif reason.check(ResponseDone) is not None:
            self.done.callback(b"".join(self._parts))
        else:
            self.done.errback(ConnectionError("the answer broke off"))


def queries_of(target: TargetTable, asked: Asked) -> list[str]:
    """Return the ways to ask an SRU target, each simpler than the one before."""
    if not asked.isbn:
        return [asked.query]
    ways = (target.isbn, *_ISBN_SRU) if target.isbn else _ISBN_SRU
    return [way.replace("{isbn}", asked.isbn) for way in ways]


async def _ask_sru(reactor: Any, found: Found, asked: Asked) -> None:
    target = found.target
    agent = Agent(reactor, connectTimeout=min(_CONNECT, target.timeout))
    headers = {"Accept": ["application/sru+xml, application/xml, text/xml"]}
    if target.user:
        credentials = b64encode(f"{target.user}:{_password(target)}".encode()).decode()
        headers["Authorization"] = [f"Basic {credentials}"]
    ways = queries_of(target, asked)
    schemas = list(target.syntax or ("",))
    at = min(max(found.detail, 0), len(ways) - 1)
    while True:
        url = sru.address(target.url, ways[at], version=target.version, schema=schemas[0], most=asked.most)
        response: Any = await agent.request(b"GET", url.encode("ascii"), Headers(headers))
        body = _Body()
        response.deliverBody(body)
        octets = await body.done
        if response.code not in _GOOD:
            found.failure = f"the target's server said {response.code}"
            return
        answer = sru.read(octets)
        found.hits, found.failure, found.detail = answer.hits, answer.failure or answer.told, at
        found.diagnostics += answer.diagnostics
        codes = {code for code, _ in answer.diagnostics}
        if codes & sru.SIMPLER and at + 1 < len(ways):
            at += 1
        elif codes & sru.OTHER_SCHEMA and schemas[1:]:
            del schemas[0]
        else:
            found.documents = answer.documents if answer.hits else []
            return
