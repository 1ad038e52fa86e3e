"""To whom a request goes: the partners whose profile gives them an ``order``, one after the other, until one can fill it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from storage.circulation.ill import rows
from storage.circulation.ill.machine import Role, State

if TYPE_CHECKING:
    from storage.circulation.ill.rows import IllRow
    from storage.network.network import Library, Network, Partner

ORDER: Final = "order"
"""Key of a partner's profile: its place in the row of lenders, the least first."""


def lenders(network: Network) -> list[Partner]:
    """Give the partners that are asked in a row, in their order."""
    found = [
        partner
        for partner in network.partners.values()
        if partner.enabled and partner.endpoint and type(partner.profile.get(ORDER)) is int
    ]
    return sorted(found, key=lambda partner: (partner.profile[ORDER], partner.agency))


def after(network: Network, partner: Partner) -> Partner | None:
    """Give the lender after *partner*; the first, after one that stands in no row. A row has an end."""
    row = lenders(network)
    if partner not in row:
        return row[0] if row else None
    rest = row[row.index(partner) + 1 :]
    return rest[0] if rest else None


def our_agency(partner: Partner, library: Library) -> str:
    """Give the agency that we are to *partner*: as agreed in its profile, else the library's ISIL or code."""
    return str(partner.profile.get("our_agency") or library.isil or library.code)


def new_number() -> str:
    """Return the number of a request of ours, which no one can guess."""
    return os.urandom(12).hex()


def take_up(row: IllRow, network: Network, partner: Partner, now: int) -> IllRow | None:
    """Give the request to the next lender that takes up *row*, which *partner* cannot fill; None when nobody is left.

    A partner's own number of a title means nothing to the next: only what has a number of its edition goes on.
    """
    following = after(network, partner)
    if following is None or not row.edition or row.patron_id is None:
        return None
    here = network.libraries[row.pickup_id]
    return rows.made(
        Role.BORROWING, State.ASKED, now, partner_id=following.id, agency=our_agency(following, here), number=new_number(),
        patron_id=row.patron_id, pickup_id=row.pickup_id, record_id=row.record_id, identifier=row.edition,
        edition=row.edition, title=row.title, author=row.author, needed_by=row.needed_by, follows_id=row.id,
    )  # fmt: skip
