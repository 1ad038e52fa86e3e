"""The Bib-1 attribute set (1.2.840.10003.3.1): types, and the values of each with the standard's names."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Final

from protocols.z3950.diagnostics import Bib1


class AttributeType(enum.IntEnum):
    """The types of attribute."""

    USE = 1
    RELATION = 2
    POSITION = 3
    STRUCTURE = 4
    TRUNCATION = 5
    COMPLETENESS = 6


class Relation(enum.IntEnum):
    """How the access point stands to the term."""

    LESS_THAN = 1
    LESS_THAN_OR_EQUAL = 2
    EQUAL = 3
    GREATER_OR_EQUAL = 4
    GREATER_THAN = 5
    NOT_EQUAL = 6
    PHONETIC = 100
    STEM = 101
    RELEVANCE = 102
    ALWAYS_MATCHES = 103
    WITHIN = 104


class Position(enum.IntEnum):
    """Where in the field the term stands."""

    FIRST_IN_FIELD = 1
    FIRST_IN_SUBFIELD = 2
    ANY_POSITION_IN_FIELD = 3


class Structure(enum.IntEnum):
    """What the term is."""

    PHRASE = 1
    WORD = 2
    KEY = 3
    YEAR = 4
    DATE_NORMALIZED = 5
    WORD_LIST = 6
    DATE_UN_NORMALIZED = 100
    NAME_NORMALIZED = 101
    NAME_UN_NORMALIZED = 102
    STRUCTURE = 103
    URX = 104
    FREE_FORM_TEXT = 105
    DOCUMENT_TEXT = 106
    LOCAL_NUMBER = 107
    STRING = 108
    NUMERIC_STRING = 109


class Truncation(enum.IntEnum):
    """Where the term may go on."""

    RIGHT = 1
    LEFT = 2
    LEFT_AND_RIGHT = 3
    DO_NOT_TRUNCATE = 100
    PROCESS_HASH = 101
    REGEXPR_1 = 102
    REGEXPR_2 = 103
    Z39_58 = 104


class ProximityRelation(enum.IntEnum):
    """How the distance of two terms stands to the one that is asked."""

    LESS_THAN = 1
    LESS_THAN_OR_EQUAL = 2
    EQUAL = 3
    GREATER_THAN_OR_EQUAL = 4
    GREATER_THAN = 5
    NOT_EQUAL = 6


class ProximityUnit(enum.IntEnum):
    """What the distance of two terms is counted in."""

    CHARACTER = 1
    WORD = 2
    SENTENCE = 3
    PARAGRAPH = 4
    SECTION = 5
    CHAPTER = 6
    DOCUMENT = 7
    ELEMENT = 8
    SUBELEMENT = 9
    ELEMENT_TYPE = 10
    BYTE = 11


class Completeness(enum.IntEnum):
    """How much of the field the term is."""

    INCOMPLETE_SUBFIELD = 1
    COMPLETE_SUBFIELD = 2
    COMPLETE_FIELD = 3


def _numbered(text: str) -> dict[int, str]:
    return {int(number): name for number, name in re.findall(r"(\d+) ([^\s,]+)", text)}


USE: Final = _numbered("""
    1 Personal-name, 2 Corporate-name, 3 Conference-name, 4 Title, 5 Title-series, 6 Title-uniform, 7 ISBN, 8 ISSN,
    9 LC-card-number, 10 BNB-card-number, 11 BGF-number, 12 Local-number, 13 Dewey-classification, 14 UDC-classification,
    15 Bliss-classification, 16 LC-call-number, 17 NLM-call-number, 18 NAL-call-number, 19 MOS-call-number,
    20 Local-classification, 21 Subject-heading, 22 Subject-RAMEAU, 23 BDI-index-subject, 24 INSPEC-subject,
    25 MESH-subject, 26 PA-subject, 27 LC-subject-heading, 28 RVM-subject-heading, 29 Local-subject-index, 30 Date,
    31 Date-of-publication, 32 Date-of-acquisition, 33 Title-key, 34 Title-collective, 35 Title-parallel, 36 Title-cover,
    37 Title-added-title-page, 38 Title-caption, 39 Title-running, 40 Title-spine, 41 Title-other-variant,
    42 Title-former, 43 Title-abbreviated, 44 Title-expanded, 45 Subject-PRECIS, 46 Subject-RSWK,
    47 Subject-subdivision, 48 Number-natl-biblio, 49 Number-legal-deposit, 50 Number-govt-pub,
    51 Number-music-publisher, 52 Number-DB, 53 Number-local-call, 54 Code-language, 55 Code-geographic,
    56 Code-institution, 57 Name-and-title, 58 Name-geographic, 59 Place-publication, 60 CODEN,
    61 Microform-generation, 62 Abstract, 63 Note, 1000 Author-title, 1001 Record-type, 1002 Name, 1003 Author,
    1004 Author-name-personal, 1005 Author-name-corporate, 1006 Author-name-conference, 1007 Identifier-standard,
    1008 Subject-LC-childrens, 1009 Subject-name-personal, 1010 Body-of-text, 1011 Date/time-added-to-db,
    1012 Date/time-last-modified, 1013 Authority/format-id, 1014 Concept-text, 1015 Concept-reference, 1016 Any,
    1017 Server-choice, 1018 Publisher, 1019 Record-source, 1020 Editor, 1021 Bib-level, 1022 Geographic-class,
    1023 Indexed-by, 1024 Map-scale, 1025 Music-key, 1026 Related-periodical, 1027 Report-number, 1028 Stock-number,
    1030 Thematic-number, 1031 Material-type, 1032 Doc-id, 1033 Host-item, 1034 Content-type, 1035 Anywhere,
    1036 Author-Title-Subject, 1044 Possessing-institution, 1045 Record-linking, 1053 Code-country-publication,
    1066 Number-volume, 1075 Subject-genre/form, 1079 Subject-topical, 1080 Subject-uncontrolled, 1092 Identifier-ISMN,
    1094 Identifier-DOI, 1097 DC-title, 1098 DC-creator, 1099 DC-subject, 1100 DC-description, 1101 DC-publisher,
    1102 DC-date, 1103 DC-resource-type, 1104 DC-resource-identifier, 1105 DC-language, 1106 DC-other-contributor,
    1107 DC-format, 1108 DC-source, 1109 DC-relation, 1110 DC-coverage, 1111 DC-rights-management,
    1063 Number-local-call-copy-specific, 1214 EAN, 8023 Barcode
""")
"""Use attributes with data of libraries behind them."""


@dataclass(frozen=True, slots=True)
class Row:
    """One type of attribute: its values with their names, and what refuses a value."""

    values: dict[int, str]
    diagnostic: Bib1


def _names(values: type[enum.IntEnum]) -> dict[int, str]:
    return {value.value: value.name.lower().replace("_", "-") for value in values}


ATTRIBUTES: Final = {
    AttributeType.USE: Row(USE, Bib1.USE_ATTRIBUTE),
    AttributeType.RELATION: Row(_names(Relation), Bib1.RELATION_ATTRIBUTE),
    AttributeType.POSITION: Row(_names(Position), Bib1.POSITION_ATTRIBUTE),
    AttributeType.STRUCTURE: Row(_names(Structure), Bib1.STRUCTURE_ATTRIBUTE),
    AttributeType.TRUNCATION: Row(_names(Truncation), Bib1.TRUNCATION_ATTRIBUTE),
    AttributeType.COMPLETENESS: Row(_names(Completeness), Bib1.COMPLETENESS_ATTRIBUTE),
}
