"""The kit as the responder: it takes what an initiator sends, judges it, and answers so that the initiator goes on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Final

from conformance.ncip_judge import judge
from conformance.results import Level, Outcome, Result, report
from protocols.ncip import Fault, read, write
from protocols.ncip.base import Initiation, PlainResponse, Response, response_header
from protocols.ncip.circulation import (
    CancelRequestItemResponse,
    RecallItemResponse,
    RenewItemResponse,
    RequestItemResponse,
)
from protocols.ncip.elements import Pending, UserId
from protocols.ncip.envelope import problem
from protocols.ncip.lookups import LookupRequestResponse
from protocols.ncip.problems import SERVICES, Group, ProblemType
from protocols.ncip.schemes import RequestStatusType

_LONGEST: Final = 1 << 20


def reply(message: Initiation) -> Response:
    """Make an answer that lets an initiator of inter-library loan go on; what does not belong to it is unsupported."""
    header, asked = response_header(message.initiation_header), message
    service = message.service
    told: Any = asked
    if SERVICES[service].group is Group.NOTIFICATION:
        return PlainResponse(name=service, response_header=header)
    if service == "RequestItem" and told.request_id and told.request_type and told.request_scope_type:
        return RequestItemResponse(
            response_header=header, request_id=told.request_id, user_id=told.user_id or UserId(user_identifier_value="?"),
            request_type=told.request_type, request_scope_type=told.request_scope_type,
        )  # fmt: skip
    if service == "CancelRequestItem" and told.request_id:
        return CancelRequestItemResponse(
            response_header=header,
            request_id=told.request_id,
            user_id=told.user_id or UserId(user_identifier_value="?"),
        )
    if service == "RenewItem":
        return RenewItemResponse(response_header=header, pending=Pending())
    if service == "RecallItem" and told.item_id:
        return RecallItemResponse(response_header=header, item_id=told.item_id)
    if service == "LookupRequest" and told.request_id:
        return LookupRequestResponse(
            response_header=header, request_id=told.request_id, request_status_type=RequestStatusType.IN_PROCESS.pair
        )
    trouble = problem(service, ProblemType.UNSUPPORTED_SERVICE, "the kit does not render this", "NCIPMessage", service)
    return PlainResponse(name=service, response_header=header, problem=(trouble,))


def judged(body: bytes, media_type: str, to: str) -> tuple[bytes, list[Result]]:
    """Judge one message; return the answer, and what was found."""
    received = read(body)
    source = "Z39.83-2"
    if isinstance(received, Fault):
        text = "is a message of NCIP"
        found = [Result("message", Level.MUST, text, source, Outcome.FAILED, received.problem.problem_detail or "")]
        return write(received.answer, received.envelope), found
    if not isinstance(received.message, Initiation):
        told = Fault(problem(None, ProblemType.PROTOCOL_ERROR, "this answers nothing", "NCIPMessage"))
        return write(told.answer), [Result("message", Level.MUST, "is an initiation", source, Outcome.FAILED)]
    service, header = received.message.service, received.message.initiation_header
    faults = judge(body)
    agency = header.to_agency_id.agency_id if header and header.to_agency_id else None
    checks = (
        ("valid", Level.MUST, "is valid", not faults, "; ".join(faults[:3])),
        ("header", Level.MUST, "says who asks and whom", bool(header and header.from_agency_id and agency), ""),
        ("to", Level.SHOULD, f"is meant for {to}", agency is not None and agency.value == to, str(agency)),
        ("media-type", Level.SHOULD, "comes as application/xml", media_type.startswith("application/xml"), media_type),
    )
    results = [
        Result(
            f"{service}.{name}", level, text, source, Outcome.PASSED if good else Outcome.FAILED, "" if good else detail
        )
        for name, level, text, good, detail in checks
    ]
    return write(reply(received.message), received.envelope), results


def listen(port: int, to: str, *, as_json: bool) -> int:
    """Judge whoever connects to *port* of this machine, until interrupted; return the exit code."""
    kept: list[Result] = []

    class Handler(BaseHTTPRequestHandler):
        """Takes messages by POST."""

        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Judge a message and answer it."""
            body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), _LONGEST))
            answer, results = judged(body, self.headers.get("Content-Type") or "", to)
            kept.extend(results)
            self.send_response(200)
            self.send_header("Content-Type", "application/xml; charset=utf-8")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's)
            """Write no line: messages name readers."""

    with HTTPServer(("127.0.0.1", port), Handler) as server:
        print(f"http://127.0.0.1:{server.server_port}/ (Ctrl-C ends)", file=sys.stderr)  # noqa: T201 (a command)
        with suppress(KeyboardInterrupt):
            server.serve_forever()

    def results() -> Iterator[Result]:
        yield from kept

    return report("NCIP initiator", results(), as_json=as_json)
