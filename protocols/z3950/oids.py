"""Object identifiers of Z39.50 (ANSI/NISO Z39.50-2003 appendix OID; maintained by the Library of Congress)."""

from __future__ import annotations

from typing import Final

_Z: Final = "1.2.840.10003"

BIB_1: Final = f"{_Z}.3.1"
"""Attribute set."""
EXT_1: Final = f"{_Z}.3.3"
"""Attribute set of the database of task packages."""
DIAGNOSTICS_BIB_1: Final = f"{_Z}.4.1"
DIAGNOSTICS_DIAG_1: Final = f"{_Z}.4.2"

UNIMARC: Final = f"{_Z}.5.1"
USMARC: Final = f"{_Z}.5.10"
SUTRS: Final = f"{_Z}.5.101"
OPAC: Final = f"{_Z}.5.102"
GRS_1: Final = f"{_Z}.5.105"
XML: Final = f"{_Z}.5.109.10"

TASK_PACKAGE: Final = f"{_Z}.5.106"
UPDATE: Final = f"{_Z}.9.5.1.1"
"""Extended service, in its last revision; the ones before have the same parameters."""
UPDATES: Final = frozenset({UPDATE, f"{_Z}.9.5", f"{_Z}.9.5.1"})
PERSISTENT_RESULT_SET: Final = f"{_Z}.9.1"
ITEM_ORDER: Final = f"{_Z}.9.4"
PROMPT_1: Final = f"{_Z}.8.1"
"""Access control."""
RESOURCE_1: Final = f"{_Z}.7.1"
"""Resource report."""
SEARCH_RESULT_1: Final = f"{_Z}.10.1"
USER_INFO_1: Final = f"{_Z}.10.3"
CHARACTER_SETS_3: Final = f"{_Z}.15.3"
"""Character set and language negotiation, version 3."""

CHARACTER_SET_NAME: Final = f"{_Z}.15.1000.81.1"
"""The usual name of a character set, as YAZ's clients propose it."""

CQL: Final = f"{_Z}.16.2"
"""Type of query."""

UTF_8: Final = "1.0.10646.1.0.8"
"""ISO 10646 encoding level."""

ATTRIBUTE_SETS: Final = {
    BIB_1: "bib-1",
    f"{_Z}.3.2": "exp-1",
    EXT_1: "ext-1",
    f"{_Z}.3.5": "gils",
    f"{_Z}.3.11": "util",
    f"{_Z}.3.12": "xd-1",
    f"{_Z}.3.18": "bib-2",
}
