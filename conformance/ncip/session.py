"""One judgement of an NCIP responder: where it answers, who asks, with which reader and items; and what comes back."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from conformance.checks import Bench
from conformance.ncip.judge import content_of, judge, texts
from conformance.results import Failed, NotApplicable
from protocols.ncip import MEDIA_TYPE, Envelope, Release, SchemeValue, write
from protocols.ncip.base import Initiation
from protocols.ncip.elements import Agency, InitiationHeader, ItemId, UserId
from protocols.ncip.envelope import DEFAULTS
from protocols.ncip.lookups import LookupItem
from protocols.ncip.model import NAMESPACE
from protocols.xmlsafe import Node

UNKNOWN: Final = "NO-SUCH-THING-7c1b"
"""A number that nothing has."""
_LONGEST: Final = 16 << 20
"""Octets of an answer that are taken in."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: HTTP status and headers, the document, how long it took in seconds."""

    status: int
    body: bytes
    seconds: float
    headers: dict[str, str] = field(default_factory=dict)

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

    def all(self, name: str) -> list[str]:
        """Give the texts of all elements called *name*."""
        return texts(self.content, name)


@dataclass(slots=True)
class Session(Bench):
    """Where, as whom, and with which reader and items. *validate*, when there is one, judges answers beside the kit's own judge."""

    url: str
    agency: str
    to: str
    secret: str | None = field(default=None, repr=False)
    user: str | None = field(default=None, repr=False)
    pin: str | None = field(default=None, repr=False)
    items: tuple[str, ...] = ()
    validate: Callable[[bytes], list[str]] | None = None
    slowest: float = 0.0

    @property
    def item(self) -> str | None:
        """The first item, if there is one."""
        return self.items[0] if self.items else None

    def line(self) -> http.client.HTTPConnection:
        """Open a line. Raises Failed when it cannot be."""
        parts = urlsplit(self.url)
        made: http.client.HTTPConnection
        if parts.scheme == "https":
            context = ssl.create_default_context()
            made = http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=self.patience, context=context)
        else:
            made = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=self.patience)
        try:
            made.connect()
        except OSError as error:
            raise Failed(f"no connection: {error}") from None
        return made

    @property
    def path(self) -> str:
        """What is asked for on the line."""
        parts = urlsplit(self.url)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def request(self, method: str, body: bytes | Iterator[bytes] | None = None, **headers: str) -> Answer:
        """Ask on a line of its own. Raises Failed when nothing comes back."""
        line = self.line()
        try:
            return self.on(line, method, body, **headers)
        finally:
            line.close()

    def on(
        self, line: http.client.HTTPConnection, method: str, body: bytes | Iterator[bytes] | None, **headers: str
    ) -> Answer:
        """Ask on *line*; names of headers have an underscore for each hyphen."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        began = time.monotonic()
        try:
            line.request(method, self.path, body, named, encode_chunked=not isinstance(body, bytes | None))
            response = line.getresponse()
            found = response.read(_LONGEST + 1)
        except (OSError, http.client.HTTPException) as error:
            raise Failed(f"no answer: {type(error).__name__} {error}") from None
        if len(found) > _LONGEST:
            raise Failed(f"an answer has more than {_LONGEST} octets")
        took = time.monotonic() - began
        self.slowest = max(self.slowest, took)
        return Answer(response.status, found, took, {name.lower(): value for name, value in response.getheaders()})

    def post(self, body: bytes, media_type: str = MEDIA_TYPE) -> Answer:
        """Send octets. Raises Failed when nothing comes back."""
        return self.request("POST", body, Content_Type=media_type)

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

    def rightly(self, message: Initiation, envelope: Envelope | None = None) -> Answer:
        """Send a message; its answer must be valid."""
        return self.valid(self.ask(message, envelope))

    def valid(self, answer: Answer) -> Answer:
        """Hold an answer against the content models, and the schemas when there are some. Raises Failed."""
        faults = judge(answer.body) + (self.validate(answer.body) if self.validate is not None else [])
        if faults:
            raise Failed("; ".join(faults[:3]))
        return answer

    def raw(self, service: str, content: str = "", *, head: str | None = None) -> bytes:
        """Write a message by hand, for those that our writer would not write."""
        secret = f"<FromAgencyAuthentication>{escape(self.secret)}</FromAgencyAuthentication>" if self.secret else ""
        header = (
            f"<InitiationHeader><FromAgencyId><AgencyId>{escape(self.agency)}</AgencyId></FromAgencyId>{secret}"
            f"<ToAgencyId><AgencyId>{escape(self.to)}</AgencyId></ToAgencyId></InitiationHeader>"
        )
        inner = f"<{service}>{header if head is None else head}{content}</{service}>"
        return f'<NCIPMessage xmlns="{NAMESPACE}" xmlns:n="{NAMESPACE}" n:version="{DEFAULTS[Release.V2_02]}">{inner}</NCIPMessage>'.encode()

    def lookup(self, number: str | None = None, **more: Any) -> LookupItem:
        """Make the question that every responder knows."""
        item = ItemId(item_identifier_value=number or self.item or UNKNOWN)
        return LookupItem(initiation_header=self.header, item_id=item, **more)

    def plain(self, number: str | None = None) -> str:
        """Write that question by hand."""
        value = escape(number or self.item or UNKNOWN)
        return self.raw("LookupItem", f"<ItemId><ItemIdentifierValue>{value}</ItemIdentifierValue></ItemId>").decode()

    def reader(self) -> UserId:
        """Name the reader. Raises NotApplicable when none was given."""
        if self.user is None:
            raise NotApplicable("needs --user")
        return UserId(user_identifier_value=self.user)

    def thing(self, number: int = 0) -> ItemId:
        """Name an item. Raises NotApplicable when so many were not given."""
        if len(self.items) <= number:
            raise NotApplicable("needs --item" if not number else f"needs --item, {number + 1} times")
        return ItemId(item_identifier_value=self.items[number])
