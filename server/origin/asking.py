"""Asks other catalogues, all at once: a line to each target, each with its own deadline, and what has come by then is kept.

Nothing that a target sends is trusted: answers are bounded in octets and time, read in a thread, since kiosks are served
beside, and what is wrong is told, never raised.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from twisted.internet.defer import CancelledError, Deferred, gatherResults
from twisted.internet.endpoints import HostnameEndpoint, connectProtocol, wrapClientTLS
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.ssl import Certificate, optionsForClientTLS, platformTrust, trustRootFromCertificates
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure
from twisted.web.client import Agent, BrowserLikePolicyForHTTPS, ResponseDone
from twisted.web.http_headers import Headers

from protocols.sru import origin as sru
from protocols.sru.diagnostics import Refused
from protocols.z3950 import oids
from protocols.z3950.origin import Retrieval, Wish
from protocols.z3950.pqf import PqfError
from server.config import TargetTable, Wire
from server.origin.lessons import Lesson
from server.origin.query import Form, Question, to_cql, to_prefix

SYNTAXES: Final = {"unimarc": oids.UNIMARC, "usmarc": oids.USMARC, "marc21": oids.USMARC, "xml": oids.XML}
_CONNECT: Final = 10
_GOOD: Final = range(200, 300)
_ISBN_Z3950: Final = "@attr 1=7 @attr 2=3 @attr 3=3 @attr 4=2 @attr 5=100 @attr 6=1 {isbn}"
_ISBN_SRU: Final = ("bath.isbn={isbn}", "isbn={isbn}", "dc.identifier={isbn}", "{isbn}")
"""From the precise to the simple."""


@dataclass(slots=True)
class Found:
    """What a target gave: documents (ISO 2709 or XML), how many it has, why there are no more.

    *before* is what it had taught, *lesson* what it has taught now.
    """

    target: TargetTable
    before: Lesson
    lesson: Lesson
    hits: int = 0
    documents: list[bytes] = field(default_factory=list)
    failure: str = ""
    diagnostics: list[tuple[int, str]] = field(default_factory=list)


def ask_all(
    reactor: Any, targets: Iterable[TargetTable], asked: Question, lessons: Mapping[str, Lesson]
) -> Deferred[list[Found]]:
    """Ask all *targets* at once; fires with what each gave, in the order of preference, and fails only when cancelled.

    *lessons* are what each (by name, case-folded) has taught so far.
    """
    ordered = sorted(targets, key=lambda target: target.preference)
    return gatherResults(
        [ask(reactor, target, asked, lessons.get(target.name.casefold(), Lesson())) for target in ordered],
        consumeErrors=True,
    )


def ask(reactor: Any, target: TargetTable, asked: Question, lesson: Lesson) -> Deferred[Found]:
    """Ask one target within its time; fails only when cancelled."""
    found = Found(target, lesson, lesson)
    way = _ask_z3950 if target.kind is Wire.Z3950 else _ask_sru
    asking = Deferred.fromCoroutine(way(reactor, found, asked))

    def late(_result: object, _timeout: float) -> None:
        found.failure = f"no answer within {target.timeout:g} s"

    def failed(failure: Failure) -> Failure | None:
        if failure.check(CancelledError) is not None:
            return failure
        found.failure = str(failure.value) or type(failure.value).__name__
        return None

    asking.addTimeout(target.timeout, reactor, late)
    return asking.addErrback(failed).addCallback(lambda _none: found)


def _password(target: TargetTable) -> str:
    """Return the password. Raises OSError."""
    if not target.password_file:
        return ""
    return Path(target.password_file).read_text(encoding="utf-8").rstrip("\r\n")


def _trusted(target: TargetTable) -> Any:
    """Return whose certificates are believed: the system's authorities, unless the target names its own. Raises OSError."""
    if not target.authority:
        return platformTrust()
    blocks = re.findall(rb"-----BEGIN CERT.*?-----END CERT[^-]*-----", Path(target.authority).read_bytes(), re.DOTALL)
    return trustRootFromCertificates([Certificate.loadPEM(block) for block in blocks])


# --- Z39.50 --------------------------------------------------------------------------------------------------------------


class _Line(Protocol):
    """The connection of one retrieval; `done` fires when that is over."""

    transport: Any

    def __init__(self, retrieval: Retrieval) -> None:
        self.retrieval = retrieval
        self.done: Deferred[None] = Deferred(lambda _done: self.transport.abortConnection())
        self._come = b""
        self._reading = False
        self._is_lost = False

    def connectionMade(self) -> None:  # noqa: N802 (Twisted's)
        """Begin."""
        self.transport.write(self.retrieval.start())

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 (Twisted's)
        """Go on; what TLS has in hand still comes when nothing more is read from the network, and waits."""
        self._come += data
        if not self._reading:
            self.transport.pauseProducing()
            self._read()

    def _read(self) -> None:
        self._reading = True
        data, self._come = self._come, b""
        deferToThread(self.retrieval.receive, data).addCallbacks(self._answer, self._finish)

    def _answer(self, octets: bytes) -> None:
        self._reading = False
        self.transport.write(octets)
        if self._come and not self.retrieval.is_over:
            self._read()
        elif self._is_lost or self.retrieval.is_over:
            self._finish()
        else:
            self.transport.resumeProducing()

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802 (Twisted's)
        """Be left."""
        self._is_lost = True
        if not self._reading:
            self._finish()

    def _finish(self, failed: Failure | None = None) -> None:
        if self._is_lost:
            self.retrieval.lost()
        self.transport.loseConnection()
        if not self.done.called:
            self.done.callback(failed)


def wish_of(target: TargetTable, asked: Question, lesson: Lesson) -> Wish:
    """Return what a Z39.50 target is asked. Raises Refused, PqfError, OSError."""
    if asked.form is Form.ISBN:
        query, left_out = (target.isbn or _ISBN_Z3950).replace("{isbn}", asked.text), lesson.isbn
    else:
        query, left_out = to_prefix(asked), lesson.query
    syntaxes = [SYNTAXES.get(name.lower(), name) for name in target.syntax] or [oids.UNIMARC, oids.USMARC]
    return Wish(
        query=query,
        databases=tuple(target.database.split("+")),
        syntaxes=tuple(sorted(syntaxes, key=lambda syntax: syntax != lesson.syntax)),
        most=asked.most,
        left_out=frozenset(left_out),
        charset=target.terms,
        message_size=target.message_size,
        user=target.user,
        password=_password(target),
    )


async def _ask_z3950(reactor: Any, found: Found, asked: Question) -> None:
    target = found.target
    try:
        retrieval = Retrieval(wish_of(target, asked, found.lesson))
    except (Refused, PqfError) as error:
        found.failure = str(error)
        return
    endpoint: Any = HostnameEndpoint(reactor, target.host, target.port, timeout=min(_CONNECT, target.timeout))
    if target.tls:
        endpoint = wrapClientTLS(optionsForClientTLS(target.host, _trusted(target)), endpoint)
    line = await connectProtocol(endpoint, _Line(retrieval))
    try:
        await line.done
    finally:
        result = retrieval.result
        found.hits, found.failure, found.diagnostics = result.hits, result.failure, result.diagnostics
        found.documents = [octets for _syntax, octets in result.records]
        if not result.failure:
            found.lesson = found.lesson.of_z3950(result, is_isbn=asked.form is Form.ISBN)


# --- SRU -----------------------------------------------------------------------------------------------------------------


class _Body(Protocol):
    """Collects an answer, as long as it is no longer than an answer may be."""

    transport: Any

    def __init__(self) -> None:
        self.done: Deferred[bytes] = Deferred(lambda _done: self.transport.stopProducing())
        self._parts: list[bytes] = []
        self._size = 0

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 (Twisted's)
        """Keep a part."""
        self._size += len(data)
        if self._size > sru.MAX_ANSWER:
            self._parts.clear()
            self.transport.stopProducing()
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


def queries_of(target: TargetTable, asked: Question) -> list[str]:
    """Return the ways to ask an SRU target, each simpler than the one before. Raises Refused."""
    if asked.form is not Form.ISBN:
        return [to_cql(asked)]
    ways = (target.isbn, *_ISBN_SRU) if target.isbn else _ISBN_SRU
    return [way.replace("{isbn}", asked.text) for way in ways]


async def _ask_sru(reactor: Any, found: Found, asked: Question) -> None:
    target, is_isbn = found.target, asked.form is Form.ISBN
    try:
        ways = queries_of(target, asked)
    except Refused as error:
        found.failure = str(error)
        return
    policy = BrowserLikePolicyForHTTPS(_trusted(target))
    agent = Agent(reactor, policy, connectTimeout=min(_CONNECT, target.timeout))
    headers = {"Accept": ["application/sru+xml, application/xml, text/xml"]}
    if target.user:
        credentials = b64encode(f"{target.user}:{_password(target)}".encode()).decode()
        headers["Authorization"] = [f"Basic {credentials}"]
    schemas = sorted(target.syntax or ("",), key=lambda schema: schema != found.lesson.syntax)
    at = min((found.lesson.isbn or (0,))[0] if is_isbn else 0, len(ways) - 1)
    while True:
        url = sru.address(target.url, ways[at], version=target.version, schema=schemas[0], most=asked.most)
        response: Any = await agent.request(b"GET", url.encode("ascii"), Headers(headers))
        body = _Body()
        response.deliverBody(body)
        octets = await body.done
        if response.code not in _GOOD:
            found.failure = f"the target's server said {response.code}"
            return
        answer = await deferToThread(sru.read, octets)
        found.hits, found.failure = answer.hits, answer.failure or sru.told(answer.diagnostics)
        found.diagnostics = (found.diagnostics + answer.diagnostics)[: sru.MAX_DIAGNOSTICS]
        codes = {code for code, _ in answer.diagnostics}
        if codes & sru.SIMPLER and at + 1 < len(ways):
            at += 1
        elif codes & sru.OTHER_SCHEMA and schemas[1:]:
            del schemas[0]
        else:
            found.documents = answer.documents if answer.hits else []
            if not found.failure:
                found.lesson = found.lesson.of_sru(found.diagnostics, way=at, schema=schemas[0], is_isbn=is_isbn)
            return
