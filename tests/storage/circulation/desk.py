"""A desk for tests of the rules: the real statements on a real SQLite database, without reactor or threads."""

from __future__ import annotations

import sqlite3
from typing import Any

from storage.circulation.accounts import ItemAccount, PatronAccount, item_information, patron_information
from storage.circulation.acts import LoanAnswer
from storage.circulation.checkin import CHECKIN, CheckinRequest, ReturnAnswer
from storage.circulation.checkout import CHECKOUT, CheckoutRequest
from storage.circulation.marking import MARK, MarkAnswer, MarkRequest
from storage.circulation.renew import RENEW, RenewRequest
from storage.circulation.renew_all import RENEW_ALL, RenewAllAnswer, RenewAllRequest
from storage.circulation.standing import STANDING, Finding, StandingAnswer, StandingRequest
from storage.circulation.status import Status
from storage.circulation.undo import UNDO, UndoAnswer, UndoRequest
from storage.database import Location
from storage.drivers.snapshot import run_steps
from storage.journal import conclude, gather
from storage.network.network import load_network
from storage.usecase import Act, Origin
from tests.network import LENS, NOW


class Desk:
    """Acts at a library, one after the other, each in its own transaction."""

    def __init__(self, location: Location) -> None:
        self._location = location
        self.now = NOW
        path = location.sqlite_path
        assert path is not None
        self.database = sqlite3.connect(path, isolation_level=None)
        self.database.execute("PRAGMA foreign_keys=ON")
        self.database.execute("PRAGMA synchronous=OFF")
        self.reload()

    def close(self) -> None:
        self.database.close()

    def reload(self) -> None:
        engine = self._location.engine()
        with engine.connect() as connection:
            self.network = load_network(connection, self._location.pins())
        engine.dispose()

    def sql(self, text: str, *values: Any) -> list[Any]:
        return self.database.execute(text, values).fetchall()

    def vote(self, **values: str) -> None:
        """Have rules for everything, in force since January."""
        self.sql("INSERT OR IGNORE INTO policy_set(id, code, effective_from) VALUES (1, 'vote', '2026-01-01')")
        for attribute, value in values.items():
            self.sql("INSERT INTO rule(policy_set_id, attribute, value) VALUES (1, ?, ?)", attribute, value)
        self.reload()

    def run(self, usecase: Any, request: Any) -> Any:
        act = Act(usecase, request, self.now)
        facts, stored = run_steps(self.database, gather(act, self.network))
        decision = usecase.decide(request, facts, self.network, self.now)
        calls, outcome = conclude(act, decision, stored)
        self.database.execute("BEGIN IMMEDIATE")
        for statement, values in calls:
            text, order = statement.sqlite
            cursor = self.database.execute(text, values if order is None else order(values))
            assert cursor.rowcount or not statement.guarded, statement
        self.database.execute("COMMIT")
        return outcome.answer

    def origin(self, library: int) -> Origin:
        return Origin("sip2", "desk", library)

    def checkout(self, card: str, barcode: str, library: int = LENS, **more: Any) -> LoanAnswer:
        answer: LoanAnswer = self.run(CHECKOUT, CheckoutRequest(card, barcode, self.origin(library), **more))
        return answer

    def renew(self, card: str, barcode: str, library: int = LENS, **more: Any) -> LoanAnswer:
        answer: LoanAnswer = self.run(RENEW, RenewRequest(card, barcode, self.origin(library), **more))
        return answer

    def checkin(self, barcode: str, library: int = LENS, **more: Any) -> ReturnAnswer:
        answer: ReturnAnswer = self.run(CHECKIN, CheckinRequest(barcode, self.origin(library), **more))
        return answer

    def renew_all(self, card: str, library: int = LENS, **more: Any) -> RenewAllAnswer:
        answer: RenewAllAnswer = self.run(RENEW_ALL, RenewAllRequest(card, self.origin(library), **more))
        return answer

    def stand(self, barcode: str, finding: Finding, library: int = LENS, card: str = "") -> StandingAnswer:
        answer: StandingAnswer = self.run(STANDING, StandingRequest(barcode, finding, self.origin(library), card))
        return answer

    def mark(self, barcode: str, condition: Any, library: int = LENS, **more: Any) -> MarkAnswer:
        answer: MarkAnswer = self.run(MARK, MarkRequest(barcode, condition, self.origin(library), **more))
        return answer

    def undo(self, barcode: str, act: Any, library: int = LENS, **more: Any) -> UndoAnswer:
        answer: UndoAnswer = self.run(UNDO, UndoRequest(barcode, act, self.origin(library), **more))
        return answer

    def anomalies(self) -> list[str]:
        return [kind for (kind,) in self.sql("SELECT kind FROM anomaly ORDER BY id")]

    def notices(self) -> list[tuple[str, int]]:
        return self.sql("SELECT kind, patron_id FROM notice ORDER BY id")

    def status(self, barcode: str) -> Status:
        item = self.item(barcode).item
        assert item is not None
        return item.status

    def item(self, barcode: str, library: int = LENS) -> ItemAccount:
        return run_steps(self.database, item_information(self.network, barcode, library, self.now))

    def patron(self, card: str, library: int = LENS, *, pin: str | None = None) -> PatronAccount:
        return run_steps(self.database, patron_information(self.network, card, library, "sip2", pin, self.now))

    def hold(self, hold_id: int, patron: int, *, item: int, pickup: int, at: int = NOW, **more: Any) -> None:
        values = {"id": hold_id, "patron_id": patron, "target_item_id": item, "pickup_id": pickup, "requested_at": at}
        values |= more
        columns, marks = ", ".join(values), ", ".join("?" * len(values))
        self.sql(f"INSERT INTO hold ({columns}) VALUES ({marks})", *values.values())
