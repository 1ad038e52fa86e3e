"""A page of the documentation: its shell blocks, the output shown under each, its links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
ANYTHING: Final = "…"
"""Stands for any text within a line; alone on a line, for any lines."""
_FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE: Final = re.compile(r"`[^`\n]*`")
_COMMAND: Final = re.compile(r"(?:(?:^|[`$#] *| {4}|sudo -u bibliobus )bibliobus)((?: [-\w./:=,%]+)+)")
"""A command as far as its words need no shell to be read."""
_LINK: Final = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING: Final = re.compile(r"^#+ (.+)$", re.MULTILINE)


class Block(NamedTuple):
    """A command and what it shows; `shown` is None where the page shows nothing."""

    line: int
    command: str
    shown: str | None


def blocks(page: Path) -> Iterator[Block]:
    """Yield the shell blocks (```sh) of a page, each with the ```text block that follows it, if one does."""
    text = page.read_text()
    fences = list(_FENCE.finditer(text))
    for at, fence in enumerate(fences):
        if fence[1] == "sh":
            after = fences[at + 1] if at + 1 < len(fences) else None
            shown = after[2] if after is not None and after[1] == "text" else None
            yield Block(text.count("\n", 0, fence.start()) + 2, fence[2], shown)


def agrees(shown: str, output: str) -> bool:
    """Tell whether *output* is what the page shows."""
    pattern = ""
    for line in shown.splitlines():
        if line.strip() == ANYTHING:
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*?".join(re.escape(part) for part in line.rstrip().split(ANYTHING)) + r" *\n"
    return re.fullmatch(pattern, output.rstrip("\n") + "\n") is not None


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the words of each `bibliobus` command that a page names, with its options, wherever it stands."""
    for line in page.read_text().replace("\\\n", " ").splitlines():
        for command in _COMMAND.findall(line):
            yield command.split()


def links(page: Path) -> Iterator[str]:
    """Yield what a page links to, without what is elsewhere on the network."""
    for target in _LINK.findall(_CODE.sub("", _FENCE.sub("", page.read_text()))):
        if "://" not in target and not target.startswith("mailto:"):
            yield target


def anchors(page: Path) -> set[str]:
    """Return the names of a page's headings, as they are linked to."""
    text = _FENCE.sub("", page.read_text())
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(text)}
