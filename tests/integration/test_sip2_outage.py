"""PostgreSQL goes away while a kiosk works: each message is answered in time, 98 says so, and what it asks again is done once."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from storage import schema
from storage.database import Location
from tests.postgresql import Server
from tests.server.sip2.kiosk import SIP2TestCase, checkin, checkout, information, item

STATUS = b"9900802.00"
ASKED = (item(b"I1"), information(b"R1"), checkout(b"R1", b"I2"), checkin(b"I1"), b"65" + b" " * 18 + b"AOLENS|AAR1|")
REFUSED = (b"1801", b"64YYYY", b"120", b"100", b"660")


class OutageTests(SIP2TestCase):
    """A server of this worker's own, stopped and started again."""

    postgresql: Server

    @pytest.fixture(autouse=True)
    def _take_location(self, postgresql_location: Location, postgresql: Server) -> None:
        self.location, self.postgresql = postgresql_location, postgresql

    async def test_a_kiosk_is_told_and_goes_on(self) -> None:
        kiosk = self.service.kiosk()
        assert (await kiosk.ask(checkout(b"R1", b"I1"))).startswith(b"121")
        self.postgresql.stop()
        try:
            for body, refused in zip(ASKED, REFUSED, strict=True):
                assert (await kiosk.ask(body)).startswith(refused)
            assert (await kiosk.ask(STATUS)).startswith(b"98N")
        finally:
            self.postgresql.start()
        while (await kiosk.ask(STATUS)).startswith(b"98N"):
            await kiosk.ask(item(b"I1"))
        assert (await kiosk.ask(item(b"I1"))).startswith(b"1804")
        for _ in range(2):  # The kiosk asks again for what was refused, and once more when its line breaks.
            again = self.service.kiosk()
            assert (await again.ask(checkout(b"R1", b"I2"))).startswith(b"121N")
            again.lose()
        lent = select(func.count()).select_from(schema.journal).where(schema.journal.c.act == "checkout")
        assert await self.store.work(lambda connection: connection.scalar(lent)) == 2
        assert not kiosk.wire.disconnecting
