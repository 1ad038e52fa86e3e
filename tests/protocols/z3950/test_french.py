"""What is said to origins in French: every condition and every sentence that is said, found in the code that says it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from protocols.z3950.diagnostics import Bib1, Refused
from protocols.z3950.french import MEANINGS, SENTENCES, in_french, sentence_in_french
from server.catalogue.query import Shape
from storage.catalogue.updates import UpdateReason

ROOT = Path(__file__).parents[3]
SAYING = [
    *(
        path
        for folder in ("server/z3950", "server/catalogue", "protocols/z3950")
        for path in (ROOT / folder).glob("*.py")
    ),
    ROOT / "protocols/sru/cql.py",
]
_SAID_BY = {"Refused", "_malformed", "evict"}
_LAST = {"_malformed": " {}"}
"""What is added where it is said: the character."""


def texts(node: ast.AST) -> Iterator[str]:
    """Yield the texts that an expression may be, with braces for their values, and those that are values in them."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                yield from texts(part.value)
    elif isinstance(node, ast.IfExp):
        yield from (*texts(node.body), *texts(node.orelse))
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from texts(value)


def said() -> Iterator[str]:
    """Yield every sentence that goes with a condition; a name alone or numbers are none."""
    for path in SAYING:
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
            if isinstance(node, ast.Call) and name in _SAID_BY:
                for argument in node.args[name != "_malformed" :]:
                    yield from (f"{text}{_LAST.get(name, '')}" for text in texts(argument))
    for reason in UpdateReason:
        yield reason.value
    for shape in Shape:
        yield shape.value


SAID = sorted({text for text in said() if re.search(r"[a-z]{2,} | [a-z]{2,}", text)})


def test_sentences_are_found() -> None:
    assert len(SAID) > 70
    assert {"no key is named", "{}: {} are taken", "a relation is missing {}", "a whole field"} <= set(SAID)


@pytest.mark.parametrize("sentence", SAID)
def test_every_sentence_that_is_said_is_said_in_french(sentence: str) -> None:
    values = [f"<{number}>" for number in range(sentence.count("{}"))]
    english = sentence.format(*values)
    french = sentence_in_french(english)
    assert french != english or SENTENCES.get(sentence) == sentence
    assert not re.search(r"\b(the|is|are|of|at|with|no|taken|and|character)\b", re.sub("<[0-9]>", "", french)), french
    assert sorted(re.findall("<[0-9]>", french)) == values


@pytest.mark.parametrize("condition", MEANINGS)
def test_every_condition_is_told_in_french_before_what_is_added(condition: Bib1) -> None:
    assert in_french(Refused(condition)).addinfo == MEANINGS[condition]
    assert (
        in_french(Refused(condition, "no key is named")).addinfo == f"{MEANINGS[condition]} : aucune clé n'est nommée"
    )


@pytest.mark.parametrize(
    ("english", "french"),
    [
        ("relation 100 with truncation 1", "relation 100 avec troncature 1"),
        ("structure 4 with completeness 3: 1 phrase is taken", "structure 4 avec complétude 3 : 1 (expression) est admise"),
        ("any of the words, with truncation 1", "l'un des mots, avec troncature 1"),
        ("a term is missing at the end", "il manque un terme à la fin"),
        ("a search clause is wanted at character 4, where the query ends",
         "une clause de recherche est attendue : caractère 4, où la requête finit"),
        ("the record has been changed meanwhile: 3", "la notice a été modifiée entre-temps : 3"),
        ("9999: 1-63, 1000-1044 are taken", "9999 : 1-63, 1000-1044 sont admis"),
    ],
)  # fmt: skip
def test_values_of_a_sentence_are_said_in_french_too(english: str, french: str) -> None:
    assert sentence_in_french(english) == french


@pytest.mark.parametrize("text", ["guerre et paix", "war and peace", "Title: a novel", "", "2", "lens-5426", "{}"])
def test_what_an_origin_has_sent_is_given_back_as_it_is(text: str) -> None:
    assert sentence_in_french(text) == text
