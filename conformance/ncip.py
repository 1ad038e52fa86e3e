"""`python -m conformance ncip URL`: judges an NCIP responder, whoever's it is; with `--listen`, an initiator.

Every answer is held against the content models (`conformance.ncip_judge`); of the library nothing is known beforehand but what the options
tell: the agency that asks, a reader, an item.
"""

from __future__ import annotations

import argparse
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from conformance.ncip_judge import content_of, judge, texts
from conformance.results import Failed, Level, NotApplicable, Outcome, Result, report
from protocols.ncip import Envelope, Received, Release, SchemeValue, read, write
from protocols.ncip.base import Initiation
from protocols.ncip.circulation import CheckInItem, CheckOutItem
from protocols.ncip.elements import Agency, AuthenticationInput, InitiationHeader, ItemId, UserId
from protocols.ncip.envelope import DEFAULTS
from protocols.ncip.lookups import LookupItem, LookupUser
from protocols.ncip.model import NAMESPACE
from protocols.ncip.problems import GENERAL, MESSAGING, SERVICES, Group, ProblemType, problem_type_of
from protocols.xmlsafe import Node

_PATIENCE: Final = 10.0
_UNKNOWN: Final = "NO-SUCH-THING-7c1b"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: HTTP status, the document, how long it took in seconds."""

    status: int
    body: bytes
    seconds: float

    @property
    def content(self) -> Node:
        """The element under NCIPMessage. Raises Failed when there is none."""
        node = content_of(self.body)
        if node is None:
            raise Failed(f"HTTP {self.status}: this is no NCIP message: {self.body[:80]!r}")
        return node

    @property
    def problems(self) -> list[str]:
        """The types of its problems."""
        return texts(self.content, "ProblemType")


@dataclass(slots=True)
class Session:
    """One judgement: where, as whom, and with which reader and item."""

    url: str
    agency: str
    to: str
    secret: str | None
    user: str | None
    pin: str | None
    item: str | None

    def post(self, body: bytes, media_type: str = "application/xml; charset=utf-8") -> Answer:
        """Send octets. Raises Failed when nothing comes back."""
        request = urllib.request.Request(self.url, body, {"Content-Type": media_type}, method="POST")  # noqa: S310 (as given)
        began = time.monotonic()
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE) as response:  # noqa: S310 (as given)
                return Answer(response.status, response.read(), time.monotonic() - began)
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read(), time.monotonic() - began)
        except OSError as error:
            raise Failed(f"no answer: {error}") from None

    @property
    def header(self) -> InitiationHeader:
        """Who asks whom."""
        return InitiationHeader(
            from_agency_id=Agency(agency_id=SchemeValue(self.agency)),
            from_agency_authentication=self.secret,
            to_agency_id=Agency(agency_id=SchemeValue(self.to)),
        )

    def ask(self, message: Initiation, envelope: Envelope | None = None) -> Answer:
        """Send a message."""
        return self.post(write(message, envelope or Envelope()))

    def raw(self, service: str, content: str = "", *, head: bool = True) -> bytes:
        """Write a message by hand, for those that our writer would not write."""
        secret = f"<FromAgencyAuthentication>{self.secret}</FromAgencyAuthentication>" if self.secret else ""
        header = (
            f"<InitiationHeader><FromAgencyId><AgencyId>{self.agency}</AgencyId></FromAgencyId>{secret}"
            f"<ToAgencyId><AgencyId>{self.to}</AgencyId></ToAgencyId></InitiationHeader>"
        )
        inner = f"<{service}>{header if head else ''}{content}</{service}>"
        return f'<NCIPMessage xmlns="{NAMESPACE}" xmlns:n="{NAMESPACE}" n:version="{DEFAULTS[Release.V2_02]}">{inner}</NCIPMessage>'.encode()

    def lookup(self, number: str | None = None) -> LookupItem:
        """Make the question that every responder knows."""
        return LookupItem(
            initiation_header=self.header, item_id=ItemId(item_identifier_value=number or self.item or _UNKNOWN)
        )


def _valid(answer: Answer) -> Answer:
    faults = judge(answer.body)
    if faults:
        raise Failed("; ".join(faults[:3]))
    return answer


def _expect(condition: object, otherwise: str) -> None:
    if not condition:
        raise Failed(otherwise)


# --- checks ----------------------------------------------------------------------------------------------------------------

Check = tuple[str, Level, str, str, Callable[[Session], None]]
CHECKS: Final[list[Check]] = []


def check(
    name: str, level: Level, text: str, source: str
) -> Callable[[Callable[[Session], None]], Callable[[Session], None]]:
    """Declare a check."""

    def declare(function: Callable[[Session], None]) -> Callable[[Session], None]:
        CHECKS.append((name, level, text, source, function))
        return function

    return declare


def _service(name: str) -> Callable[[Session], None]:
    def run(session: Session) -> None:
        answer = _valid(session.post(session.raw(name)))
        node = answer.content
        _expect(node.name == name + "Response", f"the answer is {node.name}")
        for kind in answer.problems:
            known = problem_type_of(SchemeValue(kind))
            allowed = SERVICES[name].own | GENERAL | MESSAGING
            _expect(known in allowed and known == kind, f"{kind!r} is no problem type of {name}, letter by letter")
        if SERVICES[name].group is not Group.NOTIFICATION:
            _expect(answer.problems, "an empty request was rendered")

    return run


for _name in SERVICES:
    if _name != "LookupVersion":
        CHECKS.append(
            (
                f"service.{_name}", Level.MUST, "answers in its own valid response, with exact problem types",
                "Z39.83-1, 5 and appendix A", _service(_name),
            )
        )  # fmt: skip


@check(
    "version.document", Level.SHOULD, "LookupVersion is answered with the versions spoken", "Z39.83-1, LookupVersion"
)
def _version(session: Session) -> None:
    pair = "<UniqueAgencyId><Scheme>s</Scheme><Value>{0}</Value></UniqueAgencyId>"
    body = (
        '<NCIPVersionMessage version="http://www.niso.org/ncip/v1_0/imp1/xsd/ncip_version.xsd"><LookupVersion><FromAgencyId>'
        f"{pair.format(session.agency)}</FromAgencyId><ToAgencyId>{pair.format(session.to)}</ToAgencyId></LookupVersion>"
        "</NCIPVersionMessage>"
    )
    _expect(b"VersionSupported" in session.post(body.encode()).body, "no VersionSupported")


@check(
    "header.swapped", Level.MUST, "the response header has the agencies of the request, swapped", "Z39.83-1, headers"
)
def _header(session: Session) -> None:
    node = session.ask(session.lookup()).content
    head = next((child for child in node.children if child.name == "ResponseHeader"), None)
    if head is None:
        raise Failed("there is no ResponseHeader")
    agencies = texts(head, "AgencyId")
    _expect(agencies == [session.to, session.agency], f"agencies {agencies}")
    _expect(not texts(head, "FromAgencyAuthentication"), "the answer holds a secret")


@check(
    "problem.item", Level.MUST, "an unknown item is the problem Unknown Item, with its element", "Z39.83-1, LookupItem"
)
def _unknown_item(session: Session) -> None:
    answer = _valid(session.ask(session.lookup(_UNKNOWN)))
    _expect(answer.problems == ["Unknown Item"], f"problems {answer.problems}")
    _expect(texts(answer.content, "ProblemElement"), "no ProblemElement")


@check("problem.user", Level.MUST, "an unknown user is the problem Unknown User", "Z39.83-1, LookupUser")
def _unknown_user(session: Session) -> None:
    user = UserId(user_identifier_value=_UNKNOWN)
    answer = _valid(session.ask(LookupUser(initiation_header=session.header, user_id=user)))
    _expect(answer.problems == ["Unknown User"], f"problems {answer.problems}")


@check(
    "problem.status", Level.MUST, "problems of NCIP come under HTTP 200", "clients take anything else for a broken line"
)
def _status(session: Session) -> None:
    status = session.ask(session.lookup(_UNKNOWN)).status
    _expect(status == 200, f"HTTP {status}")


@check(
    "problem.pin", Level.MUST, "a wrong PIN gives nothing of the user away, and is not repeated", "Z39.83-1, LookupUser"
)
def _pin(session: Session) -> None:
    if session.user is None:
        raise NotApplicable("needs --user")
    typed = AuthenticationInput(
        authentication_input_data="wrong-7c1b", authentication_data_format_type=SchemeValue("text/plain"),
        authentication_input_type=SchemeValue("PIN"),
    )  # fmt: skip
    who = AuthenticationInput(
        authentication_input_data=session.user, authentication_data_format_type=SchemeValue("text/plain"),
        authentication_input_type=SchemeValue("Barcode Id"),
    )  # fmt: skip
    asked = LookupUser(
        initiation_header=session.header, authentication_input=(who, typed),
        user_element_type=(SchemeValue("Name Information"),),
    )  # fmt: skip
    answer = _valid(session.ask(asked))
    _expect(answer.problems == ["User Authentication Failed"], f"problems {answer.problems}")
    _expect(b"wrong-7c1b" not in answer.body, "the PIN is repeated")
    _expect(b"NameInformation" not in answer.body, "the user's name is given away")


@check("form.root", Level.MUST, "what is no service of NCIP is answered with a problem at the root", "Z39.83-1, 5.2")
def _no_service(session: Session) -> None:
    answer = session.post(session.raw("Frobnicate"))
    _expect(content_of(answer.body) is not None and answer.content.name == "Problem", "no Problem under NCIPMessage")


def _tolerated(body: Callable[[Session], bytes]) -> Callable[[Session], None]:
    def run(session: Session) -> None:
        node = session.post(body(session)).content
        _expect(node.name == "LookupItemResponse", f"the answer is {node.name}")

    return run


def _plain(session: Session) -> str:
    return session.raw(
        "LookupItem", f"<ItemId><ItemIdentifierValue>{session.item or _UNKNOWN}</ItemIdentifierValue></ItemId>"
    ).decode()


def _prefixed(session: Session) -> bytes:
    return write(session.lookup(), Envelope(prefix="ncip"))


TOLERANCES: Final[dict[str, tuple[str, Callable[[Session], bytes]]]] = {
    "prefix": ("any prefix", _prefixed),
    "attribute": ("version outside the namespace", lambda s: _plain(s).replace(" n:version=", " version=").encode()),
    "no-version": ("no version", lambda s: _plain(s).split(" n:version=")[0].encode() + b">" + _plain(s).split(">", 1)[1].encode()),
    "bom": ("a byte order mark", lambda s: b"\xef\xbb\xbf" + _plain(s).encode()),
    "latin-1": (
        "ISO 8859-1, declared",
        lambda s: b'<?xml version="1.0" encoding="ISO-8859-1"?><!-- \xe9 -->' + _plain(s).encode(),
    ),
    "utf-16": ("UTF-16", lambda s: _plain(s).encode("utf-16")),
    "unknown-element": (
        "an element that it does not know",
        lambda s: _plain(s).replace("</LookupItem>", "<Frob>x</Frob></LookupItem>").encode(),
    ),
    "controls": ("control characters after the document", lambda s: _plain(s).encode() + b"\r\n\x04"),
}  # fmt: skip
"""What real initiators send, and should be understood (a quarter of all messages is invalid)."""

for _name, (_text, _body) in TOLERANCES.items():
    CHECKS.append(
        (f"tolerates.{_name}", Level.SHOULD, f"understands {_text}", "what initiators send", _tolerated(_body))
    )


def _hostile(body: Callable[[Session], bytes]) -> Callable[[Session], None]:
    def run(session: Session) -> None:
        answer = session.post(body(session))
        _expect(answer.seconds < _PATIENCE, "it took too long")
        _expect(b"7c1b-expanded" not in answer.body, "an entity was expanded")
        _expect(b"root:" not in answer.body, "a file was read")
        alive = session.ask(session.lookup())
        _expect(content_of(alive.body) is not None, "afterwards nothing is answered")

    return run


def _entities(inner: str, use: str) -> Callable[[Session], bytes]:
    doctype = f"<!DOCTYPE NCIPMessage [{inner}]>"
    return lambda s: (
        doctype.encode() + _plain(s).replace("<ItemIdentifierValue>", f"<ItemIdentifierValue>{use}").encode()
    )


_LAUGHS: Final = "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "7c1b-expanded"}">' for n in range(10)
)  # fmt: skip
HOSTILE: Final[dict[str, tuple[str, Callable[[Session], bytes]]]] = {
    "entity": ("an internal entity", _entities('<!ENTITY e "7c1b-expanded">', "&e;")),
    "laughs": ("a billion laughs", _entities(_LAUGHS, "&l9;")),
    "file": ("an external entity", _entities('<!ENTITY e SYSTEM "file:///etc/passwd">', "&e;")),
    "depth": ("ten thousand levels", lambda s: s.raw("LookupItem", "<a>" * 10_000 + "</a>" * 10_000)),
    "size": ("eight million octets", lambda s: s.raw("LookupItem", "<a>" + "x" * 8_000_000 + "</a>")),
    "encoding": ("an unknown encoding", lambda s: b'<?xml version="1.0" encoding="x-7c1b"?>' + _plain(s).encode()),
    "octets": ("octets that are not of the encoding", lambda s: _plain(s).encode().replace(b"Value>", b"Value>\xff\xfe", 1)),
    "truncated": ("half a message", lambda s: _plain(s).encode()[:-40]),
    "nothing": ("nothing", lambda _s: b""),
}  # fmt: skip
"""What no responder may stumble over."""

for _name, (_text, _body) in HOSTILE.items():
    CHECKS.append((f"hostile.{_name}", Level.MUST, f"survives {_text}", "security", _hostile(_body)))


@check(
    "once.checkout",
    Level.MUST,
    "a repeated CheckOutItem gets the answer of the first",
    "clients repeat after a lost line",
)
def _once(session: Session) -> None:
    if session.user is None or session.item is None:
        raise NotApplicable("needs --user and --item")
    item = ItemId(item_identifier_value=session.item)
    asked = CheckOutItem(
        initiation_header=session.header, user_id=UserId(user_identifier_value=session.user), item_id=item
    )
    first = _valid(session.ask(asked))
    if first.problems:
        raise NotApplicable(f"the item is not lent: {first.problems[0]}")
    try:
        _expect(session.ask(asked).body == first.body, "another answer")
    finally:
        _valid(session.ask(CheckInItem(initiation_header=session.header, item_id=item)))


@check("release.echoed", Level.SHOULD, "an answer is in the release of its question", "Z39.83-1, 5.1")
def _echoed(session: Session) -> None:
    for release in (Release.V2_0, Release.V2_01, Release.V2_02):
        received = read(session.ask(session.lookup(), Envelope(version=DEFAULTS[release], release=release)).body)
        _expect(isinstance(received, Received) and received.envelope.release is release, f"not {release.name}")


def judgement(session: Session) -> Iterator[Result]:
    """Make every check."""
    for name, level, text, source, function in CHECKS:
        try:
            function(session)
        except Failed as failed:
            yield Result(name, level, text, source, Outcome.FAILED, str(failed))
        except NotApplicable as why:
            yield Result(name, level, text, source, Outcome.NOT_APPLICABLE, str(why))
        else:
            yield Result(name, level, text, source, Outcome.PASSED)


def main(arguments: Sequence[str]) -> int:
    """Judge what the command line names; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m conformance ncip", description=__doc__)
    parser.add_argument("url", nargs="?", help="where the responder answers")
    parser.add_argument(
        "--agency", default="FR-CONFORMANCE", help="the agency that asks, which the responder must know"
    )
    parser.add_argument("--to", default="FR-ANY", help="the agency that is asked")
    parser.add_argument("--secret", help="FromAgencyAuthentication")
    parser.add_argument("--user", help="a reader's number, for checks that lend")
    parser.add_argument("--pin", help="the reader's PIN")
    parser.add_argument("--item", help="an item that can be lent to the reader")
    parser.add_argument("--listen", type=int, metavar="PORT", help="be the responder, and judge who connects")
    parser.add_argument("--json", action="store_true", help="write results as JSON")
    found = parser.parse_args(arguments)
    if found.listen is not None:
        from conformance.ncip_listener import listen  # noqa: PLC0415 (for this role alone)

        return listen(found.listen, found.to, as_json=found.json)
    if found.url is None:
        parser.error("give a URL, or --listen")
    session = Session(found.url, found.agency, found.to, found.secret, found.user, found.pin, found.item)
    return report(f"NCIP {found.url}", judgement(session), as_json=found.json)


__all__ = ["CHECKS", "ProblemType", "Session", "judgement", "main"]
