"""Responses of OAI-PMH 2.0, written strictly (3.2): one document, the request repeated in it, then the answer or errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from protocols.oai.requests import Error, Harvest, Refused, Verb, written
from protocols.xmltext import element, inside, text

NAMESPACE: Final = "http://www.openarchives.org/OAI/2.0/"
_SCHEMA: Final = "http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd"
_IDENTIFIER: Final = "http://www.openarchives.org/OAI/2.0/oai-identifier"
_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"


class MetadataFormat(NamedTuple):
    """A format that records are given in."""

    prefix: str
    schema: str
    namespace: str


class Set(NamedTuple):
    """A part of the repository that can be harvested alone."""

    spec: str
    name: str


class Header(NamedTuple):
    """What a record is, apart from its metadata: `datestamp` is in seconds since 1970 UTC."""

    identifier: str
    datestamp: int
    sets: Sequence[str] = ()
    deleted: bool = False


class Identity(NamedTuple):
    """What a repository tells of itself; `earliest` is in seconds since 1970 UTC."""

    name: str
    base_url: str
    email: str
    earliest: int
    domain: str


def response(now: int, base_url: str, arguments: Mapping[str, str], *answer: str, stylesheet: str = "") -> bytes:
    """Return the document of an answer to a request made with *arguments*; *now* is in seconds since 1970 UTC."""
    told = "".join(f' {name}="{text(value)}"' for name, value in arguments.items())
    head = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<OAI-PMH xmlns="{NAMESPACE}" xmlns:xsi="{_XSI}" '
        f'xsi:schemaLocation="{NAMESPACE} {_SCHEMA}">'
    )
    request = f"<responseDate>{written(now)}</responseDate><request{told}>{text(base_url)}</request>"
    return f"{head}{request}{''.join(answer)}</OAI-PMH>".encode()


def failure(now: int, base_url: str, arguments: Mapping[str, str], refused: Refused) -> bytes:
    """Return the document of an error; what was not understood is not repeated in it."""
    kept = {} if refused.error in {Error.BAD_VERB, Error.BAD_ARGUMENT} else arguments
    return response(now, base_url, kept, element("error", refused.text, code=refused.error.value))


def identify(identity: Identity) -> str:
    """Return the answer to Identify (4.2)."""
    description = (
        f'<description><oai-identifier xmlns="{_IDENTIFIER}" xsi:schemaLocation="{_IDENTIFIER} {_IDENTIFIER}.xsd">'
        f"<scheme>oai</scheme>{element('repositoryIdentifier', identity.domain)}<delimiter>:</delimiter>"
        f"{element('sampleIdentifier', f'oai:{identity.domain}:1')}</oai-identifier></description>"
    )
    return inside(
        Verb.IDENTIFY.value,
        element("repositoryName", identity.name),
        element("baseURL", identity.base_url),
        "<protocolVersion>2.0</protocolVersion>",
        element("adminEmail", identity.email),
        element("earliestDatestamp", written(identity.earliest)),
        "<deletedRecord>persistent</deletedRecord><granularity>YYYY-MM-DDThh:mm:ssZ</granularity>",
        description,
    )


def list_metadata_formats(formats: Sequence[MetadataFormat]) -> str:
    """Return the answer to ListMetadataFormats (4.4)."""
    return inside(Verb.LIST_METADATA_FORMATS.value, *map(_format, formats))


def _format(each: MetadataFormat) -> str:
    return inside(
        "metadataFormat",
        element("metadataPrefix", each.prefix),
        element("schema", each.schema),
        element("metadataNamespace", each.namespace),
    )


def list_sets(sets: Sequence[Set]) -> str:
    """Return the answer to ListSets (4.6)."""
    return inside(
        Verb.LIST_SETS.value,
        *(inside("set", element("setSpec", each.spec), element("setName", each.name)) for each in sets),
    )


def header(each: Header) -> str:
    """Return a header (2.5)."""
    return inside(
        "header",
        element("identifier", each.identifier),
        element("datestamp", written(each.datestamp)),
        *(element("setSpec", spec) for spec in each.sets),
        status="deleted" if each.deleted else "",
    )


def record(each: Header, metadata: str) -> str:
    """Return a record (2.5): its header, and its *metadata*, which is XML, unless it is deleted."""
    return inside("record", header(each), "" if each.deleted else inside("metadata", metadata))


def listed(verb: Verb, members: Sequence[str], given: int, left: Harvest | None) -> str:
    """Return the answer to a verb that lists (3.5): *given* were sent before these; *left* is what comes after them."""
    if left is not None:
        token = element("resumptionToken", left.token(), cursor=str(given))
    elif given:  # the end of a list that was given in parts is told by an empty token
        token = f'<resumptionToken cursor="{given}"/>'
    else:
        token = ""
    return inside(verb.value, *members, token)
