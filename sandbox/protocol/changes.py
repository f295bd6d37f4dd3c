"""How the messages of the releases differ, in one table.

Only what another release's schema would refuse, or would take to mean something else, is changed. Found by
comparing the official schemas of 3.0, 3.1 and 3.2.
"""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.core.money import amount, micros, split
from sandbox.protocol.edits import (
    Body,
    Edit,
    at,
    default,
    drop,
    drop_null,
    flags,
    from_ext,
    into_ext,
    no_empty,
    only,
    rename,
    rows,
    without,
    word,
    words,
)

CANONICAL = "3.1"
"""The release whose form our own agents use inside."""


def changes(tool: str, direction: str, old: str, new: str) -> Iterator[Edit]:
    """What brings a ``request`` or an ``answer`` of a tool from one release to another; one is 3.1."""
    move = f"{old} to {new}"
    yield from _EVERY.get((direction, move), ())
    yield from (_REQUESTS if direction == "request" else _ANSWERS).get((tool, move), ())


# -- single differences ----------------------------------------------------------------------------------


def _status_is_the_buys(body: Body) -> None:
    """3.0 has one ``status``, the buy's; later releases keep the task's apart from it."""
    if "media_buy_status" in body:
        body["status"] = body.pop("media_buy_status")


def _status_is_the_tasks(body: Body) -> None:
    if "media_buy_id" in body and "status" in body and "media_buy_status" not in body:
        body["media_buy_status"] = body["status"]
        body["status"] = "completed"


def _task_status(body: Body) -> None:
    """From 3.1 on every answer has the status of its task."""
    body.setdefault("status", "failed" if "adcp_error" in body else "completed")


def _unconfirmed(buy: Body) -> None:
    """3.1 says when a buy was confirmed; null if it is not, or if an agent of 3.0 did not say."""
    if "media_buy_id" in buy and "active" not in (buy.get("status"), buy.get("media_buy_status")):
        buy.setdefault("confirmed_at", None)


def _status_is_the_licences(body: Body) -> None:
    """3.0 calls the state of a licence ``status``, as it does a buy's."""
    if "rights_status" in body:
        body["status"] = body.pop("rights_status")


def _licence_apart(body: Body) -> None:
    if "rights_id" in body and "status" in body:
        body["rights_status"] = body["status"]
        body["status"] = "completed"


def _products_even_if_none(body: Body) -> None:
    """3.0 has a list of products in every finished answer."""
    if body.get("status") == "completed":
        body.setdefault("products", [])


def _experimental_measurement(body: Body) -> None:
    """3.2 calls measurement experimental, and wants that said."""
    if "measurement" in body:
        features = body.setdefault("experimental_features", [])
        features += ["measurement.core"] * ("measurement.core" not in features)


def _names_release(release: str) -> Edit:
    def edit(body: Body) -> None:
        if "adcp_version" in body:
            body["adcp_version"] = release

    return edit


def _names_major(body: Body) -> None:
    """3.0 has major versions only."""
    if body.pop("adcp_version", None) is not None:
        body["adcp_major_version"] = 3


_POSTAL_COUNTRIES = ("US", "GB", "CA", "DE", "CH", "AT", "FR", "AU", "BR", "IN", "ZA")
_POSTAL = {"DE": "de_plz", "CH": "ch_plz", "AT": "at_plz", "FR": "fr_code_postal", "AU": "au_postcode"}


def _country_in_system(area: Body) -> None:
    """3.0 names a postal system together with its country: ``us_zip``."""
    country = area.pop("country", None)
    if country is not None:
        area["system"] = _POSTAL.get(country, f"{country.lower()}_{area.get('system')}")


def _click_window(goal: Body) -> None:
    """3.0 has no attribution window without its part after a click."""
    if "attribution_window" in goal and "post_click" not in goal["attribution_window"]:
        del goal["attribution_window"]


def _formats_by_id(product: Body) -> None:
    """3.0 knows formats by their ids only."""
    options = product.get("format_options", [])
    product.setdefault("format_ids", [ref for option in options for ref in option.get("v1_format_ref", [])])


def _placement_name(placement: Body) -> None:
    """3.0 wants a name for every placement."""
    placement.setdefault("name", placement.get("placement_id"))


def _placement_kind(placement: Body) -> None:
    """3.1 tells a publisher's placement from one of the seller's own."""
    placement.setdefault("kind", "publisher_ref" if "publisher_domain" in placement else "seller_inline")
    placement.setdefault("mode", "included")


def _provider(measurement: Body) -> None:
    """3.0 names who measures in a text."""
    vendors = [str(vendor.get("domain")) for vendor in measurement.get("vendors", [])]
    measurement.setdefault("provider", ", ".join(vendors) or "seller")


def _one_governance_agent(account: Body) -> None:
    """3.1 has one governance agent for an account, without categories."""
    agents = account.pop("governance_agents", None)
    if agents:
        account["governance_agents"] = [{k: v for k, v in agents[0].items() if k != "categories"}]


def _packages_of_proposal(body: Body) -> None:
    """3.2 buys a proposal as it is."""
    if "proposal_id" in body:
        body.pop("packages", None)


def _budget_each(body: Body) -> None:
    """3.1 wants a budget for every package; 3.2 may give a total and leave it to the seller: equal parts."""
    packages = [package for package in body.get("packages", []) if isinstance(package, dict)]
    unbudgeted = [package for package in packages if package.get("budget") is None]
    total = body.get("total_budget")
    if not unbudgeted or not isinstance(total, dict):
        return
    given = sum(micros(package["budget"]) for package in packages if package.get("budget") is not None)
    shares = split(max(0, micros(total["amount"]) - given), [1] * len(unbudgeted))
    for package, share in zip(unbudgeted, shares, strict=True):
        package["budget"] = amount(share)


def _pacing_each(body: Body) -> None:
    """3.2 may pace the whole buy; 3.1 paces its packages."""
    for package in body.get("packages", []):
        if "pacing" in body and isinstance(package, dict):
            package.setdefault("pacing", body["pacing"])


def _plain_languages(overlay: Body) -> None:
    """3.1 has languages without script and region."""
    if isinstance(overlay.get("language"), list):
        overlay["language"] = list(dict.fromkeys(str(tag).partition("-")[0] for tag in overlay["language"]))


# -- words that only some releases have ------------------------------------------------------------------

_NEW_METRICS_31 = without(
    "engagements follows saves profile_visits cost_per_completed_view cpm downloads units_sold new_to_brand_units"
    " plays incremental_sales_lift brand_lift foot_traffic conversion_lift brand_search_lift"
)
_NEW_METRICS_32 = without(
    "commissionable_value viewable_rate viewable_impressions measurable_impressions viewed_seconds"
    " viewed_seconds_percentiles viewed_seconds_histogram quartile_25 quartile_50 quartile_75 quartile_100"
    " time_based_views ooh_metrics"
)
_METRICS_OF_30 = {"video_completions": "completed_views"}

_COARSE_ACTIONS: dict[str, str | None] = {
    **dict.fromkeys(("extend_flight", "shorten_flight", "update_flight_dates"), "update_dates"),
    **dict.fromkeys(("increase_budget", "decrease_budget", "reallocate_budget"), "update_budget"),
    **dict.fromkeys(
        ("update_targeting", "update_pacing", "update_frequency_caps", "remove_packages"), "update_packages"
    ),
    **dict.fromkeys(("replace_creative", "update_creative_assignments", "remove_creative"), "sync_creatives"),
}
"""What 3.0 calls the finer actions of 3.1."""

_NEW_ACTIONS_32 = without("update_name update_budget_allocation update_bidding")
_NEW_PRODUCT_FIELDS_31 = without(
    "video_placement_types audio_distribution_types sponsored_placement_types social_placement_surfaces"
    " format_options included_signals signal_targeting_allowed signal_targeting_options signal_targeting_rules"
)
_NEW_EVENTS_32 = without(
    "creative.assignment_changed indicators.changed account.status_changed account.change_recorded"
    " reporting.delivery_ready reporting.status_changed reporting.ledger_changed"
)
_NEW_EVENT_TYPES_31 = without("follow content_view watch_milestone")
_BUY_EVENTS = without("scheduled final delayed adjusted impairment")
_NEW_TASK_TYPES_31 = ("media_buy_delivery", "build_creative", "get_products", "search_brands")
_COMMITMENTS = ("target_agent", "proposed_commitment", "execution_commitment")
_NEW_SPECIALISMS_31 = without("creative-transformers sponsored-intelligence")
_NEW_SPECIALISMS_32 = without(
    "buyer-activation buyer-discovery buyer-monitoring buyer-negotiation buyer-recovery sales-dooh sales-exchange"
    " sales-retail-media sales-streaming-tv orchestrator-multi-agent"
)
_SCENARIOS_OF_30 = (
    "force_creative_status",
    "force_account_status",
    "force_media_buy_status",
    "force_session_status",
    "simulate_delivery",
    "simulate_budget_spend",
)

# -- groups of differences -------------------------------------------------------------------------------


def _packages_to_30(*paths: str) -> tuple[Edit, ...]:
    """Packages of a request, down to 3.0."""
    return tuple(
        at(
            path,
            rows("optimization_goals", lambda goal: goal.get("kind") != "vendor_metric"),
            no_empty("optimization_goals"),
            at("optimization_goals[]", _click_window),
            at("targeting_overlay.geo_postal_areas[]", _country_in_system),
            at("targeting_overlay.geo_postal_areas_exclude[]", _country_in_system),
        )
        for path in paths
    )


def _packages_from_32(*paths: str) -> tuple[Edit, ...]:
    """Packages of a request, from 3.2: null, which takes a targeting away, is the same as leaving it out."""
    return tuple(
        at(path, drop_null("budget"), at("targeting_overlay", drop_null(), _plain_languages)) for path in paths
    )


_BUY_TO_30 = (_status_is_the_buys, drop_null("confirmed_at"), words("valid_actions", _COARSE_ACTIONS))
_NULL_METRICS = drop_null("completion_rate", "quartile_data")
_BREAKDOWNS = ("catalog_item", "creative", "keyword", "geo", "device_type", "device_platform", "audience", "placement")
_PRODUCT_TO_30 = at(
    "products[]",
    _formats_by_id,
    at("placements[]", _placement_name),
    at("delivery_measurement", _provider),
    at("reporting_capabilities", words("available_metrics", _NEW_METRICS_31)),
    drop("product_card", "product_card_detailed"),
)
_PRODUCT_FROM_30 = at(
    "products[]",
    at("placements[]", _placement_kind),
    at("reporting_capabilities", words("available_metrics", _METRICS_OF_30)),
    drop("product_card", "product_card_detailed"),
)
_PRODUCT_FROM_32 = at(
    "products[]",
    at("reporting_capabilities", words("available_metrics", _NEW_METRICS_32)),
    rows("pricing_options", lambda option: option.get("pricing_model") != "revenue_share"),
)

# -- the table -------------------------------------------------------------------------------------------

_EVERY: dict[tuple[str, str], tuple[Edit, ...]] = {
    ("request", "3.1 to 3.0"): (_names_major,),
    ("answer", "3.1 to 3.0"): (drop("adcp_version"),),
    ("answer", "3.0 to 3.1"): (_task_status,),
    ("request", "3.1 to 3.2"): (_names_release("3.2"),),
    ("answer", "3.1 to 3.2"): (_names_release("3.2"),),
    ("request", "3.2 to 3.1"): (_names_release("3.1"),),
    ("answer", "3.2 to 3.1"): (_names_release("3.1"),),
}

_REQUESTS: dict[tuple[str, str], tuple[Edit, ...]] = {
    ("get_products", "3.1 to 3.0"): (
        words("fields", _NEW_PRODUCT_FIELDS_31),
        at("filters.postal_areas[]", _country_in_system),
    ),
    ("create_media_buy", "3.1 to 3.0"): (
        *_packages_to_30("packages[]"),
        at("reporting_webhook", words("requested_metrics", _NEW_METRICS_31)),
    ),
    ("update_media_buy", "3.1 to 3.0"): (
        *_packages_to_30("packages[]", "new_packages[]"),
        at("reporting_webhook", words("requested_metrics", _NEW_METRICS_31)),
    ),
    ("create_media_buy", "3.0 to 3.1"): (at("reporting_webhook", words("requested_metrics", _METRICS_OF_30)),),
    ("update_media_buy", "3.0 to 3.1"): (at("reporting_webhook", words("requested_metrics", _METRICS_OF_30)),),
    ("create_media_buy", "3.1 to 3.2"): (_packages_of_proposal,),
    ("create_media_buy", "3.2 to 3.1"): (
        *_packages_from_32("packages[]"),
        _budget_each,
        _pacing_each,
        at("reporting_webhook", words("requested_metrics", _NEW_METRICS_32)),
    ),
    ("update_media_buy", "3.2 to 3.1"): (
        *_packages_from_32("packages[]", "new_packages[]"),
        at("reporting_webhook", words("requested_metrics", _NEW_METRICS_32)),
    ),
    ("sync_accounts", "3.1 to 3.2"): (at("accounts[].notification_configs[]", words("event_types", _BUY_EVENTS)),),
    ("sync_accounts", "3.2 to 3.1"): (at("accounts[].notification_configs[]", words("event_types", _NEW_EVENTS_32)),),
    ("list_creatives", "3.1 to 3.0"): (at("filters", words("statuses", without("suspended"))),),
    ("check_governance", "3.1 to 3.0"): (into_ext(*_COMMITMENTS),),
    ("check_governance", "3.0 to 3.1"): (from_ext(*_COMMITMENTS),),
}

_ANSWERS: dict[tuple[str, str], tuple[Edit, ...]] = {
    ("get_adcp_capabilities", "3.1 to 3.0"): (
        at("media_buy", flags("features", "audience_targeting", "conversion_tracking")),
        words("supported_protocols", without("measurement")),
        words("specialisms", _NEW_SPECIALISMS_31),
        at("compliance_testing", only("scenarios", _SCENARIOS_OF_30)),
        at("media_buy.execution.targeting.geo_postal_areas", drop(*_POSTAL_COUNTRIES)),
    ),
    ("get_adcp_capabilities", "3.1 to 3.2"): (_experimental_measurement,),
    ("get_adcp_capabilities", "3.2 to 3.1"): (words("specialisms", _NEW_SPECIALISMS_32),),
    ("sync_accounts", "3.1 to 3.2"): (
        at("accounts[]", no_empty("errors"), at("notification_configs[]", words("event_types", _BUY_EVENTS))),
    ),
    ("sync_accounts", "3.2 to 3.1"): (at("accounts[].notification_configs[]", words("event_types", _NEW_EVENTS_32)),),
    ("list_accounts", "3.0 to 3.1"): (at("accounts[]", _one_governance_agent),),
    ("list_accounts", "3.1 to 3.2"): (at("accounts[].notification_configs[]", words("event_types", _BUY_EVENTS)),),
    ("list_accounts", "3.2 to 3.1"): (at("accounts[].notification_configs[]", words("event_types", _NEW_EVENTS_32)),),
    ("get_products", "3.1 to 3.0"): (_products_even_if_none, _PRODUCT_TO_30),
    ("get_products", "3.0 to 3.1"): (_PRODUCT_FROM_30,),
    ("get_products", "3.2 to 3.1"): (
        _PRODUCT_FROM_32,
        at("proposals[]", word("proposal_status", {"accepted": "committed"})),
    ),
    ("create_media_buy", "3.1 to 3.0"): _BUY_TO_30,
    ("create_media_buy", "3.0 to 3.1"): (
        _status_is_the_tasks,
        _unconfirmed,
        at("account", _one_governance_agent),
    ),
    ("create_media_buy", "3.2 to 3.1"): (words("valid_actions", _NEW_ACTIONS_32),),
    ("update_media_buy", "3.1 to 3.0"): _BUY_TO_30,
    ("update_media_buy", "3.0 to 3.1"): (_status_is_the_tasks,),
    ("update_media_buy", "3.2 to 3.1"): (words("valid_actions", _NEW_ACTIONS_32),),
    ("get_media_buys", "3.1 to 3.0"): (
        at("media_buys[]", drop_null("confirmed_at"), words("valid_actions", _COARSE_ACTIONS)),
    ),
    ("get_media_buys", "3.0 to 3.1"): (at("media_buys[]", _unconfirmed, at("account", _one_governance_agent)),),
    ("get_media_buys", "3.2 to 3.1"): (
        at(
            "media_buys[]",
            words("valid_actions", _NEW_ACTIONS_32),
            at("packages[].creative_approvals[]", word("approval_status", {"partially_approved": "pending_review"})),
        ),
    ),
    ("get_media_buy_delivery", "3.1 to 3.0"): (
        at("attribution_window", default("model", "last_touch")),
        at("aggregated_totals", _NULL_METRICS),
        at("media_buy_deliveries[].totals", _NULL_METRICS),
        at("media_buy_deliveries[].by_package[]", _NULL_METRICS),
        *(at(f"media_buy_deliveries[].by_package[].by_{kind}[]", _NULL_METRICS) for kind in _BREAKDOWNS),
    ),
    ("sync_creatives", "3.1 to 3.0"): (at("creatives[]", word("status", {"suspended": "pending_review"})),),
    ("sync_creatives", "3.0 to 3.1"): (at("creatives[].account", _one_governance_agent),),
    ("list_creatives", "3.1 to 3.0"): (at("creatives[]", word("status", {"suspended": "pending_review"})),),
    ("list_creatives", "3.0 to 3.1"): (at("creatives[].account", _one_governance_agent),),
    # The schema of 3.0 refuses every macro that it knows: it fits both "a known macro" and "any text".
    ("list_creative_formats", "3.1 to 3.0"): (at("formats[]", drop("supported_macros")),),
    ("acquire_rights", "3.1 to 3.0"): (_status_is_the_licences,),
    ("acquire_rights", "3.0 to 3.1"): (_licence_apart,),
    ("sync_event_sources", "3.1 to 3.0"): (at("event_sources[]", words("event_types", _NEW_EVENT_TYPES_31)),),
    ("sync_audiences", "3.1 to 3.0"): (at("audiences[]", word("status", {"suspended": "processing"})),),
    ("check_governance", "3.1 to 3.0"): (rename("verdict", "status"),),
    ("check_governance", "3.0 to 3.1"): (rename("status", "verdict"), _task_status),
    ("report_plan_outcome", "3.1 to 3.0"): (rename("outcome_state", "status"),),
    ("report_plan_outcome", "3.0 to 3.1"): (rename("status", "outcome_state"), _task_status),
    ("get_plan_audit_logs", "3.1 to 3.0"): (at("plans[].entries[]", rename("verdict", "status")),),
    ("get_plan_audit_logs", "3.0 to 3.1"): (at("plans[].entries[]", rename("status", "verdict")),),
    ("list_tasks", "3.1 to 3.0"): (
        rows("tasks", lambda task: task.get("task_type") not in _NEW_TASK_TYPES_31),
        at("tasks[]", word("domain", {"creative": "media-buy"})),
    ),
}
