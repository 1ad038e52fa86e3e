"""Fees over SIP2: no field of them in a network that is free; where one is voted, it is told and must be acknowledged."""

from __future__ import annotations

from sqlalchemy import insert

from storage.refusals import SENTENCES, Reason
from storage.schema import policy_set, rule
from tests.server.sip2.kiosk import DATE, DUE, SIP2TestCase, checkout

TITLE = b"AOLENS|AAR1|ABI1|AJTitre 1|AH"


class FeeTests(SIP2TestCase):
    """What a kiosk reads of fees."""

    async def test_a_free_network_has_no_fields_of_fees(self) -> None:
        answer = await self.service.kiosk().ask(checkout(b"R1", b"I1"))
        assert answer == b"121NNY" + DATE + TITLE + DUE + b"|CK001|"

    async def test_a_fee_that_was_voted_is_told_and_acknowledged(self) -> None:
        await self.change(insert(policy_set).values(id=1, code="2026", effective_from="2026-01-01", decision="Comité"))
        await self.change(insert(rule).values(policy_set_id=1, attribute="fee.loan", value="1.50 EUR"))
        await self.store.reload_network()
        kiosk = self.service.kiosk()
        fee = b"BT06|BHEUR|BV1.50|"
        refused = "AFPrêt payant : à accepter d'abord.|".encode()
        assert await kiosk.ask(checkout(b"R1", b"I1")) == b"120NNN" + DATE + TITLE + b"|" + fee + b"CK001|" + refused
        paid = await kiosk.read(b"37" + DATE + b"0600EURBV1.50|AOLENS|AAR1|BK7|")
        assert (paid.payment_accepted, paid.transaction_id) == (False, "7")
        assert paid.screen_message == (SENTENCES[Reason.NOT_SUPPORTED][0],)
        await self.profile(messages="11 37")
        paid = await kiosk.read(b"37" + DATE + b"0600EURBV1.50|AOLENS|AAR1|BK7|")
        assert paid.screen_message == ("À payer à l'accueil : rien n'est encaissé ici.",)
        made = await kiosk.ask(checkout(b"R1", b"I1", more=b"BOY|"))
        assert made == b"121NNY" + DATE + TITLE + DUE + b"|" + fee + b"CK001|"
