"""The keys of governance tokens: a seller outside of the sandbox verifies what a governance agent has signed."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import rfc8785
from cryptography.exceptions import InvalidSignature

from tests.server.conftest import Live, MakeLive
from tests.server.test_agents import agent, call, mcp

Json = dict[str, Any]

WORLD = """
title: A governance agent
extends: worlds/default
actors:
  governor: {kind: governance}
"""

SELLER = "https://seller.outside.example/mcp"
ORDER: Json = {
    "adcp_version": "3.1",
    "account": {"brand": {"domain": "acme.com"}, "operator": "acme.com"},
    "brand": {"domain": "acme.com"},
    "start_time": "2026-05-03T00:00:00Z",
    "end_time": "2026-05-13T00:00:00Z",
    "packages": [{"product_id": "any", "pricing_option_id": "cpm", "budget": 100}],
    "idempotency_key": "order-for-a-seller-outside",
}


@pytest.fixture
def live(make_live: MakeLive, tmp_path: Path) -> Live:
    world = tmp_path / "world.yaml"
    world.write_text(WORLD)
    return make_live(scenario=world)


def approved(live: Live, customer: str = "acme") -> str:
    """The token by which the governance agent lets a customer's agent order with the seller outside."""
    row = agent(live, "governor")
    token = row["tokens"][customer]
    plan = {
        "plan_id": "spring",
        "brand": {"domain": "acme.com"},
        "objectives": "Sell more",
        "budget": {"total": 1000, "currency": "USD", "reallocation_unlimited": True},
        "flight": {"start": "2026-05-01T00:00:00Z", "end": "2026-06-01T00:00:00Z"},
    }
    call(row, "sync_plans", token, plans=[plan], idempotency_key=f"plan-of-{customer}-0001")
    check = {
        "adcp_version": "3.1",
        "plan_id": "spring",
        "caller": "https://buyer.example/",
        "target_agent": SELLER,
        "tool": "create_media_buy",
        "payload": ORDER,
        "idempotency_key": f"check-of-{customer}-0001",
    }
    answer = mcp(row, "tools/call", {"name": "check_governance", "arguments": check}, token)["structuredContent"]
    assert answer["verdict"] == "approved", answer
    return str(answer["governance_context"])


def fetched(live: Live, path: str) -> Json:
    body: Json = httpx.get(agent(live)["mcp"].split("/agents")[0] + path).raise_for_status().json()
    return body


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def verified(token: str, brand: Json) -> Json:
    """The claims of a token, by steps 2 to 7 of the seller's checklist (security.mdx); PyJWT reads the key."""
    signed, _, signature = token.rpartition(".")
    header, claims = (json.loads(decoded(part)) for part in signed.split("."))
    assert (header["alg"], header["typ"]) == ("EdDSA", "adcp-gov+jws")
    assert all(header[name] is True and name in claims for name in header["crit"])
    (entry,) = [one for one in brand["agents"] if one["type"] == "governance" and one["url"] == claims["iss"]]
    (key,) = [one for one in httpx.get(entry["jwks_uri"]).json()["keys"] if one["kid"] == header["kid"]]
    assert (key["use"], key["key_ops"], key["adcp_use"]) == ("sig", ["verify"], "governance-signing")
    assert "d" not in key, "no private part"
    public = jwt.PyJWK(key)
    if not public.Algorithm.verify(signed.encode(), public.key, decoded(signature)):
        raise InvalidSignature
    return dict(claims)


def test_a_seller_outside_verifies_a_token_by_the_key_that_the_brand_names(live: Live) -> None:
    claims = verified(approved(live), fetched(live, "/.well-known/brand.json"))
    assert (claims["aud"], claims["phase"], claims["authorized_task"]) == (SELLER, "intent", "create_media_buy")
    code = base64.urlsafe_b64encode(hashlib.sha256(rfc8785.dumps(ORDER)).digest()).decode()
    assert claims["authorized_payload_hash"] == code.rstrip("=")


def test_a_token_that_was_changed_is_seen_through(live: Live) -> None:
    head, body, signature = approved(live).split(".")
    other = ("A" if signature[0] != "A" else "B") + signature[1:]
    with pytest.raises(InvalidSignature):
        verified(f"{head}.{body}.{other}", fetched(live, "/.well-known/brand.json"))


def test_each_customer_has_governance_keys_of_its_own(live: Live) -> None:
    token = approved(live, "globex")
    assert verified(token, fetched(live, "/customers/globex/brand.json"))["aud"] == SELLER
    with pytest.raises(InvalidSignature):
        verified(token, fetched(live, "/customers/acme/brand.json"))
    keys = {name: fetched(live, f"/agents/governor/keys/{name}/jwks.json")["keys"] for name in ("acme", "globex")}
    assert keys["acme"] != keys["globex"]
    assert all(key["adcp_use"] == "governance-signing" for rows in keys.values() for key in rows)


def test_the_shared_key_set_names_each_key_once_and_tells_what_it_is_for(live: Live) -> None:
    keys = fetched(live, "/.well-known/jwks.json")["keys"]
    assert len({key["kid"] for key in keys}) == len(keys)
    uses = {key["kid"]: key["adcp_use"] for key in keys}
    own = fetched(live, "/agents/governor/keys/acme/jwks.json")["keys"]
    assert [kid for kid, use in uses.items() if use == "governance-signing"] == [key["kid"] for key in own]
    assert uses["governor-2026"] == "request-signing"


@pytest.mark.parametrize(
    "path",
    ["/customers/nobody/brand.json", "/agents/governor/keys/nobody/jwks.json", "/agents/newsroom/keys/acme/jwks.json"],
)
def test_there_are_no_keys_of_those_who_sign_no_tokens(live: Live, path: str) -> None:
    assert httpx.get(agent(live)["mcp"].split("/agents")[0] + path).status_code == 404


def test_tokens_are_verified_after_a_restart_and_reading_keys_is_no_input(
    live: Live, make_live: MakeLive, tmp_path: Path
) -> None:
    token = approved(live, "globex")
    inputs = live.ok("GET", "/_sandbox/world?customer=globex")["inputs"]
    assert verified(token, fetched(live, "/customers/globex/brand.json"))["aud"] == SELLER
    assert live.ok("GET", "/_sandbox/world?customer=globex")["inputs"] == inputs
    live.stop()
    again = make_live(scenario=tmp_path / "world.yaml")
    assert again.line["replayed"] == inputs
    assert verified(token, fetched(again, "/customers/globex/brand.json"))["aud"] == SELLER
