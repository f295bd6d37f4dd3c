"""Who may send a request to an agent: bodies are read, tokens and signatures checked, before any door sees them."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

from sandbox.core.errors import AdcpError, ApiError, InputError
from sandbox.protocol.dialect import AdcpDialect
from sandbox.protocol.errors import error_body
from sandbox.protocol.request_signing import SignatureRefused, SignedRequest, Verifier
from sandbox.protocol.versions import VERSIONS, present_name
from sandbox.server.asgi import Asgi, Message, Receive, Send
from sandbox.server.bodies import parse_object
from sandbox.server.session import MESSAGE, SESSION, Session

if TYPE_CHECKING:
    from sandbox.kernel.actor import Actor
    from sandbox.server.served import Served

PARSE_ERROR = -32700
"""The code of JSON-RPC for a body that is not to be read."""


@dataclass(slots=True, frozen=True)
class Call:
    """What a request asks an agent to do, as far as its sender's rights depend on it."""

    tool: str
    payload: dict[str, Any]


class _Refusal(Exception):
    def __init__(self, status: int, body: dict[str, Any], challenge: str = "") -> None:
        super().__init__(status)
        self.status, self.body, self.challenge = status, body, challenge


class Gate:
    """Lets requests to agents in: those with a token, and those that are signed where an agent verifies signatures.

    A token belongs to one agent and one customer, a key to a customer; they select that customer's world. Signatures
    live in real time, ``clock`` in seconds: nothing in a world depends on it.
    """

    def __init__(self, served: Served, base: str, clock: Callable[[], float] = time.time) -> None:
        self._served = served
        self._base = base
        self._clock = clock
        self._verifiers: WeakKeyDictionary[Actor, Verifier | None] = WeakKeyDictionary()
        for agent in served.agents.values():
            self._check_customers(agent)

    def guard(self, inner: Asgi) -> Asgi:
        """The application for those whom the gate lets in."""

        async def asgi(scope: Message, receive: Receive, send: Send) -> None:
            body = b"" if self._barred(scope) else await _body(receive)
            if body is None:
                return
            try:
                session, message = self._admit(scope, body)
            except _Refusal as refusal:
                await answer(send, refusal.status, refusal.body, refusal.challenge)
                return
            await inner({**scope, SESSION: session, MESSAGE: message}, _again(body, receive), send)

        return asgi

    def _barred(self, scope: Message) -> bool:
        """True for those who are refused whatever they send: nothing of it is read."""
        agent_id = scope["path"].split("/")[2]
        agent = self._served.agents.get(agent_id)
        return agent is None or (self._verifier(agent) is None and self._holder(agent_id, _bearer(scope)) is None)

    def _admit(self, scope: Message, body: bytes) -> tuple[Session, dict[str, Any] | None]:
        agent_id, token = scope["path"].split("/")[2], _bearer(scope)
        agent = self._served.agents.get(agent_id)
        if agent is None:
            raise _Refusal(404, {"error": f"there is no agent {agent_id}"})
        session = self._holder(agent_id, token)
        verifier = self._verifier(agent)
        if verifier is not None:
            session = self._signer(scope, body, agent_id, verifier, session, token)
        if session is None:
            raise self._stranger(scope, token)
        return session, _message(body) if scope["method"] == "POST" else None

    def _holder(self, agent_id: str, token: str | None) -> Session | None:
        """Whose token it is; None if it is not one of this agent's."""
        given, found = (token or "").encode(), None
        for customer in self._served.customers:
            if hmac.compare_digest(token_of(agent_id, customer.principal).encode(), given):
                found = Session(agent_id, customer.principal)
        return found

    def _stranger(self, scope: Message, token: str | None) -> _Refusal:
        realm = f'Bearer realm="{self._base}{scope["path"]}"'
        why = "" if token is None else ', error="invalid_token", error_description="no token of this agent"'
        code = "AUTH_MISSING" if token is None else "AUTH_INVALID"
        error = AdcpError(code, "send the header Authorization: Bearer <token> with a token of this agent")
        return _Refusal(401, error_body(error, VERSIONS[-1]), realm + why)

    # -- signatures --------------------------------------------------------------------------------------

    def _verifier(self, agent: Actor) -> Verifier | None:
        """What verifies requests to an agent; a new one after a reset, with the new agent."""
        if agent not in self._verifiers:
            assert agent.endpoint is not None
            dialect = cast("AdcpDialect", agent.endpoint.dialect)
            legacy = "3.2" not in dialect.supported
            self._verifiers[agent] = None if dialect.signing is None else Verifier(dialect.signing, legacy)
        return self._verifiers[agent]

    def _signer(
        self, scope: Message, body: bytes, agent_id: str, verifier: Verifier, holder: Session | None, token: str | None
    ) -> Session | None:
        """As whom a request comes to an agent that verifies signatures ("Composition with fallback authenticators")."""
        request, settings = _request(scope, body), verifier.settings
        if not request.signed:
            call = called(scope["path"], body)
            needed = call is not None and call.tool in settings.required_for and holder is None
            if needed or (call is not None and registers(call.payload)):
                raise _unsigned("request_signature_required")
            return holder
        try:
            key = verifier.verify(request, self._clock())
        except SignatureRefused as refused:
            call = called(scope["path"], body)
            warned = call is not None and call.tool in settings.warn_for and holder is not None
            if warned and refused.code != "request_signature_header_malformed":
                return holder
            raise _unsigned(refused.code) from None
        if token is not None:
            return holder
        return Session(agent_id, key.customer or self._served.customers[0].principal)

    def _check_customers(self, agent: Actor) -> None:
        verifier = self._verifier(agent)
        known = [customer.principal for customer in self._served.customers]
        for key in verifier.settings.keys if verifier is not None else ():
            if key.customer and key.customer not in known:
                raise InputError(
                    f"the key {key.kid} of {agent.id} is of {key.customer!r}, who is no customer of the platform",
                    "request_signing.keys",
                    f"customers are {', '.join(known)}",
                )


def called(path: str, body: bytes) -> Call | None:
    """The tool that a body calls over MCP or A2A, or by its address, by its present name; None if it calls none."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict):
        return None
    params = message.get("params")
    tool: Any
    payload: Any
    if "adcp" in path.split("/")[3:-1]:
        tool, payload = path.rpartition("/")[2], message
    elif isinstance(params, dict) and message.get("method") == "tools/call":
        tool, payload = params.get("name"), params.get("arguments")
    elif isinstance(params, dict) and isinstance(params.get("message"), dict):
        tool, payload = _invoked(params["message"].get("parts"))
    else:
        return None
    return Call(present_name(str(tool)), payload if isinstance(payload, dict) else {})


def _invoked(parts: Any) -> tuple[Any, Any]:
    """Skill and input of the first data part of an A2A message."""
    for part in parts if isinstance(parts, list) else ():
        data = part.get("data") if isinstance(part, dict) else None
        if isinstance(data, dict) and "skill" in data:
            return data["skill"], data.get("input", data.get("parameters"))
    return None, None


def registers(payload: dict[str, Any]) -> bool:
    """True if a request registers a webhook with credentials, which has to be signed (``Webhook callbacks``)."""
    accounts = payload.get("accounts")
    holders = [payload, *(accounts if isinstance(accounts, list) else ())]
    found = [payload.get("push_notification_config")]
    for holder in holders:
        configs = holder.get("notification_configs") if isinstance(holder, dict) else None
        found += configs if isinstance(configs, list) else ()
    return any(isinstance(config, dict) and config.get("authentication") is not None for config in found)


def token_of(agent_id: str, principal: str) -> str:
    """The bearer token by which a customer of a local sandbox speaks to an agent."""
    return f"sk_agent_{principal}_{agent_id}"


async def answer(send: Send, status: int, body: dict[str, Any], challenge: str = "") -> None:
    """Answer with JSON."""
    text = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(text)).encode())]
    if challenge:
        headers.append((b"www-authenticate", challenge.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})


def _unsigned(code: str) -> _Refusal:
    """401 with the reason, and nothing else about it (``Transport error taxonomy``)."""
    missing = code == "request_signature_required"
    error = AdcpError("AUTH_MISSING" if missing else "AUTH_INVALID", f"the request's signature is not taken: {code}")
    return _Refusal(401, error_body(error, VERSIONS[-1]), f'Signature error="{code}"')


def _message(body: bytes) -> dict[str, Any]:
    """A body as JSON that all readers understand alike; what is none is answered as JSON-RPC wants it."""
    try:
        return parse_object(body)
    except ApiError as error:
        raise _Refusal(
            400, {"jsonrpc": "2.0", "id": None, "error": {"code": PARSE_ERROR, "message": error.message}}
        ) from None


def _request(scope: Message, body: bytes) -> SignedRequest:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1").strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    query = scope["query_string"].decode("ascii")
    path = scope["raw_path"].decode("ascii") + (f"?{query}" if query else "")
    return SignedRequest(scope["method"], f"{scope['scheme']}://{headers.get('host', '')}{path}", headers, body)


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None if the client went away before its end."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


def _again(body: bytes, receive: Receive) -> Receive:
    """Gives a body that was read once more, and what comes after it."""
    whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def next_message() -> Message:
        return whole.pop() if whole else await receive()

    return next_message


def _bearer(scope: Message) -> str | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.decode("latin-1").partition(" ")
            return token.strip() or None if scheme.lower() == "bearer" else None
    return None
