"""Brand agents (storyboards brand_baseline, brand_rights)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.time import iso_date
from tests.unit.creative.stage import ACCOUNT, Stage

VERSIONS = ("3.0", "3.1", "3.2")
RIGHT = {
    "id": "acme_look",
    "name": "The look of Acme",
    "description": "Generated images in the style of Acme Outdoor",
    "uses": ["commercial", "likeness", "ai_generated_image"],
    "countries": ["US", "NL"],
    "prices": [
        {"id": "acme_fee", "price": 500, "period": "monthly", "impression_cap": 100_000, "overage_cpm": 4},
        {"id": "acme_cpm", "model": "cpm", "price": 5},
    ],
}
BRAND = {
    "id": "acme_outdoor",
    "domain": "acmeoutdoor.example",
    "name": "Acme Outdoor",
    "tagline": "Go up",
    "voice": "Direct and warm",
    "attributes": ["direct"],
    "dos": ["use verbs"],
    "colors": {"primary": "#1B5E20"},
    "guidelines": {"photography": "outdoors only"},
}
HOOK = {
    "url": "https://pinnacle.example/revoked",
    "authentication": {"schemes": ["Bearer"], "credentials": "a-secret-of-at-least-thirty-two-characters"},
}
CAMPAIGN = {
    "description": "Summer campaign",
    "uses": ["commercial"],
    "start_date": "2026-05-01",
    "end_date": "2026-06-30",
}


def agent(version: str = "3.1", **right: Any) -> Stage:
    return Stage("brand", {"brands": [{**BRAND, "rights": [{**RIGHT, **right}]}]}, version)


def request(**changes: Any) -> dict[str, Any]:
    asked = {"rights_id": "acme_look", "pricing_option_id": "acme_fee", "buyer": {"domain": "pinnacle.example"}}
    return {**asked, "campaign": CAMPAIGN, "revocation_webhook": HOOK, **changes}


def state(answer: dict[str, Any]) -> str:
    """The state of a licence; 3.0 calls it ``status``."""
    return str(answer.get("rights_status", answer["status"]))


# -- identity ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_an_identity_echoes_the_brand_and_tells_what_is_public(version: str) -> None:
    body = agent(version).call("get_brand_identity", brand_id="acme_outdoor", context={"n": 1})
    assert (body["brand_id"], body["names"], body["context"]) == ("acme_outdoor", [{"en": "Acme Outdoor"}], {"n": 1})
    assert body["colors"] == {"primary": "#1B5E20"}
    assert "visual_guidelines" not in body
    assert body["available_fields"] == ["visual_guidelines"]


def test_a_linked_account_opens_the_rest() -> None:
    stage = agent()
    stage.call("sync_accounts", accounts=[{**ACCOUNT, "billing": "operator"}])
    body = stage.call("get_brand_identity", brand_id="acme_outdoor")
    assert body["visual_guidelines"] == {"photography": "outdoors only"}
    assert body["tone"]["dos"] == ["use verbs"]
    assert "dos" not in stage.call("get_brand_identity", "rival", brand_id="acme_outdoor")["tone"]


def test_fields_narrow_an_identity() -> None:
    body = agent().call("get_brand_identity", brand_id="acme_outdoor", fields=["tagline"])
    assert body["tagline"] == "Go up"
    assert "colors" not in body


@pytest.mark.parametrize("version", VERSIONS)
def test_an_unknown_brand_is_an_error_not_an_invention(version: str) -> None:
    error = agent(version).error("get_brand_identity", brand_id="brand_that_does_not_exist")
    assert (error["code"], error["field"], error["recovery"]) == ("brand_not_found", "brand_id", "correctable")


# -- rights --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_rights_are_found_by_use_with_their_prices(version: str) -> None:
    stage = agent(version)
    found = stage.call("get_rights", query="image generation in the style of Acme", uses=["ai_generated_image"])
    row = found["rights"][0]
    assert (row["rights_id"], row["brand_id"]) == ("acme_look", "acme_outdoor")
    assert [option["price"] for option in row["pricing_options"]] == [500, 5]
    assert stage.call("get_rights", query="a song", uses=["sync"])["rights"] == []


def test_who_cannot_have_a_right_is_told_why_on_demand() -> None:
    asked = {"query": "acme", "uses": ["commercial"], "include_excluded": True}
    stage = agent(excluded_buyers=["rival.example"])
    body = stage.call("get_rights", **asked, buyer_brand={"domain": "rival.example"})
    assert (body["rights"], body["excluded"][0]["reason"]) == ([], "not licensed to this brand")
    body = stage.call("get_rights", **asked, countries=["FR"])
    assert body["excluded"][0]["reason"] == "not licensed in FR"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_licence_has_terms_credentials_and_a_constraint(version: str) -> None:
    body = agent(version).call("acquire_rights", **request())
    assert state(body) == "acquired"
    terms = body["terms"]
    assert (terms["amount"], terms["start_date"], terms["end_date"]) == (500, "2026-05-01", "2026-06-30")
    assert terms["impression_cap"] == body["rights_constraint"]["impression_cap"] == 100_000
    assert body["generation_credentials"][0]["expires_at"] == body["rights_constraint"]["valid_until"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_campaign_that_is_over_gets_no_licence(version: str) -> None:
    """docs/brand-protocol/tasks/acquire_rights.mdx, "Expired campaign window"."""
    stage = agent(version)
    over = {**CAMPAIGN, "start_date": "2024-01-01", "end_date": "2024-03-31"}
    error = stage.error("acquire_rights", **request(campaign=over))
    assert (error["code"], error["field"], error["recovery"]) == (
        "INVALID_REQUEST", "campaign.end_date", "correctable",
    )  # fmt: skip
    assert stage.vendor.licences == {}


@given(st.integers(-40, 40))
def test_a_licence_is_given_exactly_if_its_last_day_is_not_over(days: int) -> None:
    stage = agent()
    end = iso_date(stage.world.now + days * 86_400_000)
    campaign = {**CAMPAIGN, "start_date": "2026-01-01", "end_date": end}
    assert stage.reply("acquire_rights", **request(campaign=campaign)).ok == (days >= 0)


def test_what_cannot_be_licensed_is_rejected_with_what_could() -> None:
    stage = agent()
    body = stage.call("acquire_rights", **request(campaign={**CAMPAIGN, "uses": ["voice"]}))
    assert (state(body), body["reason"]) == ("rejected", "it does not allow voice")
    body = stage.call("acquire_rights", **request(campaign={**CAMPAIGN, "countries": ["FR"]}))
    assert body["suggestions"] == ["available in US, NL"]
    final = agent(excluded_buyers=["pinnacle.example"]).call("acquire_rights", **request())
    assert "suggestions" not in final  # nothing that the buyer could do


def test_an_exclusive_right_has_one_licensee_at_a_time() -> None:
    stage = agent(exclusive=True)
    assert state(stage.call("acquire_rights", **request())) == "acquired"
    body = stage.call("acquire_rights", "rival", **request(buyer={"domain": "rival.example"}))
    assert (state(body), body["suggestions"]) == ("rejected", ["available from 2026-07-01 on"])
    later = {**CAMPAIGN, "start_date": "2026-07-01", "end_date": "2026-07-31"}
    again = stage.call("acquire_rights", "rival", **request(buyer={"domain": "rival.example"}, campaign=later))
    assert state(again) == "acquired"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_person_decides_after_a_while_and_the_buyer_is_told(version: str) -> None:
    stage = agent(version, approval={"mode": "manual", "delay": "2d"})
    push = {"url": stage.world.network.url("buyer", "hooks")}
    body = stage.call("acquire_rights", **request(push_notification_config=push))
    assert (state(body), body["estimated_response_time"]) == ("pending_approval", "2d")
    stage.run("3d")
    assert state(stage.webhooks[0]["result"]) == "acquired"
    assert state(stage.call("acquire_rights", **request())) == "acquired"


def test_steps_of_a_scenario_approve_reject_and_revoke() -> None:
    stage = agent(approval="manual")
    stage.call("acquire_rights", **request())
    stage.do("approve_rights")
    stage.do("revoke_rights", reason="a scandal")
    error = stage.error("update_rights", rights_id="acme_look", paused=True)
    assert (error["code"], error["message"]) == ("INVALID_STATE", "the licence is revoked")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_licence_is_prolonged_enlarged_and_paused_and_its_credentials_renewed(version: str) -> None:
    stage = agent(version)
    first = stage.call("acquire_rights", **request())
    body = stage.call("update_rights", rights_id="acme_look", end_date="2026-08-31", impression_cap=1, paused=True)
    assert (body["terms"]["end_date"], body["terms"]["impression_cap"], body["paused"]) == ("2026-08-31", 1, True)
    assert body["generation_credentials"][0]["rights_key"] != first["generation_credentials"][0]["rights_key"]
    error = stage.error("update_rights", rights_id="acme_look", end_date="2026-05-31")
    assert error["field"] == "end_date"
    assert stage.error("update_rights", "rival", rights_id="acme_look", paused=True)["code"] == "REFERENCE_NOT_FOUND"


def test_a_governed_account_needs_an_approval_and_expected_impressions() -> None:
    """Storyboard brand_rights/governance_denied, and "CPM-priced rights under a governance plan"."""
    stage = agent()
    stage.call("sync_accounts", accounts=[{**ACCOUNT, "billing": "operator"}])
    auth = {"schemes": ["Bearer"], "credentials": "gov-token-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}
    entry = {"account": ACCOUNT, "governance_agents": [{"url": "https://gov.example", "authentication": auth}]}
    stage.call("sync_governance", accounts=[entry])
    error = stage.error("acquire_rights", **request(account=ACCOUNT))
    assert error["code"] == "GOVERNANCE_DENIED"
    error = stage.error("acquire_rights", **request(account=ACCOUNT, pricing_option_id="acme_cpm"))
    assert (error["code"], error["field"]) == ("INVALID_REQUEST", "campaign.estimated_impressions")
    assert state(stage.call("acquire_rights", **request())) == "acquired"  # no account, nothing governed


@pytest.mark.parametrize("version", VERSIONS)
def test_capabilities_declare_the_experimental_rights(version: str) -> None:
    body = agent(version).call("get_adcp_capabilities")
    assert (body["supported_protocols"], body["specialisms"]) == (["brand"], ["brand-rights"])
    assert body["experimental_features"] == ["brand.rights_lifecycle"]
    bare = Stage("brand", {"brands": [BRAND]}, version).call("get_adcp_capabilities")
    assert "specialisms" not in bare


def test_the_constraint_is_pinned_by_a_digest_that_follows_its_terms() -> None:
    """core/rights-constraint.json of 3.2: the digest leaves itself, the references and the old URL out."""
    from sandbox.protocol.idempotency import digest

    stage = agent("3.2")
    first = stage.call("acquire_rights", **request())["rights_constraint"]
    bare = {name: value for name, value in first.items() if name not in ("content_digest", "attestation_refs")}
    assert first["content_digest"] == f"sha256:{digest(bare)}"
    assert first["attestation_refs"][0]["subject"]["content_digest"] == first["content_digest"]
    paused = stage.call("update_rights", rights_id="acme_look", paused=True)["rights_constraint"]
    assert paused["grant_status"] == "paused"
    assert paused["content_digest"] != first["content_digest"]
