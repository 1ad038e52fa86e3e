from __future__ import annotations

from typing import Any

from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred

from protocols.sip2 import codec
from server import passwords
from server.sip2.connection import IDLE_SECONDS, LOGIN_SECONDS
from server.sip2.tables import NOT_LOGGED_IN
from storage import schema
from tests.server.sip2.kiosk import (
    DATE,
    Service,
    SIP2TestCase,
    checkout,
    information,
    item,
    login,
    sealed,
)

reactor: Any = installed_reactor


class LoginTests(SIP2TestCase):
    """Who may ask."""

    async def test_passwords_are_compared_with_argon2(self) -> None:
        service = Service(self.store, passwords.verify)
        kiosk = service.kiosk(None)
        assert await kiosk.ask(login(b"kiosk-lens", b"wrong")) == b"940"
        assert await kiosk.ask(login(b"nobody", b"demo")) == b"940"
        assert await kiosk.ask(login()) == b"941"

    def test_three_refusals_close(self) -> None:
        kiosk = self.service.kiosk(None)
        for number in range(3):
            assert not kiosk.wire.disconnecting
            kiosk.send(sealed(login(password=b"wrong"), b"%d" % number))
            assert kiosk.got().startswith(b"940AY%dAZ" % number)
        assert kiosk.wire.disconnecting
        assert self.service.metrics.value("refusals", "sip2", "login") == 3

    def test_unknown_disabled_and_ciphered_logins_are_refused(self) -> None:
        for frame in (login(b"kiosk-off"), login(b""), login().replace(b"9300", b"9311", 1), b"93"):
            kiosk = self.service.kiosk(None)
            kiosk.send(frame + b"\r")
            assert kiosk.got() == b"940\r"

    def test_blank_algorithms_are_clear(self) -> None:
        kiosk = self.service.kiosk(None)
        kiosk.send(login().replace(b"9300", b"93  ", 1) + b"\r")
        assert kiosk.got() == b"941\r"

    def test_before_a_login_everything_is_refused_in_its_shape(self) -> None:
        kiosk = self.service.kiosk(None)
        kiosk.send(item(b"I1") + b"\r")
        assert (
            kiosk.got()
            == b"18010001"
            + DATE.replace(b"12", b"12")[:8]
            + b"    120000ABI1|AJ|AF"
            + NOT_LOGGED_IN[0].encode()
            + b"|\r"
        )
        kiosk.send(information(b"R1", language=b"001") + b"\r")
        assert kiosk.got().endswith(b"AAR1|AE|BLN|AF" + NOT_LOGGED_IN[1].encode() + b"|\r")
        kiosk.send(checkout(b"R1", b"I1") + b"\r")
        assert kiosk.got().startswith(b"120NUN")
        assert not kiosk.wire.disconnecting

    def test_status_is_told_before_a_login(self) -> None:
        kiosk = self.service.kiosk(None)
        kiosk.send(b"9900802.00\r")
        assert kiosk.got() == b"98YYYYYY10000320261122    1200002.00AO|AMEssai|BXYYYYYYYYYNYYNYYY|\r"

    def test_a_connection_may_become_another_device(self) -> None:
        kiosk = self.service.kiosk()
        kiosk.send(login(b"kiosk-lievin") + b"\r9900802.00\r")
        assert b"AOLIEVIN|" in kiosk.got()
        kiosk.send(login(b"kiosk-lievin", b"wrong") + b"\r" + item(b"I1") + b"\r")
        assert kiosk.got().startswith(b"940\r18010001")

    def test_a_login_does_not_hold_up_others_and_what_follows_waits_for_it(self) -> None:
        verified: Deferred[bool] = Deferred()
        slow = Service(self.store, lambda _stored, _password: verified)
        first, other = slow.kiosk(None), slow.kiosk(None)
        first.send(login() + b"\r" + item(b"I1") + b"\r")
        other.send(b"9900802.00\r")
        assert first.got() == b""
        assert other.got().startswith(b"98")
        verified.callback(True)
        assert first.got().startswith(b"941\r1803")

    def test_who_went_while_the_password_was_compared_is_not_here(self) -> None:
        verified: Deferred[bool] = Deferred()
        slow = Service(self.store, lambda _stored, _password: verified)
        kiosk = slow.kiosk(None)
        kiosk.send(login() + b"\r")
        kiosk.lose()
        verified.callback(True)
        assert not slow.factory._here
        assert slow.clock.getDelayedCalls() == []

    async def test_a_device_speaks_as_its_profile_says(self) -> None:
        await self.change(
            schema.device.update()
            .where(schema.device.c.code == "kiosk-lens")
            .values(profile='{"charset": "cp850", "terminator": "CRLF"}')
        )
        await self.store.reload_network()
        kiosk = self.service.kiosk(None)
        kiosk.send(login() + b"\r\n9900802.00\r\n")
        assert kiosk.got().endswith("AMMédiathèque de Lens|BXYYYYYYYYYNYYNYYY|\r\n".encode("cp850"))
        stored = codec.decode(await self.service.kiosk(None).ask(b"9900802.00"))
        assert stored.CODE == "98"

    async def test_a_device_with_a_profile_that_makes_no_sense_still_works(self) -> None:
        await self.change(
            schema.device.update().where(schema.device.c.code == "kiosk-lens").values(profile='{"terminator": "?"}')
        )
        await self.store.reload_network()
        self.service.kiosk()

    async def test_a_device_that_is_no_longer_declared_is_let_go(self) -> None:
        kiosk, other = self.service.kiosk(), self.service.kiosk(b"kiosk-lievin")
        await self.change(schema.device.update().where(schema.device.c.code == "kiosk-lens").values(enabled=0))
        await self.store.reload_network()
        other.send(item(b"I1") + b"\r")
        assert other.got().startswith(b"1803")
        kiosk.send(item(b"I1") + b"\r")
        assert kiosk.got().startswith(b"18010001")
        assert kiosk.wire.disconnecting

    def test_silence_before_a_login_closes_after_a_minute(self) -> None:
        kiosk = self.service.kiosk(None)
        self.service.clock.advance(LOGIN_SECONDS - 1)
        kiosk.send(b"9900802.00\r")
        assert not kiosk.wire.disconnecting
        self.service.clock.advance(1)
        assert kiosk.wire.disconnecting

    def test_silence_after_a_login_closes_later_and_a_poll_puts_it_off(self) -> None:
        kiosk = self.service.kiosk()
        self.service.clock.advance(IDLE_SECONDS - 1)
        kiosk.send(b"9900802.00\r")
        self.service.clock.advance(IDLE_SECONDS - 1)
        assert not kiosk.wire.disconnecting
        self.service.clock.advance(1)
        assert kiosk.wire.disconnecting
