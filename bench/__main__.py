"""`make bench`: how fast Bibliobus is on this machine, beside what is asked of it.

The real daemon runs on a store of its own, on the disk under bench/build, on one core; the load comes from another one.
Commands have all cores. Every reply is verified; a wrong one fails the run. Figures that miss what is asked do not: they are shown.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console

from bench import comparison, load, machine, scenarios
from bench.daemon import DaemonFailed
from bench.network import Size
from bench.report import show, write_json
from bench.scenarios import Bench, WrongReplies

SCENARIOS: Final = {**scenarios.SCENARIOS, **comparison.SCENARIOS}
BUILD: Final = Path(__file__).with_name("build")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=SCENARIOS, help="measure this alone (repeatable)")
    parser.add_argument("--rounds", type=int, default=3, help="of each load the best and the median are shown (3)")
    parser.add_argument("--seconds", type=float, default=3, help="how long a load is measured (3)")
    parser.add_argument("--size", type=int, default=20_000, help="readers; three times as many items (20,000)")
    parser.add_argument(
        "--records", type=int, default=100_000, help="records of the catalogue (100,000; Z39.50 needs some thousands)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there, round by round")
    return parser.parse_args()


def main() -> int:
    """Measure, and print the tables."""
    arguments = _arguments()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 150)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    BUILD.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=BUILD))
    try:
        disk, description = machine.measure_disk(folder), machine.describe()
        generator = load.compiled(folder) or load.interpreted()
        if generator.name != "C":
            console.print("There is no C compiler here: the load comes from Python, and is itself what limits it.")
        bench = Bench(
            console,
            generator,
            folder,
            arguments.rounds,
            arguments.seconds,
            Size(arguments.size),
            arguments.records,
        )
        for name in arguments.only or SCENARIOS:
            SCENARIOS[name](bench)
        show(console, description, disk, bench.loads, bench.figures)
        if arguments.json:
            write_json(arguments.json, description, disk, bench.loads, bench.figures)
    except (WrongReplies, DaemonFailed, load.GeneratorFailed) as error:
        console.print(f"{type(error).__name__}: {error}", markup=False, style="red")
        return 1
    finally:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
