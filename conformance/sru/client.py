"""A client of SRU that believes nothing: HTTP and XML by the standard library, every expectation its own."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode, urlsplit

from conformance.checks import PATIENCE
from conformance.results import Failed
from protocols.xmlsafe import SEPARATOR, Limits, Node, UnsafeXMLError, parse

SRW: Final = "http://www.loc.gov/zing/srw/"
SRW_DIAGNOSTIC: Final = "http://www.loc.gov/zing/srw/diagnostic/"
SRU_2: Final = "http://docs.oasis-open.org/ns/search-ws/sruResponse"
SCAN_2: Final = "http://docs.oasis-open.org/ns/search-ws/scan"
DIAGNOSTIC_2: Final = "http://docs.oasis-open.org/ns/search-ws/diagnostic"
ZEEREX: Final = ("http://explain.z3950.org/dtd/2.0/", "http://explain.z3950.org/dtd/2.1/")
SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_LIMITS: Final = Limits(size=32 << 20, elements=500_000, depth=100)


@dataclass(frozen=True, slots=True)
class Told:
    """A diagnostic of a response: its number and details."""

    number: int
    details: str


@dataclass(slots=True)
class Reply:
    """A response: HTTP status and media type, the octets, and the element of SRU in them."""

    status: int
    media_type: str
    body: bytes
    root: Node = field(repr=False)

    @property
    def namespace(self) -> str:
        """The namespace of the response."""
        return self.root.tag.rpartition(SEPARATOR)[0]

    def text(self, *path: str) -> str:
        """Return the text of the first element at a path of local names; "" where there is none."""
        found = children(self.root, *path)
        return found[0].text.strip() if found else ""

    @property
    def count(self) -> int:
        """The number of records. Raises Failed."""
        text = self.text("numberOfRecords")
        if not text.isdigit():
            raise Failed(f"numberOfRecords is {text!r}")
        return int(text)

    @property
    def records(self) -> list[Node]:
        """The records of the response."""
        return children(self.root, "records", "record")

    @property
    def told(self) -> list[Told]:
        """The diagnostics that are not of one record."""
        return [diagnostic(node) for node in children(self.root, "diagnostics", "diagnostic")]


def diagnostic(node: Node) -> Told:
    """Read a diagnostic. Raises Failed."""
    uri = "".join(each.text.strip() for each in node.children if each.name == "uri")
    number = uri.rpartition("/")[2]
    if not number.isdigit():
        raise Failed(f"a diagnostic has the uri {uri!r}")
    return Told(int(number), "".join(each.text.strip() for each in node.children if each.name == "details"))


def children(node: Node, *path: str) -> list[Node]:
    """Return the elements at a path of local names."""
    found = [node]
    for name in path:
        found = [child for each in found for child in each.children if child.name == name]
    return found


def whole_text(node: Node) -> str:
    """Return all text of an element, blanks between the pieces."""
    return " ".join([node.text, *map(whole_text, node.children)])


class Client:
    """Asks one database at one address."""

    def __init__(self, url: str, patience: float = PATIENCE) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{url}: an address of HTTP is wanted")
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._path = parts.path or "/"
        self.url, self.patience = url, patience

    def get(self, **parameters: object) -> Reply:
        """Ask by GET. A name that ends in an underscore stands for the name without it."""
        query = urlencode({name.rstrip("_"): str(value) for name, value in parameters.items()})
        return self._read(*self.exchange("GET", f"{self._path}?{query}" if query else self._path))

    def post(self, **parameters: object) -> Reply:
        """Ask by POST of a form."""
        form = urlencode({name.rstrip("_"): str(value) for name, value in parameters.items()}).encode()
        return self._read(*self.exchange("POST", self._path, form, "application/x-www-form-urlencoded"))

    def soap(self, operation: str, **parameters: object) -> Reply:
        """Ask by SOAP 1.1."""
        members = "".join(f"<z:{name}>{_escaped(str(value))}</z:{name}>" for name, value in parameters.items())
        body = (
            f'<s:Envelope xmlns:s="{SOAP}" xmlns:z="{SRW}"><s:Body><z:{operation}Request>{members}'
            f"</z:{operation}Request></s:Body></s:Envelope>"
        )
        reply = self._read(*self.exchange("POST", self._path, body.encode(), "text/xml; charset=utf-8"))
        inner = children(reply.root, "Body")
        if reply.root.name != "Envelope" or not inner or not inner[0].children:
            raise Failed("the answer is no envelope of SOAP with a body")
        return Reply(reply.status, reply.media_type, reply.body, inner[0].children[0])

    def exchange(self, method: str, path: str, body: bytes = b"", media_type: str = "") -> tuple[int, str, bytes]:
        """Send a request of HTTP; return status, media type and body. Raises Failed."""
        make = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = make(self._host, self._port, timeout=self.patience)
        headers: Mapping[str, str] = {"Content-Type": media_type} if media_type else {}
        try:
            connection.request(method, path, body or None, dict(headers))
            response = connection.getresponse()
            return response.status, response.getheader("Content-Type") or "", response.read(_LIMITS.size + 1)
        except (OSError, http.client.HTTPException) as error:
            raise Failed(f"no answer: {error!r}") from error
        finally:
            connection.close()

    def raw(self, body: bytes, media_type: str) -> tuple[int, str, bytes]:
        """Post octets as they are."""
        return self.exchange("POST", self._path, body, media_type)

    def _read(self, status: int, media_type: str, body: bytes) -> Reply:
        try:
            # A stylesheet is named between the declaration and the root, where this parser passes over it.
            root = parse(body, limits=_LIMITS).root
        except UnsafeXMLError as error:
            raise Failed(f"HTTP {status}, and no XML: {error}") from error
        return Reply(status, media_type, body, root)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
