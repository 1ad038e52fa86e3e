"""What the pages say is so: their commands run and answer what is shown, their links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import click
import pytest

from server.cli.main import main
from tests.docs.conftest import Shell
from tests.docs.page import ROOT, agrees, anchors, blocks, commands, links

PAGES: Final = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
RUN: Final = [page for page in PAGES if next(blocks(page), None) is not None]


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def check(page: Path, shell: Shell) -> None:
    """Run the commands of a page."""
    for block in blocks(page):
        code, output = shell.run(block.command)
        where = f"{_name(page)}:{block.line}"
        assert code == 0, f"{where} ended with {code}:\n{output}"
        assert block.shown is None or agrees(block.shown, output), f"{where} answered:\n{output}"


@pytest.mark.parametrize("page", RUN, ids=_name)
def test_the_commands_of_a_page_answer_what_it_shows(page: Path, shell: Shell) -> None:
    check(page, shell)


def test_a_machine_without_clients_can_check_the_pages_too(bare_shell: Shell) -> None:
    check(ROOT / "README.md", bare_shell)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_the_commands_that_a_page_names_exist_with_their_options(page: Path) -> None:
    for words in commands(page):
        command: click.Command = main
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            name = words.pop(0)
            assert name in command.commands, f"{_name(page)}: {name}"
            command = command.commands[name]
        known = {"-h", "--help", *(option for parameter in command.params for option in parameter.opts)}
        unknown = {word.partition("=")[0] for word in words if re.match("--?[a-z]", word)} - known
        assert not unknown, f"{_name(page)}: {command.name} {unknown}"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    for link in links(page):
        target, _, anchor = link.partition("#")
        there = page.parent / target if target else page
        assert there.exists(), f"{_name(page)}: {link}"
        assert not anchor or anchor in anchors(there), f"{_name(page)}: {link}"


def test_the_first_pages_are_run() -> None:
    assert {"README.md", "docs/tutorial/first-day.md"} <= {_name(page) for page in RUN}


@pytest.mark.parametrize(
    ("shown", "output", "agree"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\n", "b\n", False),
        ("a\n", "a\nb\n", False),
        ("a…c\n", "abc\n", True),
        ("a…c\n", "ab\nc\n", False),
        ("a\n…\nd\n", "a\nb\nc\nd\n", True),
        ("a\n…\nd\n", "a\nd\n", True),
        ("a\n…\n", "a\nb\n", True),
        ("…\nb\n", "a\nb\nc\n", False),
        ("a.c\n", "abc\n", False),
        ("00975nam  2200289   450\n", "00975nam  2200289   450 \n", True),
    ],
)
def test_an_ellipsis_stands_for_anything_and_all_else_for_itself(shown: str, output: str, agree: bool) -> None:
    assert agrees(shown, output) is agree
