"""Object identifiers of Z39.50 (ANSI/NISO Z39.50-2003 appendix OID; maintained by the Library of Congress)."""

from __future__ import annotations

from typing import Final

_Z: Final = "1.2.840.10003"

BIB_1: Final = f"{_Z}.3.1"
"""Attribute set."""
DIAGNOSTICS_BIB_1: Final = f"{_Z}.4.1"
DIAGNOSTICS_DIAG_1: Final = f"{_Z}.4.2"

UNIMARC: Final = f"{_Z}.5.1"
USMARC: Final = f"{_Z}.5.10"
SUTRS: Final = f"{_Z}.5.101"
XML: Final = f"{_Z}.5.109.10"

USER_INFO_SEARCH_RESULT_1: Final = f"{_Z}.10.1"
USER_INFO_1: Final = f"{_Z}.10.3"
CHARACTER_SETS_3: Final = f"{_Z}.15.3"
"""Character set and language negotiation, version 3."""

UTF_8: Final = "1.0.10646.1.0.8"
"""ISO 10646 encoding level."""

ATTRIBUTE_SETS: Final = {
    BIB_1: "bib-1",
    f"{_Z}.3.2": "exp-1",
    f"{_Z}.3.3": "ext-1",
    f"{_Z}.3.5": "gils",
    f"{_Z}.3.11": "util",
    f"{_Z}.3.12": "xd-1",
    f"{_Z}.3.18": "bib-2",
}

RECORD_SYNTAXES: Final = {
    UNIMARC: "UNIMARC",
    f"{_Z}.5.2": "INTERMARC",
    f"{_Z}.5.3": "CCF",
    USMARC: "USMARC",
    f"{_Z}.5.11": "UKMARC",
    f"{_Z}.5.12": "NORMARC",
    f"{_Z}.5.14": "DANMARC",
    f"{_Z}.5.15": "FINMARC",
    f"{_Z}.5.16": "MAB",
    f"{_Z}.5.17": "CANMARC",
    f"{_Z}.5.18": "SBN",
    f"{_Z}.5.19": "PICAMARC",
    f"{_Z}.5.21": "IBERMARC",
    f"{_Z}.5.22": "CATMARC",
    f"{_Z}.5.28": "RUSMARC",
    f"{_Z}.5.100": "Explain",
    SUTRS: "SUTRS",
    f"{_Z}.5.102": "OPAC",
    f"{_Z}.5.103": "Summary",
    f"{_Z}.5.105": "GRS-1",
    f"{_Z}.5.109.3": "HTML",
    XML: "XML",
    f"{_Z}.5.109.11": "application-XML",
}
"""Names that people use for what they ask; which of them a target sends is its own business."""
