"""Terms found ahead: a second process reads those of the next batch while this one writes the batch before.

Finding terms is half of the work of an import, and of making the index anew, and needs no database. What is sent there are
records, what comes back is their index; so the writer asks for no terms itself, and its postings are the same.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Final, Self, TypeAlias, TypeVar

from protocols.marc.format import Format
from storage.catalogue.postings import Index
from storage.catalogue.records import index_of

T = TypeVar("T")
Raw: TypeAlias = tuple[str, bytes]
"""A record: its format, its ISO 2709 in UTF-8."""

WORTH: Final = 2_000
"""Records of a first batch that are worth a process: it starts as fast as it reads some hundreds."""
_COLLECTED: Final = 1_000_000


def indexed(
    batches: Iterable[Sequence[T]], raw: Callable[[T], Raw], worth: int = WORTH
) -> Generator[tuple[Sequence[T], Index | None], None, None]:
    """Yield each batch with its index: None where there is one core only, or (first) fewer than `worth` records.

    `raw` gives the record of an item of a batch. At most two batches are on their way. Close the generator to be rid of the process.
    """
    rest = iter(batches)
    first = next(rest, None)
    if first is None:
        return
    with _seldom_collected():
        yield from _indexed(first, rest, raw, worth)


def _indexed(
    first: Sequence[T], rest: Iterator[Sequence[T]], raw: Callable[[T], Raw], worth: int
) -> Generator[tuple[Sequence[T], Index | None], None, None]:
    if len(first) < worth or len(os.sched_getaffinity(0)) == 1:
        yield first, None
        for batch in rest:
            yield batch, None
        return
    with _Reader() as reader:
        before = first
        reader.ask(list(map(raw, before)))
        for batch in rest:
            index = reader.answer()
            reader.ask(list(map(raw, batch)))
            yield before, index
            before = batch
        yield before, reader.answer()


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Look for cycles seldom: terms and rows are none, and looking through them takes a tenth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(_COLLECTED, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


class _Reader:
    """The second process; if it is gone, its answers are None and the writer finds the terms itself."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, its = context.Pipe()
        self._process = context.Process(target=_serve, args=(its,), daemon=True)
        self._process.start()
        its.close()

    def ask(self, batch: Sequence[Raw]) -> None:
        """Send a batch; the answer to the one before must have been taken, or both sides would write and none read."""
        with suppress(OSError):
            self._connection.send(batch)

    def answer(self) -> Index | None:
        """Wait for the index of the batch."""
        with suppress(OSError, EOFError):
            index: Index = self._connection.recv()
            return index
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process, whatever it is doing: it holds nothing."""
        self._connection.close()
        self._process.terminate()
        self._process.join()


def _serve(connection: Connection) -> None:
    """Answer batches until the other side is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command, which ends this process.
    with _seldom_collected(), suppress(OSError, EOFError):
        while True:
            connection.send(index_of((Format(form), octets) for form, octets in connection.recv()))
