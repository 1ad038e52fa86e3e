"""What is measured of SIP2 beside the mix: every reply is verified, so that a run that ends has asked what it says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench import sip2
from tests.docs.page import ROOT


@pytest.mark.slow
def test_logins_readers_with_much_and_a_server_of_others_are_measured(tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    command = [sys.executable, "-m", "bench", *(f"--only={name}" for name in ("logins", "burdened", "flood", "peers"))]
    sizes = ["--rounds=1", "--seconds=0.1", "--size=3000", f"--json={found}"]
    done = subprocess.run([*command, *sizes], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    measured = json.loads(found.read_text())
    assert len(measured["figures"]) == 2
    burdened, beside, ours, *peers = (load["name"] for load in measured["loads"])
    assert "100 loans and 20 holds" in burdened
    assert "64 others flood" in beside
    assert "Bibliobus" in ours
    assert all("pysip2" in peer for peer in peers)
    assert peers


def test_codec_and_session_alone_read_every_request_of_the_mix_and_write_its_reply() -> None:
    assert 0 < sip2.wire(rounds=1) < 10_000
