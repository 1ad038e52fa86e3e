"""The kit's judge agrees with the schema on what real partners send."""

from __future__ import annotations

import csv
from pathlib import Path

from lxml import etree

from conformance.ncip.judge import judge


def test_the_judge_finds_valid_what_the_schema_finds_valid(shared_data: Path) -> None:
    schema = etree.XMLSchema(etree.parse(str(shared_data / "ncip/schemas/ncip_v2_02.xsd")))
    folder = shared_data / "ncip/samples"
    with (shared_data / "ncip/INDEX.tsv").open() as index:
        rows = [row for row in csv.DictReader(index, delimiter="\t") if row["file"]]
    agreed = judged = 0
    for row in rows:
        data = (folder / row["file"]).read_bytes()
        if b"2008/ncip" not in data or row["service"].startswith("Ext."):
            continue
        judged += 1
        agreed += schema.validate(etree.fromstring(data)) == (judge(data) == [])
    assert judged > 150
    assert agreed == judged
