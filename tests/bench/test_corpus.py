"""The corpus of the benchmark is a catalogue, and holds what it says that it holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from pymarc import MARCReader

from bench.corpus import Facts, folded, write

LIBRARIES = ("LENS", "AVION")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Facts]:
    path = tmp_path_factory.mktemp("corpus") / "corpus.mrc"
    return path, write(path, 300, LIBRARIES)


def test_another_reader_finds_what_was_counted(made: tuple[Path, Facts]) -> None:
    path, facts = made
    with path.open("rb") as file:
        records = list(MARCReader(file, force_utf8=True))
    assert len(records) == facts.records == len(facts.isbns) == 300
    items = 0
    for number, record in enumerate(records):
        assert record is not None
        assert record["001"].data == f"BENCH{number:08d}"
        assert record["010"]["a"] == facts.isbns[number]
        title = [folded(word) for field in record.get_fields("200") for word in field.get("e", "").split()]
        assert all(number in facts.words[word] for word in title)
        assert number in facts.authors[folded(record["700"]["a"])]
        items += len(record.get_fields("995"))
        assert {field["b"] for field in record.get_fields("995")} <= set(LIBRARIES)
    assert items == facts.items


def test_the_same_corpus_is_made_again(made: tuple[Path, Facts], tmp_path: Path) -> None:
    path, facts = made
    assert write(tmp_path / "again.mrc", 300, LIBRARIES).words == facts.words
    assert (tmp_path / "again.mrc").read_bytes() == path.read_bytes()


def test_phrases_that_are_asked_for_are_within_one_part_of_a_title(made: tuple[Path, Facts]) -> None:
    _, facts = made
    phrases = facts.phrases(5)
    assert phrases
    for pair in phrases:
        assert pair not in facts.seams
        assert 0 < facts.pairs[pair] <= len({*facts.words[pair[0]]} & {*facts.words[pair[1]]})


def test_truncation_finds_all_words_that_begin_so(made: tuple[Path, Facts]) -> None:
    _, facts = made
    word = facts.words_of(2, 9, 1)[0]
    assert facts.beginning_with(word[:3]) >= {*facts.words[word]}
