"""ZeeRex: the record in which a server explains itself (http://explain.z3950.org/dtd/2.0/), made of what it truly has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from protocols.sru.responses import EXPLAIN_SCHEMA
from protocols.xmltext import text


class Server(NamedTuple):
    """Where a database is reached, in which version of SRU, and by which path."""

    version: str
    host: str
    port: int
    database: str


class Index(NamedTuple):
    """An index: its title, its names as (prefix, name), its Bib-1 Use attribute, and what it can be used for."""

    title: str
    names: Sequence[tuple[str, str]]
    use: int
    scan: bool = True
    sort: bool = False


class Schema(NamedTuple):
    """A schema of records: its identifier, its short name, its title."""

    identifier: str
    name: str
    title: str


class Description(NamedTuple):
    """Everything that the record tells. `supports` and `settings` are (type, value)."""

    server: Server
    title: str
    description: str
    contact: str
    sets: Mapping[str, str]
    indexes: Sequence[Index]
    schemas: Sequence[Schema]
    defaults: Sequence[tuple[str, str]]
    settings: Sequence[tuple[str, str]]
    supports: Sequence[tuple[str, str]]
    modified: str


BIB_1: Final = "1.2.840.10003.3.1"


def write(description: Description) -> bytes:
    """Return the record."""
    server = description.server
    parts = [
        f'<explain xmlns="{EXPLAIN_SCHEMA}">',
        f'<serverInfo protocol="SRU" version="{text(server.version)}" transport="http" method="GET POST SOAP">',
        f"<host>{text(server.host)}</host><port>{server.port}</port><database>{text(server.database)}</database></serverInfo>",
        f'<databaseInfo><title lang="fr" primary="true">{text(description.title)}</title>',
        f'<description lang="fr" primary="true">{text(description.description)}</description>',
        f"<contact>{text(description.contact)}</contact>" if description.contact else "",
        "</databaseInfo>",
        f"<metaInfo><dateModified>{text(description.modified)}</dateModified></metaInfo>",
        "<indexInfo>",
        *(f'<set name="{text(name)}" identifier="{text(uri)}"/>' for name, uri in description.sets.items()),
        *map(_index, description.indexes),
        "</indexInfo><schemaInfo>",
        *map(_schema, description.schemas),
        "</schemaInfo><configInfo>",
        *(_typed("default", kind, value) for kind, value in description.defaults),
        *(_typed("setting", kind, value) for kind, value in description.settings),
        *(_typed("supports", kind, value) for kind, value in description.supports),
        "</configInfo></explain>",
    ]
    return "".join(parts).encode()


def _flag(value: object) -> str:
    return "true" if value else "false"


def _index(index: Index) -> str:
    names = "".join(f'<map><name set="{text(prefix)}">{text(name)}</name></map>' for prefix, name in index.names)
    return (
        f'<index search="true" scan="{_flag(index.scan)}" sort="{_flag(index.sort)}">'
        f'<title lang="fr" primary="true">{text(index.title)}</title>{names}'
        f'<map><attr type="1" set="{BIB_1}">{index.use}</attr></map></index>'
    )


def _schema(schema: Schema) -> str:
    return (
        f'<schema identifier="{text(schema.identifier)}" name="{text(schema.name)}" sort="false" retrieve="true">'
        f'<title lang="fr" primary="true">{text(schema.title)}</title></schema>'
    )


def _typed(name: str, kind: str, value: str) -> str:
    return f'<{name} type="{text(kind)}">{text(value)}</{name}>'
