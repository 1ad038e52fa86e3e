"""Every option of other servers has its place in the page on moving here."""

from __future__ import annotations

import pytest

from devices.peers import ELSEWHERE, page
from devices.profiles import OPTIONS

KNOWN = {
    "Koha": """min_servers min_spare_servers max_servers setsid user group pid_file log_file syslog_ident syslog_facility
        custom_tcp_keepalive custom_tcp_keepalive_time custom_tcp_keepalive_intvl port transport protocol timeout client_timeout
        implementation checkin checkout renewal status_update offline retries login_id terminator delimiter encoding error_detect
        convert_nonprinting_characters format_due_date allow_fields hide_fields allow_empty_passwords ae_field_template
        da_field_template send_patron_home_library_in_af show_outstanding_amount overdues_block_checkout
        prevcheckout_block_checkout lost_block_checkout lost_block_checkout_value custom_patron_fields patron_attributes
        cr_item_field custom_item_fields item_fields seen_on_item_information lost_status_for_missing blocked_item_types
        inhouse_item_types inhouse_patron_categories allow_additional_materials_checkout checked_in_ok holds_block_checkin
        holds_get_captured show_checkin_message cv_send_00_on_success cv_triggers_alert ct_always_send sort_bin_mappings
        register_id payment_type_writeoff disallow_overpayment av_field_template screen_msg_regexs
        system_preference_overrides""",
    "Evergreen": """error-detect server-params personality max-concurrent worker-keepalive port transport protocol timeout
        allow_sc_status_then_login delimiter id password institution location_code encoding av_format want_patron_ok
        patron_status_always_permit_loans retries offline client_location_code relais_extensions_to_msg24 phone_ext_to_msg10
        bootstrap currency supports msg64_summary_datatype msg64_hold_datatype msg64_hold_items_available patron_type_uses_code
        use_sip_date_format patron_calculate_recal_ok support_patron_username_login checkin_override checkout_override
        checkin_hold_as_transit filters""",
    "Evergreen gateway": """enabled setting_group sip_username workstation transient activity_who currency av_format
        due_date_use_sip_date_format patron_status_permit_loans patron_status_permit_all msg64_summary_datatype
        msg64_hold_datatype msg64_hold_items_available checkout.override checkin.override checkin_hold_as_transit
        support_acs_resend_messages sip.screen_message sip.filter sip.session sip.sc_status_before_login_institution""",
    "SIP2Mediator": """sip-address sip-port http-host http-port http-proto http-path max-clients syslog-facility syslog-level
        daemonize ascii USR1""",
    "FOLIO": """port okapiUrl haProxy tenantConfigRetrieverOptions scanPeriod netServerOptions token_cache_capacity health-check
        locale scSubnet tenant locationCodes username errorDetectionEnabled messageDelimiter fieldDelimiter charset
        statusUpdateOk offlineOk supportedMessages patronPasswordVerificationRequired usePinForPatronVerification
        alwaysCheckPatronPassword invalidCheckinStatuses retriesAllowed timeoutPeriod checkinOk checkoutOk acsRenewalPolicy
        libraryName terminalLocation timezone currency""",
    "fsip2": """institutionID libraryName timeoutPeriod retriesAllowed circulationStatusMapping claimedReturnedResolution
        renewAllMaxItems patronItemsLimit rollingRenewals acceptBulkPayment paymentMethod notifyPatron patronCustomFields
        preferredFirstName logLevel TLS""",
    "invenio": """SIP2_DATASTORE_HANDLER SIP2_DATASTORE_REDIS_PREFIX SIP2_DATASTORE_REDIS_URL SIP2_LOGGING_CONSOLE
        SIP2_LOGGING_FS_LOGFILE SIP2_PERMISSIONS_FACTORY SIP2_REMOTE_ACTION_HANDLERS SIP2_TEXT_ENCODING SIP2_LINE_TERMINATOR
        SIP2_SOCKET_BUFFER_SIZE SIP2_ERROR_DETECTION SIP2_PROTOCOL SIP2_SUPPORT_CHECKIN _CHECKOUT _RENEWAL_POLICY
        SIP2_ONLINE_STATUS SIP2_OFFLINE_STATUS _STATUS_UPDATE SIP2_TIMEOUT_PERIOD SIP2_RETRIES_ALLOWED SIP2_DATE_FORMAT
        SIP2_CIRCULATION_DATE_FORMAT SIP2_DEFAULT_SECURITY_MARKER SIP2_DEFAULT_LANGUAGE""",
    "pysip2": """error_detection encoding field_delimiter max_message_size default_language protocol_version
        min_protocol_version institution_id library_name terminal_location timeout_period retries_allowed offline_ok
        login_required idle_timeout unsupported_message internal_error_message""",
}


@pytest.mark.parametrize("server", KNOWN)
def test_every_option_has_its_place(server: str) -> None:
    section = page().split(f"### {server}\n")[1].split("\n### ")[0]
    there = " ".join(line.split("|")[1] for line in section.splitlines() if line.startswith("| "))
    words = set(there.replace(",", " ").split())
    assert set(KNOWN[server].split()) - words == set()


def test_no_option_of_a_profile_names_a_server_that_is_not_there() -> None:
    servers = {other.partition(": ")[0] for option in OPTIONS.values() for other in option.elsewhere}
    assert servers <= set(ELSEWHERE) == set(KNOWN)
