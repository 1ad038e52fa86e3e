from __future__ import annotations

import re
from typing import Any

import pytest
from pysip2.codec import decode_message
from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred, fail, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol
from twisted.logger import globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from protocols.sip2 import codec
from protocols.sip2.codes import AlertType, CirculationStatus, PatronStatus
from server import passwords
from server import sip2_replies as replies
from server.connections import DRAIN_SECONDS
from server.sip2 import SIP2Factory
from server.sip2_connection import BURST, IDLE_SECONDS, LOGIN_SECONDS, WAITING
from server.sip2_desk import ANSWERS
from server.sip2_tables import NOT_LOGGED_IN
from storage import schema
from storage.database import Location
from storage.store import StoreUnavailable, open_store
from tests.network import NOW

from .sip2_kiosk import BLANK, DATE, Kiosk, Service, checkin, checkout, information, item, login, renew

reactor: Any = installed_reactor
DUE = b"20261220    235900"


def sealed(body: bytes, sequence: bytes = b"1") -> bytes:
    return codec.seal(body, sequence, checked=True) + b"\r"


class SIP2TestCase(TestCase):
    """A real store on SQLite, and a factory whose clock stands still."""

    location: Location

    @pytest.fixture(autouse=True)
    def _take_location(self, location: Location) -> None:
        self.location = location

    def setUp(self) -> None:
        self.store = open_store(self.location, reactor)
        self.addCleanup(self.store.close)
        self.service = Service(self.store)

    def change(self, statement: Any) -> Deferred[None]:
        """Change something in the database."""
        return self.store.work(lambda connection: connection.execute(statement) and None)


class ReplyTests(SIP2TestCase):
    """Every reply, byte for byte."""

    async def replies(self, *exchanges: tuple[bytes, bytes]) -> None:
        kiosk = self.service.kiosk()
        for body, expected in exchanges:
            got = await kiosk.ask(body)
            assert got.decode() == expected.decode()
            decode_message(got + b"\r", encoding="utf-8")

    async def test_status(self) -> None:
        await self.replies(
            (
                b"9900802.00",
                b"98YYYYNN100003" + DATE + "2.00AOLENS|AMMédiathèque de Lens|BXYYYNYYYYYNYNNNYN|".encode(),
            )
        )

    async def test_patron_status(self) -> None:
        flags = b" " * 14
        ask = b"23001" + DATE + b"AOLENS|AAR1|AC|AD"
        name = b"AOLENS|AAR1|AECamille Durand1|BLY|"
        await self.replies(
            (ask + b"1234|", b"24" + flags + b"001" + DATE + name + b"CQY|"),
            (ask + b"|", b"24" + flags + b"001" + DATE + name + b"CQN|"),
            (ask + b"0000|", b"24YYYY          001" + DATE + b"AOLENS|AAR1|AE|BLY|CQN|AFWrong PIN.|"),
            (
                b"23002" + DATE + b"AOLENS|AAR99|AC|AD|",
                b"24YYYY          002" + DATE + b"AOLENS|AAR99|AE|BLN|CQN|AFCarte inconnue.|",
            ),
        )

    async def test_patron_information(self) -> None:
        flags, counts = b" " * 14, b"000000000000000000000000"
        await self.replies(
            (
                information(b"R1"),
                b"64" + flags + b"002" + DATE + counts + b"AOLENS|AAR1|AECamille Durand1|CB0020|BLY|",
            ),
            (
                information(b"R1", more=b"AD1234|"),
                b"64" + flags + b"002" + DATE + counts + b"AOLENS|AAR1|AECamille Durand1|CB0020|BLY|CQY|",
            ),
            (
                information(b"R99", language=b"024", more=b"AD1|"),
                b"64YYYY          024" + DATE + counts + b"AOLENS|AAR99|AE|BLN|CQN|AFUnknown card.|",
            ),
        )

    async def test_items(self) -> None:
        await self.replies(
            (
                item(b"I1"),
                b"1803000120261122    120000CF0|ABI1|AJTitre 1|BGLENS|CK001|AQLENS|APLENS|CSR ZOL|",
            ),
            (item(b"NONE"), b"1801000120261122    120000ABNONE|AJ|AFDocument inconnu du r\xc3\xa9seau.|"),
        )

    async def test_a_loan_from_its_beginning_to_its_end(self) -> None:
        title = b"AOLENS|AAR1|ABI1|AJTitre 1|AH"
        await self.replies(
            (checkout(b"R1", b"I1"), b"121NNY" + DATE + title + DUE + b"|CK001|"),
            (
                item(b"I1"),
                b"18040001" + DATE + b"CF0|AH" + DUE + b"|ABI1|AJTitre 1|BGLENS|CK001|AQLENS|APLENS|CSR ZOL|",
            ),
            (
                checkout(b"R1", b"I1"),
                b"120YNN" + DATE + title + DUE + "|CK001|AFDocument déjà emprunté par vous.|".encode(),
            ),
            (renew(b"R1", b"I1"), b"301YNN" + DATE + title + DUE + b"|CK001|"),
            (
                checkout(b"R1", b"I1", b"Y"),
                b"120YNN" + DATE + title + DUE + "|CK001|AFProlongation impossible : déjà prolongé.|".encode(),
            ),
            (
                checkout(b"R2", b"I1"),
                b"120NNN" + DATE + "AOLENS|AAR2|ABI1|AJTitre 1|AH|CK001|AFDocument déjà prêté : accueil.|".encode(),
            ),
            (checkin(b"I1"), b"101YNN" + DATE + b"AOLENS|ABI1|AQLENS|AJTitre 1|CK001|CSR ZOL|"),
            (
                renew(b"R1", b"I1"),
                b"300NNN" + DATE + title + "|CK001|AFCe document n'est pas en prêt.|".encode(),
            ),
            (b"35" + DATE + b"AOLENS|AAR1|", b"36Y" + DATE + b"AOLENS|AAR1|"),
        )

    async def test_checkins_that_need_a_hand(self) -> None:
        await self.replies(
            (
                checkin(b"I12"),
                b"101YNY"
                + DATE
                + "AOLENS|ABI12|AQLIEVIN|AJTitre 12|CK001|CSR ZOL|CTLIEVIN|CV04|AFÀ envoyer à Médiathèque de Liévin.|".encode(),
            ),
            (
                checkin(b"NONE"),
                b"100NUY"
                + DATE
                + b"AOLENS|ABNONE|AQ|CV99|AFDocument inconnu du r\xc3\xa9seau.|AF\xc3\x80 remettre \xc3\xa0 l'accueil.|",
            ),
        )

    async def test_magnetic_media_are_named(self) -> None:
        await self.change(schema.item_type.update().where(schema.item_type.c.id == 3).values(media_type="005"))
        await self.store.reload_network()
        await self.replies(
            (checkout(b"R1", b"I5"), b"121NYY" + DATE + b"AOLENS|AAR1|ABI5|AJTitre 5|AH" + DUE + b"|CK005|")
        )

    async def test_what_is_not_offered_is_refused_in_its_own_shape(self) -> None:
        said = b"AFFonction non propos\xc3\xa9e ici.|"
        await self.replies(
            (b"15+" + DATE + b"AOLENS|AAR1|ABI1|", b"160N" + DATE + b"AOLENS|AAR1|ABI1|" + said),
            (b"01N" + DATE + b"AOLENS|ALx|AAR1|AC|", b"24YYYY          002" + DATE + b"AOLENS|AAR1|AE|BLN|" + said),
            (b"19" + DATE + b"AOLENS|ABI1|CHred|", b"200" + DATE + b"ABI1|CHred|" + said),
            (b"25" + DATE + b"AOLENS|AAR1|", b"26YYYY          002" + DATE + b"AOLENS|AAR1|AE|BLN|" + said),
            (b"37" + DATE + b"0100EURBV1.00|AOLENS|AAR1|BK7|", b"38N" + DATE + b"AOLENS|AAR1|BK7|" + said),
            (b"65" + DATE + b"AOLENS|AAR1|", b"66000000000" + DATE + b"AOLENS|" + said),
            (checkin(b"I1", b"BIY|"), b"100NUY" + DATE + b"AOLENS|ABI1|AQ|" + said),
            (checkout(b"R1", b"I1", more=b"BIY|"), b"120NUN" + DATE + b"AOLENS|AAR1|ABI1|AJ|AH|" + said),
        )

    async def test_a_cancel_that_is_not_offered_changes_nothing(self) -> None:
        kiosk = self.service.kiosk()
        await kiosk.ask(checkout(b"R1", b"I1"))
        assert not (await kiosk.read(checkin(b"I1", b"BIY|"))).ok
        assert (await kiosk.read(item(b"I1"))).circulation_status is CirculationStatus.CHARGED


class ReaderTests(SIP2TestCase):
    """What a reader is told, and what not."""

    async def test_lists_are_paged(self) -> None:
        kiosk = self.service.kiosk()
        for number in (1, 2, 3, 4):
            assert (await kiosk.read(checkout(b"R1", b"I%d" % number))).ok
        charged = b"  Y       "
        for more, wanted in (
            (b"", ("I1", "I2", "I3", "I4")),
            (b"BP2|BQ3|", ("I2", "I3")),
            (b"BP3|", ("I3", "I4")),
            (b"BQ1|", ("I1",)),
            (b"BP9|BQ12|", ()),
        ):
            reply = await kiosk.read(information(b"R1", charged, more=more))
            assert reply.charged_items == wanted
            assert reply.charged_items_count == 4
        assert (await kiosk.read(information(b"R1"))).charged_items == ()

    async def test_what_is_overdue_is_counted_listed_and_told(self) -> None:
        kiosk = self.service.kiosk()
        assert (await kiosk.read(checkout(b"R1", b"I1"))).ok
        self.service.clock.advance(70 * 86400)
        later = self.service.kiosk()
        reply = await later.read(information(b"R1", b" Y        "))
        assert (reply.overdue_items_count, reply.overdue_items) == (1, ("I1",))
        assert PatronStatus.TOO_MANY_ITEMS_OVERDUE in reply.patron_status
        assert "Documents en retard" in reply.screen_message[0]
        assert (await later.read(information(b"R1", b"   Y      "))).fine_items == ()

    async def test_holds_are_told_apart_by_whether_they_are_ready(self) -> None:
        hold = schema.hold.insert()
        shared = {"patron_id": 1, "pickup_id": 1, "requested_at": NOW}
        await self.change(
            hold.values(id=1, target_item_id=2, item_id=2, state="shelf", shelf_until="2026-12-01", **shared)
        )
        await self.change(hold.values(id=2, target_item_id=11, state="waiting", **shared))
        kiosk = self.service.kiosk()
        reply = await kiosk.read(information(b"R1", b"Y         "))
        assert (reply.hold_items_count, reply.unavailable_holds_count, reply.hold_items) == (1, 1, ("I2",))
        assert (await kiosk.read(information(b"R1", b"     Y    "))).unavailable_hold_items == ("I11",)
        shelf = await kiosk.read(item(b"I2"))
        assert shelf.circulation_status is CirculationStatus.WAITING_ON_HOLD_SHELF
        assert shelf.hold_pickup_date.date().isoformat() == "2026-12-01"
        refused = await kiosk.read(checkout(b"R2", b"I2"))
        assert not refused.ok
        returned = await kiosk.read(checkin(b"I2"))
        assert (returned.alert_type, returned.alert) == (AlertType.HOLD_HERE, True)

    async def test_denials_are_flags_and_reasons(self) -> None:
        await self.change(schema.block.insert().values(patron_id=1, kind="manual", acts="*"))
        await self.change(schema.patron.update().where(schema.patron.c.id == 2).values(valid_until="2026-11-21"))
        await self.change(schema.card.update().where(schema.card.c.patron_id == 3).values(status="lost"))
        kiosk = self.service.kiosk()
        loans, renewals, holds = (
            PatronStatus.CHARGE_PRIVILEGES_DENIED,
            PatronStatus.RENEWAL_PRIVILEGES_DENIED,
            PatronStatus.HOLD_PRIVILEGES_DENIED,
        )
        for card, flags, said in (
            (b"R1", {loans, renewals, holds}, "Compte bloqué"),
            (b"R2", {loans, renewals, holds}, "Carte expirée"),
            (b"R3", {loans, renewals, holds, PatronStatus.CARD_REPORTED_LOST}, "Carte déclarée perdue"),
            (b"R4", set(), ""),
        ):
            reply = await kiosk.read(information(card))
            assert reply.patron_status == flags
            assert reply.valid_patron is True
            assert " ".join(reply.screen_message).startswith(said)

    async def test_a_full_account_is_no_reason_to_deny_e_books(self) -> None:
        await self.change(schema.policy_set.insert().values(id=1, code="p", effective_from="2020-01-01"))
        await self.change(schema.rule.insert().values(policy_set_id=1, attribute="loan.limit", value="1"))
        await self.store.reload_network()
        kiosk = self.service.kiosk()
        assert (await kiosk.read(checkout(b"R1", b"I1"))).ok
        reply = await kiosk.read(information(b"R1"))
        assert reply.patron_status == {PatronStatus.TOO_MANY_ITEMS_CHARGED}
        assert reply.charged_items_limit == 1
        refused = await kiosk.read(checkout(b"R1", b"I2"))
        assert (refused.ok, refused.screen_message) == (False, ("Limite de prêts atteinte.",))

    async def test_a_wrong_pin_gives_nothing_away_and_locks_at_the_fifth(self) -> None:
        kiosk = self.service.kiosk()
        await kiosk.ask(checkout(b"R1", b"I1"))
        for _ in range(5):
            reply = await kiosk.read(information(b"R1", b"  Y       ", more=b"AD0000|"))
            assert (reply.personal_name, reply.charged_items, reply.charged_items_count) == ("", (), 0)
            assert (reply.valid_patron, reply.valid_patron_password) == (True, False)
            assert reply.screen_message == ("Code secret incorrect.",)
        reply = await kiosk.read(information(b"R1", more=b"AD1234|"))
        assert reply.valid_patron_password is False
        assert "bloqué un moment" in reply.screen_message[0]

    async def test_an_empty_pin_is_no_try(self) -> None:
        kiosk = self.service.kiosk()
        for _ in range(7):
            assert (await kiosk.read(information(b"R1", more=b"AD|"))).valid_patron_password is False
        assert (await kiosk.read(information(b"R1", more=b"AD1234|"))).valid_patron_password is True
        assert (await kiosk.read(checkout(b"R1", b"I1", more=b"AD|"))).ok
        assert not (await kiosk.read(checkout(b"R1", b"I2", more=b"AD1|"))).ok

    async def test_the_screen_speaks_the_language_of_the_request(self) -> None:
        kiosk = self.service.kiosk()
        for code, said in (
            (b"001", "Unknown card."),
            (b"011", "Carte inconnue."),
            (b"024", "Unknown card."),
            (b"008", "Carte inconnue."),
        ):
            assert (await kiosk.read(information(b"R99", language=code))).screen_message == (said,)

    async def test_the_readers_language_holds_until_the_session_ends(self) -> None:
        kiosk = self.service.kiosk()
        await kiosk.ask(information(b"R1", language=b"001"))
        assert (await kiosk.read(checkout(b"R1", b"NONE"))).screen_message == ("Item unknown to the network.",)
        await kiosk.ask(b"35" + DATE + b"AOLENS|AAR1|")
        assert (await kiosk.read(checkout(b"R1", b"NONE"))).screen_message == ("Document inconnu du réseau.",)

    async def test_blanks_around_what_was_scanned_do_not_matter(self) -> None:
        kiosk = self.service.kiosk()
        reply = await kiosk.read(checkout(b" R1 ", b"I1 "))
        assert (reply.ok, reply.patron_identifier, reply.item_identifier) == (True, " R1 ", "I1 ")


class PlaceTests(SIP2TestCase):
    """Where an act happens."""

    async def test_a_checkin_happens_at_the_library_that_the_terminal_names(self) -> None:
        kiosk = self.service.kiosk()
        here = await kiosk.read(checkin(b"I1").replace(b"AP|", b"APsomewhere|"))
        assert here.alert is False
        there = await kiosk.read(checkin(b"I1").replace(b"AP|", b"APlievin|"))
        assert (there.alert_type, there.destination_location) == (AlertType.SEND_ELSEWHERE, "LENS")

    async def test_an_external_library_is_no_place_of_ours(self) -> None:
        reply = await self.service.kiosk().read(checkin(b"I1").replace(b"AP|", b"APMDPC|"))
        assert reply.alert is False

    async def test_the_institution_is_called_what_the_terminal_calls_it(self) -> None:
        kiosk = self.service.kiosk()
        assert (await kiosk.read(checkout(b"R1", b"I1").replace(b"LENS", b"AO1"))).institution_id == "AO1"
        assert (await kiosk.read(checkout(b"R2", b"I2").replace(b"AOLENS|", b""))).institution_id == "LENS"

    async def test_the_return_date_counts(self) -> None:
        kiosk = self.service.kiosk()
        await kiosk.ask(checkout(b"R1", b"I1"))
        self.service.clock.advance(3 * 86400)
        returned = b"20261124    180000"
        assert (await self.service.kiosk().read(b"09N" + DATE + returned + b"AP|AOLENS|ABI1|AC|")).ok
        rows = await self.store.work(lambda connection: connection.execute(schema.past_loan.select()).all())
        assert [row.in_at for row in rows] == [NOW + 2 * 86400 + 6 * 3600]


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
        assert kiosk.got() == b"98YYYYNN10000320261122    1200002.00AO|AMEssai|BXYYYNYYYYYNYNNNYN|\r"

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

    async def test_a_device_speaks_as_its_profile_says(self) -> None:
        await self.change(
            schema.device.update()
            .where(schema.device.c.code == "kiosk-lens")
            .values(profile='{"charset": "cp850", "terminator": "CRLF"}')
        )
        await self.store.reload_network()
        kiosk = self.service.kiosk(None)
        kiosk.send(login() + b"\r\n9900802.00\r\n")
        assert kiosk.got().endswith("AMMédiathèque de Lens|BXYYYNYYYYYNYNNNYN|\r\n".encode("cp850"))
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


class RepetitionTests(SIP2TestCase):
    """Nothing is done twice."""

    async def test_the_same_frame_again_gets_the_same_bytes(self) -> None:
        kiosk = self.service.kiosk()
        for number, body in enumerate((checkout(b"R1", b"I1"), renew(b"R1", b"I1"), checkin(b"I1"))):
            frame = sealed(body, b"%d" % number)
            kiosk.send(frame)
            first = await kiosk.reply()
            kiosk.send(frame)
            assert kiosk.got() == first
        assert self.service.metrics.value("repeats", "sip2", "11") == 1

    async def test_a_retry_that_comes_while_the_first_is_under_way_waits_for_it(self) -> None:
        kiosk = self.service.kiosk()
        kiosk.send(sealed(checkout(b"R1", b"I1")) * 3)
        first, second, third = (await kiosk.reply(3)).split(b"\r")[:3]
        assert first == second == third
        assert first.startswith(b"121NNY")

    async def test_97_gets_the_last_response(self) -> None:
        kiosk = self.service.kiosk()
        kiosk.send(sealed(checkout(b"R1", b"I1")))
        first = await kiosk.reply()
        kiosk.send(b"97AZFEF5\r")
        assert kiosk.got() == first
        kiosk.send(b"zz\r", sealed(item(b"I1"))[:-2] + b"?\r", b"97AZFEF5\r")
        assert kiosk.got() == b"96\r96AZFEF6\r" + first

    def test_97_as_the_first_bytes_gets_96(self) -> None:
        kiosk = self.service.kiosk(None)
        kiosk.send(b"97AZFEF5\r")
        assert kiosk.got() == b"96AZFEF6\r"

    async def test_a_response_lost_with_its_connection_is_given_on_the_next(self) -> None:
        lost = self.service.kiosk()
        lost.send(sealed(checkout(b"R1", b"I1"), b"3"))
        lost.lose()
        kiosk = self.service.kiosk()
        kiosk.send(sealed(checkout(b"R1", b"I1"), b"8"))
        reply = await kiosk.reply()
        assert reply.startswith(b"121NNY")
        assert re.search(rb"AY8AZ[0-9A-F]{4}\r$", reply)
        assert self.service.metrics.value("repeats", "sip2", "11") == 1
        assert lost.got() == b""

    async def test_a_response_that_was_received_is_not_given_to_another_request(self) -> None:
        first = self.service.kiosk()
        assert (await first.read(checkout(b"R1", b"I1"))).ok
        assert (await first.read(checkin(b"I1"))).ok
        first.lose()
        second = self.service.kiosk()
        assert (await second.read(checkout(b"R2", b"I1"))).ok
        third = self.service.kiosk()
        refused = await third.read(checkout(b"R1", b"I1"))
        assert not refused.ok

    async def test_a_read_after_an_act_shows_that_its_response_was_received(self) -> None:
        first = self.service.kiosk()
        assert (await first.read(checkout(b"R1", b"I1"))).ok
        await first.read(item(b"I1"))
        first.lose()
        second = self.service.kiosk()
        assert (await second.read(checkin(b"I1"))).ok
        assert (await self.service.kiosk().read(checkout(b"R1", b"I1"))).ok
        assert self.service.metrics.value("repeats", "sip2", "11") == 0
        assert (await second.ask(item(b"I1"))).startswith(b"1804")

    async def test_an_act_under_way_survives_its_connection(self) -> None:
        kiosk = self.service.kiosk()
        kiosk.send(checkout(b"R1", b"I1") + b"\r")
        kiosk.lose()
        reply = await self.service.kiosk(b"kiosk-lievin").read(checkout(b"R2", b"I1"))
        assert not reply.ok
        assert kiosk.got() == b""


class OrderTests(SIP2TestCase):
    """One connection: in order, bounded. Two: independent."""

    async def test_replies_come_in_the_order_of_the_requests(self) -> None:
        kiosk = self.service.kiosk()
        kiosk.send(checkout(b"R1", b"I1") + b"\r" + item(b"I1") + b"\r" + checkin(b"I1") + b"\r" + item(b"I1") + b"\r")
        replies = (await kiosk.reply(4)).split(b"\r")
        assert [reply[:4] for reply in replies] == [b"121N", b"1804", b"101Y", b"1803", b""]

    async def test_reading_pauses_while_much_waits(self) -> None:
        kiosk = self.service.kiosk()
        kiosk.send((checkin(b"I1") + b"\r") * (WAITING + 2))
        assert kiosk.wire.producerState == "paused"
        await kiosk.reply(WAITING + 2)
        assert kiosk.wire.producerState == "producing"

    def test_thousands_of_frames_in_one_segment_neither_recurse_nor_keep_others_waiting(self) -> None:
        kiosk, other = self.service.kiosk(), self.service.kiosk()
        kiosk.send((item(b"I1") + b"\r") * 5000)
        assert kiosk.got().count(b"\r") == BURST
        other.send(item(b"I2") + b"\r")
        assert other.got().startswith(b"1803")
        self.service.clock.pump([0] * (5000 // BURST + 1))
        assert kiosk.got().count(b"\r") == 5000 - BURST

    def test_a_peer_that_does_not_read_is_not_answered_until_it_does(self) -> None:
        kiosk = self.service.kiosk()
        kiosk.protocol.pauseProducing()
        kiosk.send(item(b"I1") + b"\r")
        assert kiosk.got() == b""
        assert kiosk.wire.producerState == "paused"
        kiosk.protocol.resumeProducing()
        assert kiosk.got().startswith(b"1803")
        assert kiosk.wire.producerState == "producing"

    def test_a_peer_that_never_reads_is_cut_off(self) -> None:
        kiosk = self.service.kiosk()
        kiosk.protocol.pauseProducing()
        self.service.clock.advance(IDLE_SECONDS)
        assert kiosk.wire.disconnected

    async def test_bytes_on_a_connection_depend_on_that_connection_alone(self) -> None:
        script = [
            sealed(information(b"R1", language=b"001"), b"1"),
            sealed(checkout(b"R1", b"NONE"), b"2"),
            b"97AZFEF5\r",
            sealed(checkout(b"R1", b"NONE"), b"2"),
            sealed(item(b"I1"), b"3"),
        ]

        async def answers(kiosk: Kiosk, *between: Kiosk) -> list[bytes]:
            got = []
            for number, frame in enumerate(script):
                for other in between:
                    other.send(sealed(information(b"R%d" % (number + 2)), b"7"), b"97AZFEF5\r", b"11\r")
                kiosk.send(frame)
                got.append(await kiosk.reply())
            return got

        alone = await answers(self.service.kiosk())
        beside = await answers(self.service.kiosk(), self.service.kiosk(), self.service.kiosk(b"kiosk-lievin"))
        assert beside == alone

    def slow_reads(self) -> list[Deferred[Any]]:
        """Let reads take their time, as on PostgreSQL; return what is to be fired with True, in the order of the reads."""
        asked: list[Deferred[Any]] = []
        read = self.store.read

        def later(steps: Any) -> Deferred[Any]:
            asked.append(Deferred())
            return asked[-1].addCallback(lambda _now: read(steps))

        self.patch(self.store, "read", later)
        return asked

    def test_one_request_is_asked_at_a_time(self) -> None:
        asked = self.slow_reads()
        kiosk, other = self.service.kiosk(), self.service.kiosk()
        kiosk.send(item(b"I1") + b"\r" + b"9900802.00\r" + item(b"NONE") + b"\r")
        other.send(item(b"I2") + b"\r")
        assert len(asked) == 2
        assert kiosk.got() == b""
        asked[1].callback(True)
        assert b"ABI2|" in other.got()
        asked[0].callback(True)
        assert [reply[:4] for reply in kiosk.got().split(b"\r")] == [b"1803", b"98YY", b""]
        asked[2].callback(True)
        assert kiosk.got().startswith(b"1801")

    def test_an_answer_that_comes_after_the_connection_went_is_dropped(self) -> None:
        asked = self.slow_reads()
        kiosk = self.service.kiosk()
        kiosk.send(item(b"I1") + b"\r" + item(b"I2") + b"\r")
        kiosk.lose()
        asked[0].callback(True)
        assert kiosk.got() == b""
        assert len(asked) == 1

    async def test_one_byte_at_a_time(self) -> None:
        kiosk = self.service.kiosk()
        kiosk.send(*(bytes([byte]) for byte in sealed(checkout(b"R1", b"I1"), b"4")))
        assert (await kiosk.reply()).startswith(b"121NNY")


class HostileTests(SIP2TestCase):
    """The list of behaviours that no server passes."""

    def test_every_terminator_and_noise_between_messages(self) -> None:
        kiosk = self.service.kiosk()
        for noise in (b"\r\n", b"\n", b"\r\r", b"\r\n\r\n", b"\0\r", b"  \r"):
            kiosk.send(b"\n\0 " + item(b"I1") + noise)
        kiosk.send(b"\r")
        assert kiosk.got().count(b"\r") == 6

    def test_nul_is_dropped_and_noted(self) -> None:
        kiosk = self.service.kiosk()
        kiosk.send(item(b"I\x001") + b"\r")
        assert kiosk.got().startswith(b"1803")
        assert self.service.metrics.value("defects", "sip2", "nul") == 1

    def test_unknown_commands_get_96_and_change_nothing(self) -> None:
        kiosk = self.service.kiosk()
        kiosk.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" + item(b"I1") + b"\r")
        assert kiosk.got().startswith(b"96\r96\r1803")
        assert self.service.metrics.value("faults", "sip2", "unknown") == 2

    async def test_a_wrong_checksum_is_not_executed(self) -> None:
        kiosk = self.service.kiosk()
        kiosk.send(sealed(checkout(b"R1", b"I1")).replace(b"I1", b"I2"))
        assert kiosk.got() == b"96AZFEF6\r"
        assert (await kiosk.read(item(b"I2"))).circulation_status is CirculationStatus.AVAILABLE

    async def test_truncated_messages_get_the_shape_of_their_reply(self) -> None:
        kiosk = self.service.kiosk()
        for frame, reply in (
            (b"11YN2026AAR1|ABI1|", b"120NUN" + DATE + b"AOLENS|AAR1|ABI1|AJ|AH|AFMessage incomplet.|\r"),
            (b"09", b"100NUY" + DATE + b"AOLENS|AB|AQ|AFMessage incomplet.|\r"),
            (b"63001", b"64YYYY          002" + DATE + b"0" * 24 + b"AOLENS|AA|AE|BLN|AFMessage incomplet.|\r"),
        ):
            kiosk.send(frame + b"\r")
            assert kiosk.got() == reply
        kiosk.send(b"99\r")
        assert kiosk.got().startswith(b"98Y")

    def test_overlong_frames_are_refused_and_the_eighth_closes(self) -> None:
        kiosk = self.service.kiosk()
        kiosk.send(b"17" + b"x" * 20_000, b"y" * 50_000 + b"\r", item(b"I1") + b"\r")
        assert kiosk.got().startswith(b"96\r1803")
        kiosk.send((b"x" * 17_000 + b"\r") * 9)
        assert kiosk.got() == b"96\r" * 8
        assert kiosk.wire.disconnecting
        kiosk.send(item(b"I1") + b"\r")
        assert kiosk.got() == b""

    async def test_odd_dates_bytes_orders_and_fields_are_no_reason_to_refuse(self) -> None:
        kiosk = self.service.kiosk()
        for body in (
            b"11NN" + BLANK + BLANK + b"AB\xe9|AAR1|",
            b"11NN" + b"0" * 36 + b"ZZx|AAR1|ABNONE|ABI1|AO|||",
            b"11NN" + b"rubbish-in-18-char" * 2 + b"AAR1|ABNONE",
        ):
            reply = await kiosk.read(body)
            assert (reply.ok, reply.screen_message) == (False, ("Document inconnu du réseau.",))
        assert (await kiosk.read(b"09N" + b"?" * 36 + b"ABI1")).ok


class FailureTests(SIP2TestCase):
    """When the store or we ourselves fail."""

    async def test_a_store_that_fails_is_a_shaped_refusal(self) -> None:
        kiosk = self.service.kiosk()
        self.patch(self.store, "read", lambda _steps: fail(StoreUnavailable("no disk")))
        self.patch(self.store, "transact", lambda *_args: fail(StoreUnavailable("no disk")))
        said = ("Service momentanément indisponible.",)
        for body in (item(b"I1"), information(b"R1"), checkout(b"R1", b"I1"), checkin(b"I1"), renew(b"R1", b"I1")):
            reply = await kiosk.read(body)
            assert reply.screen_message == said
            assert getattr(reply, "ok", False) is False
        assert not kiosk.wire.disconnecting

    async def test_98_says_when_the_store_is_off_line(self) -> None:
        kiosk = self.service.kiosk()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(self.store), "healthy", False)
            assert (await kiosk.read(b"9900802.00")).on_line_status is False
        assert (await kiosk.read(b"9900802.00")).on_line_status is True

    async def test_a_bug_of_ours_is_logged_and_still_answered(self) -> None:
        kiosk = self.service.kiosk()

        def broken(*_args: Any) -> Any:
            raise ZeroDivisionError

        self.patch(self.store, "read", broken)
        assert (await kiosk.ask(item(b"I1"))).startswith(b"18010001")
        self.patch(self.store, "read", lambda _steps: fail(Failure(ZeroDivisionError())))
        assert (await kiosk.ask(information(b"R1"))).startswith(b"64YYYY")
        assert len(self.flushLoggedErrors(ZeroDivisionError)) == 2

    async def test_a_response_that_cannot_be_written_is_replaced_by_a_refusal(self) -> None:
        kiosk = self.service.kiosk()
        self.patch(replies, "item_information", lambda *_args: object())
        assert (await kiosk.ask(item(b"I1"))).startswith(b"18010001")
        assert len(self.flushLoggedErrors(AttributeError)) == 1

    async def test_readers_and_secrets_are_in_no_log(self) -> None:
        events: list[Any] = []
        observer: Any = events.append
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        kiosk = self.service.kiosk(None)
        kiosk.send(
            login(b"kiosk-lens", b"wr0ng") + b"\r" + login() + b"\r" + information(b"R1", more=b"AD1234|") + b"\r"
        )
        kiosk.send(b"11AAR1|ABI1|AD1234|\r" + sealed(checkout(b"R1", b"I1"))[:-2] + b"?\r")
        self.patch(self.store, "read", lambda _steps: fail(Failure(ZeroDivisionError())))
        kiosk.send(information(b"R1", more=b"AD1234|") + b"\r")
        self.flushLoggedErrors(ZeroDivisionError)
        text = " ".join(str(value) for event in events for key, value in event.items() if key != "log_trace")
        assert "logged in" in text
        for secret in ("wr0ng", "1234", "AAR1", "R1|", "Durand"):
            assert secret not in text


class EndTests(SIP2TestCase):
    """The end of the daemon."""

    async def test_what_is_under_way_is_finished(self) -> None:
        busy, idle = self.service.kiosk(), self.service.kiosk()
        busy.send(checkout(b"R1", b"I1") + b"\r" + item(b"I1") + b"\r")
        drained = self.service.factory.drain()
        assert idle.wire.disconnecting
        assert not busy.wire.disconnecting
        busy.send(item(b"I2") + b"\r")
        replies = (await busy.reply(2)).split(b"\r")
        assert [reply[:4] for reply in replies] == [b"121N", b"1804", b""]
        assert busy.wire.disconnecting
        self.assertNoResult(drained)
        for kiosk in (busy, idle):
            kiosk.lose()
        self.successResultOf(drained)
        assert self.service.factory.buildProtocol(None) is None
        assert self.service.clock.getDelayedCalls() == []

    def test_without_connections_it_is_at_once(self) -> None:
        self.successResultOf(self.service.factory.drain())
        self.successResultOf(self.service.factory.drain())

    def test_those_that_do_not_read_are_cut_off(self) -> None:
        kiosk = self.service.kiosk()
        drained = self.service.factory.drain()
        self.service.clock.advance(DRAIN_SECONDS)
        assert kiosk.wire.disconnected
        kiosk.lose()
        self.successResultOf(drained)


class Client(Protocol):
    """A terminal on a real socket."""

    def __init__(self) -> None:
        self.data = b""
        self.replied: Deferred[None] = Deferred()
        self.gone: Deferred[None] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        self.data += data
        if self.data.endswith(b"\r"):
            replied, self.replied = self.replied, Deferred()
            replied.callback(None)

    def connectionLost(self, reason: Any = None) -> None:
        self.gone.callback(None)

    async def ask(self, frame: bytes) -> bytes:
        replied = self.replied
        assert self.transport is not None
        self.transport.write(frame)
        await replied
        data, self.data = self.data, b""
        return data


class SocketTests(SIP2TestCase):
    """Over TCP, with the reactor's own clock."""

    async def test_many_terminals_at_once_on_real_sockets(self) -> None:
        factory = SIP2Factory(self.store, reactor)
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)

        async def visit(number: int) -> None:
            endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)
            client = await connectProtocol(endpoint, Client())
            card, barcode = b"R%d" % number, b"I%d" % number
            assert await client.ask(sealed(login(), b"0")) == b"941AY0AZFDFD\r"
            for turn in range(5):
                out = await client.ask(sealed(checkout(card, barcode), b"%d" % (turn % 10)))
                assert out.startswith(b"121NNY")
                assert b"AA" + card + b"|" in out
                assert (await client.ask(sealed(item(barcode)))).startswith(b"1804")
                assert (await client.ask(sealed(checkin(barcode), b"9"))).startswith(b"101Y")
            client.transport.loseConnection()
            await client.gone

        await gatherResults([Deferred.fromCoroutine(visit(number)) for number in range(1, 10)])
        await factory.drain()

    async def test_a_peer_that_only_reads_any_more_gets_its_answers(self) -> None:
        factory = SIP2Factory(self.store, reactor)
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        client = await connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port), Client())
        client.transport.write(login() + b"\r" + checkout(b"R1", b"I1") + b"\r" + item(b"I1") + b"\r")
        client.transport.loseWriteConnection()
        await client.gone
        assert [reply[:4] for reply in client.data.split(b"\r")] == [b"941", b"121N", b"1804", b""]


def test_every_request_that_is_answered_is_tested_here() -> None:
    assert {kind.CODE for kind in ANSWERS} == {"23", "63", "17", "11", "09", "29", "35"}
