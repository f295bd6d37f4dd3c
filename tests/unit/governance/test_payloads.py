"""What is told to a governance agent in another form than the protocol's, and what people's approval is worth."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from agents.governance.reviews import approve_review
from sandbox.kernel.network import Network
from tests.unit.governance.conftest import SELLER, Json, MakeStage, Stage

WRONG: list[tuple[Json, str]] = [
    ({"packages": 5}, "payload.packages"),
    ({"packages": ["x"]}, "payload.packages[0]"),
    ({"packages": [{"targeting_overlay": "x"}]}, "payload.packages[0].targeting_overlay"),
    (
        {"packages": [{"targeting_overlay": {"geo_countries": 5}}]},
        "payload.packages[0].targeting_overlay.geo_countries",
    ),
    (
        {"purchases": [{"targeting_overlay": {"geo_regions": [5]}}]},
        "payload.purchases[0].targeting_overlay.geo_regions[0]",
    ),
    ({"new_packages": {"a": 1}}, "payload.new_packages"),
    ({"audience_targeting": 5}, "payload.audience_targeting"),
    ({"start_time": {}}, "payload.start_time"),
    ({"currency": []}, "payload.currency"),
]
ODD: list[Json] = [
    {"packages": None, "audience_targeting": None},
    {"packages": [{"ext": "s", "product_id": {}, "budget": True}]},
    {"packages": [{"ext": {"channels": [{}]}, "budget": 5}]},
    {"packages": [{"targeting_overlay": {"geo_countries": None, "audience_include": 5, "signal_targeting": [{}]}}]},
    {"packages": [{"targeting_overlay": {"signal_targeting": [{"restricted_attributes": 5, "values": 5}]}}]},
    {"packages": [{"targeting_overlay": {"signal_targeting": [{"signal_id": "s", "values": [{}], "min_value": "x"}]}}]},
    {"audience_targeting": ["x", {"size": "many"}]},
    {"total_budget": {"amount": "5", "currency": {}}, "account": [], "brand": 5, "ext": [1]},
]


def strict(stage: Stage) -> None:
    """A plan that looks at everything, with a delegate."""
    signal = {"type": "signal", "signal_id": {"source": "catalog", "data_provider_domain": "d.example", "id": "s"}}
    stage.plan(
        countries=["US"],
        regions=["US-CA"],
        channels={"required": ["display"], "mix_targets": {"display": {"max_pct": 50}}},
        restricted_attributes=["health_data"],
        min_audience_size=1000,
        policy_categories=["alcohol", "children_directed"],
        audience={"exclude": [{**signal, "value_type": "binary", "value": True}]},
        approved_sellers=[SELLER],
        delegations=[{"agent_url": Network.url("rival"), "authority": "full", "markets": ["US"]}],
    )


@pytest.mark.parametrize(("payload", "field"), WRONG, ids=lambda value: json.dumps(value)[:50])
def test_a_field_that_decides_and_can_not_be_read_is_refused_by_its_name(
    stage: Stage, payload: Json, field: str
) -> None:
    strict(stage)
    body = {"plan_id": "plan", "caller": Network.url("buyer"), "target_agent": SELLER, "payload": payload}
    error = stage.error("check_governance", {**body, "tool": "create_media_buy"})
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", field)


@pytest.mark.parametrize("payload", ODD, ids=lambda value: json.dumps(value)[:50])
@pytest.mark.parametrize("tool", ["create_media_buy", "control_media_buy", "acquire_rights", "activate_signal"])
def test_everything_else_is_judged_as_far_as_it_can_be_read(stage: Stage, payload: Json, tool: str) -> None:
    strict(stage)
    for by in ("buyer", "rival"):
        body = {"plan_id": "plan", "caller": Network.url(by), "target_agent": SELLER, "payload": payload}
        answer = stage.reply("check_governance", {**body, "tool": tool}, by=by)
        assert answer.body.get("verdict") in ("denied", "conditions"), answer.body


def token(header: Any) -> str:
    head = (
        header if isinstance(header, bytes) else json.dumps({"alg": "EdDSA", "typ": "adcp-gov+jws"} | header).encode()
    )
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (head, b"{}", b"x" * 64))


@pytest.mark.parametrize(
    "given",
    [token(b"[" * 2900), token({"crit": 5}), token({"crit": None}), token({"crit": [[1]]}), token(b"\xff"), "a.b.~"],
    ids=lambda text: text[:20],
)
def test_a_forged_token_is_no_token_whatever_its_header_says(stage: Stage, given: str) -> None:
    stage.plan()
    execution = stage.execution(given) | {"plan_id": "", "caller": SELLER}
    assert stage.error("check_governance", execution, by="seller")["code"] == "PERMISSION_DENIED"
    report = {"plan_id": "plan", "outcome": "failed", "governance_context": given}
    assert stage.call("report_plan_outcome", report)["committed_budget"] == 0


@pytest.mark.parametrize(
    "change",
    [{"proposed_commitment": {"amount": 900, "currency": "USD"}}, {"purchase_type": "creative_services"}],
    ids=["amount", "purchase_type"],
)
def test_what_people_approved_is_that_amount_of_that_kind_and_no_other(make_stage: MakeStage, change: Json) -> None:
    """Rule 216: the payload names no amount, so the commitment that was declared is what they looked at."""
    stage = make_stage()
    stage.plan(human_review_required=True)
    body = stage.intent(payload={"packages": [], "proposal_id": "p1"})
    body["proposed_commitment"] = {"amount": 10, "currency": "USD"}
    assert stage.call("check_governance", body)["status"] == "submitted"
    approve_review(stage.agent)
    assert stage.call("check_governance", body | change)["status"] == "submitted"
    assert stage.call("check_governance", body)["verdict"] == "approved"


@pytest.mark.parametrize(
    "policy",
    [
        "Buys over 1.2.3 need approval",
        "Buys over " + "9" * 17 + "m need approval",
        "No seller above " + "9" * 400 + "%",
    ],
)
def test_a_policy_with_an_amount_that_is_none_fails_no_check(stage: Stage, policy: str) -> None:
    """Rule 220: a plan brings policies in plain words."""
    stage.plan(custom_policies=[{"policy_id": "odd", "enforcement": "must", "policy": policy}])
    assert stage.check()["verdict"] in ("approved", "conditions", "denied")
