"""The process is killed between acknowledged commits: nothing told is lost, and nothing is done twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from storage.database import Location
from tests.counter import Counter
from tests.integration.kiosks import ask
from tests.reactor import await_

KIOSKS = 8
TOLD = 150
REPOSITORY = Path(__file__).parents[2]


def work_until_killed(location: Location, starts: list[int]) -> list[int]:
    """Run the kiosks from the numbers in *starts*, kill them after a while; return how many each was told are done."""
    numbers = [str(start) for start in starts]
    command = [sys.executable, "-m", "tests.integration.kiosks", str(location.directory), location.url, str(KIOSKS)]
    with subprocess.Popen([*command, *numbers], stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(TOLD)]
        process.kill()
        # What the pipe still holds was told, too; a last line may be cut.
        lines += [line for line in process.stdout if line.endswith("\n")]
    done = list(starts)
    for line in lines:
        kiosk, number, reply = line.split()
        assert reply == f"{number}:1"
        assert done[int(kiosk) - 1] == int(number)
        done[int(kiosk) - 1] += 1
    return done


def test_killed_again_and_again_each_request_is_done_once(any_location: Location) -> None:
    done = [0] * KIOSKS
    for _ in range(3):
        done = work_until_killed(any_location, done)
        counter = Counter(any_location)
        for kiosk in range(1, KIOSKS + 1):
            # The kiosk repeats, on a new connection, what it was not told of. It is answered as if nothing had happened.
            reply = await_(ask(counter.store, kiosk, done[kiosk - 1], connection=1)).reply
            assert reply == b"%d:1" % done[kiosk - 1]
            done[kiosk - 1] += 1
        counts = counter.sql("SELECT item_id, count(*) FROM journal GROUP BY item_id ORDER BY item_id")
        assert [count for _, count in counts] == done
        assert counter.sql("SELECT count(*) FROM loan") == [(sum(number % 2 for number in done),)]
        counter.close()
