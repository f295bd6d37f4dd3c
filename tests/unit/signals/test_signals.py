"""Signals agents (storyboards signals_baseline, signal_owned, signal_marketplace, get_signals_pagination_integrity)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.governance import GovernanceAgent, GovernanceConfig
from agents.signals.catalog import invented
from agents.signals.config import SignalConfig
from agents.signals.matching import ranked
from agents.studio.prices import Price
from tests.unit.creative.stage import ACCOUNT, Stage

VERSIONS = ("3.0", "3.1", "3.2")
DSP = {"type": "platform", "platform": "the-trade-desk", "account": "agency-123"}
SALES = {"type": "agent", "agent_url": "https://wonderstruck.salesagents.example"}
OWNED = [
    {
        "id": "high_ltv",
        "name": "High lifetime value",
        "description": "Loyal customers who purchase often",
        "coverage": 12,
        "prices": [{"id": "ltv_month", "model": "flat_fee", "price": 5000}],
    },
    {
        "id": "churn",
        "name": "Churn risk",
        "description": "How likely purchase stops",
        "value_type": "categorical",
        "categories": ["low", "high"],
        "coverage": 70,
        "prices": [{"id": "churn_share", "model": "percent_of_media", "price": 12, "max_cpm": 3}],
    },
    {
        "id": "score",
        "name": "Engagement score",
        "description": "Purchase and reading activity",
        "value_type": "numeric",
        "range": [0, 100],
        "coverage": 65,
        "prices": [{"id": "score_cpm", "price": 2.5}, {"id": "score_cpm_big", "price": 8}],
    },
]


def agent(personality: str = "marketplace", version: str = "3.1", **config: Any) -> Stage:
    return Stage("signals", {"personality": personality, **config}, version)


def names(answer: dict[str, Any]) -> list[str]:
    return [row["signal_agent_segment_id"] for row in answer["signals"]]


def activate(stage: Stage, *destinations: dict[str, Any], sender: str = "buyer", **more: Any) -> dict[str, Any]:
    asked = {"signal_agent_segment_id": "ev_intenders", "pricing_option_id": "ev_intenders_cpm", "account": ACCOUNT}
    return stage.call("activate_signal", sender, destinations=list(destinations), **{**asked, **more})


# -- discovery -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_a_marketplace_tells_whose_catalog_a_signal_comes_from(version: str) -> None:
    stage = agent(version=version)
    found = stage.call("get_signals", signal_spec="In-market EV buyers with high purchase propensity, near dealerships")
    first = found["signals"][0]
    assert first["signal_agent_segment_id"] == "ev_intenders"
    assert first["signal_id"] == {
        "source": "catalog",
        "data_provider_domain": "autograph.example",
        "id": "ev_intenders",
    }
    assert first["coverage_percentage"] == 8
    assert first["pricing_options"][0]["pricing_option_id"] == "ev_intenders_cpm"
    again = stage.call("get_signals", signal_ids=[first["signal_id"]])
    assert again["signals"] == [first]
    elsewhere = {**first["signal_id"], "data_provider_domain": "other.example"}
    assert stage.call("get_signals", signal_ids=[elsewhere])["signals"] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_owned_signals_have_values_of_all_kinds_and_name_the_agent(version: str) -> None:
    stage = agent("owned", version, signals=OWNED)
    found = stage.call("get_signals", signal_spec="purchase")["signals"]
    rows = {row["signal_agent_segment_id"]: row for row in found}
    assert all(row["signal_id"]["agent_url"] == "https://vendor.sandbox.test" for row in found)
    assert all(row["signal_type"] == "owned" for row in found)
    assert rows["churn"]["categories"] == ["low", "high"]
    assert rows["score"]["range"] == {"min": 0, "max": 100}


@pytest.mark.parametrize(
    "spec", ["Adults interested in electric vehicles", "outdoor enthusiasts, age 25-54, US", "loyalty program data"]
)
def test_a_description_finds_signals_that_speak_of_it(spec: str) -> None:
    assert agent().call("get_signals", signal_spec=spec)["signals"]


def test_a_description_that_nothing_fits_finds_nothing_and_is_no_error() -> None:
    assert agent().call("get_signals", signal_spec="left-handed cellists")["signals"] == []
    assert agent().reply("get_signals").body["errors"][0]["code"] == "INVALID_REQUEST"


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        ({"max_cpm": 5.0}, ["high_ltv", "churn", "score"]),
        ({"max_cpm": 1.0}, ["high_ltv", "churn"]),
        ({"max_percent": 10}, ["high_ltv", "score"]),
        ({"min_coverage_percentage": 65}, ["churn", "score"]),
        ({"catalog_types": ["marketplace"]}, []),
    ],
)
def test_filters_leave_what_meets_them(filters: dict[str, Any], kept: list[str]) -> None:
    """A CPM filter is about CPM prices only, and one price below it is enough (core/signal-filters.json)."""
    stage = agent("owned", signals=OWNED)
    assert sorted(names(stage.call("get_signals", signal_spec="audience", filters=filters))) == sorted(kept)


def test_providers_can_be_filtered_by_domain_and_the_whole_catalog_enumerated() -> None:
    stage = agent()
    found = stage.call("get_signals", discovery_mode="wholesale", filters={"data_providers": ["strides.example"]})
    assert {row["data_provider"] for row in found["signals"]} == {"Strides"}
    assert stage.call("get_signals", discovery_mode="wholesale")["pagination"]["total_count"] == 10


@pytest.mark.parametrize("version", VERSIONS)
def test_a_broad_search_is_paged_without_loss_or_repetition(version: str) -> None:
    stage, seen, page = agent(version=version), [], {"max_results": 1}
    while True:
        answer = stage.call("get_signals", signal_spec="audience", pagination=page, account=ACCOUNT)
        seen += names(answer)
        block = answer["pagination"]
        assert block["has_more"] == ("cursor" in block)
        if not block["has_more"]:
            break
        page = {"max_results": 1, "cursor": block["cursor"]}
    assert len(seen) == len(set(seen)) == block["total_count"] == 10


def test_fields_narrow_a_row_to_what_is_asked_for_and_what_identifies_it() -> None:
    row = agent().call("get_signals", signal_spec="ev", fields=["name"])["signals"][0]
    assert "pricing_options" not in row
    assert {"name", "signal_id", "signal_agent_segment_id"} <= set(row)


@given(st.lists(st.sampled_from("cars ev travel food sports football hotel kids recipes unknown".split())))
def test_a_search_finds_each_signal_at_most_once_and_depends_on_words_alone(words: list[str]) -> None:
    catalog = invented("owned")
    found = ranked(catalog, " ".join(words))
    assert len({signal.id for signal in found}) == len(found)
    assert found == ranked(catalog, " ".join(words).upper())


# -- activation ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_activation_gives_a_segment_to_platforms_and_a_pair_to_sales_agents(version: str) -> None:
    platform, sales = activate(agent(version=version), DSP, SALES)["deployments"]
    assert (platform["is_live"], platform["activation_key"]["type"]) == (True, "segment_id")
    assert (sales["is_live"], sales["activation_key"]["type"]) == (True, "key_value")
    assert sales["agent_url"] == SALES["agent_url"]


def test_a_slow_platform_is_announced_polled_and_told_by_webhook() -> None:
    stage = agent(activation_time="30m")
    push = {"url": stage.world.network.url("buyer", "hooks")}
    answer = activate(stage, DSP, SALES, push_notification_config=push)
    platform, sales = answer["deployments"]
    assert (platform["is_live"], platform["estimated_activation_duration_minutes"]) == (False, 30)
    assert "activation_key" not in platform
    assert sales["is_live"]
    stage.run("31m")
    task = stage.call("get_task_status", task_id=answer["task_id"], include_result=True)
    assert task["result"]["deployments"][0]["activation_key"]["type"] == "segment_id"
    assert [hook["status"] for hook in stage.webhooks] == ["completed"]
    row = stage.call("get_signals", signal_spec="ev", destinations=[DSP])["signals"][0]
    assert row["deployments"][0]["is_live"]


def test_an_activation_key_is_for_whoever_activated_and_for_the_sales_agent_only() -> None:
    stage = agent()
    mine = {"type": "agent", "agent_url": stage.world.network.url("rival", "mcp")}
    activate(stage, DSP, mine)
    seen = stage.call("get_signals", "rival", signal_spec="electric", destinations=[DSP, mine])["signals"][0]
    dsp, sales = seen["deployments"]
    assert dsp == {**DSP, "is_live": False}
    assert sales["activation_key"]["type"] == "key_value"


def test_a_second_activation_gives_the_same_key() -> None:
    stage = agent()
    assert activate(stage, DSP)["deployments"] == activate(stage, DSP)["deployments"]


def test_a_deactivated_signal_is_gone_everywhere() -> None:
    stage = agent()
    activate(stage, DSP)
    gone = activate(stage, DSP, action="deactivate")["deployments"]
    assert gone == [{**DSP, "is_live": False}]
    row = stage.call("get_signals", signal_spec="ev")["signals"][0]
    assert row["deployments"] == []


def test_what_cannot_be_activated_is_refused_by_name() -> None:
    stage = agent(platforms=["the-trade-desk"])
    asked = {"destinations": [DSP], "signal_agent_segment_id": "ev_intenders", "pricing_option_id": "ev_intenders_cpm"}
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"signal_agent_segment_id": "none"}, "SIGNAL_NOT_FOUND", "signal_agent_segment_id"),
        ({"pricing_option_id": "none"}, "INVALID_REQUEST", "pricing_option_id"),
        ({"destinations": [{"type": "platform", "platform": "other"}]}, "VALIDATION_ERROR", "destinations[0].platform"),
    ]
    for change, code, field in cases:
        error = stage.error("activate_signal", **{**asked, **change})
        assert (error["code"], error["field"]) == (code, field)
    del asked["pricing_option_id"]
    assert stage.error("activate_signal", **asked)["field"] == "pricing_option_id"


def test_a_withdrawn_signal_is_found_no_more() -> None:
    stage = agent()
    activate(stage, DSP)
    stage.do("withdraw_signal", signal="ev_intenders")
    assert "ev_intenders" not in names(stage.call("get_signals", signal_spec="audience"))
    assert stage.vendor.deployments == {}


# -- governance ----------------------------------------------------------------------------------------------


def governed(budget: float, version: str = "3.1") -> tuple[Stage, GovernanceAgent]:
    """A buyer whose account asks a governance agent, which keeps a plan of that budget."""
    stage = agent(version=version)
    governor = GovernanceAgent(stage.world, "gov", GovernanceConfig())
    stage.world.add(governor)
    stage.world.ecosystem.link("gov", "buyer", "authorised_for")
    plan = {
        "plan_id": "plan",
        "brand": {"domain": "acme.com"},
        "objectives": "Sell cars",
        "budget": {"total": budget, "currency": "USD", "reallocation_unlimited": True},
        "flight": {"start": "2026-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"},
    }
    ask(stage, "sync_plans", plans=[plan], idempotency_key="plans-of-the-test-01")
    rows = stage.call("sync_accounts", accounts=[{**ACCOUNT, "billing": "operator"}])["accounts"]
    assert rows[0]["account_id"]
    auth = {"schemes": ["Bearer"], "credentials": "gov-token-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}
    entry = {"account": ACCOUNT, "governance_agents": [{"url": "https://gov.sandbox.test/", "authentication": auth}]}
    assert stage.call("sync_governance", accounts=[entry])["accounts"][0]["status"] == "synced"
    return stage, governor


def ask(stage: Stage, operation: str, **payload: Any) -> dict[str, Any]:
    """What the governance agent answers the buyer."""
    body = {"adcp_version": "3.1"} | payload
    process = stage.world.spawn(stage.world.actors["buyer"].call("gov", operation, body))
    while not process.processed:
        stage.world.env.step()
    reply: Any = process.value
    assert reply.ok, reply.body
    return dict(reply.body)


def activation(stage: Stage, cost: float = 3500) -> tuple[dict[str, Any], str]:
    """A request and the token that allows it."""
    asked: dict[str, Any] = {"signal_agent_segment_id": "ev_intenders", "pricing_option_id": "ev_intenders_cpm"}
    asked |= {"account": ACCOUNT}
    asked |= {"destinations": [DSP], "idempotency_key": "activation-00001"}
    intent = {"plan_id": "plan", "caller": "https://buyer.sandbox.test/", "target_agent": "https://vendor.sandbox.test"}
    money = {"amount": cost, "currency": "USD"}
    payload = {"adcp_version": "3.1"} | asked
    answer = ask(
        stage, "check_governance", **intent, tool="activate_signal", payload=payload, proposed_commitment=money
    )
    return asked, str(answer["governance_context"])


@pytest.mark.parametrize("version", VERSIONS)
def test_a_governed_account_needs_an_approval_before_it_activates(version: str) -> None:
    """Storyboard signal_marketplace/governance_denied: the request has no governance_context."""
    stage, governor = governed(1e6, version)
    asked: dict[str, Any] = {"signal_agent_segment_id": "ev_intenders", "destinations": [DSP], "account": ACCOUNT}
    reply = stage.reply("activate_signal", **asked, context={"id": "x"})
    assert reply.body["errors"][0]["code"] == "GOVERNANCE_DENIED"
    assert reply.body["errors"][0]["details"]["findings"]
    assert reply.body["context"] == {"id": "x"}
    assert governor.checks == {}
    assert stage.vendor.deployments == {}


def test_an_approved_activation_is_asked_about_and_made() -> None:
    stage, governor = governed(3500)
    asked, token = activation(stage)
    stage.call("activate_signal", **asked, governance_context=token)
    assert [(check.kind, check.verdict) for check in governor.checks.values()] == [
        ("intent", "approved"),
        ("execution", "approved"),
    ]


def test_what_the_plan_no_longer_allows_is_denied_and_taking_away_is_free() -> None:
    stage, governor = governed(3500)
    asked, token = activation(stage)
    governor.actions[next(iter(governor.actions))].settled = "completed"
    error = stage.reply("activate_signal", **asked, governance_context=token).body["errors"][0]
    assert (error["code"], error["details"]["findings"][0]["category_id"]) == (
        "GOVERNANCE_DENIED",
        "seller_verification",
    )
    again = {name: value for name, value in asked.items() if name != "idempotency_key"}
    stage.call("activate_signal", **again, action="deactivate")


@pytest.mark.parametrize(
    ("cost", "changes", "why"),
    [(3499, {}, "this costs 3500"), (3500, {"destinations": [SALES]}, "another payload")],
)
def test_a_token_allows_one_payload_and_no_more_than_its_amount(cost: float, changes: dict[str, Any], why: str) -> None:
    stage, _ = governed(1e6)
    asked, token = activation(stage, cost)
    error = stage.reply("activate_signal", **(asked | changes), governance_context=token).body["errors"][0]
    assert (error["code"], why in error["message"]) == ("PERMISSION_DENIED", True), error


def test_a_governance_agent_that_does_not_answer_stops_spending_for_now() -> None:
    stage, _ = governed(1e6)
    asked, token = activation(stage)
    stage.world.network.set_down("gov", True)
    reply = stage.reply("activate_signal", **asked, governance_context=token)
    assert reply.body["errors"][0]["code"] == "GOVERNANCE_UNAVAILABLE"


# -- what all agents do --------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("personality", ["owned", "marketplace"])
def test_capabilities_name_the_protocol_and_the_specialism(version: str, personality: str) -> None:
    body = agent(personality, version).call("get_adcp_capabilities", context={"n": 1})
    assert body["supported_protocols"] == ["signals"]
    assert body["specialisms"] == [f"signal-{personality}"]
    assert body["context"] == {"n": 1}


def test_accounts_are_those_of_the_caller() -> None:
    stage = agent()
    stage.call("sync_accounts", accounts=[{**ACCOUNT, "billing": "operator"}])
    assert len(stage.call("list_accounts")["accounts"]) == 1
    assert stage.call("list_accounts", "rival")["accounts"] == []


def test_a_repeated_activation_is_answered_from_memory() -> None:
    stage = agent(activation_time="30m")
    first = activate(stage, DSP, idempotency_key="one-key-for-both-calls")
    stage.run("1h")
    again = activate(stage, DSP, idempotency_key="one-key-for-both-calls")
    assert again == {**first, "replayed": True}


def test_settings_that_contradict_themselves_are_refused() -> None:
    price = [Price(id="p", price=1)]
    with pytest.raises(ValueError, match="categories"):
        SignalConfig(id="a", name="A", description="a", value_type="categorical", prices=price)
    with pytest.raises(ValueError, match="provider"):
        agent("marketplace", signals=OWNED)
