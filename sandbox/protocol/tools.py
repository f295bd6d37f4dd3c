"""The tools of AdCP: to which protocol each belongs, whether it changes anything, in which releases it is.

A test compares the table with the official manifests.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, frozen=True)
class Tool:
    """One tool of the protocol."""

    name: str
    protocol: str
    mutating: bool
    versions: tuple[str, ...]


_TABLE = """
accept_proposal                    media-buy                mutating  3.2
acquire_rights                     brand                    mutating  3.0 3.1 3.2
activate_signal                    signals                  mutating  3.0 3.1 3.2
build_creative                     media-buy                mutating  3.0 3.1 3.2
buy_products                       media-buy                mutating  3.2
calibrate_content                  content-standards        mutating  3.0 3.1 3.2
check_governance                   governance               reading   3.0 3.1 3.2
comply_test_controller             compliance               mutating  3.0 3.1 3.2
control_media_buy                  media-buy                mutating  3.2
create_collection_list             collection               mutating  3.0 3.1 3.2
create_content_standards           content-standards        mutating  3.0 3.1 3.2
create_media_buy                   media-buy                mutating  3.0 3.1 3.2
create_property_list               property                 mutating  3.0 3.1 3.2
creative_approval                  brand                    mutating  3.0 3.1
decline_proposals                  media-buy                mutating  3.2
delete_collection_list             collection               mutating  3.0 3.1 3.2
delete_property_list               property                 mutating  3.0 3.1 3.2
get_account_financials             account                  reading   3.0 3.1 3.2
get_adcp_capabilities              protocol                 reading   3.0 3.1 3.2
get_brand_identity                 brand                    reading   3.0 3.1 3.2
get_collection_list                collection               reading   3.0 3.1 3.2
get_content_standards              content-standards        reading   3.0 3.1 3.2
get_creative_delivery              creative                 reading   3.0 3.1 3.2
get_creative_features              creative                 mutating  3.0 3.1 3.2
get_media_buy_artifacts            content-standards        reading   3.0 3.1 3.2
get_media_buy_delivery             media-buy                reading   3.0 3.1 3.2
get_media_buys                     media-buy                reading   3.0 3.1 3.2
get_plan_audit_logs                governance               reading   3.0 3.1 3.2
get_principal                      protocol                 reading   3.2
get_products                       media-buy                mutating  3.0 3.1 3.2
get_property_list                  property                 reading   3.0 3.1 3.2
get_reporting_status               media-buy                reading   3.2
get_rights                         brand                    reading   3.0 3.1 3.2
get_signals                        signals                  reading   3.0 3.1 3.2
get_task_status                    protocol                 reading   3.1 3.2
list_account_changes               account                  reading   3.2
list_accounts                      account                  reading   3.0 3.1 3.2
list_collection_lists              collection               reading   3.0 3.1 3.2
list_content_standards             content-standards        reading   3.0 3.1 3.2
list_creative_formats              media-buy                reading   3.0 3.1 3.2
list_creatives                     creative                 reading   3.0 3.1 3.2
list_products                      media-buy                reading   3.2
list_property_lists                property                 reading   3.0 3.1 3.2
list_tasks                         protocol                 reading   3.1 3.2
list_transformers                  creative                 reading   3.1 3.2
log_event                          media-buy                mutating  3.0 3.1 3.2
preview_creative                   creative                 reading   3.0 3.1 3.2
provide_performance_feedback       media-buy                mutating  3.0 3.1 3.2
refine_proposals                   media-buy                mutating  3.2
report_plan_adjustment             governance               mutating  3.2
report_plan_outcome                governance               mutating  3.0 3.1 3.2
report_usage                       account                  mutating  3.0 3.1 3.2
request_proposals                  media-buy                mutating  3.2
search_brands                      brand                    reading   3.1 3.2
si_get_offering                    sponsored-intelligence   reading   3.0 3.1 3.2
si_initiate_session                sponsored-intelligence   mutating  3.0 3.1 3.2
si_send_message                    sponsored-intelligence   mutating  3.0 3.1 3.2
si_terminate_session               sponsored-intelligence   mutating  3.0 3.1 3.2
sync_accounts                      account                  mutating  3.0 3.1 3.2
sync_agent_notification_configs    protocol                 mutating  3.2
sync_audiences                     media-buy                mutating  3.0 3.1 3.2
sync_catalogs                      media-buy                mutating  3.0 3.1 3.2
sync_creatives                     creative                 mutating  3.0 3.1 3.2
sync_event_sources                 media-buy                mutating  3.0 3.1 3.2
sync_governance                    account                  mutating  3.0 3.1 3.2
sync_plans                         governance               mutating  3.0 3.1 3.2
sync_principal                     protocol                 mutating  3.2
sync_reporting_receipts            media-buy                mutating  3.2
sync_reporting_status              media-buy                mutating  3.2
update_collection_list             collection               mutating  3.0 3.1 3.2
update_content_standards           content-standards        mutating  3.0 3.1 3.2
update_media_buy                   media-buy                mutating  3.0 3.1 3.2
update_property_list               property                 mutating  3.0 3.1 3.2
update_rights                      brand                    mutating  3.0 3.1 3.2
validate_content_delivery          content-standards        reading   3.0 3.1 3.2
validate_input                     creative                 reading   3.1 3.2
validate_property_delivery         property                 reading   3.0 3.1 3.2
verify_brand_claim                 brand                    mutating  3.1 3.2
verify_brand_claims                brand                    mutating  3.1 3.2
"""


def _read(row: str) -> Tool:
    name, protocol, effect, *versions = row.split()
    return Tool(name, protocol, effect == "mutating", tuple(versions))


TOOLS = {tool.name: tool for tool in map(_read, _TABLE.strip().splitlines())}
"""All tools of releases 3.0 to 3.2, by name."""

COMPACT = (
    "list_products",
    "request_proposals",
    "refine_proposals",
    "decline_proposals",
    "accept_proposal",
    "buy_products",
    "control_media_buy",
)
"""Tools of 3.2 whose answers are closed: they have no room for the release or the key of the request."""

_GOVERNANCE = ("property", "collection", "content-standards")
_WIRE_PROTOCOLS = ("media-buy", "signals", "governance", "creative", "brand", "sponsored-intelligence")


def protocol_of(task_type: str) -> str:
    """The protocol that tasks and webhooks name for a tool or another type of task (enums/adcp-protocol.json)."""
    protocol = TOOLS[task_type].protocol if task_type in TOOLS else "media-buy"
    if protocol in _GOVERNANCE:
        return "governance"
    return protocol if protocol in _WIRE_PROTOCOLS else "media-buy"
