"""Checks of what is sent: what real initiators send is understood; nothing hostile is obeyed, and nothing stops the server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from typing import Final

from conformance.checks import Checks, Row, want
from conformance.ncip.services import right_problems
from conformance.ncip.session import UNKNOWN, Session
from conformance.results import Level
from protocols.ncip import Envelope, write

check = Checks[Session]()

Body = Callable[[Session], bytes]
_SLOW: Final = 4
"""Lines on which half a message is sent."""


def _tolerated(body: Body) -> Callable[[Session], None]:
    def look(session: Session) -> None:
        answer = session.valid(session.post(body(session)))
        want(answer.content.name == "LookupItemResponse", f"the answer is {answer.content.name}")
        want(answer.problems in ([], ["Unknown Item"]), f"problems {answer.problems}")

    return look


def _versionless(session: Session) -> bytes:
    before, after = session.plain().split(" n:version=")
    return f"{before}>{after.split('>', 1)[1]}".encode()


def _disordered(session: Session) -> bytes:
    item = f"<ItemId><ItemIdentifierValue>{session.item or UNKNOWN}</ItemIdentifierValue></ItemId>"
    return session.raw("LookupItem", f"<ItemElementType>Location</ItemElementType>{item}")


def _redeclared(session: Session) -> bytes:
    name = '"http://www.niso.org/2008/ncip"'
    return session.plain().replace("<ItemId>", f"<ItemId xmlns={name}>").encode()


TOLERANCES: Final[dict[str, tuple[str, Body]]] = {
    "prefix": ("any prefix", lambda s: write(s.lookup(), Envelope(prefix="ncip"))),
    "redeclared": ("a namespace that is declared again", _redeclared),
    "no-namespace": ("a message of 2.02 without a namespace", lambda s: s.plain().replace('xmlns="http://www.niso.org/2008/ncip" ', "").replace("xmlns:n=", "xmlns:m=").replace(" n:version", " version").encode()),
    "attribute": ("version outside the namespace", lambda s: s.plain().replace(" n:version=", " version=").encode()),
    "no-version": ("no version", _versionless),
    "order": ("elements in another order", _disordered),
    "repeated": ("an element that stands there twice", lambda s: s.plain().replace("</LookupItem>", "<CurrentBorrowerDesired/><CurrentBorrowerDesired/></LookupItem>").encode()),
    "bom": ("a byte order mark", lambda s: b"\xef\xbb\xbf" + s.plain().encode()),
    "latin-1": ("ISO 8859-1, declared", lambda s: b'<?xml version="1.0" encoding="ISO-8859-1"?><!-- \xe9 -->' + s.plain().encode()),
    "cp1252": ("windows-1252, declared", lambda s: b'<?xml version="1.0" encoding="windows-1252"?><!-- \x80 -->' + s.plain().encode()),
    "utf-16": ("UTF-16", lambda s: s.plain().encode("utf-16")),
    "space": ("white space around values", lambda s: s.plain().replace("Value>", "Value>\n ", 1).encode()),
    "references": ("character references and CDATA", lambda s: s.plain().replace("<ItemIdentifierValue>", "<ItemIdentifierValue><![CDATA[]]>&#32;").encode()),
    "comments": ("comments and processing instructions", lambda s: s.plain().replace("<ItemId>", "<!-- x --><?y z?><ItemId>").encode()),
    "unknown-element": ("an element that it does not know", lambda s: s.plain().replace("</LookupItem>", "<Frob>x</Frob></LookupItem>").encode()),
    "ext": ("an extension of another namespace", lambda s: s.plain().replace("</LookupItem>", '<Ext><f:Frob xmlns:f="urn:7c1b">x</f:Frob></Ext></LookupItem>').encode()),
    "controls": ("control characters after the document", lambda s: s.plain().encode() + b"\r\n\x04"),
    "blank": ("empty lines before the document", lambda s: b"\r\n\r\n" + s.plain().encode()),
}  # fmt: skip
"""What real initiators send, and should be understood (a quarter of all messages is invalid)."""

check.extend(
    Row(f"tolerates.{name}", Level.SHOULD, f"understands {text}", "what initiators send", _tolerated(body))
    for name, (text, body) in TOLERANCES.items()
)


# --- hostile ------------------------------------------------------------------------------------------------------------------


def _alive(session: Session) -> None:
    answer = session.ask(session.lookup())
    want(answer.content.name == "LookupItemResponse", "afterwards nothing is answered")


def _hostile(body: Body) -> Callable[[Session], None]:
    def look(session: Session) -> None:
        answer = session.post(body(session))
        want(answer.seconds < session.patience / 2, f"it took {answer.seconds:.1f} s")
        want(answer.status < 500 or answer.status == 503, f"HTTP {answer.status}")
        want(b"7c1b-expanded" not in answer.body, "an entity was expanded")
        want(b"root:" not in answer.body, "a file was read")
        want(
            b"Traceback" not in answer.body and b"Exception" not in answer.body,
            "the answer tells of the server's insides",
        )
        session.valid(answer)
        want(answer.problems, "it was rendered")
        _alive(session)

    return look


def _entities(inner: str, use: str) -> Body:
    doctype = f"<!DOCTYPE NCIPMessage [{inner}]>"
    return lambda s: (
        doctype.encode() + s.plain().replace("<ItemIdentifierValue>", f"<ItemIdentifierValue>{use}").encode()
    )


def _in(text: str) -> Body:
    return lambda s: s.raw("LookupItem", text)


_LAUGHS: Final = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "7c1b-expanded"}">' for n in range(10))
HOSTILE: Final[dict[str, tuple[str, Body]]] = {
    "entity": ("an internal entity", _entities('<!ENTITY e "7c1b-expanded">', "&e;")),
    "laughs": ("a billion laughs", _entities(_LAUGHS, "&l9;")),
    "quadratic": ("an entity of 100,000 letters, a thousand times", _entities(f'<!ENTITY e "{"x" * 100_000}">', "&e;" * 1_000)),
    "file": ("an external entity", _entities('<!ENTITY e SYSTEM "file:///etc/passwd">', "&e;")),
    "parameter": ("a parameter entity", _entities('<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;', "")),
    "default": ("an attribute that is declared in the document", _entities('<!ATTLIST ItemIdentifierValue a CDATA "7c1b-expanded">', UNKNOWN)),
    "depth": ("ten thousand levels", _in("<a>" * 10_000 + "</a>" * 10_000)),
    "width": ("a hundred thousand elements", _in("<a/>" * 100_000)),
    "size": ("eight million octets", _in("<a>" + "x" * 8_000_000 + "</a>")),
    "attributes": ("twenty thousand attributes", _in("<a " + " ".join(f'a{n}=""' for n in range(20_000)) + "/>")),
    "attribute": ("an attribute of a million letters", _in(f'<a a="{"x" * 1_000_000}"/>')),
    "namespaces": ("twenty thousand namespaces", _in("<a " + " ".join(f'xmlns:a{n}="u"' for n in range(20_000)) + "/>")),
    "comment": ("a comment of a million letters", lambda s: s.plain(UNKNOWN).replace("<ItemId>", f"<!--{'x' * 1_000_000}--><ItemId>").encode()),
    "number": ("a number of ten thousand digits", lambda s: s.raw("LookupItemSet", f"<ItemId><ItemIdentifierValue>{UNKNOWN}</ItemIdentifierValue></ItemId><MaximumItemsCount>{'9' * 10_000}</MaximumItemsCount>")),
    "value": ("an identifier of a hundred thousand letters", lambda s: s.plain("x" * 100_000).encode()),
    "nul": ("a NUL in a value", lambda s: s.plain(UNKNOWN).replace(UNKNOWN, "x\0x").encode()),
    "reference": ("a reference to a character that XML has not", lambda s: s.plain(UNKNOWN).replace(UNKNOWN, "&#0;").encode()),
    "encoding": ("an unknown encoding", lambda s: b'<?xml version="1.0" encoding="x-7c1b"?>' + s.plain().encode()),
    "utf-7": ("UTF-7", lambda s: b'<?xml version="1.0" encoding="UTF-7"?>' + s.plain(UNKNOWN).encode("utf-7")),
    "octets": ("octets that are not of the encoding", lambda s: s.plain().encode().replace(b"Value>", b"Value>\xff\xfe", 1)),
    "mixed": ("UTF-16 declared, UTF-8 sent", lambda s: b'<?xml version="1.0" encoding="UTF-16"?>' + s.plain(UNKNOWN).encode()),
    "truncated": ("half a message", lambda s: s.plain().encode()[:-40]),
    "two": ("two documents in one", lambda s: s.plain().encode() * 2),
    "text": ("no XML at all", lambda _s: b"hello"),
    "nothing": ("nothing", lambda _s: b""),
    "other": ("a document of others", lambda _s: b"<html><body>x</body></html>"),
    "injection": ("an identifier that is SQL", lambda s: s.plain("' OR '1'='1' --").encode()),
    "pattern": ("identifiers that are patterns", lambda s: s.plain("%*?_").encode()),
}  # fmt: skip
"""What no responder may stumble over, or render."""

check.extend(
    Row(
        f"hostile.{name}",
        Level.MUST,
        f"refuses {text} with a valid answer, at once, and goes on",
        "security",
        _hostile(body),
    )
    for name, (text, body) in HOSTILE.items()
)


@contextmanager
def _trap() -> Iterator[tuple[int, list[object]]]:
    """Listen on a port of this machine, and keep who comes."""
    came: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        stop = threading.Event()

        def wait() -> None:
            while not stop.is_set():
                with suppress(TimeoutError):
                    line, address = server.accept()
                    came.append(address)
                    line.close()

        waiting = threading.Thread(target=wait)
        waiting.start()
        try:
            yield server.getsockname()[1], came
        finally:
            stop.set()
            waiting.join()


@check("hostile.fetch", Level.MUST, "nothing is fetched that a document names", "security")
def _fetch(session: Session) -> None:
    with _trap() as (port, came):
        where = f"http://127.0.0.1:{port}/x"
        for prolog in (
            f'<!DOCTYPE NCIPMessage SYSTEM "{where}">',
            f'<!DOCTYPE NCIPMessage [<!ENTITY % p SYSTEM "{where}"> %p;]>',
            f'<?xml-stylesheet href="{where}"?>',
        ):
            session.post(prolog.encode() + session.plain().encode())
        body = session.plain().replace(
            "<NCIPMessage ",
            f'<NCIPMessage xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:schemaLocation="u {where}" ',
        )
        session.post(
            body.replace(
                "<ItemId>", f'<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="{where}"/><ItemId>'
            ).encode()
        )
        _alive(session)
    want(not came, "it was fetched")


@check("hostile.slow", Level.MUST, "who sends half a message and waits holds up nobody else", "security")
def _slow(session: Session) -> None:
    with ExitStack() as lines:
        for _ in range(_SLOW):
            line = lines.enter_context(closing(session.line()))
            line.putrequest("POST", session.path)
            line.putheader("Content-Length", "1000")
            line.endheaders(b"<NCIPMessage")
        want(session.ask(session.lookup()).seconds < session.patience / 2, "the others wait")


@check(
    "problem.exact",
    Level.MUST,
    "a message that cannot be read is Invalid Message Syntax Error, at the root",
    "Z39.83-1, A",
)
def _syntax(session: Session) -> None:
    answer = session.valid(session.post(b"<NCIPMessage"))
    want(answer.content.name == "Problem", "no Problem under NCIPMessage")
    want(right_problems("LookupItem", answer) == ["Invalid Message Syntax Error"], f"problems {answer.problems}")
