"""Nothing that belongs to a reader, and no secret, is in what a daemon writes while it is used and abused."""

from __future__ import annotations

import re

from conformance.sip2.bench import Bench
from conformance.sip2.client import Account
from conformance.sip2.fuzz import frames
from storage.database import Location
from tests.server.sip2 import kiosk
from tests.system.running import Kiosk, bibliobus, serving

PRIVATE = re.compile(r"\bR[1-9]\b|AAR|Durand|Camille|\b1234\b|\b98765\b|\bdemo\b|wr0ng|r1@example", re.IGNORECASE)


def test_the_whole_log_of_a_run_names_no_reader_and_no_secret(location: Location) -> None:
    account = Account("kiosk-lens", "demo", "R1", "1234", ("I1", "I2"))
    with serving(location) as daemon:
        with Kiosk(daemon, None) as nobody:
            assert nobody.ask(kiosk.login(b"R1", b"wr0ng")) == b"940"
            assert nobody.ask(kiosk.login(b"kiosk-lens", b"wr0ng")) == b"940"
            assert nobody.ask(kiosk.information(b"R1", more=b"AD1234|")).startswith(b"64YYYY")
        with Kiosk(daemon) as desk:
            for body in (
                kiosk.information(b"R1", more=b"AD1234|"),
                *[kiosk.information(b"R2", more=b"AD98765|")] * 6,
                kiosk.checkout(b"R1", b"I1", more=b"AD1234|"),
                kiosk.checkout(b"R99", b"R1"),
                b"01Y" + kiosk.DATE + b"AOLENS|ALR3 jammed|AAR3|AC1234|",
                b"15+" + kiosk.DATE + b"AOLENS|AAR4|AD1234|ABI2|",
                b"65" + kiosk.DATE + b"AOLENS|AAR1|AD98765|",
                b"11AAR1|AD1234|\0",
                b"99" + b"1" + b"080" + b"2.00",
                b"AD1234|AAR1",
                b"x" * 20_000 + b"AAR1|AD1234",
            ):
                assert desk.ask(body)
            # Wrong frames of all kinds: what is answered does not matter here, what is logged does.
            bench = Bench("127.0.0.1", daemon.ports["sip2"], account)
            for frame in frames(bench, 150, 11):
                desk.socket.sendall(frame + b"\r")
            desk.ask(kiosk.item(b"I1"))
        config = location.directory.with_name(f"{location.directory.name}.toml")
        told = bibliobus("daemon", "capture", "kiosk-lens", "--minutes", "1", "-c", config)
        assert told.returncode == 0, told.stderr
        with Kiosk(daemon) as desk:
            assert desk.ask(kiosk.information(b"R1", more=b"AD1234|")).startswith(b"64")
        daemon.end()
        assert "logged in" in daemon.raw
        assert PRIVATE.findall(daemon.raw) == []
    (capture,) = (location.directory / "captures").iterdir()
    assert str(capture) == told.stdout.strip()
    kept = capture.read_text()
    assert "AA<AA>|AD<AD>" in kept
    assert PRIVATE.findall(kept) == []
