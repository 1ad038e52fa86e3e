"""What the SRU server tells of itself: generated from the tables that it answers by, so that it cannot say what is not so."""

from __future__ import annotations

from typing import Final

from protocols.sru import zeerex
from protocols.sru.requests import Version
from protocols.z3950.bib1 import Position, Truncation
from server.catalogue import cql as cql_query
from server.catalogue import indexes as cql_indexes
from server.catalogue.query import LISTS, PROFILE
from server.catalogue.records import SCHEMAS
from server.sru.facets import FACETS
from storage.catalogue.access_points import sort_by_use
from storage.catalogue.scan import MAX_SHOWN
from storage.network.network import Database, Network

DEFAULT_RECORDS: Final = 10
MAX_RECORDS: Final = 200
"""Records of one response."""
DEFAULT_TERMS: Final = 20
MAX_TERMS: Final = 500
IDLE_SECONDS: Final = 600
"""For how long, in seconds, a result set that nobody asks for is kept, as a rule."""

_MASKS: Final = (
    (Truncation.RIGHT, "*"),
    (Truncation.Z39_58, "?"),
)


_FACETS: Final = tuple(("facet", row.name) for row in FACETS)


def describe(network: Network, database: Database, server: zeerex.Server, modified: str) -> zeerex.Description:
    """Return the description of a database, with facets to who speaks 2.0."""
    facets = server.version == Version.V2_0.value
    return zeerex.Description(
        server=server,
        title=database.title or database.name,
        description=f"{network.name} : notices et exemplaires, disponibilité en temps réel.",
        contact="",
        sets=cql_indexes.CONTEXT_SETS,
        indexes=[_index(row) for row in cql_indexes.OFFERED],
        schemas=[zeerex.Schema(each.identifier, each.names[0], each.title) for each in SCHEMAS],
        defaults=(
            ("numberOfRecords", str(DEFAULT_RECORDS)),
            ("numberOfTerms", str(DEFAULT_TERMS)),
            ("contextSet", "cql"),
            ("index", "cql.serverChoice"),
            ("relation", "="),
            ("retrieveSchema", SCHEMAS[0].identifier),
        ),
        settings=(
            ("maximumRecords", str(MAX_RECORDS)),
            ("maximumTerms", str(MAX_TERMS)),
            ("resultSetTTL", str(IDLE_SECONDS)),
            *((("facetLimit", str(MAX_SHOWN)),) if facets else ()),
        ),
        supports=(*_supports(), *(_FACETS if facets else ())),
        modified=modified,
    )


def _index(row: cql_indexes.Row) -> zeerex.Index:
    names = [(prefix, name) for prefix, _, name in (each.partition(".") for each in row.names.split())]
    return zeerex.Index(row.title, names, row.use, scan=row.use in LISTS.use, sort=row.use in sort_by_use)


def _supports() -> list[tuple[str, str]]:
    """Return what of CQL is taken, as far as the index takes the attributes that it becomes."""
    found = [("relation", name) for name in cql_query.taken_relations()]
    found += [("relationModifier", name) for name in cql_query.taken_modifiers()]
    found += [("booleanOperator", name) for name in cql_query.taken_booleans()]
    found += [("maskingCharacter", mask) for truncation, mask in _MASKS if truncation in PROFILE.truncation]
    if Position.FIRST_IN_FIELD in PROFILE.position:
        found.append(("anchoring", "^"))
    return [*found, ("resultSets", "true"), ("scan", "true"), ("sort", "true")]
