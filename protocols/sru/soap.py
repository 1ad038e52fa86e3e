"""SRW: a request of SRU in a SOAP 1.1 or 1.2 envelope, and the envelope of its response.

The envelope holds an element named after the operation, whose children are the parameters. Only the names count, not the
namespaces: toolkits differ in what they declare.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from protocols import xmlsafe, xmltext
from protocols.sru.diagnostics import Condition, Refused
from protocols.sru.requests import MAX_PARAMETERS
from protocols.xmlsafe import SEPARATOR, Limits, Node, UnsafeXMLError

LIMITS: Final = Limits(size=128 << 10, elements=1_000, depth=16)
SOAP_1_1: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_1_2: Final = "http://www.w3.org/2003/05/soap-envelope"
_OPERATIONS: Final = {
    "searchRetrieveRequest": "searchRetrieve",
    "scanRequest": "scan",
    "explainRequest": "explain",
}


class Envelope(NamedTuple):
    """What came in an envelope of which namespace: the parameters of a request."""

    namespace: str
    pairs: list[tuple[str, str]]


class NotSoap(Exception):
    """Octets that are no envelope with a request of SRW in it; the text says why and repeats none of them."""


def read(data: bytes, charset: str | None = None) -> Envelope:
    """Return the request in an envelope. Raises NotSoap, and Refused for more parameters than are taken."""
    try:
        root = xmlsafe.parse(data, charset=charset, limits=LIMITS).root
    except UnsafeXMLError as error:
        raise NotSoap(str(error)) from None
    namespace = root.tag.rpartition(SEPARATOR)[0]
    if root.name != "Envelope" or namespace not in {SOAP_1_1, SOAP_1_2}:
        raise NotSoap("not an envelope of SOAP")
    body = next((child for child in root.children if child.name == "Body"), None)
    request = next(iter(body.children), None) if body is not None else None
    if request is None or request.name not in _OPERATIONS:
        raise NotSoap("not a request of SRW")
    if len(request.children) > MAX_PARAMETERS:
        raise Refused(Condition.PARAMETER_COMBINATION, f"more than {MAX_PARAMETERS} parameters")
    return Envelope(namespace, [("operation", _OPERATIONS[request.name]), *map(_pair, request.children)])


def _pair(node: Node) -> tuple[str, str]:
    # Extra data is a tree of somebody else's, and is ignored.
    return node.name, "" if node.children else node.text.strip()


def wrap(namespace: str, response: bytes) -> bytes:
    """Return a response, without an XML declaration, in its envelope."""
    return b'<SOAP:Envelope xmlns:SOAP="%s"><SOAP:Body>%s</SOAP:Body></SOAP:Envelope>' % (namespace.encode(), response)


def fault(text: str, namespace: str = SOAP_1_1) -> bytes:
    """Return the envelope of a fault that is the client's."""
    if namespace == SOAP_1_2:
        inner = (
            "<SOAP:Fault><SOAP:Code><SOAP:Value>SOAP:Sender</SOAP:Value></SOAP:Code>"
            f'<SOAP:Reason><SOAP:Text xml:lang="en">{xmltext.text(text)}</SOAP:Text></SOAP:Reason></SOAP:Fault>'
        )
    else:
        inner = f"<SOAP:Fault><faultcode>SOAP:Client</faultcode><faultstring>{xmltext.text(text)}</faultstring></SOAP:Fault>"
    return wrap(namespace, inner.encode())
