"""The rule that sends a hold to the partner: a title of which only the partner's catalogue has a record, and nobody here a copy.

Such a hold would wait for ever. It becomes a request to the partner that brought the record, in the reader's name; what comes is
held for the reader like anything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import bindparam, exists, literal_column, select

from storage.circulation import writes
from storage.circulation.due import local_day
from storage.circulation.ill import rows
from storage.circulation.ill.machine import Role, State, check_at
from storage.circulation.ill.requests import new_number
from storage.circulation.ill.rows import IllRow
from storage.ids import new_id
from storage.jobs.job import Job, Slice, SliceRequest
from storage.schema import hold, item, library, partner, record
from storage.statements import Statement
from storage.usecase import Decision, Entry

if TYPE_CHECKING:
    from storage.network.network import Network, Partner
    from storage.statements import Call, Row, Steps


class Homeless(NamedTuple):
    """A hold on a title that a partner alone has."""

    id: int
    patron_id: int
    pickup_id: int
    expires_on: str | None
    record_id: int
    control: str
    title: str
    author: str
    agency: str


HOMELESS: Final = Statement(
    "holds on what a partner has",
    select(
        hold.c.id, hold.c.patron_id, hold.c.pickup_id, hold.c.expires_on, record.c.id, record.c.control, record.c.title,
        record.c.author, partner.c.agency,
    )
    .select_from(
        hold.join(record, record.c.id == hold.c.record_id)
        .join(library, library.c.code == record.c.source)
        .join(partner, partner.c.library_id == library.c.id)
    )
    .where(
        hold.c.id > bindparam("after"),
        hold.c.state == literal_column("'waiting'"),
        library.c.kind == literal_column("'external'"),
        partner.c.enabled == literal_column("1"),
        partner.c.endpoint.is_not(None),
        ~exists().where(item.c.record_id == record.c.id),
    )
    .order_by(hold.c.id)
    .limit(bindparam("size")),
    "after", "size",
)  # fmt: skip


def gather(request: SliceRequest, _network: Network) -> Steps[list[Row]]:
    """Read the next holds that wait for what nobody here has."""
    (found,) = yield [HOMELESS(int(request.cursor or 0), request.size)]
    return list(found)


def decide(request: SliceRequest, found: list[Row], network: Network, now: int) -> Decision[Slice]:
    """Turn each into a request to its partner."""
    written: list[Call] = []
    entries: list[Entry] = []
    for homeless in map(Homeless._make, found):
        row = _request(homeless, network.partners[homeless.agency], network, now)
        today = local_day(now, network.libraries[row.pickup_id].zone)
        written += writes.end_hold(homeless.id, "cancelled", None, today, now)
        written += [rows.make(row), rows.tell(row, "RequestItem", now)]
        entries.append(Entry("ill-borrowing", row.pickup_id, None, None, homeless.id, str(row.id)))
    last = str(found[-1][0]) if len(found) == request.size else ""
    return Decision(Slice(len(found), last), tuple(written), tuple(entries))


def _request(homeless: Homeless, whose: Partner, network: Network, now: int) -> IllRow:
    here = network.libraries[homeless.pickup_id]
    nothing: dict[str, Any] = dict.fromkeys(IllRow._fields)
    return IllRow(**nothing | {
        "id": new_id(), "role": Role.BORROWING, "partner_id": whose.id,
        "agency": str(whose.profile.get("our_agency") or here.isil or here.code), "number": new_number(),
        "state": State.ASKED, "patron_id": homeless.patron_id, "pickup_id": here.id, "record_id": homeless.record_id,
        "identifier": homeless.control, "title": homeless.title, "author": homeless.author, "barcode": "",
        "needed_by": homeless.expires_on, "made_at": now, "since_at": now,
        "check_at": check_at(Role.BORROWING, State.ASKED, now),
    })  # fmt: skip


ASK_ELSEWHERE: Final = Job("ask-elsewhere", "Ask partners for what only they have", gather, decide, every=300, size=50)
