"""Every message of NCIP by its element's name, and the pair that tells versions (a document of its own).

A message's class has the element's name. The answers to notifications hold problems and nothing else: they share `PlainResponse`.
"""

from __future__ import annotations

from protocols.ncip.base import Initiation, Response
from protocols.ncip.circulation import CIRCULATION
from protocols.ncip.lookups import LOOKUPS
from protocols.ncip.model import Element, One, Some, element
from protocols.ncip.notifications import NOTIFICATIONS
from protocols.ncip.upkeep import UPKEEP


@element()
class UniqueAgencyId(Element):
    """An agency in the notation of NCIP 1.0, which the version messages keep."""

    scheme: One[str] = None
    value: One[str] = None


@element()
class VersionAgency(Element):
    """FromAgencyId, ToAgencyId of the version messages."""

    unique_agency_id: One[UniqueAgencyId] = None


@element()
class LookupVersion(Initiation):
    """Tell which versions are spoken (a document of its own: see `protocols.ncip.envelope.Form`)."""

    from_agency_id: One[VersionAgency] = None
    to_agency_id: One[VersionAgency] = None


@element()
class LookupVersionResponse(Response):
    """The versions spoken."""

    from_agency_id: One[VersionAgency] = None
    to_agency_id: One[VersionAgency] = None
    version_supported: Some[str] = ()


MESSAGES: dict[str, type[Initiation | Response]] = {
    cls.__name__: cls for cls in (*LOOKUPS, *CIRCULATION, *UPKEEP, *NOTIFICATIONS, LookupVersion, LookupVersionResponse)
}
"""Element -> message: all 48 initiations, and the responses to lookups and updates."""
