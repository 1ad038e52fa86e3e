"""A capture of a device: masked, for a while, to be played again; and what is in no log of a whole run."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from server.sip2.factory import GRACE_SECONDS
from tests.server.sip2.kiosk import SIP2TestCase, checkout, information, item, sealed

SECRETS = ("1234", "98765", "R1|", "R1", "Durand", "Camille", "demo", "PASSWORD")


class CaptureTests(SIP2TestCase):
    """Switched on for a device."""

    async def test_what_is_said_is_kept_without_readers_and_secrets(self) -> None:
        directory = self.location.directory / "captures"
        kiosk, other = self.service.kiosk(), self.service.kiosk(b"kiosk-lievin")
        path = self.service.factory.capture("kiosk-lens", 5, directory)
        await kiosk.ask(information(b"R1", more=b"AD1234|PBsecret|"))
        await kiosk.ask(checkout(b"R1", b"I1", more=b"AD98765|"))
        kiosk.send(sealed(item(b"I1"))[:-2] + b"?\r", b"97AZFEF5\r")
        other.send(item(b"I2") + b"\r")
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert lines[0]["frame"] == "9300CN<CN>|CO<CO>|"
        assert lines[1] == {"seconds": 0.0, "from": "server", "frame": "941"}
        asked = [line["frame"][:2] for line in lines if line["from"] == "terminal"]
        assert asked == ["93", "63", "11", "17", "97"]
        assert "AA<AA>|AD<AD>|PB<PB>|" in lines[2]["frame"]
        assert "AE<AE>|" in lines[3]["frame"]
        text = path.read_text()
        assert "I1" in text
        assert "I2" not in text
        assert not [secret for secret in SECRETS if secret in text]
        assert path.stat().st_mode & 0o077 == 0
        self.service.factory.drain()
        assert not self.service.factory.captures
        self.service.clock.advance(GRACE_SECONDS)
        assert other.wire.disconnecting

    async def test_it_ends_by_itself_and_goes_on_over_connections(self) -> None:
        path = self.service.factory.capture("kiosk-lens", 5, self.location.directory / "captures")
        kiosk = self.service.kiosk()
        await kiosk.ask(item(b"I1"))
        frames = [json.loads(line)["frame"][:3] for line in path.read_text().splitlines()]
        assert frames == ["930", "941", "172", "180"]
        size = path.stat().st_size
        self.service.clock.advance(301)
        await kiosk.ask(item(b"I1"))
        assert path.stat().st_size == size
        assert not self.service.factory.captures

    def test_a_full_disk_ends_it_and_nothing_else(self) -> None:
        kiosk = self.service.kiosk()
        path = self.service.factory.capture("kiosk-lens", 5, self.location.directory / "captures")
        file = self.service.factory.captures["kiosk-lens"]._file
        with Path("/dev/full").open("w") as full:
            os.dup2(full.fileno(), file.fileno())
        size = path.stat().st_size
        for _ in range(2):
            kiosk.send(item(b"I1") + b"\r")
            assert kiosk.got().startswith(b"1803")
        assert file.closed
        assert path.stat().st_size == size

    def test_what_cannot_be_captured_is_told(self) -> None:
        directory: Path = self.location.directory
        with pytest.raises(LookupError):
            self.service.factory.capture("nobody", 5, directory)
        with pytest.raises(ValueError, match="0"):
            self.service.factory.capture("kiosk-lens", 0, directory)
