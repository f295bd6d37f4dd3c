"""Checks of executions and of delivery: what sellers plan and report is held against what was approved."""

from __future__ import annotations

from typing import Any

from agents.governance.token import read
from tests.unit.governance.conftest import RIVAL_SELLER, SELLER, START, Stage

GEO_US = {"geo_countries": ["US"]}


def test_an_execution_narrows_an_intent_and_goes_not_beyond(stage: Stage) -> None:
    stage.plan()
    approved = stage.check(100)
    body = stage.execution(approved["governance_context"], 80)
    answer = stage.call("check_governance", body, by="seller")
    assert (answer["verdict"], answer["check_type"]) == ("approved", "execution")
    claims = read(answer["governance_context"], stage.agent.jwks)
    assert (claims["phase"], claims["sub"]) == (
        "purchase",
        read(approved["governance_context"], stage.agent.jwks)["sub"],
    )
    beyond = stage.call("check_governance", stage.execution(approved["governance_context"], 101), by="seller")
    assert beyond["verdict"] == "denied"
    outcome = stage.report(approved)
    assert outcome["committed_budget"] == 80


def test_an_execution_gets_no_conditions(stage: Stage) -> None:
    # rule 214
    stage.plan(countries=["US", "GB"])
    token = stage.check(100, overlay=GEO_US)["governance_context"]
    body = stage.execution(token, geo={"countries": ["US", "FR"]})
    assert stage.call("check_governance", body, by="seller")["verdict"] == "denied"


def test_only_the_seller_of_the_token_goes_on_with_it(stage: Stage) -> None:
    stage.plan()
    token = stage.check()["governance_context"]
    body = stage.execution(token) | {"caller": RIVAL_SELLER}
    assert stage.error("check_governance", body, by="other-seller")["code"] == "PERMISSION_DENIED"
    assert (
        stage.error("check_governance", stage.execution(token[:-4] + "AAAA"), by="seller")["code"]
        == "PERMISSION_DENIED"
    )
    assert stage.error("check_governance", stage.execution(token), by="other-seller")["field"] == "caller"


def test_delivery_beyond_the_plan_is_found(stage: Stage) -> None:
    # rules 214 and 215
    stage.plan(countries=["US"], channels={"allowed": ["display"]})
    approved = stage.check(100, overlay=GEO_US)
    period = {"start": START, "end": "2026-05-08T00:00:00Z"}

    def deliver(**metrics: Any) -> dict[str, Any]:
        body = {"plan_id": "plan", "caller": SELLER, "governance_context": approved["governance_context"]}
        more = {"phase": "delivery", "delivery_metrics": {"reporting_period": period} | metrics}
        return stage.call("check_governance", body | more, by="seller")

    fine = deliver(cumulative_spend=50, geo_distribution={"US": 100}, channel_distribution={"display": 100})
    assert (fine["verdict"], "next_check" in fine) == ("approved", True)
    assert deliver(cumulative_spend=101)["verdict"] == "denied"
    assert deliver(geo_distribution={"US": 80, "FR": 20})["verdict"] == "denied"
    assert deliver(channel_distribution={"ctv": 100})["verdict"] == "denied"
    assert deliver(pacing="behind")["findings"][0]["severity"] == "warning"
