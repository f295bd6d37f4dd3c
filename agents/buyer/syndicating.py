"""The requests of syndication: sync_audiences, sync_event_sources, sync_catalogs and log_event of sales agents."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from agents.buyer.audience_state import Audience, Identifiers
from agents.buyer.retargeting import retarget
from sandbox.core.errors import AdcpError
from sandbox.core.time import MINUTE_MS
from sandbox.domain.events import EVENT_TYPES

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform
    from agents.buyer.records import Advertiser
    from agents.buyer.syndication_state import Syndication

Json = dict[str, Any]
Steps = Generator[Any, Any, Any]

CHUNK = 10_000
"""Members of an audience in one request."""

POLL_MS = 15 * MINUTE_MS
"""How often an agent is asked how far it is with matching."""


def send(platform: BuyerPlatform, record: Syndication) -> Steps:
    """Bring a resource to its agent; returns when the agent can use it, raises :class:`AdcpError` if it can't."""
    advertiser = platform.advertisers[record.advertiser_id]
    if record.resource_type == "AUDIENCE":
        audience = platform.audiences.live(record.advertiser_id, record.resource_id)
        assert audience is not None
        yield from _send_audience(platform, record, advertiser, audience)
    elif record.resource_type == "EVENT_SOURCE":
        source = advertiser.event_sources[record.resource_id]["source"]
        yield from _sync(platform, record, advertiser, "event_sources", _source_wire(source))
    else:
        catalog = advertiser.catalogs[record.resource_id].content
        yield from _sync(platform, record, advertiser, "catalogs", catalog)


def withdraw(platform: BuyerPlatform, record: Syndication) -> Steps:
    """Take an audience off an agent that has it. Event sources and catalogs can't be taken off one by one."""
    advertiser = platform.advertisers[record.advertiser_id]
    held, record.sent = list(record.sent), {}
    if record.resource_type != "AUDIENCE":
        return
    for routed in held:
        try:
            yield from _request_audience(platform, record, advertiser, routed, {"delete": True})
        except AdcpError as error:
            record.error = {"code": error.code, "message": error.message}
    yield from retarget(platform, advertiser, record.resource_id, record.agent_id)


def arrived(platform: BuyerPlatform, record: Syndication) -> Steps:
    """What follows from an agent having a resource: media buys for an audience are aimed at it."""
    if record.resource_type == "AUDIENCE":
        advertiser = platform.advertisers[record.advertiser_id]
        yield from retarget(platform, advertiser, record.resource_id, record.agent_id)


# -- audiences -------------------------------------------------------------------------------------------------


def _send_audience(platform: BuyerPlatform, record: Syndication, advertiser: Advertiser, audience: Audience) -> Steps:
    """Send what is different from what the agent has, and wait until it has matched everybody."""
    if audience.status != "READY":
        code = "AUDIENCE_TOO_SMALL" if audience.status == "TOO_SMALL" else "INVALID_STATE"
        raise AdcpError(code, f"the audience is {audience.status}, only READY ones are syndicated")
    members = dict(audience.members)
    rows = []
    for routed in _accounts(platform, record, advertiser):
        had = record.sent.get(routed, {})
        add = [_member_wire(name, known) for name, known in members.items() if had.get(name) != known]
        remove = [_member_wire(name, known) for name, known in had.items() if name not in members]
        row: Json = {}
        for change in _chunks(add, remove):
            row = yield from _request_audience(platform, record, advertiser, routed, _about(audience) | change)
        record.sent[routed] = members
        rows.append((yield from _matched(platform, record, advertiser, routed, row)))
    record.matched_count = rows[0].get("matched_count")


def _accounts(platform: BuyerPlatform, record: Syndication, advertiser: Advertiser) -> list[bool]:
    """On which accounts an agent needs the audience: that of the platform, and that of the customer for ROUTED.

    A linked account is the same for both.
    """
    customer = platform.customer(advertiser.customer_id)
    linked = any(link["partnerId"] == record.agent_id for link in advertiser.linked_accounts)
    routed = record.agent_id in platform.sellers.agents(customer, routed=True)
    return [False, True] if routed and not linked else [False]


def _about(audience: Audience) -> Json:
    basis = {"consent_basis": audience.consent_basis} if audience.consent_basis else {}
    return {"name": audience.name, **basis}


def _member_wire(external_id: str, identifiers: Identifiers) -> Json:
    """A member as AdCP has it (core/audience-member.json)."""
    body: Json = {"external_id": external_id}
    for kind, value in identifiers:
        if kind in ("hashed_email", "hashed_phone"):
            body[kind] = value
        else:
            body.setdefault("uids", []).append({"type": kind, "value": value})
    return body


def _chunks(add: list[Json], remove: list[Json]) -> list[Json]:
    """The changes of one request each; one without any if nothing has changed."""
    parts: list[Json] = [{"add": add[at : at + CHUNK]} for at in range(0, len(add), CHUNK)]
    parts += [{"remove": remove[at : at + CHUNK]} for at in range(0, len(remove), CHUNK)]
    return parts or [{}]


def _request_audience(
    platform: BuyerPlatform, record: Syndication, advertiser: Advertiser, routed: bool, change: Json
) -> Steps:
    """Send one change of an audience; gives the agent's row about it."""
    account = yield from platform.sellers.account(record.agent_id, advertiser, routed)
    request = {"account": account, "audiences": [{"audience_id": record.resource_id, **change}]}
    body = yield from platform.sellers.request(record.agent_id, "sync_audiences", request)
    return _row(body, "audiences", "audience_id", record.resource_id)


def _matched(platform: BuyerPlatform, record: Syndication, advertiser: Advertiser, routed: bool, row: Json) -> Steps:
    """Ask until the agent has matched the audience; gives its row then."""
    while row.get("status") == "processing":
        yield platform.world.env.timeout(POLL_MS)
        if not record.enabled:
            raise AdcpError("INVALID_STATE", "it was disabled")
        account = yield from platform.sellers.account(record.agent_id, advertiser, routed)
        body = yield from platform.sellers.request(record.agent_id, "sync_audiences", {"account": account})
        row = _row(body, "audiences", "audience_id", record.resource_id)
    if row.get("status") != "ready":
        least = f"; it needs {row['minimum_size']} matched members" if "minimum_size" in row else ""
        raise AdcpError("AUDIENCE_TOO_SMALL", f"the agent says the audience is {row.get('status', 'unknown')}{least}")
    return row


# -- event sources, events, catalogs ---------------------------------------------------------------------------


def _sync(platform: BuyerPlatform, record: Syndication, advertiser: Advertiser, what: str, body: Json) -> Steps:
    """Send one event source or catalog on every account of the advertiser."""
    for routed in _accounts(platform, record, advertiser):
        account = yield from platform.sellers.account(record.agent_id, advertiser, routed)
        answer = yield from platform.sellers.request(
            record.agent_id, f"sync_{what}", {"account": account, what: [body]}
        )
        _row(answer, what, f"{what[:-1]}_id", record.resource_id)


def _source_wire(source: Json) -> Json:
    """An event source with the types that AdCP knows; all others travel as custom events (conflict C16)."""
    wire = {name: value for name, value in source.items() if value not in (None, [])}
    if "event_types" in wire:
        wire["event_types"] = list(dict.fromkeys(t if t in EVENT_TYPES else "custom" for t in wire["event_types"]))
    return wire


def forward_events(platform: BuyerPlatform, advertiser_id: str, body: Json) -> None:
    """Pass logged events on to all agents that have their event source (rule 134); ``body`` is in AdCP's form."""
    events = [_event_wire(event) for event in body["events"]]
    for record in platform.syndications.of(advertiser_id):
        source = ("EVENT_SOURCE", body["event_source_id"])
        if record.held and (record.resource_type, record.resource_id) == source:
            platform.world.spawn(_log(platform, record.agent_id, {**body, "events": events}))


def _log(platform: BuyerPlatform, agent_id: str, request: Json) -> Steps:
    try:
        yield from platform.sellers.request(agent_id, "log_event", request)
    except AdcpError as error:
        platform.decide("log_event", request["event_source_id"], "not taken", f"{agent_id}: {error}")


def _event_wire(event: Json) -> Json:
    if event["event_type"] in EVENT_TYPES:
        return event
    return {**event, "event_type": "custom", "custom_event_name": event["event_type"]}


def _row(body: Json, what: str, key: str, resource_id: str) -> Json:
    """An agent's row about a resource; :class:`AdcpError` if it failed there, or is not there."""
    if body.get("status") == "submitted":
        return {"status": "processing"}
    row: Json | None = next((row for row in body.get(what, []) if row[key] == resource_id), None)
    if row is None:
        raise AdcpError("REFERENCE_NOT_FOUND", f"the agent says nothing about {resource_id}")
    if row.get("action") == "failed":
        first = (row.get("errors") or [{"code": "VALIDATION_ERROR", "message": "the agent refused it"}])[0]
        raise AdcpError(first["code"], first["message"])
    return row
