"""Answers held against the standard's own schemas, where they lie beside the kit: it may not ship them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from protocols.ncip import Received, Release, read

FILES: Final = {
    Release.V2_02: "ncip_v2_02.xsd",
    Release.V2_01: "ncip_v2_01.xsd",
    Release.V2_0: "ncip_v2_0.xsd",
    Release.V1_0: "ncip_v1_0.dtd",
}
"""Release -> the name under which its schema is published. For what is not there, that of 2.02 serves."""
_SHOWN: Final = 3


class NoSchemas(Exception):
    """There is nothing to validate with; the text says why."""


def validator(folder: Path) -> Callable[[bytes], list[str]]:
    """Make what tells the faults of a document by the schemas in *folder*. Raises NoSchemas."""
    try:
        from lxml import etree  # noqa: PLC0415 (for who validates alone)
    except ImportError:
        raise NoSchemas("--schemas needs the package lxml") from None
    schemas: dict[Release, Any] = {}
    for release, name in FILES.items():
        path = folder / name
        if path.is_file():
            try:
                schemas[release] = (
                    etree.DTD(str(path)) if path.suffix == ".dtd" else etree.XMLSchema(etree.parse(str(path)))
                )
            except etree.LxmlError as error:
                raise NoSchemas(f"{path.name}: {error}") from None
    usual = schemas.get(Release.V2_02)
    if usual is None:
        raise NoSchemas(f"there is no {FILES[Release.V2_02]} in {folder}")

    def faults(document: bytes) -> list[str]:
        received = read(document)
        release = received.envelope.release if isinstance(received, Received) else Release.V2_02
        schema = schemas.get(release) or (usual if release is not Release.V1_0 else None)
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        if schema is None or schema.validate(etree.fromstring(document, parser)):
            return []
        return [f"by the schema: {each.message}" for each in list(schema.error_log)[:_SHOWN]]

    return faults
