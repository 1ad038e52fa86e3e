"""LookupItemSet and LookupAgency on a real store: titles with their items page by page, and who we are."""

from __future__ import annotations

from sqlalchemy import update

from storage import schema
from storage.catalogue.merging import merge_records
from storage.usecase import Origin
from tests.network import LENS, NOW
from tests.server.ncip.partner import US, Answer, PartnerCase, check_out, item, message, wants
from tests.server.z3950.origin import GERMINAL, TERRE, fill_catalogue


def record(number: int | str) -> str:
    return (
        f"<BibliographicId><BibliographicRecordId><BibliographicRecordIdentifier>{number}</BibliographicRecordIdentifier>"
        "<AgencyId>FR-62</AgencyId></BibliographicRecordId></BibliographicId>"
    )


def edition(number: str, code: str = "ISBN") -> str:
    coded = f"<BibliographicItemIdentifierCode>{code}</BibliographicItemIdentifierCode>" if code else ""
    return (
        f"<BibliographicId><BibliographicItemId><BibliographicItemIdentifier>{number}</BibliographicItemIdentifier>{coded}"
        "</BibliographicItemId></BibliographicId>"
    )


def item_set(what: str, more: str = "") -> bytes:
    return message("LookupItemSet", what + more)


class LookupItemSetTests(PartnerCase):
    def setUp(self) -> None:
        with self.location.engine().begin() as connection:
            fill_catalogue(connection)
            ours = schema.item.c.id.in_(range(1, 10))
            connection.execute(update(schema.item).where(ours).values(record_id=GERMINAL))
            connection.execute(update(schema.item).where(schema.item.c.id.in_([8, 9])).values(home_id=LENS + 1))
        super().setUp()

    async def test_a_title_is_told_with_its_items_library_by_library(self) -> None:
        answer = await self.ask(item_set(record(GERMINAL)))
        assert answer.all("HoldingsSetId") == ["1-LENS", "1-LIEVIN"]
        assert answer.one("BibliographicDescription/Title") == "Germinal"
        assert answer.all("ItemIdentifierValue") == [f"I{n}" for n in range(1, 10)]
        assert set(answer.all("CirculationStatus")) == {"Available On Shelf"}
        assert answer.one("NextItemToken") is None

    async def test_a_record_that_was_merged_is_told_as_the_one_that_it_was_merged_into(self) -> None:
        await self.store.work(merge_records, TERRE, GERMINAL, Origin("cli", "", 0), NOW, TERRE)
        for asked in (record(GERMINAL), f"<HoldingsSetId>{GERMINAL}-LENS</HoldingsSetId>"):
            answer = await self.ask(item_set(asked))
            assert set(answer.all("HoldingsSetId")) >= {f"{TERRE}-LENS"}
            assert "I1" in answer.all("ItemIdentifierValue")

    async def test_an_isbn_finds_the_edition_with_and_without_its_code(self) -> None:
        for asked in (edition("2-253-00422-7"), edition("9782253004226", "")):
            assert (await self.ask(item_set(asked))).one("BibliographicDescription/Title") == "Germinal"

    async def test_pages_join_without_loss_and_the_last_has_no_token(self) -> None:
        found, token, pages = [], "", 0
        while pages < 9:
            answer = await self.ask(item_set(record(GERMINAL), f"<MaximumItemsCount>4</MaximumItemsCount>{token}"))
            found += answer.all("ItemIdentifierValue")
            pages += 1
            following = answer.one("NextItemToken")
            if following is None:
                break
            assert following not in {"", "0"}
            token = f"<NextItemToken>{following}</NextItemToken>"
        assert found == [f"I{n}" for n in range(1, 10)]
        assert pages == 3

    async def test_a_token_that_is_not_ours_or_another_questions_is_refused(self) -> None:
        first = await self.ask(item_set(record(GERMINAL), "<MaximumItemsCount>4</MaximumItemsCount>"))
        token = first.one("NextItemToken")
        assert token
        spoilt = token[:4] + ("B" if token[4] == "A" else "A") + token[5:]
        for more in (
            f"<MaximumItemsCount>5</MaximumItemsCount><NextItemToken>{token}</NextItemToken>",
            "<MaximumItemsCount>4</MaximumItemsCount><NextItemToken>0</NextItemToken>",
            f"<MaximumItemsCount>4</MaximumItemsCount><NextItemToken>{spoilt}</NextItemToken>",
            "<MaximumItemsCount>4</MaximumItemsCount><NextItemToken>é=</NextItemToken>",
        ):
            answer = await self.ask(item_set(record(GERMINAL), more))
            assert answer.problems == [("Element Rule Violated", "NextItemToken")]

    async def test_what_is_unknown_is_told_beside_what_is_not(self) -> None:
        answer = await self.ask(item_set(record(GERMINAL) + record(99999) + edition("9999999999999") + record("x")))
        assert [kind for kind, _ in answer.problems] == ["Unknown Item"] * 3
        assert len(answer.all("ItemIdentifierValue")) == 9

    async def test_a_holdings_set_and_items_can_be_asked_again(self) -> None:
        answer = await self.ask(item_set("<HoldingsSetId>1-LIEVIN</HoldingsSetId>"))
        assert answer.all("ItemIdentifierValue") == ["I8", "I9"]
        await self.ask(check_out("R1", "I1"))
        answer = await self.ask(item_set(item("I1") + item("NONE"), wants("Item", "Circulation Status")))
        assert answer.all("CirculationStatus") == ["On Loan"]
        assert answer.all("ItemInformation/DateDue") == ["2026-12-20T22:59:59Z"]
        assert answer.problems == [("Unknown Item", "ItemIdentifierValue")]

    async def test_nothing_and_too_much_are_refused(self) -> None:
        assert (await self.ask(item_set(""))).problems == [("Needed Data Missing", "BibliographicId")]
        many = await self.ask(item_set(record(1) * 101))
        assert many.problems == [("Element Rule Violated", "BibliographicId")]

    async def test_it_is_served_under_ext_as_before_2_02(self) -> None:
        body = item_set(record(GERMINAL)).replace(b"<LookupItemSet>", b"<Ext><LookupItemSet>")
        answer = Answer(await self.responder.answer(body.replace(b"</LookupItemSet>", b"</LookupItemSet></Ext>")))
        assert answer.name == "Ext"
        assert len(answer.all("Ext/LookupItemSetResponse/BibInformation/HoldingsSet/ItemInformation")) == 9


class LookupAgencyTests(PartnerCase):
    async def test_a_library_is_told_by_its_isil_or_code(self) -> None:
        wanted = wants("Agency", "Organization Name Information", "Application Profile Supported Type")
        for code in (US, "LENS"):
            answer = await self.ask(message("LookupAgency", f"<AgencyId>{code}</AgencyId>{wanted}"))
            assert answer.one("OrganizationName") == "Médiathèque de Lens"
            assert answer.one("ApplicationProfileSupportedType") == "Bibliobus ILL 1.0"
            assert answer.all("AgencyUserPrivilegeType") == []

    async def test_a_stranger_is_unknown_and_no_agency_is_needed_data(self) -> None:
        stranger = await self.ask(message("LookupAgency", "<AgencyId>NO-0</AgencyId>"))
        assert stranger.problems == [("Unknown Agency", "AgencyId")]
        assert (await self.ask(message("LookupAgency"))).problems == [("Needed Data Missing", "AgencyId")]
