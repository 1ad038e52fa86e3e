"""What a target answers to an Init: version, options, sizes, characters; or why it will not (z3950.md 1.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from protocols.z3950 import oids
from protocols.z3950.apdu import InitializeRequest, InitializeResponse, Options, ProtocolVersion
from protocols.z3950.asn1 import sequence_of
from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.elements import (
    CharacterSet,
    CharSetAndLanguageNegotiation,
    DefaultDiagFormat,
    Diagnostic,
    DiagnosticEntry,
    External,
    Information,
    OriginProposal,
    OtherInformationUnit,
    TargetResponse,
)
from protocols.z3950.errors import RemoteProtocolError
from protocols.z3950.schema import codec_of

VERSIONS: Final = ProtocolVersion.VERSION_1 | ProtocolVersion.VERSION_2 | ProtocolVersion.VERSION_3

_NEGOTIATION: Final = codec_of(CharSetAndLanguageNegotiation)
_UNITS: Final = sequence_of(codec_of(OtherInformationUnit))
_ENTRIES: Final = sequence_of(codec_of(DiagnosticEntry))


@dataclass(frozen=True, slots=True)
class Offer:
    """What a target can do. Sizes are octets of the records of one response."""

    options: Options
    implementation_id: str
    implementation_name: str
    implementation_version: str
    preferred_message_size: int = 1 << 20
    exceptional_record_size: int = 4 << 20


def accept(request: InitializeRequest, offer: Offer) -> InitializeResponse:
    """Return the response that opens the association: of what is proposed, all that is offered.

    Raises Refused when no version of the protocol is common to both.
    """
    versions = request.protocol_version & VERSIONS
    if not versions:
        raise Refused(Bib1.UNSPECIFIED_ERROR, "no common version of the protocol: 2 and 3 are spoken here")
    preferred = _size(request.preferred_message_size, offer.preferred_message_size)
    exceptional = _size(request.exceptional_record_size, offer.exceptional_record_size)
    characters = _characters(request)
    options = request.options & offer.options
    return InitializeResponse(
        reference_id=request.reference_id,
        protocol_version=versions | ProtocolVersion.VERSION_1,
        options=options if characters else options & ~Options.NEGOTIATION_MODEL,
        preferred_message_size=preferred,
        exceptional_record_size=max(preferred, exceptional),
        result=True,
        implementation_id=offer.implementation_id,
        implementation_name=offer.implementation_name,
        implementation_version=offer.implementation_version,
        other_info=(characters,) if characters else None,
    )


def records_in_utf8(response: InitializeResponse) -> bool:
    """Tell whether an accepted Init has promised that records come in UTF-8."""
    for unit in response.other_info or ():
        sent = unit.information.externally_defined_info
        if sent is not None and sent.single_asn1_type is not None:
            chosen = _NEGOTIATION.decode(sent.single_asn1_type).response
            return bool(chosen is not None and chosen.records_in_selected_char_sets)
    return False


def refuse(request: InitializeRequest, offer: Offer, refused: Refused) -> InitializeResponse:
    """Return the response that opens no association and says why, in the form agreed on by implementors (UserInfo-1)."""
    diagnostic = Diagnostic(default_diag_rec=refused.diagnostic(3))
    report = External(
        direct_reference=oids.DIAGNOSTICS_DIAG_1,
        single_asn1_type=_ENTRIES.encode((DiagnosticEntry(diagnostic=diagnostic),)),
    )
    unit = OtherInformationUnit(information=Information(externally_defined_info=report))
    return InitializeResponse(
        reference_id=request.reference_id,
        protocol_version=VERSIONS,
        options=0,
        preferred_message_size=offer.preferred_message_size,
        exceptional_record_size=offer.exceptional_record_size,
        result=False,
        implementation_id=offer.implementation_id,
        implementation_name=offer.implementation_name,
        implementation_version=offer.implementation_version,
        user_information_field=External(direct_reference=oids.USER_INFO_1, single_asn1_type=_UNITS.encode((unit,))),
    )


def reasons(response: InitializeResponse) -> Iterator[DefaultDiagFormat]:
    """Yield the diagnostics with which a target refused an association. Raises MalformedPdu."""
    told = response.user_information_field
    if told is None or told.direct_reference != oids.USER_INFO_1 or told.single_asn1_type is None:
        return
    for unit in _UNITS.decode(told.single_asn1_type):
        report = unit.information.externally_defined_info
        if report is not None and report.direct_reference == oids.DIAGNOSTICS_DIAG_1 and report.single_asn1_type:
            for entry in _ENTRIES.decode(report.single_asn1_type):
                if entry.diagnostic is not None and entry.diagnostic.default_diag_rec is not None:
                    yield entry.diagnostic.default_diag_rec


def _size(proposed: int, offered: int) -> int:
    """Return the smaller size; some origins send 0 for "as you like"."""
    return min(proposed, offered) if proposed > 0 else offered


def _characters(request: InitializeRequest) -> OtherInformationUnit | None:
    """Return the answer to a proposal of character sets and languages, or None when there is no proposal."""
    for unit in request.other_info or ():
        sent = unit.information.externally_defined_info
        if sent is None or sent.direct_reference != oids.CHARACTER_SETS_3 or sent.single_asn1_type is None:
            continue
        try:
            proposal = _NEGOTIATION.decode(sent.single_asn1_type).proposal
        except RemoteProtocolError:
            continue
        if proposal is not None:
            answer = _NEGOTIATION.encode(CharSetAndLanguageNegotiation(response=_choose(proposal)))
            made = External(direct_reference=oids.CHARACTER_SETS_3, single_asn1_type=answer)
            return OtherInformationUnit(information=Information(externally_defined_info=made))
    return None


def _choose(proposal: OriginProposal) -> TargetResponse:
    """Choose UTF-8, for names, terms, messages and records, where it is proposed; and English."""
    chosen = CharacterSet(none=True)
    for proposed in proposal.proposed_char_sets or ():
        if proposed.iso10646 is not None and proposed.iso10646.encoding_level == oids.UTF_8:
            chosen = CharacterSet(iso10646=proposed.iso10646)
            break
    return TargetResponse(
        selected_char_sets=chosen if proposal.proposed_char_sets else None,
        selected_language="eng" if "eng" in (proposal.proposed_languages or ()) else None,
        records_in_selected_char_sets=chosen.iso10646 is not None and bool(proposal.records_in_selected_char_sets),
    )
