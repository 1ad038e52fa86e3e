"""SRU: what stands around a record."""

from __future__ import annotations

from tests.server.sru.case import SECOND, SRW, SruTestCase


class RecordTests(SruTestCase):
    async def test_each_record_has_an_identifier_for_ever_from_1_2_on(self) -> None:
        for version, namespace, expected in [
            ("1.1", SRW, []),
            ("1.2", SRW, ["1", "2", "3"]),
            ("2.0", SECOND, ["1", "2", "3"]),
        ]:
            root = await self.search("zola", version=version)
            found = [each.text for each in root.iter(f"{namespace}recordIdentifier")]
            assert found == [f"oai:essai.bibliobus:{number}" for number in expected]
        root = await self.search("zola", startRecord=2, maximumRecords=1)
        (record,) = root.iter(f"{SRW}record")
        names = [each.tag.removeprefix(SRW) for each in record]
        assert names == ["recordSchema", "recordPacking", "recordData", "recordIdentifier", "recordPosition"]
        assert record.findtext(f"{SRW}recordIdentifier") == "oai:essai.bibliobus:2"
        root = await self.search("zola sortBy dc.date/sort.descending")
        assert [each.text[-1] for each in root.iter(f"{SRW}recordIdentifier")] == ["2", "3", "1"]
