"""The 32 messages of SIP 2.00, each declared once as a table of columns.

A class is a message; its attributes, in the definition's order, are the fixed fields and then the variable ones. The type of
an attribute (see `fields`) is its column: parser, formatter, masked `repr`, reference page and test strategies are derived
from `TABLE`. An attribute without default is required by the definition (and sent empty when there is nothing to
say); `| None = None` is optional, `tuple[...] = ()` repeatable, `Since2[...]` optional and unknown to 1.00.

Names are the definition's terms. The six extension fields in Checkin Response and Item Information Response are 3M's own
(SIP 2.0 extensions 1.20).
"""

from __future__ import annotations

from typing import Annotated

from protocols.sip2.fields import (
    AA,
    AB,
    AC,
    AD,
    AE,
    AF,
    AG,
    AH,
    AJ,
    AL,
    AM,
    AN,
    AO,
    AP,
    AQ,
    AS,
    AT,
    AU,
    AV,
    BD,
    BE,
    BF,
    BG,
    BH,
    BI,
    BK,
    BL,
    BM,
    BN,
    BO,
    BP,
    BQ,
    BR,
    BS,
    BT,
    BU,
    BV,
    BW,
    BX,
    BY,
    BZ,
    CA,
    CB,
    CC,
    CD,
    CF,
    CG,
    CH,
    CI,
    CJ,
    CK,
    CL,
    CM,
    CN,
    CO,
    CP,
    CQ,
    CR,
    CS,
    CT,
    CV,
    CY,
    DA,
    CirculationStatusCode,
    Count3,
    Count4,
    Date,
    FeeTypeCode,
    HoldModeCode,
    LanguageCode,
    OneZero,
    PatronStatusFlags,
    SecurityMarkerCode,
    Since,
    Since2,
    SummaryFlags,
    TerminalStatusCode,
    Text1,
    Text2,
    Text3,
    Text4,
    YesNo,
    YesNoUnknown,
)
from protocols.sip2.tables import Message


class PatronStatusRequest(Message, code="23", reply="24"):
    """Asks for a reader's status."""

    language: LanguageCode
    transaction_date: Date
    institution_id: AO
    patron_identifier: AA
    terminal_password: AC
    patron_password: AD


class PatronStatusResponse(Message, code="24"):
    """Answers Patron Status Request and Block Patron."""

    patron_status: PatronStatusFlags
    language: LanguageCode
    transaction_date: Date
    institution_id: AO
    patron_identifier: AA
    personal_name: AE
    valid_patron: Since2[BL] = None
    valid_patron_password: Since2[CQ] = None
    currency_type: Since2[BH] = None
    fee_amount: Since2[BV] = None
    screen_message: tuple[AF, ...] = ()
    print_line: tuple[AG, ...] = ()


class Checkout(Message, code="11", reply="12", changes=True):
    """Lends an item to a reader, or cancels a failed checkin of it."""

    sc_renewal_policy: YesNo
    no_block: YesNo
    transaction_date: Date
    nb_due_date: Date
    institution_id: AO
    patron_identifier: AA
    item_identifier: AB
    terminal_password: AC
    item_properties: Since2[CH] = None
    patron_password: Since2[AD] = None
    fee_acknowledged: Since2[BO] = None
    cancel: Since2[BI] = None


class CheckoutResponse(Message, code="12"):
    """Answers Checkout; `renewal_ok` tells that the reader had the item already, so that this was a renewal."""

    ok: OneZero
    renewal_ok: YesNo
    magnetic_media: YesNoUnknown
    desensitize: YesNoUnknown
    transaction_date: Date
    institution_id: AO
    patron_identifier: AA
    item_identifier: AB
    title_identifier: AJ
    due_date: AH
    fee_type: Since2[BT] = None
    security_inhibit: Since2[CI] = None
    currency_type: Since2[BH] = None
    fee_amount: Since2[BV] = None
    media_type: Since2[CK] = None
    item_properties: Since2[CH] = None
    transaction_id: Since2[BK] = None
    screen_message: tuple[AF, ...] = ()
    print_line: tuple[AG, ...] = ()


class Checkin(Message, code="09", reply="10", changes=True):
    """Takes an item back, or cancels a failed checkout of it."""

    no_block: YesNo
    transaction_date: Date
    return_date: Date
    current_location: AP
    institution_id: AO
    item_identifier: AB
    terminal_password: AC
    item_properties: Since2[CH] = None
    cancel: Since2[BI] = None


class CheckinResponse(Message, code="10"):
    """Answers Checkin; `alert` asks for the sound and for staff, the alert type says why."""

    ok: OneZero
    resensitize: YesNo
    magnetic_media: YesNoUnknown
    alert: YesNo
    transaction_date: Date
    institution_id: AO
    item_identifier: AB
    permanent_location: AQ
    title_identifier: AJ | None = None
    sort_bin: Since2[CL] = None
    patron_identifier: Since2[AA] = None
    media_type: Since2[CK] = None
    item_properties: Since2[CH] = None
    collection_code: Since2[CR] = None
    call_number: Since2[CS] = None
    destination_location: Since2[CT] = None
    alert_type: Since2[CV] = None
    hold_patron_id: Since2[CY] = None
    hold_patron_name: Since2[DA] = None
    screen_message: tuple[AF, ...] = ()
    print_line: tuple[AG, ...] = ()


class BlockPatron(Message, code="01", reply="24", changes=True):
    """Blocks a reader's card."""

    card_retained: YesNo
    transaction_date: Date
    institution_id: AO
    blocked_card_message: AL
    patron_identifier: AA
    terminal_password: AC


class SCStatus(Message, code="99", reply="98"):
    """Says how the terminal is, and asks how the server is."""

    status_code: TerminalStatusCode
    max_print_width: Count3
    protocol_version: Text4


class ACSStatus(Message, code="98"):
    """Answers SC Status: what the terminal may do. `timeout_period` is in tenths of a second."""

    on_line_status: YesNo
    checkin_ok: YesNo
    checkout_ok: YesNo
    acs_renewal_policy: YesNo
    status_update_ok: YesNo
    off_line_ok: YesNo
    timeout_period: Count3
    retries_allowed: Count3
    date_time_sync: Date
    protocol_version: Text4
    institution_id: AO
    library_name: AM | None = None
    supported_messages: Annotated[BX, Since("2.00")]
    terminal_location: AN | None = None
    screen_message: tuple[AF, ...] = ()
    print_line: tuple[AG, ...] = ()


class RequestACSResend(Message, code="97", reply="96"):
    """Asks for the last response again; 96 is the answer when there is none."""


class RequestSCResend(Message, code="96"):
    """Asks the terminal to send its last message again."""


class Login(Message, code="93", reply="94", since="2.00"):
    """Says which device this is. The algorithms are "0": in clear."""

    uid_algorithm: Text1
    pwd_algorithm: Text1
    login_user_id: CN
    login_password: CO
    location_code: CP | None = None


class LoginResponse(Message, code="94", since="2.00"):
    """Answers Login."""

    ok: OneZero


class PatronInformation(Message, code="63", reply="64", since="2.00"):
    """Asks for a reader's status, counts, and one of the lists of items."""

    language: LanguageCode
    transaction_date: Date
    summary: SummaryFlags
    institution_id: AO
    patron_identifier: AA
    terminal_password: AC | None = None
    patron_password: AD | None = None
    start_item: BP | None = None
    end_item: BQ | None = None


class PatronInformationResponse(Message, code="64", since="2.00"):
    """Answers Patron Information."""

    patron_status: PatronStatusFlags
    language: LanguageCode
    transaction_date: Date
    hold_items_count: Count4
    overdue_items_count: Count4
    charged_items_count: Count4
    fine_items_count: Count4
    recall_items_count: Count4
    unavailable_holds_count: Count4
    institution_id: AO
    patron_identifier: AA
    personal_name: AE
    hold_items_limit: BZ | None = None
    overdue_items_limit: CA | None = None
    charged_items_limit: CB | None = None
    valid_patron: BL | None = None
    valid_patron_password: CQ | None = None
    currency_type: BH | None = None
    fee_amount: BV | None = None
    fee_limit: CC | None = None
    hold_items: tuple[AS, ...] = ()
    overdue_items: tuple[AT, ...] = ()
    charged_items: tuple[AU, ...] = ()
    fine_items: tuple[AV, ...] = ()
    recall_items: tuple[BU, ...] = ()
    unavailable_hold_items: tuple[CD, ...] = ()
    home_address: BD | None = None
    e_mail_address: BE | None = None
    home_phone_number: BF | None = None
    screen_message: tuple[AF, ...] = ()
    print_line: tuple[AG, ...] = ()


class EndPatronSession(Message, code="35", reply="36", changes=True, since="2.00"):
    """Says that the reader has finished."""

    transaction_date: Date
    institution_id: AO
    patron_identifier: AA
    terminal_password: AC | None = None
    patron_password: AD | None = None


class EndSessionResponse(Message, code="36", since="2.00"):
    """Answers End Patron Session."""

    end_session: YesNo
    transaction_date: Date
    institution_id: AO
    patron_identifier: AA
    screen_message: tuple[AF, ...] = ()
    print_line: tuple[AG, ...] = ()


class FeePaid(Message, code="37", reply="38", changes=True, since="2.00"):
    """Says that the reader has paid."""

    transaction_date: Date
    fee_type: FeeTypeCode
    payment_type: Text2
    currency_type: Text3
    fee_amount: BV
    institution_id: AO
    patron_identifier: AA
    terminal_password: AC | None = None
    patron_password: AD | None = None
    fee_identifier: CG | None = None
    transaction_id: BK | None = None


class FeePaidResponse(Message, code="38", since="2.00"):
    """Answers Fee Paid."""

    payment_accepted: YesNo
    transaction_date: Date
    institution_id: AO
    patron_identifier: AA
    transaction_id: BK | None = None
    screen_message: tuple[AF, ...] = ()
    print_line: tuple[AG, ...] = ()


class ItemInformation(Message, code="17", reply="18", since="2.00"):
    """Asks what is known of an item."""

    transaction_date: Date
    institution_id: AO
    item_identifier: AB
    terminal_password: AC | None = None


class ItemInformationResponse(Message, code="18", since="2.00"):
    """Answers Item Information."""

    circulation_status: CirculationStatusCode
    security_marker: SecurityMarkerCode
    fee_type: FeeTypeCode
    transaction_date: Date
    hold_queue_length: CF | None = None
    due_date: AH | None = None
    recall_date: CJ | None = None
    hold_pickup_date: CM | None = None
    item_identifier: AB
    title_identifier: AJ
    owner: BG | None = None
    currency_type: BH | None = None
    fee_amount: BV | None = None
    media_type: CK | None = None
    permanent_location: AQ | None = None
    current_location: AP | None = None
    item_properties: CH | None = None
    collection_code: CR | None = None
    call_number: CS | None = None
    destination_location: CT | None = None
    alert_type: CV | None = None
    hold_patron_id: CY | None = None
    hold_patron_name: DA | None = None
    screen_message: tuple[AF, ...] = ()
    print_line: tuple[AG, ...] = ()


class ItemStatusUpdate(Message, code="19", reply="20", changes=True, since="2.00"):
    """Stores the properties of an item."""

    transaction_date: Date
    institution_id: AO
    item_identifier: AB
    terminal_password: AC | None = None
    item_properties: CH


class ItemStatusUpdateResponse(Message, code="20", since="2.00"):
    """Answers Item Status Update; `item_properties_ok` tells that they are stored."""

    item_properties_ok: OneZero
    transaction_date: Date
    item_identifier: AB
    title_identifier: AJ | None = None
    item_properties: CH | None = None
    screen_message: tuple[AF, ...] = ()
    print_line: tuple[AG, ...] = ()


class PatronEnable(Message, code="25", reply="26", changes=True, since="2.00"):
    """Unblocks a reader's card."""

    transaction_date: Date
    institution_id: AO
    patron_identifier: AA
    terminal_password: AC | None = None
    patron_password: AD | None = None


class PatronEnableResponse(Message, code="26", since="2.00"):
    """Answers Patron Enable."""

    patron_status: PatronStatusFlags
    language: LanguageCode
    transaction_date: Date
    institution_id: AO
    patron_identifier: AA
    personal_name: AE
    valid_patron: BL | None = None
    valid_patron_password: CQ | None = None
    screen_message: tuple[AF, ...] = ()
    print_line: tuple[AG, ...] = ()


class Hold(Message, code="15", reply="16", changes=True, since="2.00"):
    """Creates, changes or deletes a hold on an item or a title."""

    hold_mode: HoldModeCode
    transaction_date: Date
    expiration_date: BW | None = None
    pickup_location: BS | None = None
    hold_type: BY | None = None
    institution_id: AO
    patron_identifier: AA
    patron_password: AD | None = None
    item_identifier: AB | None = None
    title_identifier: AJ | None = None
    terminal_password: AC | None = None
    fee_acknowledged: BO | None = None


class HoldResponse(Message, code="16", since="2.00"):
    """Answers Hold; the queue position counts from 1."""

    ok: OneZero
    available: YesNo
    transaction_date: Date
    expiration_date: BW | None = None
    queue_position: BR | None = None
    pickup_location: BS | None = None
    institution_id: AO
    patron_identifier: AA
    item_identifier: AB | None = None
    title_identifier: AJ | None = None
    screen_message: tuple[AF, ...] = ()
    print_line: tuple[AG, ...] = ()


class Renew(Message, code="29", reply="30", changes=True, since="2.00"):
    """Renews one loan."""

    third_party_allowed: YesNo
    no_block: YesNo
    transaction_date: Date
    nb_due_date: Date
    institution_id: AO
    patron_identifier: AA
    patron_password: AD | None = None
    item_identifier: AB | None = None
    title_identifier: AJ | None = None
    terminal_password: AC | None = None
    item_properties: CH | None = None
    fee_acknowledged: BO | None = None


class RenewResponse(Message, code="30", since="2.00"):
    """Answers Renew."""

    ok: OneZero
    renewal_ok: YesNo
    magnetic_media: YesNoUnknown
    desensitize: YesNoUnknown
    transaction_date: Date
    institution_id: AO
    patron_identifier: AA
    item_identifier: AB
    title_identifier: AJ
    due_date: AH
    fee_type: BT | None = None
    security_inhibit: CI | None = None
    currency_type: BH | None = None
    fee_amount: BV | None = None
    media_type: CK | None = None
    item_properties: CH | None = None
    transaction_id: BK | None = None
    screen_message: tuple[AF, ...] = ()
    print_line: tuple[AG, ...] = ()


class RenewAll(Message, code="65", reply="66", changes=True, since="2.00"):
    """Renews all loans of a reader."""

    transaction_date: Date
    institution_id: AO
    patron_identifier: AA
    patron_password: AD | None = None
    terminal_password: AC | None = None
    fee_acknowledged: BO | None = None


class RenewAllResponse(Message, code="66", since="2.00"):
    """Answers Renew All."""

    ok: OneZero
    renewed_count: Count4
    unrenewed_count: Count4
    transaction_date: Date
    institution_id: AO
    renewed_items: tuple[BM, ...] = ()
    unrenewed_items: tuple[BN, ...] = ()
    screen_message: tuple[AF, ...] = ()
    print_line: tuple[AG, ...] = ()
