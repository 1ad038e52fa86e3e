"""What a target answers to an Init: version, options, sizes, characters; or why it will not (z3950.md 1.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from protocols.z3950 import oids
from protocols.z3950.apdu import InitializeRequest, InitializeResponse, Options, ProtocolVersion
from protocols.z3950.asn1 import Codec, sequence_of
from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.elements import (
    CharacterSet,
    CharSetAndLanguageNegotiation,
    DefaultDiagFormat,
    Diagnostic,
    DiagnosticEntry,
    External,
    Information,
    InitialSet,
    Iso2022,
    Iso2022Response,
    OriginProposal,
    OtherInformationUnit,
    PrivateCharacterSet,
    TargetResponse,
)
from protocols.z3950.errors import RemoteProtocolError
from protocols.z3950.schema import codec_of

VERSIONS: Final = ProtocolVersion.VERSION_1 | ProtocolVersion.VERSION_2 | ProtocolVersion.VERSION_3

_NEGOTIATION: Final = codec_of(CharSetAndLanguageNegotiation)
_UNITS: Final = sequence_of(codec_of(OtherInformationUnit))
_ISO_2022: Final = codec_of(Iso2022)
_PRIVATE: Final = codec_of(PrivateCharacterSet)
_ENTRIES: Final = sequence_of(codec_of(DiagnosticEntry))


UTF_8: Final = "utf-8"
NAMED: Final = {
    **dict.fromkeys(("utf-8", "utf8"), UTF_8),
    **dict.fromkeys(("iso-8859-1", "iso8859-1", "latin1", "latin-1"), "iso-8859-1"),
    **dict.fromkeys(("windows-1252", "cp1252"), "windows-1252"),
    **dict.fromkeys(("iso-5426", "iso5426"), "iso-5426"),
    **dict.fromkeys(("marc-8", "marc8", "ansel"), "marc-8"),
}
"""Name of a set, in small letters -> the name by which it is known here."""
REGISTERED: Final = {53: "iso-5426", 100: "iso-8859-1", 231: "marc-8"}
"""Number of a right half in the register of ISO 2375 -> the same."""
OF_RECORDS: Final = frozenset({UTF_8, "iso-5426", "marc-8"})
"""The sets that records can say of themselves."""
LANGUAGES: Final = {**dict.fromkeys(("eng", "en"), "en"), **dict.fromkeys(("fre", "fra", "fr"), "fr")}
"""Language as it is proposed (ISO 639) -> that in which diagnostics are written."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What an Init has agreed on: the set of names, terms and messages, and whether it is that of records; the language.

    The empty *charset* is none: terms are told by what they look like.
    """

    charset: str = ""
    records: bool = False
    language: str = ""


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


def agreement(response: InitializeResponse) -> Agreement:
    """Return what an accepted Init has agreed on."""
    for unit in response.other_info or ():
        sent = unit.information.externally_defined_info
        if sent is not None and sent.single_asn1_type is not None:
            chosen = _NEGOTIATION.decode(sent.single_asn1_type).response
            if chosen is not None:
                selected = chosen.selected_char_sets
                return Agreement(
                    "" if selected is None else _name(selected),
                    bool(chosen.records_in_selected_char_sets),
                    LANGUAGES.get(chosen.selected_language or "", ""),
                )
    return Agreement()


def _name(chosen: CharacterSet) -> str:
    """Return the name of a set, proposed or selected; the empty one where it is not known here."""
    if chosen.iso10646 is not None:
        return UTF_8 if chosen.iso10646.encoding_level == oids.UTF_8 else ""
    if chosen.private is not None:
        private = _read(_PRIVATE, chosen.private)
        sent = None if private is None else private.externally_specified
        if sent is not None and sent.direct_reference == oids.CHARACTER_SET_NAME:
            return NAMED.get((sent.octet_aligned or b"").decode("ascii", "replace").strip("\0 ").lower(), "")
    sets = None if chosen.iso2022 is None else _read(_ISO_2022, chosen.iso2022)
    if sets is not None:
        proposed, selected = sets.origin_proposal, sets.target_response
        numbers = (
            proposed.proposed_sets if proposed is not None else selected.selected_sets if selected is not None else ()
        )
        return next((REGISTERED[number] for number in numbers if number in REGISTERED), "")
    return ""


def _selected(proposed: CharacterSet) -> CharacterSet:
    """Return a set that was proposed as the one that is chosen."""
    if proposed.iso2022 is None:
        return proposed
    sent = _ISO_2022.decode(proposed.iso2022).origin_proposal
    if sent is None:  # an answer where a proposal belongs
        return CharacterSet(none=True)
    number = next(each for each in sent.proposed_sets if each in REGISTERED)
    kept = tuple(each for each in sent.proposed_sets if each == number or each not in REGISTERED)
    initial = next(
        (each for each in sent.proposed_initial_sets if each.g1 == number), InitialSet(g0=6, g1=number, c0=1)
    )
    chosen = Iso2022Response(
        selected_environment=sent.proposed_environment,
        selected_sets=kept,
        selected_initial_set=initial,
        selected_left_and_right=sent.proposed_left_and_right,
    )
    return CharacterSet(iso2022=_ISO_2022.encode(Iso2022(target_response=chosen)))


def _read(codec: Codec, octets: bytes) -> Any:
    try:
        return codec.decode(octets)
    except RemoteProtocolError:
        return None


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
    """Choose UTF-8 where it is proposed, else the first set that is known here; and the first language that is."""
    known = [(name, each) for each in proposal.proposed_char_sets or () if (name := _name(each))]
    name, proposed = min(known, key=lambda pair: pair[0] != UTF_8, default=("", CharacterSet(none=True)))
    chosen = _selected(proposed)
    of_records = name in OF_RECORDS and chosen.none is None
    return TargetResponse(
        selected_char_sets=chosen if proposal.proposed_char_sets else None,
        selected_language=next((each for each in proposal.proposed_languages or () if each in LANGUAGES), None),
        records_in_selected_char_sets=of_records and bool(proposal.records_in_selected_char_sets),
    )
