"""Catalogs: what an advertiser offers, passed on to sales agents in discovery (rules 49 and 146)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

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

FEED_FORMATS = ("google_merchant_center", "facebook_catalog", "shopify", "linkedin_jobs", "custom")


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

    def fault(self) -> tuple[str, str] | None:
        """The field that is wrong with it, and what would be right; None if nothing is."""
        if (self.url is None) == (not self.items):
            return "url", "a catalog has either a url or items"
        if self.feed_format is not None and self.feed_format not in FEED_FORMATS:
            return "feed_format", f"unknown format {self.feed_format!r}; there are {', '.join(FEED_FORMATS)}"
        return None


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


class SyncRow(TypedDict):
    """What became of one catalog; ``message`` says why it failed."""

    catalog_id: str
    action: Literal["created", "updated", "unchanged", "failed", "deleted"]
    name: str | None
    type: CatalogType
    message: NotRequired[str]


class SyncAnswer(TypedDict):
    """Answer of ``sync_catalogs``."""

    results: list[SyncRow]


class CatalogRow(TypedDict):
    """A catalog; ``id`` is the number by which campaigns attach it."""

    id: int
    catalogId: str
    type: CatalogType
    name: str | None
    url: str | None


class CatalogAccount(TypedDict):
    """The advertiser, as AdCP's account."""

    account_id: str


class CatalogList(TypedDict):
    """One page of catalogs."""

    account: CatalogAccount
    catalogs: list[CatalogRow]


@operation(
    "sync_catalogs",
    "POST",
    "/advertisers/{advertiserId}/catalogs/sync",
    body=SyncCatalogs,
    envelope="data",
    answer=SyncAnswer,
    rules=(41, 146),
)
def sync_catalogs(ctx: Context, request: Request) -> dict[str, Any]:
    """Create and change catalogs by ``catalog_id``; a dry run only tells what would come of it.

    Under ``strict`` one wrong catalog refuses the whole call, under ``lenient`` it fails alone.
    """
    platform, body = platform_of(ctx), request.body
    advertiser = account_for(ctx, request.path["advertiserId"], body.account)
    faults = _faults(body)
    if faults and body.validation_mode == "strict":
        number, (field, why) = next(iter(faults.items()))
        raise ApiError("VALIDATION_ERROR", f"catalogs[{number}]: {why}", f"catalogs[{number}].{field}")
    results = []
    for number, one in enumerate(body.catalogs):
        if number in faults:
            row = {"catalog_id": one.catalog_id, "action": "failed", "name": one.name, "type": one.type}
            results.append({**row, "message": faults[number][1]})
        elif _chosen(body, one):
            results.append(_sync(platform, advertiser, one, body.dry_run))
    if body.delete_missing:
        kept = [one.catalog_id for one in body.catalogs]
        for missing in [c for c in live(advertiser) if c.catalog_id not in kept]:
            if not body.dry_run:
                missing.archived_ms = platform.now
                platform.syndications.changed(advertiser.advertiser_id, "CATALOG", missing.catalog_id)
            results.append(_row(missing, "deleted"))
    return {"results": results}


def _chosen(body: SyncCatalogs, one: CatalogBody) -> bool:
    return body.catalog_ids is None or one.catalog_id in body.catalog_ids


def _faults(body: SyncCatalogs) -> dict[int, tuple[str, str]]:
    """What is wrong with catalogs that are to be processed, by their position: the field, and why."""
    faults: dict[int, tuple[str, str]] = {}
    seen: list[str] = []
    for number, one in enumerate(body.catalogs):
        if not _chosen(body, one):
            continue
        fault = one.fault()
        if one.catalog_id in seen:
            fault = "catalog_id", f"{one.catalog_id} is in the call already; name it once"
        seen.append(one.catalog_id)
        if fault is not None:
            faults[number] = fault
    return faults


def _sync(platform: BuyerPlatform, advertiser: Advertiser, body: CatalogBody, dry_run: bool) -> dict[str, Any]:
    content = body.model_dump(exclude_none=True)
    old = advertiser.catalogs.get(body.catalog_id)
    if old is not None and old.archived_ms is None:
        action = "unchanged" if old.content == content else "updated"
    else:
        action = "created"
    if not dry_run and action != "unchanged":
        number = old.number if old is not None else platform.ids.number("catalog")
        advertiser.catalogs[body.catalog_id] = Catalog(number, body.catalog_id, content)
        platform.syndications.changed(advertiser.advertiser_id, "CATALOG", body.catalog_id)
    return {"catalog_id": body.catalog_id, "action": action, "name": body.name, "type": body.type}


def _row(catalog: Catalog, action: str) -> dict[str, Any]:
    name = catalog.content.get("name")
    return {"catalog_id": catalog.catalog_id, "action": action, "name": name, "type": catalog.content["type"]}


@operation(
    "list_catalogs",
    "GET",
    "/advertisers/{advertiserId}/catalogs",
    params=ListCatalogs,
    envelope="data",
    answer=CatalogList,
    rules=(8,),
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


def for_discovery(platform: BuyerPlatform, campaign: Campaign | None, agent: str) -> dict[str, Any] | None:
    """The campaign's catalog as ``get_products`` takes it (rule 49).

    An agent to which it is syndicated gets its id, another one the whole catalog.
    """
    if campaign is None or campaign.catalog_id is None:
        return None
    advertiser = platform.advertisers[campaign.advertiser_id]
    found = next((catalog for catalog in live(advertiser) if catalog.number == campaign.catalog_id), None)
    if found is None:
        return None
    if platform.syndications.held(advertiser.advertiser_id, "CATALOG", found.catalog_id, agent):
        return {"catalog_id": found.catalog_id, "type": found.content["type"]}
    return found.content
