"""Catalogs: what an advertiser offers, passed on to sales agents in discovery (rules 49 and 146)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from agents.buyer.context import account_for, advertiser_for, platform_of
from agents.buyer.records import Advertiser, Campaign, Catalog
from agents.buyer.wire import AccountRef, group
from sandbox.core.errors import ApiError
from sandbox.kernel.endpoint import Context
from sandbox.operations import Request, SnakeBody
from sandbox.operations.model import Id
from sandbox.operations.paging import TakeSkip, window

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

operation = group("catalogs")

CatalogType = Literal[
    "offering", "product", "inventory", "store", "promotion", "hotel", "flight", "job", "vehicle", "real_estate",
    "education", "destination", "app",
]  # fmt: skip


class CatalogBody(SnakeBody):
    """A catalog: a feed at ``url``, or its ``items`` (rule 146)."""

    catalog_id: Id
    type: CatalogType
    name: str | None = None
    url: str | None = None
    items: list[dict[str, Any]] | None = None
    feed_format: str | None = None
    update_frequency: Literal["realtime", "hourly", "daily", "weekly"] | None = None
    conversion_events: list[str] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> CatalogBody:
        if (self.url is None) == (not self.items):
            raise ValueError("a catalog has either a url or items")
        return self


class SyncCatalogs(SnakeBody):
    """Body of ``sync_catalogs``."""

    account: AccountRef
    catalogs: Annotated[list[CatalogBody], Field(min_length=1, max_length=50)]
    catalog_ids: list[Id] | None = None
    delete_missing: bool = False
    dry_run: bool = False
    validation_mode: Literal["strict", "lenient"] = "strict"


class ListCatalogs(TakeSkip):
    """Query of ``list_catalogs``."""

    type: CatalogType | None = None


@operation(
    "sync_catalogs",
    "POST",
    "/advertisers/{advertiserId}/catalogs/sync",
    body=SyncCatalogs,
    envelope="data",
    rules=(146,),
)
def sync_catalogs(ctx: Context, request: Request) -> dict[str, Any]:
    """Create and change catalogs by ``catalog_id``; a dry run only tells what would come of it."""
    platform, body = platform_of(ctx), request.body
    advertiser = account_for(ctx, request.path["advertiserId"], body.account)
    chosen = [c for c in body.catalogs if body.catalog_ids is None or c.catalog_id in body.catalog_ids]
    results = [_sync(platform, advertiser, one, body.dry_run) for one in chosen]
    if body.delete_missing:
        kept = [one.catalog_id for one in body.catalogs]
        for missing in [c for c in live(advertiser) if c.catalog_id not in kept]:
            missing.archived_ms = missing.archived_ms if body.dry_run else platform.now
            results.append(_row(missing, "deleted"))
    return {"results": results}


def _sync(platform: BuyerPlatform, advertiser: Advertiser, body: CatalogBody, dry_run: bool) -> dict[str, Any]:
    content = body.model_dump(exclude_none=True)
    old = advertiser.catalogs.get(body.catalog_id)
    if old is not None and old.archived_ms is None:
        action = "unchanged" if old.content == content else "updated"
    else:
        action = "created"
    number = old.number if old is not None else platform.ids.number("catalog")
    fresh = Catalog(number, body.catalog_id, content)
    if not dry_run and action != "unchanged":
        advertiser.catalogs[body.catalog_id] = fresh
    return _row(fresh, action)


def _row(catalog: Catalog, action: str) -> dict[str, Any]:
    name = catalog.content.get("name")
    return {"catalog_id": catalog.catalog_id, "action": action, "name": name, "type": catalog.content["type"]}


@operation(
    "list_catalogs", "GET", "/advertisers/{advertiserId}/catalogs", params=ListCatalogs, envelope="data", rules=(8,)
)
def list_catalogs(ctx: Context, request: Request) -> dict[str, Any]:
    """The advertiser's catalogs; ``id`` is the number by which campaigns attach them."""
    advertiser, query = advertiser_for(ctx, request.path["advertiserId"]), request.params
    found = [c for c in live(advertiser) if query.type in (None, c.content["type"])]
    rows = [
        {
            "id": catalog.number,
            "catalogId": catalog.catalog_id,
            "type": catalog.content["type"],
            "name": catalog.content.get("name"),
            "url": catalog.content.get("url"),
        }
        for catalog in window(found, query.take, query.skip)
    ]
    return {"account": {"account_id": advertiser.advertiser_id}, "catalogs": rows}


def live(advertiser: Advertiser) -> list[Catalog]:
    """The catalogs that are not archived."""
    return [catalog for catalog in advertiser.catalogs.values() if catalog.archived_ms is None]


def check_catalog(advertiser: Advertiser, number: int | None) -> None:
    """A campaign's catalog is one of its advertiser's (rule 49)."""
    if number is not None and number not in [catalog.number for catalog in live(advertiser)]:
        raise ApiError("VALIDATION_ERROR", f"the advertiser has no catalog {number}", "catalogId")


def for_discovery(platform: BuyerPlatform, campaign: Campaign | None) -> dict[str, Any] | None:
    """The campaign's catalog as ``get_products`` takes it: inline, since nothing is syndicated yet (rule 49)."""
    if campaign is None or campaign.catalog_id is None:
        return None
    advertiser = platform.advertisers[campaign.advertiser_id]
    found = [catalog for catalog in live(advertiser) if catalog.number == campaign.catalog_id]
    return found[0].content if found else None
