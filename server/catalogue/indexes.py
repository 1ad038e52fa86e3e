"""The indexes of CQL: one row for each Use attribute of the index, with all names that it goes by.

What is offered is what the index has: a row whose Use attribute no access point serves is not there. The explain record, the
reference page and the reading of queries come from this table.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from protocols.sru.cql import Index
from protocols.sru.diagnostics import Condition, Refused
from storage.catalogue.access_points import by_use

CONTEXT_SETS: Final = {
    "cql": "info:srw/cql-context-set/1/cql-v1.2",
    "dc": "info:srw/cql-context-set/1/dc-v1.1",
    "bath": "http://zing.z3950.org/cql/bath/2.0/",
    "rec": "info:srw/cql-context-set/2/rec-1.1",
    "bib": "info:srw/cql-context-set/1/bib-v1",
}
"""Prefix -> identifier."""
_SYNONYMS: Final = {
    "info:srw/cql-context-set/1/cql-v1.1": "cql",
    "http://docs.oasis-open.org/ns/search-ws/cql": "cql",
    "http://www.loc.gov/zing/cql/context-sets/cql/v1.1/": "cql",
    "http://www.loc.gov/zing/cql/dc-indexes/v1.0/": "dc",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://zing.z3950.org/cql/bath/1.1/": "bath",
    "http://srw.cheshire3.org/contextsets/rec/2/": "rec",
    "info:srw/cql-context-set/2/rec-1.0": "rec",
}
"""Other identifiers that context sets are known by."""


class Row(NamedTuple):
    """An index: the Use attribute that it stands for, its names, and its title in French."""

    use: int
    names: str
    title: str


ROWS: Final = (
    Row(
        1016,
        "cql.serverChoice cql.anywhere cql.keywords cql.anyIndexes bath.any bib.anywhere dc.any",
        "Tous les champs",
    ),
    Row(4, "dc.title bath.title bib.title", "Titre"),
    Row(1003, "dc.creator dc.author bath.author bib.author dc.contributor", "Auteur"),
    Row(21, "dc.subject bath.subject bib.subject", "Sujet"),
    Row(1018, "dc.publisher bib.publisher", "Éditeur"),
    Row(31, "dc.date bath.date bib.publicationdate", "Année de publication"),
    Row(62, "dc.description bath.abstract bib.abstract", "Résumé"),
    Row(1007, "dc.identifier bath.standardIdentifier bib.identifier", "Identifiant normalisé"),
    Row(54, "dc.language bath.codeLanguage bib.language", "Langue"),
    Row(1031, "dc.type bath.format bib.doctype", "Type de document"),
    Row(1108, "dc.source", "Source"),
    Row(1109, "dc.relation", "Relation"),
    Row(1110, "dc.coverage", "Couverture"),
    Row(1002, "bath.name bib.name", "Nom"),
    Row(1, "bath.personalName", "Nom de personne"),
    Row(2, "bath.corporateName", "Nom de collectivité"),
    Row(3, "bath.conferenceName", "Nom de congrès"),
    Row(6, "bath.uniformTitle bib.uniformtitle", "Titre uniforme"),
    Row(33, "bath.keyTitle", "Titre clé"),
    Row(5, "bath.seriesTitle bib.titleseries bib.series", "Collection"),
    Row(7, "bath.isbn bib.isbn", "ISBN"),
    Row(8, "bath.issn bib.issn", "ISSN"),
    Row(1214, "bib.ean", "EAN"),
    Row(1079, "bath.topicalSubject", "Sujet matière"),
    Row(58, "bath.geographicName bib.geographicname", "Nom géographique"),
    Row(1075, "bath.genreForm bib.genre", "Genre ou forme"),
    Row(63, "bath.notes bath.note bib.note", "Notes"),
    Row(59, "bib.placepublication bib.publicationplace", "Lieu de publication"),
    Row(13, "bib.dewey", "Indice Dewey"),
    Row(14, "bib.cdu", "Indice CDU"),
    Row(53, "bath.callNumber bib.callnumber bib.shelfmark", "Cote"),
    Row(1044, "bath.possessingInstitution bib.institution", "Bibliothèque qui possède"),
    Row(8023, "bib.barcode", "Code-barres d'un exemplaire"),
    Row(12, "rec.id rec.identifier bath.localNumber", "Numéro de la notice"),
    Row(1032, "bib.persistentid bib.recordid", "Numéro de la notice, ici ou ailleurs"),
    Row(1011, "rec.creationDate rec.created", "Date de création de la notice"),
    Row(1012, "rec.lastModificationDate rec.modified", "Date de modification de la notice"),
)

OFFERED: Final = tuple(row for row in ROWS if row.use in by_use)
"""The rows that the index serves."""
RESULT_SET: Final = "cql.resultsetid"
ALL_RECORDS: Final = "cql.allrecords"
_NAMES: Final = {name: row for row in OFFERED for name in row.names.split()}
_BY_NAME: Final = {name.lower(): row for name, row in _NAMES.items()}
_PREFERENCE: Final = ("cql", "dc", "bath", "bib", "rec")
"""Where a name without a prefix is looked for."""


def resolve(index: Index) -> str | Row:
    """Return the row of an index, or `RESULT_SET` or `ALL_RECORDS`. Raises Refused."""
    prefixes = [_prefix(index)] if index.prefix or index.context_set else _PREFERENCE
    for prefix in prefixes:
        name = f"{prefix}.{index.name.lower()}"
        if name in {RESULT_SET, ALL_RECORDS}:
            return name
        row = _BY_NAME.get(name)
        if row is not None:
            return row
    known = ", ".join(name for name in _NAMES if name.partition(".")[0] in prefixes)
    raise Refused(Condition.INDEX, f"{index} at character {index.position}; there are {known}")


def _prefix(index: Index) -> str:
    """Return our prefix of the context set that an index is of."""
    if index.context_set:
        named = next((prefix for prefix, uri in CONTEXT_SETS.items() if uri == index.context_set), None)
        prefix = named or _SYNONYMS.get(index.context_set, "")
    else:
        prefix = index.prefix.lower()
    if prefix not in CONTEXT_SETS:
        raise Refused(
            Condition.CONTEXT_SET, f"{index.context_set or index.prefix}; there are {', '.join(CONTEXT_SETS)}"
        )
    return prefix
