"""The web listener: our own resources under a few fixed names, and nothing else.

No directory is listed, no file is served, no version is told; what is not one of ours is a plain 404. A body over the limit is
refused when its length is announced or reached, before it is kept. All bodies under way share one budget, and each request has a
deadline by which it must have come: many who send slowly can fill neither the memory nor the lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape
from io import BytesIO
from typing import Any, Final, NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IDelayedCall, IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web import server
from twisted.web.http import NOT_ALLOWED, NOT_FOUND, OK, SERVICE_UNAVAILABLE, HTTPChannel
from twisted.web.resource import IResource, Resource

from server.metrics import MEDIA_TYPE, METRICS, Metrics

PLAIN: Final = "text/plain; charset=utf-8"
_IDLE: Final = 60
"""Seconds without a byte after which a connection is closed."""
_PATIENCE: Final = 16
"""How many times the limit is read and thrown away so that the sender of too much gets to read why."""


class Bounds(NamedTuple):
    """What a site takes at once: octets of bodies, connections; and the seconds in which a request must come."""

    bodies: int = 64 << 20
    connections: int = 512
    deadline: float = 30.0


class Refusal(NamedTuple):
    """What is said when a request is refused before anything looked at it."""

    media_type: str
    body: bytes


_NOTHING: Final = b"There is nothing here.\n"
TOO_LARGE: Final = Refusal(PLAIN, b"This is more than is taken here.\n")
TOO_MANY: Final = Refusal(PLAIN, b"Too much is under way: try again.\n")
USUAL: Final = Bounds()


class Request(server.Request):
    """A request whose body is bounded by the site's limit, and that tells no version of anything."""

    channel: Any
    content: BytesIO
    _site: Any
    _taken = 0
    _held = 0
    _refused = False

    def setHeader(self, name: Any, value: Any) -> None:  # noqa: N802 (Twisted's)
        """Set a response header, but not the one in which Twisted tells its version."""
        if name != b"Server":
            super().setHeader(name, value)

    def gotLength(self, length: int | None) -> None:  # noqa: N802 (Twisted's)
        """Refuse a body that is announced as too long."""
        self.content = BytesIO()
        self._site = self.channel.site  # the channel is gone when the request ends
        self.notifyFinish().addBoth(self._release)
        if length is not None and length > self.channel.site.limit:
            self._refuse(b"413 Content Too Large", self.channel.site.too_large)

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802 (Twisted's)
        """Keep a part of the body while there is room: its own, and all bodies'."""
        site = self.channel.site
        self._taken += len(data)
        if not self._refused and self._taken > site.limit:
            self._refuse(b"413 Content Too Large", site.too_large)
        if not self._refused and not site.hold(len(data)):
            self._refuse(b"503 Service Unavailable", site.too_many)
        if not self._refused:
            self._held += len(data)
            self.content.write(data)
        elif self._taken > site.limit * _PATIENCE:
            self.channel.loseConnection()

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:  # noqa: N802 (Twisted's)
        """Process the request, unless it was refused."""
        if self._refused:
            self.channel.loseConnection()
        else:
            self.channel.site.began(self)
            super().requestReceived(command, path, version)

    def _release(self, _how: object = None) -> None:
        site = self._site
        site.held -= self._held
        self._held = 0

    def _refuse(self, status: bytes, told: Refusal) -> None:
        self._refused = True
        self._release()
        self.content = BytesIO()
        self.requestHeaders.removeHeader(b"Expect")  # or Twisted would ask for the body after this
        head = (
            f"HTTP/1.1 {status.decode()}\r\nContent-Type: {told.media_type}\r\n"
            f"Content-Length: {len(told.body)}\r\nConnection: close\r\n\r\n"
        )
        self.channel.transport.write(head.encode() + told.body)


class Channel(HTTPChannel):
    """A connection that its site counts, whose requests must come in time. HTTP/1.1 and nothing else."""

    site: Any
    _late: IDelayedCall | None = None

    def connectionMade(self) -> None:  # noqa: N802 (Twisted's)
        """Be counted in."""
        self.site.connections += 1
        super().connectionMade()

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 (Twisted's)
        """Take a part of a request; its first starts the request's time."""
        if self._late is None and not self._handlingRequest:
            self._late = self.site.reactor.callLater(self.site.bounds.deadline, self._cut)
        super().dataReceived(data)

    def allContentReceived(self) -> None:  # noqa: N802 (Twisted's)
        """Have a whole request."""
        self._in_time()
        super().allContentReceived()

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802 (Twisted's)
        """Be counted out."""
        self._in_time()
        self.site.connections -= 1
        super().connectionLost(reason)

    def _in_time(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _cut(self) -> None:
        self._late = None
        self.forceAbortClient()


class Site(server.Site):
    """The resources under their names. Keeps no access log: `server.metrics` counts, and paths may hold secrets."""

    protocol = Channel  # type: ignore[assignment]  # Twisted's own wraps it for HTTP/2
    requestFactory = Request  # noqa: N815 (Twisted's)
    noisy = False

    def __init__(
        self,
        root: IResource,
        reactor: IReactorTime,
        *,
        limit: int,
        too_large: Refusal,
        bounds: Bounds = USUAL,
        too_many: Refusal = TOO_MANY,
    ) -> None:
        super().__init__(root, timeout=_IDLE, reactor=reactor, parsePOSTFormSubmission=False)
        self.reactor = reactor
        self.limit = limit
        self.bounds = bounds
        self.too_large = too_large
        self.too_many = too_many
        self.held = 0
        self.connections = 0
        self._open: set[Request] = set()
        self._draining: Deferred[None] | None = None

    def buildProtocol(self, addr: IAddress | None) -> Any:  # noqa: N802 (Twisted's)
        """Take no more connections than there is room for."""
        return super().buildProtocol(addr) if self.connections < self.bounds.connections else None

    def hold(self, octets: int) -> bool:
        """Take *octets* of what all bodies share; False when there are not so many."""
        if self.held + octets > self.bounds.bodies:
            return False
        self.held += octets
        return True

    def log(self, request: object) -> None:
        """Write no line."""

    def began(self, request: Request) -> None:
        """Know of *request* until it is answered or its peer is gone."""
        self._open.add(request)
        request.notifyFinish().addBoth(self._ended, request, request.channel)

    def _ended(self, _how: object, request: Request, channel: Any) -> None:
        self._open.discard(request)
        if self._draining is not None:
            channel.loseConnection()
            if not self._open and not self._draining.called:
                self._draining.callback(None)

    def drain(self) -> Deferred[None]:
        """Fire when every request that has come is answered; a connection ends with its answer from now on."""
        if self._draining is None:
            self._draining = Deferred()
            if not self._open:
                self._draining.callback(None)
        return self._draining


_HOST: Final = re.compile(r"[A-Za-z0-9.\-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]")


def address(request: Request) -> tuple[str, int]:
    """Return the host and port that a request was sent to, as the client wrote them when that is no mischief."""
    said = request.getHeader("Host") or ""
    host, _, number = said.rpartition(":")
    named = bool(host) and number.isascii() and number.isdigit() and len(number) < 6
    host, port = (host, int(number)) if named else (said, 443 if request.isSecure() else 80)
    if not _HOST.fullmatch(host):
        here = request.getHost()
        host, port = getattr(here, "host", "localhost"), getattr(here, "port", 0)
    return host, port


class Page(Resource):
    """A resource of ours: answers GET and HEAD, and POST where a subclass does. *about* is its line on the index page."""

    isLeaf = True  # noqa: N815 (Twisted's)
    about = ""

    def render(self, request: Request) -> int:
        """Answer by method."""
        if request.postpath and request.postpath != [b""]:
            self.send(request, NOT_FOUND, PLAIN, _NOTHING)
        elif request.method in {b"GET", b"HEAD"}:
            self.get(request)
        elif request.method == b"POST":
            self.post(request)
        else:
            self.not_allowed(request)
        return server.NOT_DONE_YET

    def get(self, request: Request) -> None:
        """Answer GET and HEAD: there is nothing, unless a subclass has something."""
        self.send(request, NOT_FOUND, PLAIN, _NOTHING)

    def post(self, request: Request) -> None:
        """Answer POST."""
        self.not_allowed(request)

    def not_allowed(self, request: Request) -> None:
        """Refuse the method."""
        request.setHeader(b"Allow", b"GET, HEAD")
        self.send(request, NOT_ALLOWED, PLAIN, b"Only GET and HEAD.\n")

    def send(self, request: Request, status: int, media_type: str, body: bytes) -> None:
        """Send a whole answer, if the peer still waits for it."""
        if request.channel is None:
            return
        request.setResponseCode(status)
        request.setHeader(b"Content-Type", media_type.encode())
        request.setHeader(b"Content-Length", b"%d" % len(body))
        request.setHeader(b"X-Content-Type-Options", b"nosniff")
        request.setHeader(b"Cache-Control", b"no-store")
        request.write(body)
        request.finish()


class Missing(Page):
    """What is none of ours."""

    def render(self, request: Request) -> int:
        """Say that there is nothing."""
        self.send(request, NOT_FOUND, PLAIN, _NOTHING)
        return server.NOT_DONE_YET


class Health(Page):
    """Whether the process answers at all."""

    about = "the daemon runs"

    def get(self, request: Request) -> None:
        """Say yes: who asks gets no answer otherwise."""
        self.send(request, OK, PLAIN, b"ok\n")


class Readiness(Page):
    """Whether requests are served now."""

    about = "the store answers and requests are served"

    def __init__(self, ready: Callable[[], bool]) -> None:
        super().__init__()
        self._ready = ready

    def get(self, request: Request) -> None:
        """Say yes, or 503."""
        if self._ready():
            self.send(request, OK, PLAIN, b"ready\n")
        else:
            self.send(request, SERVICE_UNAVAILABLE, PLAIN, b"not ready\n")


class Figures(Page):
    """What was counted, for Prometheus."""

    about = "counters and latencies in Prometheus' text format"

    def __init__(self, metrics: Metrics) -> None:
        super().__init__()
        self._metrics = metrics

    def get(self, request: Request) -> None:
        """Write the figures."""
        self.send(request, OK, MEDIA_TYPE, self._metrics.text())


class Index(Page):
    """The page that tells what is there."""

    def __init__(self, pages: Mapping[str, Page]) -> None:
        super().__init__()
        rows = "".join(
            f'<li><a href="/{escape(name)}">/{escape(name)}</a>: {escape(page.about)}</li>'
            for name, page in pages.items()
        )
        self._html = (
            '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Bibliobus</title><h1>Bibliobus</h1>'
            f"<p>Interoperability server of a network of public libraries.</p><ul>{rows}</ul></html>\n"
        ).encode()

    def get(self, request: Request) -> None:
        """Show the page."""
        request.setHeader(b"Content-Security-Policy", b"default-src 'none'")
        self.send(request, OK, "text/html; charset=utf-8", self._html)


class Root(Resource):
    """The names of the listener."""

    def __init__(self, pages: Mapping[str, Page]) -> None:
        super().__init__()
        self.putChild(b"", Index(pages))
        for name, page in pages.items():
            self.putChild(name.encode(), page)

    def getChild(self, path: bytes, request: Request) -> Page:  # noqa: N802 (Twisted's)
        """Give what is under no name of ours."""
        return Missing()


def make_site(
    pages: Mapping[str, Page],
    ready: Callable[[], bool],
    reactor: IReactorTime,
    *,
    limit: int,
    bounds: Bounds = USUAL,
    too_large: Refusal = TOO_LARGE,
    too_many: Refusal = TOO_MANY,
    metrics: Metrics = METRICS,
) -> Site:
    """Make the site of *pages*, and of `/`, `/healthz`, `/readyz` and `/metrics`.

    *ready* tells whether requests are served; *limit* bounds a body, in octets, and *bounds* what is taken at once; *too_large*
    is said to a body that is longer, *too_many* to one that finds no room beside the others.
    """
    ours = {"healthz": Health(), "readyz": Readiness(ready), "metrics": Figures(metrics)}
    return Site(Root({**pages, **ours}), reactor, limit=limit, bounds=bounds, too_large=too_large, too_many=too_many)
