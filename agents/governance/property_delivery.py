"""validate_property_delivery: whether ads ran where a list allows, sold by who may sell there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.governance import kept
from agents.governance.context import governance_of
from agents.governance.lists import publishers, resolve
from agents.governance.records import Json
from sandbox.core.time import iso
from sandbox.kernel.network import Network

if TYPE_CHECKING:
    from sandbox.kernel.endpoint import Context
    from sandbox.kernel.world import World

STATES = ("compliant", "non_compliant", "not_covered", "unidentified")
RIGHTS = ("authorized", "unauthorized", "unknown")


def validate_property_delivery(ctx: Context, request: Json) -> Json:
    """Compare delivery records with a list. The result lists what is not compliant, and the rest if wanted.

    A record with a ``sales_agent_url`` is also held against the publisher's authorisations.
    """
    found = kept.kept_for(ctx, governance_of(ctx).property_lists, request)
    allowed = {(entry["type"], entry["value"]) for entry in resolve(ctx.world, found)[0]}
    rows = [_row(ctx.world, allowed, record) for record in request["records"]]
    shown = [row for row in rows if row["status"] != "compliant" or request.get("include_compliant")]
    body: Json = {
        "status": "completed",
        "list_id": found.list_id,
        "compliant": all(row["status"] == "compliant" for row in rows),
        "summary": {"total_records": len(rows), "total_impressions": _impressions(rows), **_counts(rows)},
        "results": shown,
        "validated_at": iso(ctx.now),
        "list_resolved_at": iso(ctx.now),
    }
    checked = [row for row in rows if "authorization" in row]
    if checked:
        body["authorization_summary"] = {
            "records_checked": len(checked),
            "impressions_checked": _impressions(checked),
            **{
                f"{state}_{what}": count([row for row in checked if row["authorization"]["status"] == state])
                for state in RIGHTS
                for what, count in (("records", len), ("impressions", _impressions))
            },
        }
    return body


def _counts(rows: list[Json]) -> Json:
    counts: Json = {}
    for state in STATES:
        mine = [row for row in rows if row["status"] == state]
        counts |= {f"{state}_records": len(mine), f"{state}_impressions": _impressions(mine)}
    return counts


def _impressions(rows: list[Json]) -> int:
    return sum(row["impressions"] for row in rows)


def _row(world: World, allowed: set[tuple[str, str]], record: Json) -> Json:
    identifier = record["identifier"]
    inside = (identifier["type"], identifier["value"]) in allowed or _below(allowed, identifier)
    row: Json = {
        "identifier": identifier,
        "status": "compliant" if inside else "non_compliant",
        "impressions": record["impressions"],
    }
    if "record_id" in record:
        row["record_id"] = record["record_id"]
    if "sales_agent_url" in record:
        row["authorization"] = _authorization(world, identifier, record["sales_agent_url"])
    return row


def _below(allowed: set[tuple[str, str]], identifier: Json) -> bool:
    """True for a subdomain of a domain in the list."""
    parts = identifier["value"].split(".")
    above = (".".join(parts[n:]) for n in range(1, len(parts) - 1))
    return identifier["type"] in ("domain", "subdomain") and any(("domain", name) in allowed for name in above)


def _authorization(world: World, identifier: Json, url: str) -> Json:
    publisher, seller = publishers(world).get(identifier["value"]), Network.actor_at(url)
    if publisher is None:
        return {"status": "unknown", "sales_agent_url": url}
    body: Json = {"publisher_domain": publisher.domain, "sales_agent_url": url}
    if publisher.authorises(seller):
        return {"status": "authorized", **body}
    why = f"{publisher.domain} does not list {url} in its adagents.json"
    return {"status": "unauthorized", **body, "violation": {"code": "AGENT_NOT_AUTHORIZED", "message": why}}
