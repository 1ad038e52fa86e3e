"""The records that an import refused: in a file of the source's own format, to be put right and imported again alone."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from protocols.marc.errors import BadRecord
from protocols.marc.iso2709 import RT

_XML_HEAD: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n<collection>\n'
_XML_END: Final = b"</collection>\n"


class Rejects:
    """Writes `path`, and beside it ``path.reasons.txt``: one line for each record in it, its reason.

    Neither is made before the first reject; an earlier file of the same name is replaced. Use it as a context manager.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.reasons_path = path.with_name(f"{path.name}.reasons.txt")
        self.count = 0
        self._records: IO[bytes] | None = None
        self._reasons: IO[str] | None = None
        self._end = b""

    def write(self, bad: BadRecord, *, is_xml: bool) -> None:
        """Add a record."""
        if self._records is None or self._reasons is None:
            self._records = self.path.open("wb")
            self._reasons = self.reasons_path.open("w", encoding="utf-8")
            self._end = _XML_END if is_xml else b""
            self._records.write(_XML_HEAD if is_xml else b"")
        self.count += 1
        end = b"\n" if is_xml else b"" if bad.raw.endswith(RT) else RT
        self._records.write(bad.raw + end)
        reason = " ".join(str(bad).split())
        self._reasons.write(f"{self.count}\t{reason}\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the files."""
        if self._records is not None and self._reasons is not None:
            self._records.write(self._end)
            self._records.close()
            self._reasons.close()
