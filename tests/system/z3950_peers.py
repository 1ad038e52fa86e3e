"""Z39.50 targets of others, as Debian packs them: yaz-ztest, which finds anything, and Zebra with the records of the kit's tests."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.system.running import PATIENCE

ZTEST, ZEBRA, INDEXER = "yaz-ztest", "zebrasrv", "zebraidx"
_PROFILES: Final = "/usr/share/idzebra-2.0/tab"

_ABS: Final = """\
name unimarc
attset bib1.att
esetname F @
esetname B @
marc unimarc.mar
encoding utf-8
xpath disable
all any
melm 001 Local-number:w
melm 010$a ISBN:w,Identifier-standard:w
melm 200$a Title:w,Title:p,Title:s
melm 200$f Author:w
melm 210$d Date-of-publication:n,Date-of-publication:w
melm 606$a Subject-heading:w,Subject-heading:p
melm 700$a Author:w,Author:p,Author:s
melm 700$b Author:w
"""
_MAR: Final = """\
name unimarc
reference Unimarc
length-data-entry 4
length-starting 5
length-implementation 0
"""
_CFG: Final = """\
profilePath: {folder}:{profiles}
modulePath: {modules}
attset: bib1.att
recordType: grs.marcxml.unimarc
encoding: utf-8
database: {database}
storeKeys: 1
storeData: 1
recordId: (bib1,Local-number)
perm.anonymous: rw
register: {folder}/register:1G
keyTmpDir: {folder}
setTmpDir: {folder}
lockDir: {folder}
"""


@contextmanager
def ztest() -> Iterator[int]:
    """Run yaz-ztest; yield its port."""
    with _listening([ZTEST, "-v", "none"]) as port:
        yield port


@contextmanager
def zebra(folder: Path, records: Iterable[bytes], database: str) -> Iterator[int]:
    """Run Zebra on UNIMARC records in one database, in which all may save; yield its port."""
    (folder / "register").mkdir()
    (folder / "records.mrc").write_bytes(b"".join(records))
    modules = next(Path("/usr/lib").glob("**/idzebra-2.0/modules"))
    (folder / "zebra.cfg").write_text(
        _CFG.format(folder=folder, profiles=_PROFILES, modules=modules, database=database)
    )
    (folder / "unimarc.abs").write_text(_ABS)
    (folder / "unimarc.mar").write_text(_MAR)
    options = ["-c", str(folder / "zebra.cfg"), "-v", "none,fatal"]
    subprocess.run(
        [_named(INDEXER), *options, "-n", "update", str(folder / "records.mrc")], check=True, timeout=PATIENCE
    )
    with _listening([_named(ZEBRA), *options]) as port:
        yield port


def _named(program: str) -> str:
    """Return a program of Zebra by the name that it has here, with its version or without."""
    return shutil.which(program) or f"{program}-2.0"


@contextmanager
def _listening(command: Sequence[str]) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [*command, f"tcp:127.0.0.1:{port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        ends = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < ends:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
            except OSError:
                time.sleep(0.02)  # until it listens
            else:
                break
        yield port
    finally:
        process.terminate()
        process.wait()
