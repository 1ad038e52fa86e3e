"""The responder's own tests again, with every answer judged by the schema of 2.02."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from tests.server.ncip import test_brokers as test_ncip_brokers
from tests.server.ncip import test_hostile as test_ncip_hostile
from tests.server.ncip import test_ill as test_ncip_ill
from tests.server.ncip import test_lookups as test_ncip_lookups
from tests.server.ncip import test_protocol as test_ncip_protocol
from tests.server.ncip import test_responder as test_ncip
from tests.server.ncip import test_upkeep as test_ncip_upkeep
from tests.server.ncip.partner import Answer, PartnerCase


class Valid(PartnerCase):
    """Judges every answer by the schema."""

    @pytest.fixture(autouse=True)
    def _schema(self, shared_data: Path) -> None:
        self.schema = etree.XMLSchema(etree.parse(str(shared_data / "ncip/schemas/ncip_v2_02.xsd")))

    def check(self, answer: Answer) -> None:
        self.schema.assertValid(answer.root)


class ValidLookupUserTests(Valid, test_ncip.LookupUserTests):
    """LookupUser."""


class ValidLookupItemTests(Valid, test_ncip.LookupItemTests):
    """LookupItem."""


class ValidLoanTests(Valid, test_ncip.LoanTests):
    """CheckOutItem and RenewItem."""


class ValidReturnTests(Valid, test_ncip.ReturnTests):
    """CheckInItem."""


class ValidPartnerTests(Valid, test_ncip_protocol.PartnerTests):
    """Who asks."""


class ValidProtocolTests(Valid, test_ncip_protocol.ProtocolTests):
    """All the rest."""


class ValidLookupItemSetTests(Valid, test_ncip_lookups.LookupItemSetTests):
    """LookupItemSet."""


class ValidLookupAgencyTests(Valid, test_ncip_lookups.LookupAgencyTests):
    """LookupAgency."""


class ValidBorrowingTests(Valid, test_ncip_ill.BorrowingTests):
    """What a partner brings us."""


class ValidLendingTests(Valid, test_ncip_ill.LendingTests):
    """What a partner asks of us."""


class ValidUpkeepTests(Valid, test_ncip_upkeep.UpkeepTests):
    """What is granted by name."""


class ValidDeskTests(Valid, test_ncip_upkeep.DeskTests):
    """Undoing and reporting."""


class ValidHoldTests(Valid, test_ncip_upkeep.HoldTests):
    """Holds for readers of ours."""


class ValidReShareTests(Valid, test_ncip_brokers.ReShareTests):
    """ReShare's words."""


class ValidCrossLinkTests(Valid, test_ncip_brokers.CrossLinkTests):
    """CrossLink's words."""


class ValidILLiadTests(Valid, test_ncip_brokers.ILLiadTests):
    """ILLiad's words."""


class ValidCircillTests(Valid, test_ncip_brokers.CircillTests):
    """WorldShare's words."""


class ValidPeerTests(Valid, test_ncip_brokers.PeerTests):
    """Peers' words."""


class ValidTermsTests(Valid, test_ncip_brokers.TermsTests):
    """Terms."""


class ValidFeeTests(Valid, test_ncip_brokers.FeeTests):
    """Fees."""


class ValidHostileTests(Valid, test_ncip_hostile.HostileTests):
    """What nobody means well."""
