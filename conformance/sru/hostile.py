"""Checks of what is made to do harm."""

from __future__ import annotations

import time

from conformance.checks import Checks, want
from conformance.results import Level
from conformance.sru.bench import Session

check = Checks[Session]()


@check("hostile-cql", Level.MUST, "queries that are deep, long or broken get an answer in time", "robustness")
def _hostile_cql(session: Session) -> None:
    for query in (
        "(" * 1_500 + "x" + ")" * 1_500,
        " or ".join(["x"] * 700),
        '"' * 999,
        "x" * 5_000,
        "\x01\x02 and \x03",
    ):
        began = time.monotonic()
        session.search(query, maximumRecords=0)
        want(time.monotonic() - began < session.client.patience, f"{query[:10]}... took too long")


@check("hostile-xml", Level.MUST, "XML bombs do no harm: no entity is expanded, and the server goes on", "robustness")
def _hostile_xml(session: Session) -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "boom"}">' for n in range(9))
    bomb = f'<?xml version="1.0"?><!DOCTYPE a [{entities}]><a>&e8;</a>'.encode()
    for body in (bomb, b"<a>" * 50_000):
        began = time.monotonic()
        _, _, answer = session.client.raw(body, "text/xml")
        want(b"boomboom" not in answer, "an entity was expanded")
        want(time.monotonic() - began < session.client.patience, "it took too long")
    want(session.client.get().root.name == "explainResponse", "explain is answered no more")
