"""Checks of what a server says of itself (explain), held against what it does."""

from __future__ import annotations

from conformance.checks import Checks, want
from conformance.results import Level
from conformance.sru.bench import SPEC_1, Session, one, some_query
from conformance.sru.client import ZEEREX, children
from protocols.xmlsafe import SEPARATOR, Node

check = Checks[Session]()


@check("explain-bare", Level.MUST, "the bare address gives an explain response", f"{SPEC_1} explain")
def _explain_bare(session: Session) -> None:
    reply = session.client.get()
    want(reply.root.name == "explainResponse", f"the root is {reply.root.name}")
    want("xml" in reply.media_type, f"its media type is {reply.media_type}")
    data = children(reply.root, "record", "recordData")
    want(data and data[0].children, "there is no record in it")


@check("explain-zeerex", Level.MUST, "the record is of ZeeRex, with server, database, index and schema", "ZeeRex 2.0")
def _explain_zeerex(session: Session) -> None:
    root = session.explain()
    want(root.tag.rpartition(SEPARATOR)[0] in ZEEREX, f"its namespace is {root.tag.rpartition(SEPARATOR)[0]}")
    for name in ("serverInfo", "databaseInfo", "indexInfo", "schemaInfo", "configInfo"):
        want(children(root, name), f"there is no {name}")
    for name in ("host", "port", "database"):
        want(one(children(root, "serverInfo")[0], name), f"serverInfo has no {name}")


def _names(root: Node) -> list[tuple[str, Node]]:
    """Return the first CQL name of every index, with its element."""
    out = []
    for index in children(root, "indexInfo", "index"):
        for name in children(index, "map", "name"):
            out.append((f"{name.attributes.get('set', '')}.{name.text.strip()}", index))
            break
    return out


@check("explain-indexes", Level.MUST, "every index that is told of can be searched", "ZeeRex 2.0 indexInfo")
def _explain_indexes(session: Session) -> None:
    for name, index in _names(session.explain()):
        if index.attributes.get("search", "true") == "true":
            told = [each.number for each in session.search(f'{name} = "1999"', maximumRecords=0).told]
            want(not {15, 16} & set(told), f"{name} is refused with {told}")


@check("explain-sets", Level.MUST, "every context set of an index is declared with its identifier", "ZeeRex 2.0 set")
def _explain_sets(session: Session) -> None:
    root = session.explain()
    declared = {
        each.attributes.get("name") for each in children(root, "indexInfo", "set") if each.attributes.get("identifier")
    }
    used = {name.partition(".")[0] for name, _ in _names(root)}
    want(used <= declared, f"not declared: {sorted(used - declared, key=str)}")


@check(
    "explain-schemas",
    Level.MUST,
    "every schema that is told of is sent, by name and by identifier",
    "ZeeRex 2.0 schemaInfo",
)
def _explain_schemas(session: Session) -> None:
    query, _ = some_query(session)
    for schema in children(session.explain(), "schemaInfo", "schema"):
        for name in (schema.attributes.get("name", ""), schema.attributes.get("identifier", "")):
            reply = session.search(query, maximumRecords=1, recordSchema=name)
            want(not reply.told and reply.records, f"{name} is refused with {[each.number for each in reply.told]}")


@check("explain-scan", Level.SHOULD, "an index that says it can be scanned can", "ZeeRex 2.0 index")
def _explain_scan(session: Session) -> None:
    for name, index in _names(session.explain()):
        if index.attributes.get("scan") == "true":
            reply = session.client.get(operation="scan", version=session.version, scanClause=f'{name} = "1999"')
            want(not reply.told, f"{name} is refused with {[each.number for each in reply.told]}")


@check("explain-sort", Level.SHOULD, "an index that says it can be sorted by can", "ZeeRex 2.0 index")
def _explain_sort(session: Session) -> None:
    query, _ = some_query(session)
    for name, index in _names(session.explain()):
        if index.attributes.get("sort") == "true":
            reply = session.search(f"{query} sortBy {name}", maximumRecords=0)
            want(not reply.told, f"{name} is refused with {[each.number for each in reply.told]}")
