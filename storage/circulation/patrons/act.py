"""What acts on a reader share: they name the reader by a card, lock them, and change one thing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from storage.circulation import facts
from storage.circulation.accounts import Patron, find_patron
from storage.circulation.due import local_day
from storage.refusals import Reason
from storage.usecase import Decision, Entry, Origin, UseCase

if TYPE_CHECKING:
    from storage.network.network import Network
    from storage.statements import Call, Row, Steps


class CardRequest(Protocol):
    """A request about the reader of a card."""

    @property
    def card(self) -> str:
        """Any number that the reader's cards bear or bore."""
        ...

    @property
    def origin(self) -> Origin:
        """Who asks, and where: the library's namespace comes first."""
        ...


@dataclass(frozen=True, slots=True)
class PatronAnswer:
    """Whether it was done: *reasons* is empty then."""

    reasons: tuple[Reason, ...] = ()
    patron: Patron | None = None

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return not self.reasons


class Found(NamedTuple):
    """The reader, the library's day, and the rows of what else was asked for."""

    patron: Patron
    today: str
    rows: Sequence[Sequence[Row]]


Q = TypeVar("Q", bound=CardRequest)
Changes = tuple["Call", ...]


def on_reader(
    name: str,
    change: Callable[[Q, Found, Network, int], Changes | Reason],
    more: Callable[[Q], tuple[Call, ...]] = lambda _request: (),
    stands: Callable[[Q, Patron], bool] | None = None,
) -> UseCase[Q, list[Any], PatronAnswer]:
    """Return the use case that makes *change* to a reader, or is refused with the reason that it returns.

    *more* are further reads, whose rows `Found` brings; *stands* tells whether what is asked for is so already: then
    a request that comes again gets the reply that was kept. Without it none is kept.
    """

    def gather(request: Q, _network: Network) -> Steps[list[Any]]:
        _, *rows = yield [facts.LOCK_PATRON(request.card), facts.PATRON_DETAILS(request.card), *more(request)]
        return rows

    def decide(request: Q, rows: list[Any], network: Network, now: int) -> Decision[PatronAnswer]:
        library = network.libraries[request.origin.library_id]
        today = local_day(now, library.zone).isoformat()
        patron = find_patron(network, rows[0], library.namespace, today)
        if isinstance(patron, Reason):
            return Decision(PatronAnswer((patron,)))
        changed = change(request, Found(patron, today, rows[1:]), network, now)
        if isinstance(changed, Reason):
            return Decision(PatronAnswer((changed,), patron))
        # The journal knows the reader by a number that says nothing once they are erased.
        entry = Entry(name, library.id, detail=f"reader:{patron.row.id}")
        effect = f"{name}:{patron.row.id}" if stands is not None else ""
        repeats = effect if stands is not None and stands(request, patron) else ""
        return Decision(PatronAnswer((), patron), changed, (entry,), effect=effect, repeats=repeats)

    return UseCase(
        name=name,
        gather=gather,
        decide=decide,
        keys=lambda request: (f"card:{request.card}",),
        failed=lambda _request, code: PatronAnswer((Reason(code),)),
    )
