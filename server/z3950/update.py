"""The extended service Update, by cataloguers who may, of their commune's records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from protocols.marc import iso2709
from protocols.marc.canonical import Canonical, canonical, from_iso2709
from protocols.marc.charsets import Charset
from protocols.marc.display import short
from protocols.marc.errors import BadRecord, MarcError, Reason
from protocols.marc.format import Format
from protocols.marc.holdings import ITEM_TAGS
from protocols.marc.marcxml import Reader
from protocols.z3950 import apdu, oids
from protocols.z3950 import update as wire
from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.elements import DiagRec, External
from protocols.z3950.errors import RemoteProtocolError
from server.catalogue.shared import Catalogue, databases
from server.z3950.shelf import Outcome
from storage.catalogue.updates import Action, Change, Content, UpdateReason, UpdateRefused, change_record
from storage.network.network import Cataloguer, Network
from storage.usecase import Origin

MAX_RECORDS: Final = 50
"""Records of one request."""

ACTIONS: Final[dict[int, Action]] = {
    wire.Action.RECORD_INSERT: Action.INSERT,
    wire.Action.RECORD_REPLACE: Action.REPLACE,
    wire.Action.RECORD_DELETE: Action.DELETE,
    wire.Action.SPECIAL_UPDATE: Action.SAVE,
}
REASONS: Final[dict[UpdateReason, Bib1]] = {
    UpdateReason.EXISTS: Bib1.ES_IMMEDIATE_FAILED,
    UpdateReason.UNKNOWN: Bib1.INVALID_RECORD_NUMBER,
    UpdateReason.NOT_YOURS: Bib1.ES_PERMISSION_MODIFY,
    UpdateReason.CHANGED: Bib1.RECORD_LOCKED,
    UpdateReason.NO_NUMBER: Bib1.ES_MISSING_PARAMETER,
    UpdateReason.SUPERSEDED: Bib1.ES_IMMEDIATE_FAILED,
    UpdateReason.MERGED: Bib1.ES_IMMEDIATE_FAILED,
}
"""Why a record is not changed -> the diagnostic."""


async def perform(
    catalogue: Catalogue,
    account: Cataloguer | None,
    request: apdu.ExtendedServicesRequest,
    version: int,
    told: Callable[[Refused], Refused],
) -> Outcome:
    """Do what a request for Update asks; *told* puts a no into the language of who asks. Raises Refused, StoreUnavailable."""
    if account is None or not account.updates:
        raise Refused(Bib1.ES_PERMISSION_ID, "Init must name a cataloguer who may update")
    keep, supplied = _parameters(request)
    action = ACTIONS.get(keep.action)
    if action is None:
        raise Refused(Bib1.ES_ACTION, keep.action)
    if len(supplied) > MAX_RECORDS:
        raise Refused(Bib1.ES_TOO_MANY_RECORDS, MAX_RECORDS)
    network = catalogue.store.network
    joined = [database.id for database in databases(network, [keep.database_name])]
    results = []
    for each in supplied:
        refused = await _changed(catalogue, account, action, each, joined)
        results.append(_result(each, None if refused is None else told(refused), version))
    return _outcome(keep, tuple(results))


def _parameters(
    request: apdu.ExtendedServicesRequest,
) -> tuple[wire.OriginPartToKeep, Sequence[wire.SuppliedRecord]]:
    sent = request.task_specific_parameters
    if sent is None or sent.single_asn1_type is None:
        raise Refused(Bib1.ES_MISSING_PARAMETER, "taskSpecificParameters")
    if sent.direct_reference not in oids.UPDATES:
        raise Refused(Bib1.ES_PARAMETERS_OID, sent.direct_reference or "")
    try:
        asked = wire.read_update(sent.single_asn1_type).es_request
    except RemoteProtocolError as error:
        raise Refused(Bib1.ES_PARAMETER_VALUE, error) from error
    if asked is None or asked.to_keep is None:
        raise Refused(Bib1.ES_MISSING_PARAMETER, "toKeep")
    return asked.to_keep, asked.not_to_keep


def _sources(network: Network, account: Cataloguer) -> list[str]:
    """Return the codes of the libraries in whose name an account may write, its own first."""
    own = network.libraries[account.library_id]
    others = [
        library.code
        for library in network.libraries.values()
        if own.commune and library.commune == own.commune and library is not own
    ]
    return [own.code, *others]


async def _changed(
    catalogue: Catalogue, account: Cataloguer, action: Action, sent: wire.SuppliedRecord, joined: list[int]
) -> Refused | None:
    """Change one record; return why it was not."""
    try:
        change = _change(action, sent)
        origin = Origin("z3950", account.code, account.library_id)
        sources = _sources(catalogue.store.network, account)
        await catalogue.store.work(change_record, origin, sources, change, joined, int(catalogue.clock.seconds()))
    except Refused as refused:
        return refused
    except UpdateRefused as refused:
        return Refused(REASONS[refused.reason], str(refused))
    return None


def _change(action: Action, sent: wire.SuppliedRecord) -> Change:
    number, control = None, ""
    if sent.record_id is not None:
        number = sent.record_id.number
        control = sent.record_id.string or (sent.record_id.opaque or b"").decode("utf-8", "replace")
    version = None
    if sent.supplemental_id is not None:
        version = sent.supplemental_id.version_number or sent.supplemental_id.time_stamp
    content = _content(sent.record) if action is not Action.DELETE or not (control or number) else None
    return Change(action, number, control, version, content)


def _content(sent: External) -> Content:
    if sent.direct_reference not in _READERS or sent.octet_aligned is None:
        raise Refused(Bib1.RECORD_SYNTAX, f"{sent.direct_reference}: {', '.join(_READERS)} are taken")
    try:
        made = _READERS[sent.direct_reference](sent.octet_aligned)
        fields = [field for field in made.fields if field[0] not in ITEM_TAGS[made.form]]
        raw = iso2709.join(made.leader, fields)
    except MarcError as error:
        raise Refused(Bib1.ES_PARAMETER_VALUE, f"the record: {error}") from error
    brief = short(fields, made.form)
    control = next((data.decode().strip() for tag, data in fields if tag == b"001"), "")
    return Content(control, made.form, raw, brief.title, brief.author)


def _xml(octets: bytes) -> Canonical:
    """Return the one record that a piece of XML is. Raises MarcError."""
    reader = Reader()
    found = [*reader.receive(octets), *reader.close()]
    if len(found) != 1:
        raise BadRecord(Reason.UNKNOWN_FORMAT, b"", "one record is expected")
    if isinstance(found[0], BadRecord):
        raise found[0]
    return canonical(found[0].leader, found[0].fields, None, Charset.UTF8)


_READERS: Final[dict[str, Callable[[bytes], Canonical]]] = {
    oids.UNIMARC: lambda octets: from_iso2709(octets, Format.UNIMARC),
    oids.USMARC: lambda octets: from_iso2709(octets, Format.MARC21),
    oids.XML: _xml,
}
"""Record syntax -> what reads a record."""


# --- what became of it -------------------------------------------------------------------------------------------------------


def _result(sent: wire.SuppliedRecord, refused: Refused | None, version: int) -> wire.TaskPackageRecord:
    if refused is None:
        return wire.TaskPackageRecord(correlation_info=sent.correlation_info, record_status=wire.RecordStatus.SUCCESS)
    diagnostics = (DiagRec(default_format=refused.diagnostic(version)),)
    return wire.TaskPackageRecord(
        record_or_sur_diag=wire.RecordOrDiagnostics(surrogate_diagnostics=diagnostics),
        correlation_info=sent.correlation_info,
        record_status=wire.RecordStatus.FAILURE,
    )


def _outcome(keep: wire.OriginPartToKeep, results: tuple[wire.TaskPackageRecord, ...]) -> Outcome:
    failed = [each for each in results if each.record_status == wire.RecordStatus.FAILURE]
    status = wire.UpdateStatus.SUCCESS
    if failed:
        status = wire.UpdateStatus.FAILURE if len(failed) == len(results) else wire.UpdateStatus.PARTIAL
    diagnostics: list[DiagRec] = []
    for each in failed:
        if each.record_or_sur_diag is not None:
            diagnostics += each.record_or_sur_diag.surrogate_diagnostics or ()
    told = wire.TargetPart(update_status=status, task_package_records=results)
    return Outcome(
        wire.Update(task_package=wire.UpdatePackage(origin_part=keep, target_part=told)),
        failed=status == wire.UpdateStatus.FAILURE,
        diagnostics=tuple(diagnostics),
    )
