"""A receiver of webhooks on a free port of this machine, and the check of their signatures."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from sandbox.contract.sales_agent.tasks import FINAL
from sandbox.contract.talk import Talk
from sandbox.protocol import signatures
from sandbox.protocol.signatures import Malformed

TAG = "adcp/webhook-signing/v1"
WINDOW_S = 300
SKEW_S = 60
COVERED = ("@method", "@target-uri", "@authority", "content-type", "content-digest")


@dataclass(slots=True, frozen=True)
class Hook:
    """A webhook as it came; names of headers are in lower case."""

    url: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        """What it says; empty if that is no JSON object."""
        try:
            found = json.loads(self.raw)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


class Receiver:
    """Takes webhooks; the first ones are answered with the statuses that ``refusing`` has, all others with 200."""

    def __init__(self, talk: Talk, refusing: list[int]) -> None:
        self._talk, self._refusing = talk, refusing
        self.hooks: list[Hook] = []
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        """Keep a webhook, and put it into the conversation."""
        raw = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        status = self._refusing.pop(0) if self._refusing else 200
        exchange = self._talk.note("POST", str(request.url), dict(request.headers), raw.decode("utf-8", "replace"))
        exchange.status = status
        self.hooks.append(Hook(str(request.url), headers, raw))
        return web.Response(status=status)

    async def last(self, timeout_s: float) -> Hook:
        """The webhook that tells the end of a task, or the latest one if none does in time."""
        until = time.monotonic() + timeout_s
        while self.hooks[-1].body.get("status") not in FINAL and time.monotonic() < until:
            await asyncio.sleep(0.05)
        return self.hooks[-1]

    async def wait(self, number: int, timeout_s: float) -> bool:
        """True when there are so many webhooks; False if there are not in time."""
        until = time.monotonic() + timeout_s
        while len(self.hooks) < number and time.monotonic() < until:
            await asyncio.sleep(0.05)
        return len(self.hooks) >= number


@asynccontextmanager
async def receiving(talk: Talk, refusing: list[int] | None = None) -> AsyncIterator[Receiver]:
    """A receiver that listens."""
    receiver = Receiver(talk, list(refusing or []))
    app = web.Application()
    app.router.add_post("/{tail:.*}", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/check/webhooks"
        yield receiver
    finally:
        await runner.cleanup()


def unsigned(hook: Hook, keys: list[dict[str, Any]], now_s: float) -> str:
    """Why a webhook's signature (RFC 9421) is not to be trusted; empty if it is."""
    try:
        signature = signatures.read(hook.headers, legacy=True)
        digest = signatures.digest_of(hook.headers.get("content-digest", ""), legacy=True)
    except Malformed as error:
        return str(error)
    missing = [name for name in COVERED if name not in signature.covered]
    if missing:
        return f"{', '.join(missing)} not covered"
    if digest != hashlib.sha256(hook.raw).digest():
        return "Content-Digest is not that of the body"
    if signature.strings.get("tag") != TAG:
        return f"the tag is {signature.strings.get('tag')!r}, not {TAG!r}"
    created, expires = signature.numbers.get("created", 0), signature.numbers.get("expires", 0)
    if not created - SKEW_S <= now_s <= expires + SKEW_S or expires - created > WINDOW_S:
        return f"signed from {created} to {expires}, and it is {int(now_s)}"
    key = next((key for key in keys if key.get("kid") == signature.strings.get("keyid")), None)
    if key is None:
        return f"no key {signature.strings.get('keyid')!r} in the agent's key set"
    return "" if _genuine(key, signature.value, _base(hook, signature)) else "the signature is not by that key"


def _base(hook: Hook, signature: signatures.Signature) -> bytes:
    parts = urlsplit(hook.url)
    derived = {
        "@method": "POST",
        "@target-uri": hook.url,
        "@authority": parts.netloc.lower(),
        "@path": parts.path,
    }
    values = {**hook.headers, **derived}
    lines = [f'"{name}": {values.get(name, "").strip()}' for name in signature.covered]
    return "\n".join([*lines, f'"@signature-params": {signature.written}']).encode()


def _genuine(key: dict[str, Any], value: bytes, base: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        x = signatures.unbase64(str(key.get("x", "")), legacy=True)
        if key.get("crv") == "Ed25519":
            ed25519.Ed25519PublicKey.from_public_bytes(x).verify(value, base)
            return True
        y = signatures.unbase64(str(key.get("y", "")), legacy=True)
        point = ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), ec.SECP256R1()).public_key()
        pair = utils.encode_dss_signature(int.from_bytes(value[:32]), int.from_bytes(value[32:]))
        point.verify(pair, base, ec.ECDSA(SHA256()))
    except (InvalidSignature, Malformed, ValueError):
        return False
    return True
