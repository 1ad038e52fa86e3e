"""What an act's rules were looked up with, as the journal keeps it, for `why` and `what-if`.

One line of text: the scope that rules are compared with, then the facts that limits and dates were counted from, each as
``name=value`` and left out when there is nothing to say. It names no reader, and nothing by which two acts of one reader
could be told to belong together: how late the reader was, not which loan it was.

    owner=1 type=30 category=6 library=2 channel=sip2 location=Jeunesse%201 load=30:2,10:1 due=2026-12-20
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote, unquote

from storage.circulation.due import Due
from storage.network.policies import Context

if TYPE_CHECKING:
    from storage.network.network import Network

NO_LOANS: Mapping[int, int] = {}


class Circumstances(NamedTuple):
    """An act as its rules saw it.

    *load*, *site* and *household* are open loans by item type before the act: the reader's, those of them that were made
    at *library*, and those of the reader's household (both empty where no rule counts them). *late* is by how many days
    the reader's latest loan was overdue. *due* is what was decided, *was* what it was before a renewal, of which there
    had been *renewals*; *cap* the last possible day, and *demand* the open holds per copy in hundredths.
    """

    owner: int
    type: int
    category: int
    library: int
    channel: str
    location: str = ""
    load: Mapping[int, int] = NO_LOANS
    site: Mapping[int, int] = NO_LOANS
    household: Mapping[int, int] = NO_LOANS
    late: int = 0
    renewals: int = 0
    due: Due | None = None
    was: Due | None = None
    cap: str | None = None
    demand: int = 0

    def context(self, network: Network) -> Context:
        """Return where rules are looked for, with the trees as they are now."""
        types, categories = network.item_types, network.categories
        return Context(
            self.owner,
            types[self.type].path if self.type in types else (),
            categories[self.category].path if self.category in categories else (),
            self.library,
            self.location,
            self.channel,
        )


def _loans(loans: Mapping[int, int]) -> str:
    return ",".join([f"{kind}:{count}" for kind, count in loans.items()])


def _due(due: Due) -> str:
    return due.on if due.on is not None else f"@{due.at}"


def render(
    context: Context,
    due: Due | None = None,
    load: Mapping[int, int] = NO_LOANS,
    *,
    site: Mapping[int, int] = NO_LOANS,
    household: Mapping[int, int] = NO_LOANS,
    late: int = 0,
    renewals: int = 0,
    was: Due | None = None,
    cap: str | None = None,
    demand: int = 0,
) -> str:
    """Return the line for the journal (`storage.usecase.Entry.context`); see `Circumstances` for the arguments."""
    owner, types, categories, library, location, channel = context
    text = (
        f"owner={owner} type={types[0] if types else 0} category={categories[0] if categories else 0}"
        f" library={library} channel={channel}"
    )
    if location:
        text += f" location={quote(location)}"
    if load:
        text += f" load={_loans(load)}"
    if site:
        text += f" site={_loans(site)}"
    if household:
        text += f" household={_loans(household)}"
    if late > 0:
        text += f" late={late}"
    if renewals:
        text += f" renewals={renewals}"
    if due is not None:
        text += f" due={_due(due)}"
    if was is not None:
        text += f" was={_due(was)}"
    if cap is not None:
        text += f" cap={cap}"
    if demand:
        text += f" demand={demand}"
    return text


def _read_loans(text: str) -> Mapping[int, int]:
    return {int(kind): int(count) for kind, _, count in (part.partition(":") for part in text.split(","))}


def _read_due(text: str) -> Due:
    return Due(None, int(text[1:])) if text.startswith("@") else Due(text)


_READ: Final[Mapping[str, Callable[[str], object]]] = {
    "owner": int, "type": int, "category": int, "library": int, "location": unquote, "load": _read_loans,
    "site": _read_loans, "household": _read_loans, "late": int, "renewals": int, "due": _read_due, "was": _read_due,
    "demand": int,
}  # fmt: skip


def parse(text: str) -> Circumstances | None:
    """Read a journal row's context; None when the act looked for no rules.

    Words that are not known are passed over: a later release may have more to say. Raises ValueError for a broken line.
    """
    if not text:
        return None
    found = dict(part.split("=", 1) for part in text.split(" "))
    known: dict[str, Any] = {
        name: _READ.get(name, str)(value) for name, value in found.items() if name in Circumstances._fields
    }
    try:
        return Circumstances(**known)
    except TypeError:
        raise ValueError("a context without owner, type, category, library or channel") from None
