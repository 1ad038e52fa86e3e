"""Words that are like a word: of its family, of its sound."""

from __future__ import annotations

import re
from collections.abc import Callable
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.catalogue import analyser, likeness
from storage.catalogue.likeness import FAMILIES, SOUNDS, sounds, stems
from storage.catalogue.query import Mask, QueryError, QueryReason

LETTERS = st.text("abcdefghijklmnopqrstuvwxyzéèœç", min_size=1, max_size=14)


def like(alike: Callable[[str], tuple[Mask, ...]], text: str, others: str) -> list[str]:
    (mask,) = alike(text)
    found = [word for word in others.split() if re.fullmatch(mask.expression, word)]
    assert all(word.startswith(mask.prefix) for word in found)
    return found


@pytest.mark.parametrize(
    ("word", "of_it", "others"),
    [
        ("chevaux", "cheval cheval chevaux", "chevalier chevalet chevre"),
        ("mines", "mine mines min", "mineur minier mineral"),
        ("lectrice", "lecteur lecteurs lectrices", "lecture lecon"),
        ("musiciens", "musicien musicienne", "musique musical"),
        ("Étudiées", "etudier etudie etudiee etudies", "etudiant etude"),
        ("nouvelle", "nouveau nouvel nouvelles", "nouveaute"),
        ("heureuse", "heureux heureuses", "heure"),
        ("journal", "journaux journal", "journaliste jour"),
        ("châteaux", "chateau chateaux", "chatelain"),
        ("roi", "roi rois", "royaume roman"),
        ("os", "os", "osseux oser"),
        ("14e", "14e", "14"),
    ],
)
def test_a_family_is_the_forms_of_one_word(word: str, of_it: str, others: str) -> None:
    assert like(stems, word, f"{of_it} {others}") == of_it.split()


@pytest.mark.parametrize(
    ("word", "alike", "others"),
    [
        ("Zola", "zola zolla zolat zaulas", "sola zole"),
        ("philosophie", "filosofi filozofie", "physique"),
        ("Lens", "lens lans lent", "lins lenes"),
        ("Dupont", "dupont dupond duponts dupon", "dupin dupuis"),
        ("Hugo", "hugo ugo hugot hugaux", "huguo hugon"),
        ("Chrétien", "chretien kretien", "cretin"),
        ("Martin", "martin martain marthin", "martine marton"),
        ("rose", "rose roze rauses", "rosse"),
        ("Gérard", "gerard jerard gerrart", "guerard"),
        ("nation", "nation nassion nacion", "natation"),
        ("1914", "1914", "1915"),
    ],
)
def test_what_sounds_alike_is_found(word: str, alike: str, others: str) -> None:
    assert like(sounds, word, f"{alike} {others}") == alike.split()


@pytest.mark.parametrize("alike", [stems, sounds])
@given(word=LETTERS)
def test_a_word_is_like_itself(alike: Callable[[str], tuple[Mask, ...]], word: str) -> None:
    masks, words = alike(word), analyser.asked(word)
    assert len(masks) == len(words)
    for mask, each in zip(masks, words, strict=True):
        assert re.fullmatch(mask.expression, each)
        assert each.startswith(mask.prefix)


@pytest.mark.parametrize("alike", [stems, sounds])
def test_a_word_that_is_too_long_is_refused(alike: Callable[[str], tuple[Mask, ...]]) -> None:
    with pytest.raises(QueryError) as caught:
        alike("x" * (likeness.MAX_LENGTH + 1))
    assert caught.value.reason is QueryReason.BAD_MASK


def test_no_ending_is_of_two_families_and_no_sound_is_there_twice() -> None:
    endings = [ending for family in FAMILIES for ending in family.split()]
    assert len(endings) == len(set(endings))
    assert len({sound.name for sound in SOUNDS}) == len(SOUNDS)


def test_no_sound_takes_long_to_be_told_apart() -> None:
    began = process_time()
    for letters in ("s", "e", "ei", "sc", "eau", "h", "an", "t"):
        (mask,) = sounds((letters * 60)[:60])
        for other in ("s", "e", "i", "ei", "eau", "hh", "at"):
            re.fullmatch(mask.expression, (other * 120)[:119] + "#")
    assert process_time() - began < 1
