"""Where the daemon listens: endpoint descriptions to listening ports, with certificates that can be renewed.

The descriptions are Twisted's. What is done here and not there is reached through the reactor that endpoints are made with: a
`ssl:` endpoint asks it to listen with a certificate, which is wrapped so that it can be exchanged for new connections; and
every listening queue is long enough for all kiosks of a network that come back at once after a power cut.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from OpenSSL import SSL, crypto
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IOpenSSLContextFactory, IProtocolFactory
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure
from zope.interface import implementer

from server.serial_lines import Line, SerialLine, parse
from server.words import _

BACKLOG: Final = 1024


class CannotListen(Exception):
    """An endpoint that cannot be listened on: its `description`, and `why`."""

    def __init__(self, description: str, why: str) -> None:
        self.description = description
        self.why = why
        super().__init__(f"{description}: {why}")


@implementer(IOpenSSLContextFactory)
class Certificate:
    """The TLS context of a listening port; a new one may take its place for new connections."""

    def __init__(self, context_factory: Any) -> None:
        self.context: SSL.Context = context_factory.getContext()
        # 26 KiB an idle connection instead of 57 (performance.md 8.8).
        self.context.set_mode(SSL.MODE_RELEASE_BUFFERS)

    def getContext(self) -> SSL.Context:  # noqa: N802 (Twisted's name)
        """Return the context; Twisted asks for it at every new connection."""
        return self.context


class _Reactor:
    """The reactor as endpoints see it."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self.certificate: Certificate | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> Any:  # noqa: N802 (Twisted's)
        return self._reactor.listenTCP(port, factory, backlog=max(backlog, BACKLOG), interface=interface)

    def listenSSL(self, port: int, factory: Any, **options: Any) -> Any:  # noqa: N802 (Twisted's)
        self.certificate = options["contextFactory"] = Certificate(options["contextFactory"])
        options["backlog"] = max(options["backlog"], BACKLOG)
        return self._reactor.listenSSL(port, factory, **options)


class _Idle:
    """A reactor that opens nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_args, **_kwargs: None


@dataclass(frozen=True, slots=True)
class Listener:
    """A listening port, with the *description* it was made from and, for TLS, its *certificate*."""

    description: str
    port: IListeningPort | SerialLine
    certificate: Certificate | None

    @property
    def address(self) -> str:
        """Where it truly listens: ``127.0.0.1:6001``, or the path of a UNIX socket."""
        host: Any = self.port.getHost()
        if hasattr(host, "port"):
            return f"[{host.host}]:{host.port}" if ":" in host.host else f"{host.host}:{host.port}"
        name: str | bytes = host.name
        return name.decode("utf-8", "replace") if isinstance(name, bytes) else name

    def renew(self) -> None:
        """Read the certificate again, for connections to come. Raises `CannotListen`, and keeps the old one, if it is bad."""
        if self.certificate is None:
            return
        renewed = _dry_run(self.description)
        if renewed is not None:
            self.certificate.context = renewed.context


def _why(error: BaseException, description: str) -> str:
    if isinstance(error, CannotListenError):
        error = error.socketError
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename and str(error.filename) in description else ""
        return f"{where}{error.strerror or error}"
    if isinstance(error, SSL.Error | crypto.Error):
        return _("the certificate or its private key is not good, or they do not belong together")
    return _("cannot be used: {error}").format(error=error)


def _listen(reactor: _Reactor, description: str, factory: IProtocolFactory) -> Any:
    """Listen, and return what the reactor did: server endpoints need no time for it."""
    results: list[Any] = []
    try:
        serverFromString(reactor, description).listen(factory).addBoth(results.append)
        if isinstance(results[0], Failure):
            results[0].raiseException()
    except Exception as error:
        raise CannotListen(description, _why(error, description)) from error
    return results[0]


def _dry_run(description: str) -> Certificate | None:
    if description.startswith(_SERIAL):
        _line(description)
        return None
    plain, clients, _prompts = _split(description)
    reactor = _Reactor(_Idle())
    _listen(reactor, plain, Factory())
    _ask_for_certificates(reactor.certificate, clients, description)
    return reactor.certificate


def _line(description: str) -> Line:
    try:
        return parse(description)
    except ValueError as error:
        raise CannotListen(description, _("cannot be used: {error}").format(error=error)) from None


_PROMPT: Final = "telnet:"
_SERIAL: Final = "serial:"
_CLIENTS: Final = re.compile(r":clients=((?:[^:\\]|\\.)*)")


def _split(description: str) -> tuple[str, str, bool]:
    """Return a description for Twisted, whose client certificates are asked for, and whether it prompts for a login."""
    prompts = description.startswith(_PROMPT)
    asked = _CLIENTS.search(description)
    plain = _CLIENTS.sub("", description.removeprefix(_PROMPT))
    return plain, re.sub(r"\\(.)", r"\1", asked[1]) if asked else "", prompts


def _ask_for_certificates(certificate: Certificate | None, clients: str, description: str) -> None:
    """Have clients show a certificate if they have one: `any`, which profiles of devices name, or one by an authority."""
    if not clients:
        return
    if certificate is None:
        raise CannotListen(description, _("clients= belongs to ssl: endpoints"))
    if clients == "any":
        certificate.context.set_verify(SSL.VERIFY_PEER, lambda *_arguments: True)
        return
    try:
        certificate.context.load_verify_locations(clients)
    except SSL.Error as error:
        raise CannotListen(description, _("{path} holds no certificates").format(path=clients)) from error
    certificate.context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT)


def check(description: str) -> None:
    """Raise `CannotListen` when *description*, or a file that it names, is not good. Opens nothing.

    What systemd hands over can be checked in its service alone.
    """
    if "systemd:" not in description:
        _dry_run(description)


def listen(reactor: Any, description: str, factory: Any) -> Listener:
    """Listen with *factory* where *description* says. Raises `CannotListen`.

    Besides Twisted's descriptions there are `telnet:` before one, for a login at a prompt, `clients=` in an `ssl:` one, and
    `serial:`; the first and the last are SIP2's alone.
    """
    if description.startswith((_PROMPT, _SERIAL)) and not hasattr(factory, "prompting"):
        raise CannotListen(description, _("is for SIP2 alone"))
    if description.startswith(_SERIAL):
        line = SerialLine(reactor, _line(description), factory)
        try:
            line.start()
        except OSError as error:
            raise CannotListen(description, _why(error, description)) from error
        return Listener(description, line, None)
    plain, clients, prompts = _split(description)
    noting = _Reactor(reactor)
    port = _listen(noting, plain, factory.prompting() if prompts else factory)
    try:
        _ask_for_certificates(noting.certificate, clients, description)
    except CannotListen:
        port.stopListening()
        raise
    return Listener(description, port, noting.certificate)
