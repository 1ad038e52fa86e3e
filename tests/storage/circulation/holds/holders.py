"""A desk for tests of holds: titles, acts on holds, and the jobs, at the small network."""

from __future__ import annotations

from typing import Any, Final

from storage.circulation.holds.answers import HoldAnswer, HoldRequest
from storage.circulation.holds.change import (
    CANCEL_HOLD,
    CHANGE_PICKUP,
    EXTEND_HOLD,
    PUT_FIRST,
    SUSPEND_HOLD,
    PickupRequest,
    PutFirstRequest,
    SuspendRequest,
)
from storage.circulation.holds.expiry import EXPIRE_HOLDS
from storage.circulation.holds.place import PLACE_HOLD, PlaceHoldRequest
from storage.circulation.holds.targeting import TARGET_HOLDS
from storage.jobs.job import Job, RunRequest, usecase_of
from storage.usecase import Origin
from tests.network import LENS
from tests.storage.circulation.desk import Desk

DAY: Final = 86400
TITLE: Final = 100
"""The id of the title that `Holders.title` makes by default."""


class Holders(Desk):
    """A desk where holds are placed and changed, and where the night's jobs are run by hand."""

    def title(self, *items: int, record: int = TITLE) -> None:
        """Have *items* be copies of one title."""
        self.sql(
            "INSERT INTO record (id, format, iso2709, source, control, title, created_at, modified_at)"
            " VALUES (?, 'unimarc', x'', 'LENS', ?, 'Germinal', 0, 0)",
            record,
            str(record),
        )
        for item in items:
            self.sql("UPDATE item SET record_id=?, title='Germinal' WHERE id=?", record, item)

    def rule(self, attribute: str, value: str, **scope: Any) -> None:
        """Vote a rule."""
        self.sql("INSERT OR IGNORE INTO policy_set (id, code, effective_from) VALUES (1, 'vote', '2026-01-01')")
        columns = {"policy_set_id": 1, "attribute": attribute, "value": value} | scope
        self.sql(f"INSERT INTO rule ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", *columns.values())
        self.reload()

    def place(self, card: str, library: int = LENS, **more: Any) -> HoldAnswer:
        if "barcode" not in more:
            more.setdefault("record_id", TITLE)
        answer: HoldAnswer = self.run(PLACE_HOLD, PlaceHoldRequest(card, Origin("sip2", "desk", library), **more))
        return answer

    def placed(self, card: str, library: int = LENS, **more: Any) -> int:
        """Place a hold that nothing is wrong with; return its id. Each is a second later than the one before."""
        answer = self.place(card, library, **more)
        assert answer.ok, answer.reasons
        assert answer.hold is not None
        self.now += 1
        return answer.hold.id

    def cancel(self, hold_id: int = 0, **more: Any) -> HoldAnswer:
        answer: HoldAnswer = self.run(CANCEL_HOLD, HoldRequest(self.origin(LENS), hold_id, **more))
        return answer

    def suspend(self, hold_id: int, until: str | None, **more: Any) -> HoldAnswer:
        answer: HoldAnswer = self.run(SUSPEND_HOLD, SuspendRequest(self.origin(LENS), hold_id, until=until, **more))
        return answer

    def move(self, hold_id: int, pickup: int, **more: Any) -> HoldAnswer:
        request = PickupRequest(self.origin(LENS), hold_id, pickup_id=pickup, **more)
        answer: HoldAnswer = self.run(CHANGE_PICKUP, request)
        return answer

    def extend(self, hold_id: int) -> HoldAnswer:
        answer: HoldAnswer = self.run(EXTEND_HOLD, HoldRequest(self.origin(LENS), hold_id))
        return answer

    def put_first(self, hold_id: int, **more: Any) -> HoldAnswer:
        answer: HoldAnswer = self.run(PUT_FIRST, PutFirstRequest(self.origin(LENS), hold_id, **more))
        return answer

    def job(self, job: Job) -> int:
        """Run a whole round of a job; return how many things it did."""
        done, begins = 0, True
        usecase = usecase_of(job)
        while (slice_ := self.run(usecase, RunRequest(Origin("job", "test", LENS), self.now, begins))) is not None:
            done += slice_.done
            begins = False
        return done

    def target(self) -> int:
        return self.job(TARGET_HOLDS)

    def expire(self) -> int:
        return self.job(EXPIRE_HOLDS)

    def pulls(self) -> dict[int, int]:
        """Return the item that each hold asks for now."""
        return dict(self.sql("SELECT hold_id, item_id FROM pull WHERE outcome IS NULL"))

    def state(self, hold_id: int) -> str:
        """Return the state of a hold; when it has ended, its outcome."""
        found = self.sql(
            "SELECT state FROM hold WHERE id=? UNION ALL SELECT outcome FROM past_hold WHERE id=?", hold_id, hold_id
        )
        assert len(found) == 1
        return str(found[0][0])

    def told(self, kind: str) -> list[int]:
        """Return the readers who were told of something."""
        return [row[0] for row in self.sql("SELECT patron_id FROM notice WHERE kind=? ORDER BY id", kind)]

    def anomalies(self) -> list[str]:
        return [row[0] for row in self.sql("SELECT kind FROM anomaly ORDER BY id")]
