"""Registering outcome agents (rule 209): where they are, how they want to be addressed, what they take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from agents.buyer.context import customer_of, platform_of
from agents.buyer.outcome import answers
from agents.buyer.outcome.records import OutcomeAgent
from agents.buyer.wire import Channels, Countries
from sandbox.core.errors import ApiError
from sandbox.core.time import iso
from sandbox.kernel.endpoint import HIDDEN, Context
from sandbox.operations import Body, Group, Request
from sandbox.operations.outcome_auth import NEEDED, Credentials, Method

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

operation: Group = Group("outcome agents", "/rest/v1")
Json = dict[str, Any]

SPELLINGS = {"APIKEY": "API_KEY", "JWT": "BEARER", "OAUTH": "BEARER", "BEARER_TOKEN": "BEARER", "BASIC_AUTH": "BASIC"}


def _method(value: Any) -> Any:
    word = value.upper().replace("-", "_").replace(" ", "_") if isinstance(value, str) else value
    return SPELLINGS.get(word, word) if isinstance(word, str) else word


def _http(value: str) -> str:
    if not value.startswith(("https://", "http://")):
        raise ValueError("give an address that begins with https:// or http://")
    return value.rstrip("/")


class RegisterAgent(Body):
    """Body of ``outcome_agent_register``. Without ``credentials`` the platform makes some, and answers them once."""

    name: str = Field(min_length=1, max_length=255)
    description: str | None = None
    endpoint_url: Annotated[str, AfterValidator(_http)]
    authentication_type: Annotated[Literal["API_KEY", "BEARER", "BASIC"], BeforeValidator(_method)]
    supported_channels: Channels = []
    supported_countries: Countries = []
    credentials: dict[str, str] | Literal["[redacted]"] | None = None


@operation(
    "outcome_agent_register",
    "POST",
    "/outcome-agent-register",
    body=RegisterAgent,
    success_status=201,
    answer=answers.Registered,
    mcp=False,
    secrets=("body.credentials",),
    rules=(206, 209),
)
def outcome_agent_register(ctx: Context, request: Request) -> Json:
    """Register an outcome agent with the caller's seat; the same address again replaces what was registered.

    ``credentials`` are ``{apiKey}``, ``{token}`` or ``{username, password}``, by the type of authentication.
    """
    platform, body, customer = platform_of(ctx), request.body, customer_of(ctx)
    known = [a for a in platform.outcome.agents_of(customer.customer_id) if a.endpoint_url == body.endpoint_url]
    made = body.credentials is None or body.credentials == HIDDEN
    credentials = _issue(platform, body.authentication_type) if made else _given(body)
    agent = OutcomeAgent(
        agent_id=known[0].agent_id if known else platform.ids.next("oa"),
        customer_id=customer.customer_id,
        name=body.name,
        description=body.description,
        endpoint_url=body.endpoint_url,
        credentials=credentials,
        channels=body.supported_channels,
        countries=body.supported_countries,
        registered_ms=platform.now,
    )
    platform.outcome.agents[agent.agent_id] = agent
    address = platform.world.network.actor_at(agent.endpoint_url)
    if address in platform.world.actors:
        platform.world.ecosystem.link(address, platform.id, "authorised_for")
    wire = agent_wire(agent)
    return {**wire, "credentials": credentials.wire()} if made else wire


def _issue(platform: BuyerPlatform, method: Method) -> Credentials:
    return Credentials(method, platform.ids.uuid("outcome-secret"), "platform" if method == "BASIC" else "")


def _given(body: RegisterAgent) -> Credentials:
    assert isinstance(body.credentials, dict)
    method = body.authentication_type
    for name in body.credentials:
        if name not in NEEDED[method]:
            raise ApiError(
                "VALIDATION_ERROR",
                f"credentials.{name}: {method} has {' and '.join(NEEDED[method])}",
                f"credentials.{name}",
            )
    try:
        return Credentials.read(method, body.credentials)
    except ValueError as error:
        field = f"credentials.{str(error).partition(':')[0]}"
        raise ApiError("VALIDATION_ERROR", f"credentials.{error}", field) from None


def agent_wire(agent: OutcomeAgent) -> Json:
    """A registered agent, without its credentials."""
    return {
        "agentId": agent.agent_id,
        "name": agent.name,
        "description": agent.description,
        "endpointUrl": agent.endpoint_url,
        "authenticationType": agent.credentials.method,
        "supportedChannels": list(agent.channels),
        "supportedCountries": list(agent.countries),
        "registeredAt": iso(agent.registered_ms),
    }
