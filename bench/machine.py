"""What the machine does meanwhile: processor time of a process tree, what the neighbours take, memory, the speed of the disk."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TICK: Final = os.sysconf("SC_CLK_TCK")
CORES: Final = sorted(os.sched_getaffinity(0))
SERVER_CORE: Final = CORES[0]
LOAD_CORE: Final = CORES[-1]
_BLOCK: Final = 4096


def pinned(core: int) -> tuple[str, ...]:
    """Return what to write before a command to keep it on *core*; nothing on a machine with one core."""
    return ("taskset", "-c", str(core)) if len(CORES) > 1 else ()


def tree(root: int) -> list[int]:
    """Return the process *root* and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                children.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
    found, todo = [], [root]
    while todo:
        process = todo.pop()
        found.append(process)
        todo += children.get(process, [])
    return found


def _stat(process: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name: state, parent, ..., user and system ticks at 11 to 14."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


def processor_seconds(roots: Iterable[int]) -> float:
    """Return user and system time of process trees, of children that have ended too."""
    seconds = 0.0
    for root in roots:
        for process in tree(root):
            with suppress(OSError):
                own, of_ended = (sum(map(int, _stat(process)[at : at + 2])) / TICK for at in (11, 13))
                seconds += max(own, _scheduled_seconds(process)) + of_ended
    return seconds


def _scheduled_seconds(process: int) -> float:
    """Return the time on a processor of the threads that a process has: many processes are each on it for less than a tick."""
    threads = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def busy_seconds() -> float:
    """Return the processor time of everything on the machine (all but idle and waiting for disks)."""
    user, nice, system, _idle, _wait, irq, softirq, steal = map(
        int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    )
    return (user + nice + system + irq + softirq + steal) / TICK


def memory_kib(root: int) -> int:
    """Return the memory of a process tree, pages that several share counted once."""
    total = 0
    for process in tree(root):
        with suppress(OSError):
            for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total


@dataclass
class Usage:
    """Processor time at one moment: of the servers measured, of the database server, of the whole machine."""

    at: float
    server: float
    database: float
    machine: float

    @classmethod
    def now(cls, server: int, database: int | None) -> Usage:
        """Look."""
        of_database = processor_seconds([database]) if database is not None else 0.0
        return cls(time.perf_counter(), processor_seconds([server]), of_database, busy_seconds())


@dataclass(frozen=True)
class Disk:
    """How fast a disk keeps a block of 4 KiB that is written over an old one."""

    per_second: float
    p50_us: float
    p99_us: float
    kind: str


def measure_disk(folder: Path, seconds: float = 0.5) -> Disk:
    """Write and sync blocks one after the other, as a single kiosk makes the store do."""
    path = folder / "sync.tmp"
    handle = os.open(path, os.O_RDWR | os.O_CREAT)
    times = []
    try:
        os.write(handle, bytes(_BLOCK))
        os.fsync(handle)
        end = time.perf_counter() + seconds
        while (began := time.perf_counter()) < end:
            os.pwrite(handle, os.urandom(_BLOCK), 0)
            os.fdatasync(handle)
            times.append(time.perf_counter() - began)
    finally:
        os.close(handle)
        path.unlink()
    times.sort()
    count = len(times)
    return Disk(count / sum(times), times[count // 2] * 1e6, times[int(count * 0.99)] * 1e6, file_system(folder))


def file_system(folder: Path) -> str:
    """Return the kind of file system that *folder* is on."""
    place, kind = "", "?"
    for line in Path("/proc/mounts").read_text().splitlines():
        _device, mount, its_kind, *_ = line.split()
        if len(mount) >= len(place) and folder.resolve().is_relative_to(mount):
            place, kind = mount, its_kind
    return kind


def describe() -> str:
    """Return the processor and its cores, in a line."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        "?",
    )
    return f"{model}, {len(CORES)} cores, Linux {os.uname().release}"
