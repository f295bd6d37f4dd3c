"""Signed requests: every step of the verifier's checklist (docs/building/by-layer/L1/security.mdx)."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from pydantic import ValidationError

from agents.seller.config import SellerConfig
from sandbox.protocol.request_signing import TAG, SignatureRefused, SignedRequest, Verifier
from sandbox.protocol.signing_settings import SigningSettings
from sandbox.protocol.target_uri import canonical

NOW = 1_777_000_000
URL = "https://seller.example/agents/s/mcp"
COVERED = ("@method", "@target-uri", "@authority", "content-type", "content-digest")
ED = Ed25519PrivateKey.from_private_bytes(b"1" * 32)
EC = ec.derive_private_key(4711, ec.SECP256R1())


def b64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def jwk(kid: str, **more: Any) -> dict[str, Any]:
    x = b64url(ED.public_key().public_bytes_raw())
    return {"kid": kid, "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "x": x, **more}


def ec_jwk() -> dict[str, Any]:
    point = EC.public_key().public_numbers()
    coordinates = {"x": b64url(point.x.to_bytes(32)), "y": b64url(point.y.to_bytes(32))}
    return {"kid": "ec", "kty": "EC", "crv": "P-256", "alg": "ES256", **coordinates}


def verifier(legacy: bool = False, **more: Any) -> Verifier:
    keys = [jwk("ed"), ec_jwk(), jwk("gov", adcp_use="governance-signing"), jwk("gone")]
    given = {"keys": keys, "revoked": ["gone"], **more}
    return Verifier(SigningSettings.model_validate(given), legacy)


def signed(
    body: bytes = b'{"a": 1}',
    *,
    covered: tuple[str, ...] = COVERED,
    legacy: bool = False,
    drop: str = "",
    url: str = URL,
    digest: str = "",
    **said: Any,
) -> SignedRequest:
    """A request as a client signs it; ``said`` are parameters of the signature, ``drop`` leaves one out."""
    write = b64url if legacy else b64
    headers = {"content-type": "application/json"}
    headers["content-digest"] = digest or f"sha-256=:{write(hashlib.sha256(body).digest())}:"
    values: dict[str, Any] = {"created": NOW, "expires": NOW + 300, "nonce": b64url(b"n" * 16), "keyid": "ed"}
    values |= {"alg": "ed25519", "tag": TAG, **said}
    values.pop(drop, None)
    written = "(" + " ".join(f'"{name}"' for name in covered) + ")"
    written += "".join(f";{name}={json.dumps(value)}" for name, value in values.items())
    target, authority = canonical(url)
    parts = {**headers, "@method": "POST", "@target-uri": target, "@authority": authority, "x": "y"}
    lines = [f'"{name}": {parts[name]}' for name in covered]
    base = "\n".join([*lines, f'"@signature-params": {written}']).encode()
    if values.get("keyid") == "ec":
        r, s = utils.decode_dss_signature(EC.sign(base, ec.ECDSA(SHA256())))
        signature = r.to_bytes(32) + s.to_bytes(32)
    else:
        signature = ED.sign(base)
    headers |= {"signature-input": f"sig1={written}", "signature": f"sig1=:{write(signature)}:"}
    return SignedRequest("POST", url, headers, body)


def other(request: SignedRequest, **headers: str) -> SignedRequest:
    return replace(request, headers={**request.headers, **{k.replace("_", "-"): v for k, v in headers.items()}})


def refusal(request: SignedRequest, now: float = NOW, legacy: bool = False, **settings: Any) -> str:
    with pytest.raises(SignatureRefused) as caught:
        verifier(legacy, **settings).verify(request, now)
    return caught.value.code.removeprefix("request_signature_")


@pytest.mark.parametrize("alg", [("ed", "ed25519"), ("ec", "ecdsa-p256-sha256")])
def test_a_request_is_taken_as_that_of_the_key_that_signed_it(alg: tuple[str, str]) -> None:
    kid, name = alg
    assert verifier().verify(signed(keyid=kid, alg=name), NOW).kid == kid


def test_the_target_is_compared_in_its_canonical_form() -> None:
    sent = signed(url="https://seller.example/a/./b%7e")
    assert verifier().verify(replace(sent, url="https://SELLER.example:443/a/b~"), NOW).kid == "ed"


def test_the_first_signature_counts_and_others_are_ignored() -> None:
    sent = signed()
    more = ', proxy=("@method");keyid=a-token;created=1'
    sent = other(sent, signature_input=sent.headers["signature-input"] + more)
    assert verifier().verify(sent, NOW).kid == "ed"


@pytest.mark.parametrize("name", ["created", "expires", "nonce", "keyid", "alg", "tag"])
def test_step_2_all_six_parameters_are_needed(name: str) -> None:
    assert refusal(signed(drop=name)) == "params_incomplete"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"tag": "adcp/webhook-signing/v1"}, "tag_invalid"),
        ({"alg": "rsa-pss-sha512"}, "alg_not_allowed"),
        ({"expires": NOW}, "window_invalid"),
        ({"expires": NOW + 301}, "window_invalid"),
        ({"created": NOW + 61, "expires": NOW + 100}, "window_invalid"),
        ({"created": NOW - 300, "expires": NOW - 61}, "window_invalid"),
        ({"nonce": b64url(b"n" * 15)}, "header_malformed"),
        ({"nonce": b64(b"n" * 16)}, "header_malformed"),
        ({"keyid": "nobody"}, "key_unknown"),
        ({"keyid": "gov"}, "key_purpose_invalid"),
        ({"keyid": "ed", "alg": "ecdsa-p256-sha256"}, "key_purpose_invalid"),
        ({"keyid": "gone"}, "key_revoked"),
    ],
)
def test_steps_3_to_9_what_a_signature_says_of_itself(said: dict[str, Any], code: str) -> None:
    assert refusal(signed(**said)) == code


@pytest.mark.parametrize("left_out", COVERED)
def test_step_6_target_and_body_are_covered(left_out: str) -> None:
    covered = tuple(name for name in COVERED if name != left_out)
    assert refusal(signed(covered=covered)) == "components_incomplete"


def test_step_6_before_3_2_an_agent_may_do_without_the_body_or_refuse_it() -> None:
    bare = signed(covered=COVERED[:4], legacy=True)
    assert verifier(legacy=True, covers_content_digest="either").verify(bare, NOW).kid == "ed"
    assert refusal(signed(legacy=True), legacy=True, covers_content_digest="forbidden") == "components_unexpected"


def test_step_6_what_is_covered_is_there() -> None:
    sent = signed(covered=(*COVERED, "x"))
    assert refusal(sent) == "components_incomplete"
    assert verifier().verify(other(sent, x="y"), NOW).kid == "ed"


def test_steps_10_and_11_what_is_signed_is_what_came() -> None:
    sent = signed()
    assert refusal(replace(sent, method="PUT")) == "invalid"
    assert refusal(replace(sent, url="https://another.example/agents/s/mcp")) == "invalid"
    assert refusal(replace(sent, body=b'{"a": 2}')) == "digest_mismatch"
    assert refusal(signed(digest=f"sha-256=:{b64(b'0' * 32)}:")) == "digest_mismatch"


def test_step_12_a_signature_is_taken_once() -> None:
    checks = verifier()
    checks.verify(signed(), NOW)
    with pytest.raises(SignatureRefused, match="replayed"):
        checks.verify(signed(), NOW + 300)
    checks.verify(signed(nonce=b64url(b"m" * 16)), NOW + 300)


def test_step_9a_a_key_that_signs_too_much_is_stopped_until_its_signatures_expire() -> None:
    checks = verifier(cap=2)
    for number in range(2):
        checks.verify(signed(nonce=b64url(bytes([number] * 16))), NOW)
    with pytest.raises(SignatureRefused, match="rate_abuse"):
        checks.verify(signed(nonce=b64url(b"z" * 16)), NOW)
    assert checks.verify(signed(nonce=b64url(b"z" * 16), keyid="ec", alg="ecdsa-p256-sha256"), NOW).kid == "ec"
    later = NOW + 361
    assert checks.verify(signed(nonce=b64url(b"z" * 16), created=later, expires=later + 9), later).kid == "ed"


def test_what_is_not_genuine_is_not_remembered() -> None:
    checks, sent = verifier(cap=1), signed()
    for _ in range(3):
        with pytest.raises(SignatureRefused, match="invalid"):
            checks.verify(replace(sent, method="PUT"), NOW)
    assert checks.verify(sent, NOW).kid == "ed"


def test_steps_13_and_14_a_body_that_reads_in_two_ways_is_refused_and_its_nonce_gone() -> None:
    checks, sent = verifier(), signed(b'{"a": 1, "b": {"c": 1, "c": 2}}')
    for code in ("request_body_malformed", "request_signature_replayed"):
        with pytest.raises(SignatureRefused, match=code):
            checks.verify(sent, NOW)


@pytest.mark.parametrize(
    "headers",
    [
        {"signature_input": "sig1=not a list"},
        {"signature_input": ""},
        {"signature_input": 'sig1=("@method");keyid=unquoted;created=1'},
        {"signature_input": 'sig1=("@method");created="1"', "signature": "sig2=:AAAA:"},
        {"signature_input": 'sig1=("@method");created=1, sig1=("@method");created=2'},
        {"signature_input": 'sig1=("@method" "@method");created=1'},
        {"signature_input": 'sig1=("@method");created=1;created=2'},
        {"signature_input": 'sig1=("@method");created=1,'},
        {"signature": "sig1=:***:"},
        {"signature": "sig1=AAAA"},
        {"content_type": "application/json, text/plain"},
        {"content_digest": "sha-256=:AAAA:, sha-256=:AAAA:"},
    ],
)
def test_step_1_headers_that_can_t_be_read_are_refused(headers: dict[str, str]) -> None:
    assert refusal(other(signed(), **headers)) == "header_malformed"


def test_one_half_of_a_signature_is_malformed() -> None:
    for name in ("signature", "signature-input"):
        sent = signed()
        assert (
            refusal(replace(sent, headers={k: v for k, v in sent.headers.items() if k != name})) == "header_malformed"
        )


def test_3_2_writes_binary_values_as_base64_only() -> None:
    old = signed(bytes(range(33, 90)), legacy=True)
    assert refusal(old) == "header_malformed"
    assert verifier(legacy=True).verify(old, NOW).kid == "ed"


def test_a_host_that_is_not_in_ascii_is_refused() -> None:
    sent = replace(signed(), url="https://bücher.example/agents/s/mcp")
    with pytest.raises(SignatureRefused, match="request_target_uri_malformed"):
        verifier().verify(sent, NOW)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"keys": [jwk("a"), jwk("a")]}, "two keys a"),
        ({"keys": [jwk("a", crv="P-256")]}, "Ed25519"),
        ({"keys": [jwk("a", x="short")]}, "32 bytes"),
        ({"keys": [], "required_for": ["no_such_tool"]}, "no_such_tool is no tool"),
        ({"keys": [], "covers_content_digest": "either"}, "before 3.2"),
    ],
)
def test_settings_that_can_t_be_are_refused(given: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        SellerConfig.model_validate({"request_signing": given})
