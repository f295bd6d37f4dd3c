"""Property lists: where an advertiser's campaigns may run (rules 113, 132, 147 to 155, conflict C46).

All active lists of an advertiser make one targeting profile: what the include lists name, or every known
property where there is none, without what the exclude lists name. Sales agents get a reference to the profile
and fetch it from the platform's list agent (``list_agent.py``).
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired

from pydantic import Field, StringConstraints
from typing_extensions import TypedDict

from agents.buyer.context import advertiser_for, branded_advertiser_for, platform_of
from agents.buyer.records import Advertiser, Campaign, MediaBuy, PropertyList
from agents.buyer.submission import send_change, targeting
from agents.buyer.wire import group
from sandbox.core.errors import AdcpError, ApiError
from sandbox.core.time import iso
from sandbox.kernel.endpoint import Context
from sandbox.operations import Body, Request
from sandbox.operations.answer import When

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

operation = group("property_lists")
Steps = Generator[Any, Any, dict[str, Any]]
Entry = tuple[str, str]
"""An identifier: type and value."""

IdentifierType = Literal[
    "domain", "subdomain", "ios_bundle", "android_package", "apple_tv_bundle", "bundle_id", "apple_app_store_id",
    "google_play_id", "roku_store_id", "fire_tv_asin", "samsung_app_id",
]  # fmt: skip
MAX_ENTRIES = 100_000


DomainName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]


class Identifier(Body):
    """A typed identifier (rule 148)."""

    type: IdentifierType
    value: DomainName


class _Entries(Body):
    domains: list[DomainName] = []
    identifiers: list[Identifier] = []

    def entries(self) -> list[Entry]:
        """The identifiers, each once; ``domains`` are identifiers of type domain (rule 147)."""
        given = [("domain", domain.lower()) for domain in self.domains]
        given += [(item.type, _normal(item.type, item.value)) for item in self.identifiers]
        return list(dict.fromkeys(given))


def _normal(kind: str, value: str) -> str:
    return value.lower() if kind in ("domain", "subdomain") else value


class CreateList(_Entries):
    """Body of ``create_property_list``."""

    name: str = Field(min_length=1, max_length=255)
    purpose: Literal["include", "exclude"]


class UpdateList(_Entries):
    """Body of ``update_property_list``: identifiers, if given, replace the whole set (rule 153)."""

    name: str | None = Field(default=None, min_length=1, max_length=255)


class ListLists(Body):
    """Query of ``list_property_lists``."""

    purpose: Literal["include", "exclude"] | None = None


class TypedIdentifier(TypedDict):
    """A typed identifier in an answer."""

    type: str
    value: str


class ResolutionSummary(TypedDict):
    """Counts over the identifiers of a request, each once; ``resolutionRate`` is from 0 to 1 (rule 152)."""

    totalRequested: int
    resolvedCount: int
    registeredCount: int
    unresolvedCount: int
    resolutionRate: float


class CascadeError(TypedDict):
    """Why a media buy did not follow."""

    mediaBuyId: str
    message: str


class CascadeSummary(TypedDict):
    """How running media buys followed; packages without inventory on the lists rest (rule 113)."""

    activeMediaBuys: int
    resynced: int
    restingPackages: int
    errors: NotRequired[list[CascadeError]]


class ListRow(TypedDict):
    """A list, summarised."""

    listId: str
    name: str
    purpose: Literal["include", "exclude"]
    propertyCount: int
    createdAt: When
    updatedAt: When


class ListPage(TypedDict):
    """Answer of ``list_property_lists``."""

    propertyLists: list[ListRow]
    total: int


class FullList(ListRow):
    """A list with its identifiers; ``*Domains`` are those of type domain (rule 151)."""

    identifiers: list[TypedIdentifier]
    unresolvedIdentifiers: list[TypedIdentifier]
    registeredIdentifiers: list[TypedIdentifier]
    domains: list[str]
    unresolvedDomains: list[str]
    registeredDomains: list[str]
    resolutionSummary: NotRequired[ResolutionSummary]
    cascadeSummary: NotRequired[CascadeSummary]


class Nothing(TypedDict):
    """An answer without content."""


@operation(
    "create_property_list",
    "POST",
    "/advertisers/{advertiserId}/property-lists",
    body=CreateList,
    success_status=201,
    answer=FullList,
    rules=(41, 113, 147, 148, 150, 151, 152, 155),
)
def create_property_list(ctx: Context, request: Request) -> Steps:
    """Create an include or exclude list; it applies to all campaigns of the advertiser at once."""
    platform, body = platform_of(ctx), request.body
    advertiser = branded_advertiser_for(ctx, request.path["advertiserId"])
    entries = _checked(body.entries())
    now = platform.now
    made = PropertyList(str(platform.ids.number("property-list")), body.name, body.purpose, [], now, now)
    outcome = _resolve(platform, made, entries)
    advertiser.property_lists[made.list_id] = made
    cascade = yield from resync(platform, advertiser)
    _tell(platform, advertiser, made, "was created")
    return _full(made, outcome) | {"cascadeSummary": cascade}


@operation(
    "list_property_lists",
    "GET",
    "/advertisers/{advertiserId}/property-lists",
    params=ListLists,
    answer=ListPage,
    rules=(7,),
)
def list_property_lists(ctx: Context, request: Request) -> dict[str, Any]:
    """The advertiser's lists, summarised (conflict C46)."""
    advertiser, wanted = advertiser_for(ctx, request.path["advertiserId"]), request.params.purpose
    rows = [_summary(one) for one in active(advertiser) if wanted in (None, one.purpose)]
    return {"propertyLists": rows, "total": len(rows)}


@operation(
    "get_property_list",
    "GET",
    "/advertisers/{advertiserId}/property-lists/{listId}",
    answer=FullList,
    rules=(7, 149, 150),
)
def get_property_list(ctx: Context, request: Request) -> dict[str, Any]:
    """One list with the identifiers that were resolved; the others were told once (rule 150)."""
    return _full(_own(ctx, request), None)


@operation(
    "update_property_list",
    "PUT",
    "/advertisers/{advertiserId}/property-lists/{listId}",
    body=UpdateList,
    answer=FullList,
    rules=(113, 150, 153),
)
def update_property_list(ctx: Context, request: Request) -> Steps:
    """Rename a list, or replace its identifiers; active media buys follow without being executed again."""
    platform, body, kept = platform_of(ctx), request.body, _own(ctx, request)
    replaced = bool({"domains", "identifiers"} & body.model_fields_set)
    entries = _checked(body.entries()) if replaced else []
    kept.name, kept.updated_ms = body.name or kept.name, platform.now
    if not replaced:
        return _full(kept, None)
    outcome, advertiser = _resolve(platform, kept, entries), advertiser_for(ctx, request.path["advertiserId"])
    cascade = yield from resync(platform, advertiser)
    _tell(platform, advertiser, kept, "has other identifiers now")
    return _full(kept, outcome) | {"cascadeSummary": cascade}


@operation(
    "delete_property_list",
    "DELETE",
    "/advertisers/{advertiserId}/property-lists/{listId}",
    answer=Nothing,
    rules=(113, 154),
)
def delete_property_list(ctx: Context, request: Request) -> Steps:
    """Archive a list: it is kept, and no longer applied (conflict C66)."""
    platform, gone = platform_of(ctx), _own(ctx, request)
    gone.archived_ms = gone.updated_ms = platform.now
    advertiser = advertiser_for(ctx, request.path["advertiserId"])
    yield from resync(platform, advertiser)
    _tell(platform, advertiser, gone, "no longer applies")
    return {}


def _tell(platform: BuyerPlatform, advertiser: Advertiser, one: PropertyList, what: str) -> None:
    platform.notifications.tell(
        "property_list.changed",
        f'Property list "{one.name}" of {advertiser.name} {what}',
        advertiser.customer_id,
        advertiser.advertiser_id,
    )


def active(advertiser: Advertiser) -> list[PropertyList]:
    """The lists that apply."""
    return [one for one in advertiser.property_lists.values() if one.archived_ms is None]


def _own(ctx: Context, request: Request) -> PropertyList:
    advertiser = advertiser_for(ctx, request.path["advertiserId"])
    found = advertiser.property_lists.get(request.path["listId"])
    if found is None or found.archived_ms is not None:
        raise ApiError("NOT_FOUND", f"there is no property list {request.path['listId']}")
    return found


def _checked(entries: list[Entry]) -> list[Entry]:
    if not 1 <= len(entries) <= MAX_ENTRIES:
        raise ApiError("VALIDATION_ERROR", f"give 1 to {MAX_ENTRIES:,} domains and identifiers", "identifiers")
    return entries


def known(platform: BuyerPlatform) -> list[Entry]:
    """The property registry: the domains of all publishers, and what the platform's settings add."""
    world = platform.world
    publishers = [world.actors[name] for name in world.ecosystem.of_role("publisher")]
    domains = [("domain", str(getattr(publisher, "domain", ""))) for publisher in publishers]
    more = [(kind, value) for kind, values in platform.config.properties.targetable.items() for value in values]
    return list(dict.fromkeys([*domains, *more]))


def _resolve(platform: BuyerPlatform, into: PropertyList, entries: list[Entry]) -> dict[str, list[Entry]]:
    """Keep what is known; tell what is only registered, and what is neither (rule 150)."""
    registry = dict.fromkeys(known(platform))
    outcome: dict[str, list[Entry]] = {"resolved": [], "registered": [], "unresolved": []}
    for kind, value in entries:
        found = _stored(kind, value, registry)
        if found is not None:
            outcome["resolved"].append(found)
        elif kind == "domain" and value in platform.config.properties.registered:
            outcome["registered"].append((kind, value))
        else:
            outcome["unresolved"].append((kind, value))
    into.entries = list(dict.fromkeys(outcome["resolved"]))
    return outcome


def _stored(kind: str, value: str, registry: Iterable[Entry]) -> Entry | None:
    """How a known identifier is kept: bundles in the form of their store (rule 149)."""
    forms = {
        "apple_tv_bundle": ("ios_bundle",),
        "bundle_id": ("ios_bundle", "android_package"),
        "subdomain": ("subdomain", "domain"),
    }.get(kind, (kind,))
    return next(((form, value) for form in forms if (form, value) in registry), None)


def _summary(one: PropertyList) -> dict[str, Any]:
    return {
        "listId": one.list_id,
        "name": one.name,
        "purpose": one.purpose,
        "propertyCount": len(one.entries),
        "createdAt": iso(one.created_ms),
        "updatedAt": iso(one.updated_ms),
    }


def _full(one: PropertyList, outcome: dict[str, list[Entry]] | None) -> dict[str, Any]:
    told = outcome or {"resolved": one.entries, "registered": [], "unresolved": []}
    body = _summary(one)
    for prefix, name in (("", "resolved"), ("unresolved", "unresolved"), ("registered", "registered")):
        entries = one.entries if name == "resolved" else told[name]
        key = f"{prefix}Identifiers" if prefix else "identifiers"
        body[key] = [{"type": kind, "value": value} for kind, value in entries]
        body[f"{prefix}Domains" if prefix else "domains"] = [value for kind, value in entries if kind == "domain"]
    if outcome is not None:
        total = sum(len(entries) for entries in outcome.values())
        body["resolutionSummary"] = {
            "totalRequested": total,
            "resolvedCount": len(outcome["resolved"]),
            "registeredCount": len(outcome["registered"]),
            "unresolvedCount": len(outcome["unresolved"]),
            "resolutionRate": len(outcome["resolved"]) / total,  # rule 152
        }
    return body


def profile(platform: BuyerPlatform, advertiser: Advertiser) -> list[Entry]:
    """The identifiers on which the advertiser's campaigns may run."""
    lists = active(advertiser)
    includes = [entry for one in lists if one.purpose == "include" for entry in one.entries]
    excluded = {entry for one in lists if one.purpose == "exclude" for entry in one.entries}
    base = includes if any(one.purpose == "include" for one in lists) else known(platform)
    return [entry for entry in dict.fromkeys(base) if entry not in excluded]


def resync(platform: BuyerPlatform, advertiser: Advertiser) -> Steps:
    """Send the profile to every running media buy of the advertiser (rule 113); gives ``cascadeSummary``."""
    running = [
        (campaign, buy)
        for campaign in platform.campaigns.values()
        if campaign.advertiser_id == advertiser.advertiser_id
        for buy in campaign.media_buys
        if buy.status in ("ACTIVE", "PAUSED") and buy.adcp_media_buy_id is not None
    ]
    results = yield from platform.sellers.gather([_send(platform, campaign, buy) for campaign, buy in running])
    failed = [result for result in results if isinstance(result, AdcpError)]
    errors = [
        {"mediaBuyId": buy.media_buy_id, "message": str(result)}
        for (_, buy), result in zip(running, results, strict=True)
        if isinstance(result, AdcpError)
    ]
    resting = sum(package.off_list for _, buy in running for package in buy.packages)
    summary: dict[str, Any] = {
        "activeMediaBuys": len(running),
        "resynced": len(running) - len(failed),
        "restingPackages": resting,
    }
    return summary | {"errors": errors} if errors else summary


def _send(platform: BuyerPlatform, campaign: Campaign, buy: MediaBuy) -> Generator[Any, Any, None]:
    """Send the profile for each package; one that has no inventory on it rests until it has some again."""
    overlay = targeting(platform, campaign, buy.seller_id)
    for package in [package for package in buy.packages if not package.canceled]:
        row: dict[str, Any] = {"package_id": package.package_id, "targeting_overlay": overlay}
        if package.off_list:
            row["paused"] = campaign.status == "PAUSED"
        try:
            yield from send_change(platform, campaign, buy, {"packages": [row]})
            package.off_list = False
        except AdcpError as error:
            if error.field is None or not error.field.endswith("property_list"):
                raise
            package.off_list = True
            rest = {"package_id": package.package_id, "paused": True}
            yield from send_change(platform, campaign, buy, {"packages": [rest]})
