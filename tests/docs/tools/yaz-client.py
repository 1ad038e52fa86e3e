"""A stand-in for yaz-client: opens HOST:PORT/DATABASE, obeys standard input, and says what the real one says, times apart."""

from __future__ import annotations

import sys

from protocols.marc.record import Field, Record
from tests.system.z3950_shell import Shell


def _field(field: Field) -> str:
    if field.is_control:
        return f"{field.tag} {field.data}"
    return f"{field.tag} {field.indicators}" + "".join(f" ${code} {value}" for code, value in field.subfields)


def _shown(line: str) -> str:
    """Return a line of the shell as yaz-client shows it: a record, field by field."""
    if line.endswith("Record type"):
        return f"{line}: Unimarc"
    if "\x1d" not in line:
        return line
    record = Record.from_iso2709(line.encode())
    return "\n".join([record.leader, *map(_field, record.fields), ""])


def main(address: str) -> None:
    where, _, database = address.partition("/")
    commands = [line.strip() for line in sys.stdin if line.strip()]
    sys.stdout.write("Connecting...OK.\nConnection accepted by v3 target.\n")
    said = Shell(int(where.rpartition(":")[2])).run([f"base {database}", *commands])
    sys.stdout.write("\n".join(map(_shown, said.split("\n"))))


if __name__ == "__main__":
    main(*sys.argv[1:])
