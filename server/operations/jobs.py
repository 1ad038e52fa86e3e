"""What commands ask of the jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from storage.jobs.job import RunRequest, usecase_of
from storage.jobs.table import JOBS
from storage.usecase import Origin

if TYPE_CHECKING:
    from server.writing import Access


def run_slice(access: Access, *, job: str, begins: bool) -> dict[str, Any]:
    """Do one slice of a job's round; *begins* allows it to be the first."""
    request = RunRequest(Origin("cli", "job", 0), access.now(), begins)
    slice_ = access.act(usecase_of(JOBS[job]), request)
    return {"done": slice_.done if slice_ is not None else 0, "more": slice_ is not None and bool(slice_.cursor)}


OPERATIONS: Final[Mapping[str, Callable[..., Any]]] = {"job.run": run_slice}
