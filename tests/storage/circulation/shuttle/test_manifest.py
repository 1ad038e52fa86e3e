"""Papers of the shuttle: by stop, in two languages, on a page's width, and without any reader (I-39)."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest

from storage.circulation.shuttle import carriage, reads
from storage.circulation.shuttle import manifest as papers
from storage.circulation.shuttle.manifest import Manifest
from tests.network import LENS, LIEVIN
from tests.storage.circulation.shuttle.yard import MONDAY, Yard

HOLD = 7_463_209_911_040_123


@pytest.fixture
def loaded(yard: Yard) -> Yard:
    """A run with two containers: one with an item for a reader, one that goes home over the hub."""
    yard.sql(
        "INSERT INTO hold (id, patron_id, target_item_id, pickup_id, requested_at) VALUES (:h, 1, 1, :p, 0)",
        h=HOLD, p=LIEVIN,
    )  # fmt: skip
    yard.ready("C1", "I1", "I10")
    yard.ready("C2", "I11", place=LIEVIN)
    yard.load("C1", "NORTH", LENS)
    yard.run(carriage.LEAVE, "NORTH", driver="van <2>")
    yard.load("C2", "NORTH", LIEVIN)
    return yard


def manifest_of(yard: Yard) -> Manifest:
    found = yard.read(papers.read_manifest(yard.network, "north", MONDAY))
    assert found is not None
    made: Manifest = found
    return made


def test_a_manifest_says_what_comes_off_where(loaded: Yard) -> None:
    manifest = manifest_of(loaded)
    assert (manifest.state, manifest.driver, manifest.items) == ("left", "van <2>", 3)
    assert [
        (halt.library_id, halt.at, [(box.code, [line.barcode for line in box.lines]) for box in halt.boxes])
        for halt in manifest.halts
    ] == [(LIEVIN, "09:00", [("C1", ["I1", "I10"])]), (LENS, "11:00", [("C2", ["I11"])])]


def test_a_manifest_is_read_as_text_in_french_or_english(loaded: Yard) -> None:
    manifest = manifest_of(loaded)
    french = papers.as_text(loaded.network, manifest, "fr")
    code = papers.shelf_code(HOLD)
    assert french.startswith(
        "Bordereau de navette  NORTH\n23/11/2026  Départ 07:00  Chauffeur : van <2>  3 documents\n"
    )
    assert "09:00  LIEVIN  Médiathèque de Liévin\n    [ ] Caisse C1  2 documents\n" in french
    assert f"        I1             réservation > LIEVIN  Étagère {code} (n° {HOLD})\n" in french
    assert "        I11            retour > AVION\n" in french
    assert papers.as_text(loaded.network, manifest, "en").startswith("Shuttle manifest  NORTH\n2026-11-23  Left 07:00")


def test_no_line_is_wider_than_the_page(loaded: Yard) -> None:
    loaded.sql("UPDATE library SET name = :n WHERE id = 2", n="Médiathèque de Liévin et de ses environs " * 4)
    loaded.reload()
    for language in ("fr", "en"):
        lines = papers.as_text(loaded.network, manifest_of(loaded), language).splitlines()
        assert max(map(len, lines)) <= papers.WIDTH


def test_a_run_before_and_after(loaded: Yard) -> None:
    empty = loaded.read(papers.read_manifest(loaded.network, "SOUTH", MONDAY))
    text = papers.as_text(loaded.network, empty, "en")
    assert "planned" in text
    assert text.count("nothing to unload") == 2
    loaded.unload("C1", LIEVIN)
    loaded.add("C3", LIEVIN)
    loaded.run(carriage.END, "NORTH")
    # The container has gone on to something else: the manifest is as it was.
    loaded.checkin("I1", LIEVIN)
    loaded.checkin("I10", LIEVIN)
    loaded.open("C1", LIEVIN, LENS)
    manifest = manifest_of(loaded)
    assert [line.outcome for line in manifest.halts[0].boxes[0].lines] == ["received", "received"]
    assert loaded.read(papers.read_manifest(loaded.network, "WEST", MONDAY)) is None


class Tags(HTMLParser):
    """Sees that what is opened is closed, and gathers the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def test_the_page_is_sound_and_nothing_in_it_is_markup_that_was_not_meant(loaded: Yard) -> None:
    page = papers.as_html(loaded.network, manifest_of(loaded), "fr")
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    said = " ".join(tags.said)
    assert "van <2>" in said
    assert "Médiathèque de Liévin" in said
    assert f"Étagère {papers.shelf_code(HOLD)}" in said


def test_json_says_the_same(loaded: Yard) -> None:
    told = papers.as_dict(loaded.network, manifest_of(loaded))
    first = told["stops"][0]["containers"][0]["items"][0]
    assert (first["barcode"], first["from"], first["to"], first["reason"]) == ("I1", "LENS", "LIEVIN", "hold")
    assert (first["hold"], first["shelf_code"]) == (HOLD, papers.shelf_code(HOLD))
    assert json.loads(json.dumps(told)) == told


def test_a_slip_says_where_to_and_on_which_shelf(yard: Yard) -> None:
    yard.sql(
        "INSERT INTO hold (id, patron_id, target_item_id, pickup_id, requested_at) VALUES (:h, 1, 1, :p, 0)",
        h=HOLD, p=LIEVIN,
    )  # fmt: skip
    yard.checkin("I1", LENS)
    (row,) = yard.read(reads.under_way())
    slip = papers.slip(yard.network, row, "fr")
    assert slip.startswith("NAVETTE  LIEVIN\nVers : Médiathèque de Liévin\nDe : Médiathèque de Lens\nI1  réservation\n")
    assert papers.shelf_code(HOLD) in slip


def test_no_paper_nor_journal_nor_anomaly_knows_a_reader(loaded: Yard) -> None:
    """I-39: everything that identifies a reader, looked for in everything that is printed or noted of the shuttle."""
    secrets = {
        str(value)
        for row in loaded.sql("SELECT surname, forename, email, address, phone FROM patron")
        for value in row
        if value
    }
    secrets |= {number for (number,) in loaded.sql("SELECT number FROM card")}
    titles = {title for (title,) in loaded.sql("SELECT title FROM item WHERE title <> ''")}
    manifest = manifest_of(loaded)
    rows = loaded.read(reads.under_way())
    assert len(rows) == 3
    papers_said = [
        *(
            make(loaded.network, manifest, language)
            for make in (papers.as_text, papers.as_html)
            for language in ("fr", "en")
        ),
        json.dumps(papers.as_dict(loaded.network, manifest)),
        *(papers.slip(loaded.network, row, language) for row in rows for language in ("fr", "en")),
    ]
    noted = [
        str(row)
        for table in ("anomaly", "manifest_line", "sighting", "run", "container")
        for row in loaded.sql(f"SELECT * FROM {table}")
    ]
    noted += [str(row) for row in loaded.sql("SELECT detail, context FROM journal")]
    for said in [*papers_said, *noted]:
        words = set(said.replace(">", " ").replace("<", " ").replace('"', " ").replace("'", " ").split())
        assert not words & secrets
        assert not any(secret in said for secret in secrets if len(secret) > 4)
    for said in papers_said:
        assert not any(title in said for title in titles)


def test_shelf_codes_are_short_and_spread() -> None:
    codes = {papers.shelf_code(HOLD + number) for number in range(2000)}
    assert len(codes) > 1900
    assert all(len(code) == 4 and not set(code) & set("ILOU") for code in codes)
