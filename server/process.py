"""What the daemon asks of the operating system, and tells it."""

from __future__ import annotations

import gc
import os
import resource
import socket
import sys
import time
from pathlib import Path
from typing import Final

_SYNCS: Final = 21
_SYNC_SECONDS: Final = 0.25
LYING_DISK: Final = 20e-6
"""A disk that says "written" sooner than this (seconds) has not written."""


def prepare() -> None:
    """Set what must be so before anything is opened: files for their owner alone, as many sockets as may be.

    The switch interval keeps worker threads from starving beside a busy reactor (performance.md 8.1).
    """
    os.umask(0o077)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    sys.setswitchinterval(0.0002)


def settle() -> None:
    """Take what has been loaded out of the garbage collector's sight: a full collection costs 200 ms (8.7)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def measure_sync(directory: Path) -> float:
    """Return the median time, in seconds, that the disk under *directory* takes to write a block for good."""
    path = directory / "sync.tmp"
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    times: list[float] = []
    try:
        os.write(handle, bytes(4096))
        os.fsync(handle)
        while len(times) < _SYNCS and sum(times) < _SYNC_SECONDS:
            began = time.perf_counter()
            os.pwrite(handle, os.urandom(4096), 0)
            os.fdatasync(handle)
            times.append(time.perf_counter() - began)
    finally:
        os.close(handle)
        path.unlink()
    return sorted(times)[len(times) // 2]


def tell_systemd(state: str) -> None:
    """Tell the service manager that started us what we are at: ``READY=1``, ``STOPPING=1`` (sd_notify(3))."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.sendto(state.encode(), address)
