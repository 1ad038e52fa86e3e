"""What a device and we say to each other, masked, in a file: switched on for some minutes, and to be played again.

A line is a JSON object: `seconds` since the capture began, `from` (`terminal` or `server`), and the `frame`, masked by the table of
fields. `python -m conformance sip2 --replay FILE` sends the terminal's part again, with an account of its own filled in.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from protocols.sip2.masking import mask

MOST_MINUTES: Final = 240
MOST_BYTES: Final = 16 << 20
"""A capture ends when it is that long: a sorter fills a megabyte an hour."""
KEPT_SECONDS: Final = 30 * 86400
"""Captures that are older are removed. They are masked; but what is done with is not kept."""


def forget_old(directory: Path, now: float) -> None:
    """Remove the captures in *directory* that are older than `KEPT_SECONDS`."""
    for path in directory.glob("*.jsonl"):
        with suppress(OSError):  # What cannot be removed today is tried again tomorrow.
            if path.stat().st_mtime < now - KEPT_SECONDS:
                path.unlink()


class Capture:
    """One capture of one device. The file is the daemon's owner's alone. Raises OSError when it cannot be made."""

    def __init__(self, path: Path, now: float, minutes: float) -> None:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        self.path = path
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")
        self._began = now
        self._until = now + minutes * 60
        self._size = 0

    def ended(self, now: float) -> bool:
        """Tell whether its time is over, and close it then."""
        if not self._file.closed and (now >= self._until or self._size > MOST_BYTES):
            self.close()
        return self._file.closed

    def close(self) -> None:
        """End it, with what of it there was room for."""
        with suppress(OSError):
            self._file.close()

    def note(self, frames: bytes, sender: str, charset: str, now: float) -> None:
        """Write *frames* down, each masked. Raises OSError."""
        if self.ended(now):
            return
        for frame in frames.replace(b"\n", b"\r").split(b"\r"):
            if frame:
                line = {"seconds": round(now - self._began, 3), "from": sender, "frame": mask(frame, charset)}
                self._size += self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._file.flush()
