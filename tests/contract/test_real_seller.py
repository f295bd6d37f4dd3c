"""Somebody's sales agent, built with the official Python SDK's server framework, inside thirty simulated days."""

from __future__ import annotations

import json
import sys
from base64 import urlsafe_b64encode
from collections import Counter
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sandbox.results.result import RunResult
from sandbox.scenario import load
from sandbox.server.play import play, play_again
from tests.contract.programs import program

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
SCENARIO = str(HERE / "sdk_seller.yaml")
WEBHOOKS = str(HERE / "sdk_seller_webhooks.yaml")
TOKEN = "token-of-the-sdk-seller"


def test_thirty_days_with_it_are_green_and_come_about_again_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = f"sqlite:///{tmp_path}/run.db"
    monkeypatch.setenv("SELLER_TOKEN", TOKEN)
    with program([sys.executable, "-m", "tests.contract.sdk_seller"], {"SELLER_TOKEN": TOKEN}) as url:
        monkeypatch.setenv("SDK_SELLER_URL", url)
        result = play(load(SCENARIO), journal=journal)
    assert result.status == "passed", [row.detail for row in result.expectations if not row.held]
    answers = Counter(e.data["operation"] for e in result.trace.of("reply") if e.actor == "sdk" and e.data["ok"])
    assert answers["create_media_buy"] == 1
    assert answers["get_media_buy_delivery"] >= 30
    monkeypatch.delenv("SDK_SELLER_URL")
    monkeypatch.delenv("SELLER_TOKEN")
    again = play_again(load(SCENARIO), journal)
    assert (again.status, again.digest) == ("passed", result.digest)
    assert TOKEN.encode() not in (tmp_path / "run.db").read_bytes()


def signing_key(kid: str) -> str:
    """A private JWK; the scenario has the public one, and nothing else is ever signed by it."""
    raw = bytes(range(32))
    public = Ed25519PrivateKey.from_private_bytes(raw).public_key().public_bytes_raw()
    x, d = (urlsafe_b64encode(part).rstrip(b"=").decode() for part in (public, raw))
    jwk = {"kid": kid, "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "adcp_use": "webhook-signing", "x": x, "d": d}
    return json.dumps(jwk)


def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str) -> tuple[RunResult, str]:
    """A run with the seller that signs its webhooks with a key, and where its journal is."""
    journal = f"sqlite:///{tmp_path}/run.db"
    monkeypatch.setenv("SELLER_TOKEN", TOKEN)
    environment = {"SELLER_TOKEN": TOKEN, "SELLER_WEBHOOK_JWK": key}
    with program([sys.executable, "-m", "tests.contract.sdk_seller"], environment) as url:
        monkeypatch.setenv("SDK_SELLER_URL", url)
        return play(load(WEBHOOKS), journal=journal), journal


def test_its_webhooks_arrive_and_have_their_effect_and_come_about_again_without_it(  # L3/webhooks.mdx
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result, journal = played(tmp_path, monkeypatch, signing_key("sdk-webhooks"))
    assert result.status == "passed", [row.detail for row in result.expectations if not row.held]
    assert not result.violations
    monkeypatch.delenv("SDK_SELLER_URL")
    monkeypatch.delenv("SELLER_TOKEN")
    again = play_again(load(WEBHOOKS), journal)
    assert (again.status, again.digest) == ("passed", result.digest)


def test_webhooks_signed_by_another_key_have_no_effect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result, _ = played(tmp_path, monkeypatch, signing_key("another-key"))
    assert result.status == "failed"
    told = [event.data["payload"]["task_type"] for event in result.trace.of("webhook") if event.actor == "sdk"]
    assert "create_media_buy" not in told
