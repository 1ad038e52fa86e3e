"""Zebra 2 (Debian: idzebra-2.0) with the same records, as the measure of a Z39.50 target that is all C.

It is set up as its users set it up for MARC, and as well as it can be:

- filter grs.marcxml, the one for MARC in ISO 2709; the records are kept in its files (storeData), and the keys of each too
  (storeKeys), as a catalogue that is kept up to date needs; no shadow registers, which cost time at updates alone;
- each access point of `USES` is read from the very places that our own table names, by word and, where we have whole headings,
  by phrase; `Any` from all that our `any` is made of; the sort registers of title, author and date;
- a character map that folds accents and capitals as our analyser does, so that every query must find as many records;
- zebrasrv in its usual mode, a process for each session; with threads (-T) a search costs it no less, and a present more.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.daemon import START_SECONDS, Daemon, DaemonFailed, Ended, execute
from bench.machine import SERVER_CORE, pinned
from bench.z3950 import DATABASE
from protocols.marc.charsets import NSB, NSE
from protocols.marc.format import Format
from storage.catalogue.access_points import ALL, ANY, AccessPoint, by_use, places

INDEXER, SERVER = "zebraidx", "zebrasrv"
PROFILES: Final = "/usr/share/idzebra-2.0/tab"
TAGS: Final = frozenset(["001", "010", "100", "101", "200", "210", "330", "606", "676", "700", "701"])
"""The fields of the corpus that hold something to be found; rules for others would only slow Zebra down."""

USES: Final[dict[str, int]] = {
    "Personal-name": 1,
    "Corporate-name": 2,
    "Title": 4,
    "Title-series": 5,
    "ISBN": 7,
    "ISSN": 8,
    "Local-number": 12,
    "Dewey-classification": 13,
    "Subject-heading": 21,
    "Date-of-publication": 31,
    "Code-language": 54,
    "Place-publication": 59,
    "Abstract": 62,
    "Note": 63,
    "Author": 1003,
    "Author-name-personal": 1004,
    "Author-name-corporate": 1005,
    "Identifier-standard": 1007,
    "Any": 1016,
    "Publisher": 1018,
}
"""Name of an access point in Zebra's bib1.att -> Use attribute."""
_SORTED: Final = {"200$a": "Title:s", "700$a": "Author:s", "210$d": "Date-of-publication:s"}

_ABS: Final = """\
name unimarc
attset bib1.att
esetname F @
esetname B @
marc unimarc.mar
encoding utf-8
xpath disable
{rules}
"""
_MAR: Final = """\
name unimarc
reference Unimarc
length-data-entry 4
length-starting 5
length-implementation 0
"""
_CHR: Final = f"""\
encoding utf-8
lowercase {{0-9}}{{a-z}}
uppercase {{0-9}}{{A-Z}}
space {{\\001-\\040}}!"#$%&'\\()*+,-./:;<=>?@\\[\\\\]^_`\\{{|}}~{NSB}{NSE}
map éèêëÉÈÊË e
map àâäÀÂÄ a
map îïÎÏ i
map ôöÔÖ o
map ùûüÙÛÜ u
map çÇ c
"""
_IDX: Final = """\
index w
completeness 0
position 1
charmap words.chr
index p
completeness 1
charmap words.chr
sort s
completeness 1
charmap words.chr
"""
_CFG: Final = """\
profilePath: {folder}:{profiles}
modulePath: {modules}
attset: bib1.att
index: fields.idx
recordType: grs.marcxml.unimarc
encoding: utf-8
database: {database}
storeKeys: 1
storeData: 1
memMax: 512
register: {folder}/register:100G
keyTmpDir: {folder}
setTmpDir: {folder}
lockDir: {folder}
"""


def installed() -> bool:
    """Tell whether Zebra can be measured here."""
    return bool(shutil.which(INDEXER) and shutil.which(SERVER) and Path(PROFILES).is_dir())


def rules() -> list[str]:
    """Return what is indexed: `melm` rules, one for each subfield of the corpus that an access point names."""
    found: dict[str, dict[str, None]] = {}

    def add(name: str, point: AccessPoint) -> None:
        for place in places(point.places(Format.UNIMARC).words):
            if place.tag not in TAGS:
                continue
            cut = f":range(data,{place.cut.start},{place.cut.stop - place.cut.start})" if place.cut else ""
            kinds = "wp" if point.has_headings and name != "Any" else "w"
            for element in [f"{place.tag}${code}" for code in place.codes] or [place.tag]:
                found.setdefault(element, {}).update({f"{name}:{kind}{cut}": None for kind in kinds})

    for name, use in USES.items():
        for point in by_use[use]:
            add(name, point)
    for point in ALL:
        if point.anywhere and point is not ANY:
            add("Any", point)
    for element, key in _SORTED.items():
        found[element][key] = None
    return [f"melm {element} {','.join(keys)}" for element, keys in sorted(found.items())]


def index(folder: Path, records: Path) -> Ended:
    """Set Zebra up in *folder*, and index *records*. Raises DaemonFailed."""
    (folder / "register").mkdir()
    modules = next(Path("/usr/lib").glob("**/idzebra-2.0/modules"))
    configuration = _CFG.format(folder=folder, profiles=PROFILES, modules=modules, database=DATABASE)
    written = {
        "unimarc.abs": _ABS.format(rules="\n".join(rules())),
        "unimarc.mar": _MAR,
        "words.chr": _CHR,
        "fields.idx": _IDX,
        "zebra.cfg": configuration,
    }
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")
    options = ("-c", str(folder / "zebra.cfg"), "-v", "none,fatal,warn", "-n")
    return execute(INDEXER, *options, "update", str(records))


@contextmanager
def server(folder: Path) -> Iterator[Daemon]:
    """Run zebrasrv on what was indexed in *folder*, pinned to the server's core. Raises DaemonFailed."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ("-c", str(folder / "zebra.cfg"), "-v", "none,fatal,warn", "-l", str(folder / "server.log"))
    began = time.perf_counter()
    process = subprocess.Popen([*pinned(SERVER_CORE), SERVER, *options, f"tcp:127.0.0.1:{port}"])
    try:
        _wait_for(port, process)
        yield Daemon(process.pid, {"z3950": port}, time.perf_counter() - began)
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(START_SECONDS * 20):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.05)
        else:
            return
    raise DaemonFailed("zebrasrv did not start")
