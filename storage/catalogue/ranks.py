"""What the sources of records are worth against each other (domain.md 5.3)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeAlias


class SourceRank(StrEnum):
    """The ranks, the highest first: of two records of one document the higher one's is the base."""

    NATIONAL = "national"
    DEPARTMENTAL = "departmental"
    LARGE = "large"
    OTHER = "other"


PLACES: Final[Mapping[str, int]] = {rank: place for place, rank in enumerate(SourceRank)}
"""Rank -> its place among them, the highest at 0."""
Ranks: TypeAlias = Mapping[str, str]
"""Source of records, case-folded -> its rank; one that is not here is `SourceRank.OTHER`."""
