"""The rule that sends a hold to the partner: a title of which only the partner's catalogue has a record, and nobody here a copy.

Such a hold would wait for ever. It becomes a request to the partner that brought the record, in the reader's name; what comes is
held for the reader like anything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import bindparam, exists, literal_column, select

from protocols.marc.format import Format
from storage.catalogue.access_points import ISBN
from storage.catalogue.records import terms_of
from storage.circulation import writes
from storage.circulation.due import local_day
from storage.circulation.ill import rows
from storage.circulation.ill.lenders import new_number, our_agency
from storage.circulation.ill.machine import Role, State
from storage.circulation.ill.rows import IllRow
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
    format: str
    iso2709: bytes


HOMELESS: Final = Statement(
    "holds on what a partner has",
    select(
        hold.c.id, hold.c.patron_id, hold.c.pickup_id, hold.c.expires_on, record.c.id, record.c.control, record.c.title,
        record.c.author, partner.c.agency, record.c.format, record.c.iso2709,
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
    .order_by(hold.c.id, partner.c.id)
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
    asked = 0
    for homeless in map(Homeless._make, found):
        if homeless.id == asked:  # a library that several agencies stand for is asked once
            continue
        asked = homeless.id
        row = _request(homeless, network.partners[homeless.agency], network, now)
        today = local_day(now, network.libraries[row.pickup_id].zone)
        written += writes.end_hold(homeless.id, "cancelled", None, today, now)
        written += [rows.make(row), rows.tell(row, "RequestItem", now)]
        entries.append(Entry("ill-borrowing", row.pickup_id, None, None, homeless.id, str(row.id)))
    last = str(found[-1][0]) if len(found) == request.size else ""
    return Decision(Slice(len(entries), last), tuple(written), tuple(entries))


def _request(homeless: Homeless, whose: Partner, network: Network, now: int) -> IllRow:
    here = network.libraries[homeless.pickup_id]
    return rows.made(
        Role.BORROWING, State.ASKED, now, partner_id=whose.id, agency=our_agency(whose, here), number=new_number(),
        patron_id=homeless.patron_id, pickup_id=here.id, record_id=homeless.record_id, identifier=homeless.control,
        edition=_edition(homeless), title=homeless.title, author=homeless.author, needed_by=homeless.expires_on,
    )  # fmt: skip


def _edition(homeless: Homeless) -> str:
    """Give the ISBN by which any lender knows the title, if its record has one."""
    found = terms_of(Format(homeless.format), homeless.iso2709)[ISBN.code]
    return f"isbn:{max(found, key=len)}" if found else ""


ASK_ELSEWHERE: Final = Job("ask-elsewhere", "Ask partners for what only they have", gather, decide, every=300, size=50)
