"""The SIP2 kit judges the real daemon: everything passes, and nothing that it did is left."""

from __future__ import annotations

import json
import ssl
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from conformance.results import Failed, Outcome
from conformance.sip2.bench import Bench
from conformance.sip2.client import Account
from conformance.sip2.command import CHECKS, KIT
from conformance.sip2.requests import status
from conformance.sip2.simulators import SIMULATORS, kiosk, offline, play, replay
from storage import schema
from storage.database import Location
from tests.server.test_listeners import make_certificate, tls
from tests.system.running import PATIENCE, bibliobus, serving

ACCOUNT = Account("kiosk-lens", "demo", "R1", "1234", ("I1", "I2"))
LEFT = (schema.loan, schema.hold)
"""What the kit fills, and empties again."""


def test_our_daemon_passes_everything_and_is_left_as_it_was(
    any_location: Location, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, report = tmp_path / "kit.toml", tmp_path / "report.json"
    settings.write_text(
        'account = "kiosk-lens:demo"\nlibrary = "LENS"\nelsewhere = "LIEVIN"\npatron = "R1:1234"\nitem = ["I1", "I2", "I3"]\n'
        f'simulate = ["all"]\nfuzz = 400\nseed = 7\nreport = {json.dumps(str(report))}\npatience = {PATIENCE}\n'
    )
    with any_location.engine().begin() as connection:
        # A kiosk that prints: print lines are judged too.
        connection.execute(update(schema.device).values(profile=json.dumps({"receipt": "12 36"})))
    with serving(any_location) as daemon:
        code = KIT.main([f"127.0.0.1:{daemon.ports['sip2']}", "--settings", str(settings)])
        assert daemon.process.poll() is None
    results = json.loads(report.read_text())["results"]
    assert {each["name"]: each["detail"] for each in results if each["outcome"] != Outcome.PASSED} == {}
    assert code == 0
    assert len(results) == len(CHECKS) + len(SIMULATORS) + 1
    assert capsys.readouterr().out.count("ok  ") == len(results)
    with any_location.engine(reads=True).connect() as connection:
        assert [connection.scalar(select(func.count()).select_from(each)) for each in LEFT] == [0, 0]


def test_what_the_daemon_captured_is_played_again_and_told_as_done_off_line(location: Location) -> None:
    # Eleven messages of a kiosk with its login, four of which lend and take back.
    config = location.directory.with_name(f"{location.directory.name}.toml")
    with serving(location) as daemon:
        told = bibliobus("daemon", "capture", "kiosk-lens", "--minutes", "1", "-c", config)
        bench = Bench("127.0.0.1", daemon.ports["sip2"], ACCOUNT)
        assert play(bench, kiosk(bench.account)).faults == []
        lines = Path(told.stdout.strip()).read_text().splitlines()
        again, later = replay(bench, lines), offline(bench, lines)
        bench.clear()
    assert (again.faults, later.faults) == ([], [])
    assert (len(again.seconds), len(later.seconds)) == (11, 4)


def test_a_server_is_judged_over_tls_if_it_can_prove_who_it_is(location: Location, tmp_path: Path) -> None:
    make_certificate(tmp_path, "kiosks")
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    with serving(location, sip2=[tls(tmp_path)]) as daemon:
        with pytest.raises(Failed, match="certificate verify failed"):
            Bench("127.0.0.1", daemon.ports["sip2"], ACCOUNT, ssl.create_default_context()).client()
        bench = Bench("127.0.0.1", daemon.ports["sip2"], ACCOUNT, trusting)
        assert bench.terminal().ask(status()).on_line_status
        bench.clear()
