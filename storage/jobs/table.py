"""Every job there is, in the order in which those due at the same time run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from storage.circulation.holds.expiry import EXPIRE_HOLDS
from storage.circulation.holds.targeting import TARGET_HOLDS
from storage.circulation.ill.elsewhere import ASK_ELSEWHERE
from storage.circulation.ill.exchanges import FORGET_EXCHANGES
from storage.circulation.ill.sweep import SWEEP_TEMPORARY
from storage.circulation.ill.watch import WATCH_ILL
from storage.circulation.patrons.erasure import ERASE_INACTIVE, NOTE_SEEN
from storage.circulation.shuttle.lost import COMPLETE_MANIFESTS, LOSE_IN_TRANSIT
from storage.circulation.watch import WATCH_LOANS
from storage.jobs.forget import (
    FORGET_HOLDS,
    FORGET_LETTERS,
    FORGET_LOANS,
    FORGET_NOTICES,
    FORGET_OLD_REPLIES,
    FORGET_PACKAGES,
    FORGET_PULLS,
    FORGET_SIGHTINGS,
)
from storage.jobs.job import Job

JOBS: Final[Mapping[str, Job]] = {
    job.name: job
    for job in (
        FORGET_OLD_REPLIES,
        EXPIRE_HOLDS,
        TARGET_HOLDS,
        WATCH_LOANS,
        NOTE_SEEN,
        FORGET_LOANS,
        FORGET_HOLDS,
        FORGET_NOTICES,
        FORGET_PULLS,
        FORGET_SIGHTINGS,
        FORGET_LETTERS,
        FORGET_EXCHANGES,
        FORGET_PACKAGES,
        ERASE_INACTIVE,
        ASK_ELSEWHERE,
        WATCH_ILL,
        SWEEP_TEMPORARY,
        COMPLETE_MANIFESTS,
        LOSE_IN_TRANSIT,
    )
}
