"""What all messages of NCIP have in common: a header, and the name of a service."""

from __future__ import annotations

from protocols.ncip.elements import Agency, InitiationHeader, Problem, ResponseHeader
from protocols.ncip.model import Element, Many, Opt, Some, element


@element()
class Initiation(Element):
    """Base of what an initiator sends."""

    initiation_header: Opt[InitiationHeader] = None

    @property
    def service(self) -> str:
        """Name of the service, which is the element's."""
        return type(self).__name__


@element()
class Response(Element):
    """Base of what a responder answers."""

    response_header: Opt[ResponseHeader] = None

    @property
    def service(self) -> str:
        """Name of the service: the element's without its `Response`."""
        return type(self).__name__.removesuffix("Response")


@element()
class PlainResponse(Response):
    """A response that holds no more than problems: to a notification, or of a service that was refused."""

    name: str = ""
    problem: Many[Problem] = ()

    @property
    def service(self) -> str:
        """Name of the service."""
        return self.name


@element()
class ProblemMessage(Element):
    """Problems directly under NCIPMessage: the message cannot be attributed to a service."""

    problem: Some[Problem] = ()


Message = Initiation | Response | ProblemMessage


def response_header(asked: InitiationHeader | None) -> ResponseHeader | None:
    """Give the header of the answer: agencies and systems swapped, schemes kept, no authentication.

    None when there was no header, or one that lacks an agency, for then no valid header can be made.
    """
    if asked is None or not _named(asked.from_agency_id) or not _named(asked.to_agency_id):
        return None
    return ResponseHeader(
        from_system_id=asked.to_system_id,
        from_agency_id=asked.to_agency_id,
        to_system_id=asked.from_system_id,
        to_agency_id=asked.from_agency_id,
    )


def _named(agency: Agency | None) -> bool:
    return agency is not None and agency.agency_id is not None
