"""The kit validates by the standard's own schemas where they lie, release by release."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from conformance.ncip.schemas import FILES, NoSchemas, validator
from conformance.ncip.session import Session
from protocols.ncip import Envelope, Release, write
from protocols.ncip.envelope import DEFAULTS

HERE = {Release.V2_0: "ncip_v2_0.xc.xsd"}


@pytest.mark.parametrize("release", FILES)
def test_faults_are_told_by_the_schema_of_the_release(shared_data: Path, tmp_path: Path, release: Release) -> None:
    for kind in {release, Release.V2_02}:
        shutil.copy(shared_data / "ncip/schemas" / HERE.get(kind, FILES[kind]), tmp_path / FILES[kind])
    faults = validator(tmp_path)
    document = write(
        Session("http://x/", "FR-A", "FR-B").lookup(item_element_type=()),
        Envelope(version=DEFAULTS[release], release=release),
    )
    wrong = document.replace(b"LookupItem>", b"Frob>")
    assert len(faults(wrong)) >= 1
    if release is not Release.V1_0:  # 1.0 asks for one element at least
        assert faults(document) == []


def test_without_the_schema_of_2_02_nothing_can_be_validated(tmp_path: Path) -> None:
    with pytest.raises(NoSchemas, match="ncip_v2_02"):
        validator(tmp_path)
    (tmp_path / "ncip_v2_02.xsd").write_text("<a/>")
    with pytest.raises(NoSchemas, match="ncip_v2_02"):
        validator(tmp_path)
