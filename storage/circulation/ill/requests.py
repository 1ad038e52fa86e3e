"""How a request begins: a reader of ours asks a partner, a partner asks us, or a partner's item comes unannounced."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from storage.circulation import facts
from storage.circulation.accounts import denials, find_item, find_patron, load_of, patron_context
from storage.circulation.due import local_day
from storage.circulation.facts import LoadRow
from storage.circulation.ill import rows
from storage.circulation.ill.events import Found, IllAnswer, IllEvent, arrived, prefixed
from storage.circulation.ill.machine import No, Role, State
from storage.circulation.ill.rows import IllRow, row_of
from storage.ids import new_id
from storage.refusals import Reason
from storage.usecase import Decision, Entry, Origin, UseCase

if TYPE_CHECKING:
    from storage.circulation.accounts import Patron
    from storage.network.network import Network, Partner
    from storage.statements import Call, Row, Steps

ACCOUNT: Final = "account"
"""Key of a partner's profile: the card of the reader that stands for the partner, to whom we lend."""


@dataclass(frozen=True, slots=True)
class IllRequest:
    """Somebody asks for a title or an item.

    *partner* is the agency of the other side, *card* our reader (borrowing) or empty (lending), *agency* and *number* the RequestId
    (empty: we make one). *record_id* or *barcode* say what is asked of us; *identifier* what we ask of the partner (its record, or
    ``isbn:...``). *comes* is the item that has come with it (AcceptItem), None when it is only asked for.
    """

    role: Role
    partner: str
    origin: Origin
    pickup_id: int
    card: str = field(default="", repr=False)
    agency: str = ""
    number: str = ""
    record_id: int | None = None
    barcode: str = ""
    identifier: str = ""
    title: str = ""
    author: str = ""
    needed_by: str | None = None
    comes: IllEvent | None = None


class RequestFacts(NamedTuple):
    """Rows of the reader, the request if it is known, the item asked for and what else bears its number, and an item of the record that can be lent."""

    patron: list[Row]
    load: list[Row]
    known: list[Row]
    coded: list[Row]
    item: list[Row]
    prefixed: list[Row]
    lendable: list[Row]


def gather(request: IllRequest, network: Network) -> Steps[RequestFacts]:
    """Read what the decision needs, in one step."""
    partner = network.partners.get(request.partner)
    card = request.card or _account(partner)
    barcode = request.comes.barcode if request.comes is not None else request.barcode
    _, _, *found = yield [
        facts.LOCK_PATRON(card),
        rows.LOCK(request.agency, request.number),
        facts.PATRON(card),
        facts.LOAD(card),
        rows.BY_NUMBER(request.agency, request.number),
        rows.BY_BARCODE(partner.id if partner is not None else 0, barcode),
        facts.ITEM(barcode),
        facts.ITEM(prefixed(request.partner, barcode)),
        rows.LENDABLE(request.record_id or 0, card),
    ]
    return RequestFacts(*(list(each) for each in found))


def _account(partner: Partner | None) -> str:
    return str(partner.profile.get(ACCOUNT, "")) if partner is not None else ""


def decide(request: IllRequest, found: RequestFacts, network: Network, now: int) -> Decision[IllAnswer]:
    """Decide whether a request begins; one that has begun already is answered alike."""
    partner = network.partners.get(request.partner)
    if partner is None:
        return Decision(IllAnswer(No.UNKNOWN_REQUEST))
    if found.known:
        return _known(request, row_of(found.known[0]), partner, found, network, now)
    patron = _patron(request, found, network, now)
    if isinstance(patron, No):
        return Decision(IllAnswer(patron))
    target = _target(request, found, network)
    if isinstance(target, No):
        return Decision(IllAnswer(target))
    row = _row(request, partner, patron, target, now)
    made = [rows.make(row)]
    if request.comes is not None:
        return _with_item(request.comes, row, made, partner, found, network, now)
    if row.role is Role.LENDING:
        made.append(
            rows.PLACE(
                row.hold_id, patron.row.id, None if target else request.record_id, target, partner.library_id, now,
                row.needed_by,
            )
        )  # fmt: skip
    else:
        made.append(rows.tell(row, "RequestItem", now))
    entry = Entry(f"ill-{row.role.value}", row.pickup_id, target, None, row.hold_id, str(row.id))
    return Decision(IllAnswer(None, row, True), tuple(made), (entry,), effect=row.effect)


def _known(
    request: IllRequest, row: IllRow, partner: Partner, found: RequestFacts, network: Network, now: int
) -> Decision[IllAnswer]:
    if row.partner_id != partner.id:
        return Decision(IllAnswer(No.DUPLICATE_REQUEST))
    if request.comes is not None:
        return arrived(request.comes, row, _coming(found), network, now)
    if row.role is not request.role:
        return Decision(IllAnswer(No.DUPLICATE_REQUEST))
    return Decision(IllAnswer(None, row), effect=row.effect, repeats=row.effect)


def _coming(found: RequestFacts) -> Found:
    return Found([], [], found.item, [], found.prefixed)


def _patron(request: IllRequest, found: RequestFacts, network: Network, now: int) -> Patron | No:
    """Find whom the request is for; a reader who may not place holds may not ask elsewhere either."""
    library = network.libraries[request.origin.library_id]
    today = local_day(now, library.zone)
    patron = find_patron(network, found.patron, library.namespace, today.isoformat())
    if isinstance(patron, Reason):
        return No.NO_ACCOUNT if request.role is Role.LENDING else No.UNKNOWN_USER
    if request.role is Role.BORROWING and request.comes is None:
        context = patron_context(network, patron, library.id, request.origin.channel)
        load = load_of(map(LoadRow._make, found.load))
        if denials(network, patron, load, context, today, now, "hold"):
            return No.USER_BLOCKED
    return patron


def _target(request: IllRequest, found: RequestFacts, network: Network) -> int | No | None:
    """Find the item that is asked of us, None for any of a record; nothing where it is we who ask."""
    if request.role is Role.BORROWING:
        return None
    if request.barcode:
        item = find_item(network, found.item, network.libraries[request.origin.library_id].namespace)
        if isinstance(item, Reason):
            return No.UNKNOWN_ITEM
        return item.row.id if item.row.for_loan and item.row.condition == "good" else No.NOT_FOR_LOAN
    if not request.record_id:
        return No.UNKNOWN_ITEM
    if not found.lendable:
        return No.NOT_FOR_LOAN
    item_id, waits = found.lendable[0]
    return item_id if waits else None


def _row(request: IllRequest, partner: Partner, patron: Patron, target: int | None, now: int) -> IllRow:
    """Make the row of a request that begins."""
    lends = request.role is Role.LENDING
    return rows.made(
        request.role, State.ACCEPTED if lends else State.ASKED, now, partner_id=partner.id, agency=request.agency,
        number=request.number, patron_id=patron.row.id, pickup_id=request.pickup_id, record_id=request.record_id,
        identifier=request.identifier, edition=request.identifier if ":" in request.identifier else "",
        title=request.title, author=request.author, barcode=request.barcode if lends else "",
        hold_id=new_id() if lends else None, needed_by=request.needed_by, card=patron.row.card,
        held_item_id=target if lends else None,
    )  # fmt: skip


def _with_item(
    comes: IllEvent, row: IllRow, made: list[Call], partner: Partner, found: RequestFacts, network: Network, now: int
) -> Decision[IllAnswer]:
    """Begin a request with the item that came for it."""
    decision = arrived(comes, row, _coming(found), network, now)
    return Decision(decision.answer, (*made, *decision.writes), decision.entries, decision.because, decision.effect)


ILL_REQUEST: Final = UseCase(
    name="ill-request",
    gather=gather,
    decide=decide,
    keys=lambda request: (f"ill:{request.agency}:{request.number}", f"card:{request.card}"),
    failed=lambda _request, code: IllAnswer(No.DUPLICATE_REQUEST if code == "already-held" else No.OVERTAKEN),
)
