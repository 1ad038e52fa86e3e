from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from protocols.sip2.codes import AlertType, CirculationStatus, MediaType, SupportedMessage
from protocols.sip2.session import REQUESTS
from protocols.sip2.tables import Message
from server.sip2 import replies
from server.sip2.desk import ANSWERS, SUPPORTED
from server.sip2.setting import Setting
from server.sip2.tables import ALERTS, DENIED, REASONS, SAID, STATUSES
from storage.circulation.checkin import Alert
from storage.circulation.due import Due
from storage.circulation.status import Status
from storage.refusals import SENTENCES, Reason
from tests.network import NOW

PARIS = ZoneInfo("Europe/Paris")


def test_every_reason_status_and_alert_has_its_row() -> None:
    assert set(REASONS) == set(Reason)
    assert set(STATUSES) == set(Status)
    assert set(ALERTS) == set(Alert)


def test_alert_types_are_those_of_the_store() -> None:
    assert {alert: kind.value for alert, (kind, _, _) in ALERTS.items()} == {alert: alert.value for alert in Alert}
    assert AlertType.UNKNOWN not in {kind for kind, _, _ in ALERTS.values()}


def test_an_item_that_may_leave_is_charged_and_only_that_one() -> None:
    # Gates open for status 04 alone.
    assert [status for status, code in STATUSES.items() if code is CirculationStatus.CHARGED] == [Status.ON_LOAN]


def test_texts_fit_the_screen_of_a_terminal() -> None:
    own = [*(texts for _, *texts in ALERTS.values()), *SAID, *SENTENCES.values()]
    for french, english in own:
        assert 0 < len(french) <= 80
        assert 0 < len(english) <= 80
        assert "|" not in french + english


def test_every_request_is_answered_or_refused_in_the_shape_of_its_own_response() -> None:
    setting = Setting(None, NOW, "en", PARIS)
    for kind in REQUESTS:
        if not kind.TABLE:
            continue
        blank = {row.name: row.column.read("") if row.column.read else "" for row in kind.TABLE if row.required}
        shared = {name: "ECHO" for name in ("patron_identifier", "item_identifier", "institution_id") if name in blank}
        response = replies.refusal(kind(**blank | shared), setting, ("no",))
        assert response.CODE == kind.REPLY
        for name, value in shared.items():
            assert getattr(response, name, value) == value
        for flag in ("ok", "payment_accepted", "end_session", "item_properties_ok", "on_line_status", "renewal_ok"):
            assert getattr(response, flag, False) is False
        assert getattr(response, "patron_status", DENIED) == DENIED
        assert getattr(response, "desensitize", False) is False
        assert getattr(response, "valid_patron", False) is False
        assert getattr(response, "screen_message", ("no",)) == ("no",)


def test_bx_is_computed_from_what_is_answered() -> None:
    assert {code.value for code in SUPPORTED} == {kind.CODE for kind in ANSWERS} - {"37"} | {"93", "97", "99"}
    setting = Setting(None, NOW, "fr", PARIS)
    status: Any = replies.acs_status(setting, "x", on_line=True, circulates=True, supported=SUPPORTED, legacy=False)
    assert status.supported_messages == SUPPORTED
    assert {Message.BY_CODE[code.value] for code in SupportedMessage} == REQUESTS


def test_98_says_only_what_is_possible() -> None:
    setting = Setting(None, NOW, "fr", PARIS)

    def flags(*, circulates: bool, answered: set[str]) -> str:
        status: object = replies.acs_status(
            setting,
            "x",
            on_line=True,
            circulates=circulates,
            supported=frozenset(map(SupportedMessage, answered)),
            legacy=False,
        )
        names = ("checkin_ok", "checkout_ok", "acs_renewal_policy", "status_update_ok", "off_line_ok")
        return "".join("NY"[getattr(status, name)] for name in names)

    assert flags(circulates=True, answered={"09", "11", "29"}) == "YYYNY"
    assert flags(circulates=False, answered={"09", "11", "29"}) == "NNNNN"
    assert flags(circulates=True, answered={"09", "01"}) == "YNNYY"


def test_magnetic_media_are_told_from_others() -> None:
    from server.sip2.tables import MAGNETIC, MEDIA

    assert set(MEDIA.values()) == set(MediaType)
    assert MediaType.BOOK not in MAGNETIC
    assert MediaType.VIDEO_TAPE in MAGNETIC


def test_due_dates_are_the_end_of_a_day_or_an_instant() -> None:
    setting = Setting(None, NOW, "fr", PARIS)
    assert setting.due(Due("2026-12-20"), "sip") == "20261220    235900"
    assert setting.due(Due(None, NOW + 3 * 3600), "sip") == "20261122    150000"
    assert setting.due(Due("2026-12-20"), "%d/%m/%Y %H:%M") == "20/12/2026 23:59"
    assert setting.due(Due(None, NOW + 3 * 3600), "%H:%M") == "15:00"
    assert setting.due(None, "sip") == ""
