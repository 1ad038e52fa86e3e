from __future__ import annotations

from typing import Any

from pysip2.codec import decode_message
from twisted.internet import reactor as installed_reactor

from protocols.sip2.codes import AlertType, CirculationStatus, PatronStatus
from protocols.sip2.session import REQUESTS
from server.sip2.desk import ANSWERS
from storage import schema
from tests.network import NOW
from tests.server.sip2.kiosk import (
    DATE,
    DUE,
    SIP2TestCase,
    checkin,
    checkout,
    information,
    item,
    renew,
)

reactor: Any = installed_reactor


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
                b"98YYYYYY100003" + DATE + "2.00AOLENS|AMMédiathèque de Lens|BXYYYYYYYYYNYYNYYY|".encode(),
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
                b"64" + flags + b"002" + DATE + counts + b"AOLENS|AAR1|AECamille Durand1|BZ0010|CB0020|BLY|",
            ),
            (
                information(b"R1", more=b"AD1234|"),
                b"64" + flags + b"002" + DATE + counts + b"AOLENS|AAR1|AECamille Durand1|BZ0010|CB0020|BLY|CQY|",
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


def test_every_request_is_answered() -> None:
    every = {kind.CODE for kind in REQUESTS} - {"93", "97", "99"}
    assert {kind.CODE for kind in ANSWERS} == every
