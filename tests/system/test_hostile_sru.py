"""Queries and envelopes made to do harm, at a real daemon: each is answered soon, in bounded memory, and others are served meanwhile."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from conformance.sru.client import Client
from storage.catalogue.records import save_records
from storage.database import Location
from tests.network import NOW
from tests.server.z3950.origin import fill_catalogue, unimarc
from tests.system.running import PATIENCE, Daemon, serving

pytestmark = pytest.mark.slow
SOON = 10.0
"""Seconds: far more than any answer takes, far less than what has no bound."""
MEMORY = 100 << 10
"""Kibibytes that the daemon may have more at the end."""
WORDS, RECORDS = 40, 150
"""Of long words of two letters: the worst vocabulary for masks."""

QUERIES = [
    ("parentheses", "(" * 8_000 + "a" + ")" * 8_000, 13),
    ("parentheses that are not closed", "(" * 16_000, 13),
    ("clauses", " or ".join(["a"] * 2_000), 38),
    ("ten thousand clauses", "or ".join(["a "] * 10_000), 12),
    ("clauses of many words", " or ".join([f'dc.title any "{"x " * 40}"'] * 140), 38),
    ("one long term", "a" * 16_000, 23),
    ("backslashes", '"' + "\\" * 15_000 + '"', 23),
    ("quotes", '"' * 15_999, 14),
    ("modifiers", "a =" + "/x" * 7_000 + " b", 10),
    ("prefixes", " ".join(f'>a{n}="b"' for n in range(1_200)) + " x", 10),
    ("sort keys", "a sortBy" + " b" * 5_000, 84),
    ("masks alone", 'dc.title all "* ? ** ?* ????"', 29),
    ("masks in number", " and ".join([f"dc.title = *a{n}b" for n in range(20)]), 30),
    ("gaps in one word", "dc.title = " + "a*" * 10 + "b", 30),
    ("gaps that fit everywhere", "dc.title = *a*a*a*b?", None),
    ("single characters", "dc.title = " + "?" * 40 + "a", None),
    ("families", 'dc.title any/stem "' + " ".join(f"{letter}bab" for letter in "acdefghij") + '"', 30),
    ("sounds", 'dc.title all/phonetic "' + " ".join("abaab"[n:] * 9 for n in range(4)) + '"', None),
    ("words of which some", 'dc.title any/relevant "' + " ".join(f"w{n}" for n in range(59)) + '"', None),
    ("more words of which some", 'dc.title any/relevant "' + " ".join(f"w{n}" for n in range(61)) + '"', 47),
    ("proximity", " prox ".join(["a"] * 150), 37),
    ("result sets", " or ".join(["cql.resultSetId = x"] * 100), 51),
    ("what XML cannot hold", "dc.title = \x01\x02\ufffe", 27),
]
ENVELOPE = '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>{}</e:Body></e:Envelope>'
REQUEST = "<searchRetrieveRequest><version>1.1</version><query>{}</query></searchRetrieveRequest>"
ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "boom"}">' for n in range(9))
BODIES = [
    ("entities", f"<!DOCTYPE a [{ENTITIES}]>" + ENVELOPE.format(REQUEST.format("&e8;"))),
    (
        "one long entity",
        f'<!DOCTYPE a [<!ENTITY e "{"a" * 50_000}">]>' + ENVELOPE.format(REQUEST.format("&e;" * 9_000)),
    ),
    ("a file", '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + ENVELOPE.format(REQUEST.format("&e;"))),
    ("a parameter entity", '<!DOCTYPE a [<!ENTITY % e SYSTEM "http://127.0.0.1:1/"> %e;]>' + ENVELOPE.format("")),
    ("depth", "<a>" * 40_000),
    ("depth in the body", ENVELOPE.format("<a>" * 5_000 + "</a>" * 5_000)),
    ("elements", ENVELOPE.format(REQUEST.format("<a/>" * 20_000))),
    ("attributes", "<a " + " ".join(f'a{n}="b"' for n in range(15_000)) + "/>"),
    ("namespaces", "<a " + " ".join(f'xmlns:a{n}="b{n}"' for n in range(8_000)) + "/>"),
    ("a long name", f"<{'a' * 100_000}/>"),
    ("a comment that does not end", "<!--" + "-" * 100_000),
    ("half a request", ENVELOPE.format(REQUEST.format("a"))[:-40]),
    ("size", ENVELOPE.format(REQUEST.format("a" * 3_000_000))),
]


@pytest.fixture(scope="module")
def words() -> list[str]:
    """Return the long words of the catalogue."""
    chance = random.Random(5)
    return ["".join(chance.choices("ab", (9, 1), k=chance.randrange(60, 115))) for _ in range(WORDS * RECORDS)]


@pytest.fixture
def daemon(location: Location, words: list[str]) -> Iterator[Daemon]:
    """A daemon with a catalogue of few records and very many long words that are much alike."""
    titles = [" ".join(words[at : at + WORDS]) for at in range(0, len(words), WORDS)]
    with location.engine().begin() as connection:
        fill_catalogue(connection)
        save_records(
            connection,
            [unimarc(f"w{at}", title, "Anne", "Onyme", f"97810{at:08}", "1999") for at, title in enumerate(titles)],
            [1],
            NOW,
        )
    with serving(location) as running:
        yield running


def memory(daemon: Daemon) -> int:
    """Return the memory of the daemon in KiB."""
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0])


class Beside:
    """Another client, which asks for something simple all the time."""

    def __init__(self, url: str) -> None:
        self.longest = 0.0
        self._client = Client(url, PATIENCE)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *of_error: object) -> None:
        self._over.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._over.wait(0.05):
            began = time.monotonic()
            assert self._client.get(query="germinal", maximumRecords=0).count == 1
            self.longest = max(self.longest, time.monotonic() - began)


def test_what_is_made_to_do_harm_is_answered_soon_and_harms_nobody(daemon: Daemon) -> None:
    url = f"http://127.0.0.1:{daemon.ports['z3950']}/network"
    client = Client(url, PATIENCE)
    with Beside(url) as beside:
        for query in ("germinal", "dc.title = *min*"):
            client.post(query=query)
        before = memory(daemon)
        for what, query, expected in QUERIES:
            began = time.monotonic()
            told = [each.number for each in client.post(query=query, maximumRecords=0).told]
            assert told == ([] if expected is None else [expected]), what
            assert time.monotonic() - began < SOON, what
        for what, body in BODIES:
            began = time.monotonic()
            status, _, answer = client.raw(body.encode(), "text/xml")
            assert status in {413, 500}, what
            assert b"root:" not in answer, what
            assert b"boomboom" not in answer, what
            assert time.monotonic() - began < SOON, what
    assert memory(daemon) - before < MEMORY
    assert 0 < beside.longest < SOON
    assert client.get(query="zola").count == 3
