"""Property lists: where a buyer wants to appear (docs/governance/property/tasks/property_lists.mdx)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from agents.governance import kept
from agents.governance.context import governance_of
from agents.governance.kept import CACHE_HOURS, Kept
from agents.governance.paging import page
from agents.governance.records import Json
from sandbox.core.time import HOUR_MS, iso

if TYPE_CHECKING:
    from agents.publisher.publisher import Publisher
    from sandbox.kernel.endpoint import Context
    from sandbox.kernel.world import World

_FIELDS = ("name", "description", "base_properties", "filters", "brand", "webhook_url")
RESOLVED_PAGE = 1000
"""Identifiers of a page if the caller does not say."""


class PropertyList(Kept):
    """A property list; ``fields`` are those of core/property-list.json."""

    __slots__ = ()


def create_property_list(ctx: Context, request: Json) -> Json:
    """Keep a new list; the answer's token opens it for sales agents and is given once."""
    agent = governance_of(ctx)
    made = PropertyList(agent.ids.next("plist"), ctx.principal.id, kept.account_of(request), agent.now, agent.now)
    kept.take(made, request, _FIELDS, agent.now)
    if "account" in request:
        made.fields["account"] = request["account"]
    agent.property_lists[made.list_id] = made
    return {"status": "completed", "list": _wire(ctx, made), "auth_token": kept.token_of(ctx, made)}


def get_property_list(ctx: Context, request: Json) -> Json:
    """A list, and what it resolves to now unless ``resolve`` is false."""
    found = kept.kept_for(ctx, governance_of(ctx).property_lists, request)
    body: Json = {"status": "completed", "list": _wire(ctx, found)}
    if not request.get("resolve", True):
        return body
    identifiers, gaps = resolve(ctx.world, found)
    rows, pagination = page(identifiers, request.get("pagination"), RESOLVED_PAGE)
    body |= {"identifiers": rows, "pagination": pagination, "resolved_at": iso(ctx.now)}
    body["cache_valid_until"] = iso(ctx.now + CACHE_HOURS * HOUR_MS)
    return {**body, "coverage_gaps": gaps} if gaps else body


def list_property_lists(ctx: Context, request: Json) -> Json:
    """The caller's lists, of one account if it names one."""
    found = kept.visible(ctx, governance_of(ctx).property_lists, request)
    rows, pagination = page(found, request.get("pagination"))
    return {"status": "completed", "lists": [_wire(ctx, one) for one in rows], "pagination": pagination}


def update_property_list(ctx: Context, request: Json) -> Json:
    """Change a list; what is given replaces what was there."""
    found = kept.owned_by(ctx, governance_of(ctx).property_lists, request)
    kept.take(found, request, _FIELDS, ctx.now)
    return {"status": "completed", "list": _wire(ctx, found)}


def delete_property_list(ctx: Context, request: Json) -> Json:
    """Delete a list."""
    return kept.remove(ctx, governance_of(ctx).property_lists, request)


def _wire(ctx: Context, found: PropertyList) -> Json:
    return {**found.wire(), "property_count": len(resolve(ctx.world, found)[0])}


def resolve(world: World, found: PropertyList) -> tuple[list[Json], dict[str, list[Json]]]:
    """The identifiers of a list, and by feature those about which nothing is known.

    Without base properties these are all publishers of the world. The agent measures no features: a requirement
    leaves out what it does not cover, unless it says otherwise.
    """
    filters = found.fields.get("filters", {})
    known, left_out = publishers(world), {_name(entry) for entry in filters.get("exclude_identifiers", [])}
    passing = (entry for entry in _base(known, found) if _name(entry) not in left_out)
    identifiers = [entry for entry in passing if _passes(known.get(entry["value"]), filters)]
    unique = list({_name(entry): entry for entry in identifiers}.values())
    gaps: dict[str, list[Json]] = {}
    for wanted in filters.get("feature_requirements", []):
        if unique:
            gaps[wanted["feature_id"]] = unique
        if wanted.get("if_not_covered", "exclude") == "exclude":
            return [], gaps
    return unique, gaps


def _name(entry: Json) -> tuple[str, str]:
    return entry["type"], entry["value"]


def _base(known: dict[str, Publisher], found: PropertyList) -> Iterator[Json]:
    selections = found.fields.get("base_properties")
    if not selections:
        yield from ({"type": "domain", "value": publisher.domain} for publisher in known.values())
        return
    for chosen in selections:
        if chosen["selection_type"] == "identifiers":
            yield from chosen["identifiers"]
            continue
        publisher = known.get(chosen["publisher_domain"])
        if publisher is not None and _selected(publisher, chosen):
            yield {"type": "domain", "value": publisher.domain}


def _selected(publisher: Publisher, chosen: Json) -> bool:
    """True if a publisher has one of the tags, or one of the properties; its placements are its properties."""
    if chosen["selection_type"] == "publisher_tags":
        return bool(set(chosen["tags"]) & {topic.replace("-", "_") for topic in publisher.config.topics})
    return bool(set(chosen["property_ids"]) & {offer.local_id for offer in publisher.offers})


def _passes(publisher: Publisher | None, filters: Json) -> bool:
    """True unless a filter excludes a publisher. Channels and countries are known of publishers of the world."""
    if publisher is None:
        return True
    channels = {offer.channel.name for offer in publisher.offers}
    countries = {country for offer in publisher.offers for country in offer.country_codes}
    wanted = filters.get("channels_any")
    return (wanted is None or bool(channels & set(wanted))) and (
        not countries or set(filters.get("countries_all", [])) <= countries
    )


def publishers(world: World) -> dict[str, Publisher]:
    """The publishers of the world by domain."""
    found: dict[str, Any] = {}
    for publisher_id in world.ecosystem.of_role("publisher"):
        publisher = cast("Publisher", world.actors[publisher_id])
        found[publisher.domain] = publisher
    return found
