"""A partner for tests of inter-library loan: a counter, with what the partner says and what scans show."""

from __future__ import annotations

from typing import Any, Final

from storage.circulation.ill.events import ILL_EVENT, IllEvent
from storage.circulation.ill.machine import Event, Role
from storage.circulation.ill.requests import ILL_REQUEST, IllRequest
from storage.circulation.ill.rows import BY_NUMBER, IllRow, row_of
from storage.circulation.ill.watch import WATCH_ILL
from storage.jobs.job import RunRequest, usecase_of
from storage.statements import Steps
from storage.usecase import Origin
from tests.counter import Counter
from tests.network import AVION, NOW
from tests.reactor import await_

PARTNER: Final = "FR-MDPC62"
US: Final = "FR-RESEAU"
DAY: Final = 86_400
_WATCH: Final = usecase_of(WATCH_ILL)


class Lender:
    """Speaks for the partner, for our desks and for time."""

    def __init__(self, counter: Counter) -> None:
        self.counter = counter
        self.now = NOW
        self.here = Origin("ncip", PARTNER, AVION)

    def ask(self, number: str = "q1", card: str = "R1", **more: Any) -> Any:
        """Ask the partner for a title, for a reader of ours."""
        request = IllRequest(
            Role.BORROWING, PARTNER, Origin("console", "staff", AVION), AVION, card, US, number,
            **{"identifier": "D77", "title": "Les Sept Jours", "author": "Duras"} | more,
        )  # fmt: skip
        return self.counter.do(ILL_REQUEST, request, now=self.now).answer

    def asked(self, number: str = "d1", **more: Any) -> Any:
        """Be asked by the partner."""
        request = IllRequest(Role.LENDING, PARTNER, self.here, AVION, "", PARTNER, number, **more)
        return self.counter.do(ILL_REQUEST, request, now=self.now).answer

    def says(self, event: Event, number: str = "q1", agency: str = US, **more: Any) -> Any:
        """Hear of an event from the partner."""
        request = IllEvent(event, PARTNER, self.here, agency, number, theirs=True, **more)
        return self.counter.do(ILL_EVENT, request, now=self.now).answer

    def does(self, event: Event, number: str = "q1", agency: str = US, **more: Any) -> Any:
        """Do something on our side."""
        answer: Any = self.counter.do(
            ILL_EVENT, IllEvent(event, PARTNER, self.here, agency, number, **more), now=self.now
        ).answer
        return answer

    def watch(self) -> None:
        """Let the job have its rounds until nothing more happens."""
        for _ in range(6):
            self.counter.do(_WATCH, RunRequest(Origin("job", "test", 0), self.now), now=self.now)

    def row(self, number: str = "q1", agency: str = US) -> IllRow:
        def steps() -> Steps[IllRow]:
            (found,) = yield [BY_NUMBER(agency, number)]
            return row_of(found[0])

        return await_(self.counter.store.read(steps()))

    def load(self) -> None:
        """Have a van take whatever waits for one."""
        self.counter.sql(
            "INSERT INTO manifest_line (id, transit_id, item_id, from_id, to_id, reason, loaded_at)"
            " SELECT id, id, item_id, from_id, to_id, reason, sent_at FROM transit WHERE received_at IS NULL"
        )

    def told(self) -> list[str]:
        """Give the services that wait in the outbox, in their order."""
        return [row[0] for row in self.counter.sql("SELECT service FROM outbox WHERE state = 'waiting' ORDER BY id")]

    def alerts(self) -> list[str]:
        return [row[0] for row in self.counter.sql("SELECT kind FROM anomaly ORDER BY id")]

    def notices(self) -> list[str]:
        return [row[0] for row in self.counter.sql("SELECT kind FROM notice ORDER BY id")]
