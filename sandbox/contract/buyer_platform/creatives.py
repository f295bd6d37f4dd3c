"""Part P: creatives."""

from __future__ import annotations

import re
from urllib.parse import urljoin

from sandbox.contract.buyer_platform import told
from sandbox.contract.buyer_platform.answers import Body, archived, instant, judge, listing
from sandbox.contract.buyer_platform.banners import (
    banner,
    click,
    create,
    key_of,
    pictured,
    png,
    size_of,
    taken,
)
from sandbox.contract.buyer_platform.banners import formats as registry
from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.platform import Platform, name
from sandbox.contract.check import Skipped, expect


async def _campaign(platform: Platform) -> str:
    return str((await platform.campaign())["campaignId"])


@CHECKS.add("creatives.made", "rules 177 and 178")
async def made(platform: Platform) -> None:
    """A creative is made of metadata and files; it is of its campaign, and has the brand of the advertiser."""
    campaign = await _campaign(platform)
    found = await banner(platform, campaign)
    shown = (found["campaign_id"], found["brand_domain"])
    expect(shown == (campaign, platform.brand), "campaign_id and brand_domain", (campaign, platform.brand), shown)
    kinds = sorted(asset["asset_type"] for asset in found["assets"])
    expect("IMAGE" in kinds, "types of the assets", "IMAGE among them", kinds)


@CHECKS.add("creatives.listed", "rules 7 and 8")
async def listed(platform: Platform) -> None:
    """Creatives are listed by short rows, found by name."""
    campaign = await _campaign(platform)
    found = [await banner(platform, campaign) for _ in range(2)]
    page = await platform.ok("GET", f"campaigns/{campaign}/creatives", search=found[0]["name"])
    shown = [row["creative_id"] for row in page["manifests"]]
    expect(shown == [found[0]["creative_id"]], "creatives by name", [found[0]["creative_id"]], shown)
    long = sorted({"assets", "tracking", "html_processing", "frequencyCaps"} & set(page["manifests"][0]))
    expect(not long, "a row of creatives", "short", long)


@CHECKS.add("creatives.one_click", "rule 179")
async def one_click(platform: Platform) -> None:
    """A creative has one clickthrough at most."""
    rows = [
        {"asset_type": "URL", "url_type": "CLICKTHROUGH", "url": f"https://{platform.brand}/{one}"} for one in (1, 2)
    ]
    metadata = {
        "name": name(),
        "assets": [{"filename": "a.png", "asset_type": "IMAGE"}, *rows],
        "url_asset": click(platform),
    }
    answer = await create(platform, await _campaign(platform), metadata, ("a.png", "image/png", png()))
    judge(answer, "two clickthroughs", "VALIDATION_ERROR")


@CHECKS.add("creatives.format", "rule 180")
async def one_format(platform: Platform) -> None:
    """A creative names a format or a kind of format, not both."""
    both = {"format_id": {"agent_url": "https://a.example", "id": "x"}, "format_kind": "image"}
    metadata = {"name": name(), "assets": [{"filename": "a.png", "asset_type": "IMAGE"}], **both}
    answer = await create(platform, await _campaign(platform), metadata, ("a.png", "image/png", png()))
    judge(answer, "format_id and format_kind", "VALIDATION_ERROR")


@CHECKS.add("creatives.types", "rule 181")
async def asset_types(platform: Platform) -> None:
    """An asset of a type that is none is refused."""
    metadata = {"name": name(), "assets": [{"filename": "a.png", "asset_type": "SCULPTURE"}]}
    answer = await create(platform, await _campaign(platform), metadata, ("a.png", "image/png", png()))
    judge(answer, "the type SCULPTURE", "VALIDATION_ERROR")


@CHECKS.add("creatives.url_types", "rule 181")
async def url_types(platform: Platform) -> None:
    """An address of a kind that is none is refused."""
    metadata = {"name": name(), "url_asset": {"url": "https://acme.com/", "url_type": "SHORTCUT"}}
    answer = await create(platform, await _campaign(platform), metadata)
    judge(answer, "the url_type SHORTCUT", "VALIDATION_ERROR")


@CHECKS.add("creatives.mime", "rule 178")
async def mime(platform: Platform) -> None:
    """Programs are not taken."""
    metadata = {"name": name(), "assets": [{"filename": "a.exe", "asset_type": "DOCUMENT"}]}
    program = ("a.exe", "application/x-msdownload", b"MZ\x90\x00" + bytes(64))
    judge(await create(platform, await _campaign(platform), metadata, program), "a program", "VALIDATION_ERROR")


@CHECKS.add("creatives.files", "rule 178")
async def files(platform: Platform) -> None:
    """Twenty files come with a creative at most."""
    named = [f"a{number}.png" for number in range(21)]
    metadata = {"name": name(), "assets": [{"filename": one, "asset_type": "IMAGE"} for one in named]}
    picture = png(2, 2)
    sent = [(one, "image/png", picture) for one in named]
    answer = await create(platform, await _campaign(platform), metadata, *sent)
    if answer.status != 413:
        judge(answer, "21 files", "VALIDATION_ERROR")


@CHECKS.add("creatives.missing_file", "rule 178", "should")
async def missing_file(platform: Platform) -> None:
    """An asset whose file was not sent is refused."""
    metadata = {"name": name(), "assets": [{"filename": "absent.png", "asset_type": "IMAGE"}]}
    answer = await create(platform, await _campaign(platform), metadata, ("a.png", "image/png", png()))
    judge(answer, "an asset without its file", "VALIDATION_ERROR")


@CHECKS.add("creatives.tracking", "rule 183")
async def tracking(platform: Platform) -> None:
    """The macros are named that trackers understand."""
    campaign = await _campaign(platform)
    found = await banner(platform, campaign)
    whole = await platform.ok("GET", f"campaigns/{campaign}/creatives/{found['creative_id']}")
    macros = (whole.get("tracking") or {}).get("supported_macros")
    expect(bool(macros), "tracking.supported_macros", "some", macros)


@CHECKS.add("creatives.renamed", "rules 96 and 184")
async def renamed(platform: Platform) -> None:
    """An update changes what it names."""
    campaign = await _campaign(platform)
    found = await banner(platform, campaign)
    path = f"campaigns/{campaign}/creatives/{found['creative_id']}"
    await platform.ok("PUT", path, {"name": "Another name"})
    whole = await platform.ok("GET", path)
    shown = (whole["name"], len(whole["assets"]))
    wanted = ("Another name", len(found["assets"]))
    expect(shown == wanted, "name, number of assets", wanted, shown)


@CHECKS.add("creatives.deleted", "rule 184")
async def deleted(platform: Platform) -> None:
    """A deleted creative answers 204, and is in no list any more."""
    campaign = await _campaign(platform)
    found = await banner(platform, campaign)
    answer = await platform.send("DELETE", f"campaigns/{campaign}/creatives/{found['creative_id']}")
    expect(answer.status == 204, "status", 204, answer.status)
    rows = (await platform.ok("GET", f"campaigns/{campaign}/creatives"))["manifests"]
    left = [row["creative_id"] for row in rows if not archived(row)]
    expect(left == [], "creatives of the campaign", [], left)


@CHECKS.add("creatives.of_campaign", "rules 13 and 177")
async def of_campaign(platform: Platform) -> None:
    """The creative of one campaign is not found at another one."""
    found = await banner(platform, await _campaign(platform))
    path = f"campaigns/{await _campaign(platform)}/creatives/{found['creative_id']}"
    await platform.refused("GET", path, None, "NOT_FOUND")


@CHECKS.add("creatives.templates", "rule 190")
async def templates(platform: Platform) -> None:
    """Templates name the formats that the products of a campaign need, each once."""
    staged = await platform.staged()
    found = await platform.ok("GET", f"campaigns/{staged['campaignId']}/creatives/templates")
    shown = [key_of(one) for one in found["campaign_format_ids"]]
    if not (staged.get("creativeFormats") or {}).get("required"):
        raise Skipped("the product needs no format")
    expect(bool(shown), "campaign_format_ids", "some", shown)
    expect(len(set(shown)) == len(shown), "campaign_format_ids", "each once", shown)


@CHECKS.add("creatives.formats", "rule 190")
async def formats(platform: Platform) -> None:
    """The registry has the formats of all agents, each once."""
    rows = listing(await platform.ok("GET", "formats"), "formats", "items")
    shown = [key_of(row["format_id"]) for row in rows]
    expect(bool(shown), "formats", "some", shown)
    expect(len(set(shown)) == len(shown), "format_id", "each once", shown)


@CHECKS.add("creatives.dashboard", "rule 185")
async def dashboard(platform: Platform) -> None:
    """There is a link to the page where people make creatives."""
    made = await platform.campaign()
    query = {"advertiserId": made["advertiserId"], "campaignId": made["campaignId"]}
    found = await platform.ok("GET", "creative-dashboard-url", **query)
    expect("://" in str(found.get("url")), "url", "an address", found.get("url"))


PAGE = b"""<!DOCTYPE html><html><head><meta name="ad.size" content="width=300,height=250"></head>
<body><a href="https://acme.com/"><img src="a.png"></a></body></html>"""
_LOCAL = re.compile(r"""src=["']?(?:\./)?a\.png""")
_HOSTED = re.compile(r"""src=["']?(?:https?:)?/""")
_MACRO = re.compile(r"\{[A-Z_]{3,}\}|%%[A-Z_]{3,}%%|\[[A-Z_]{3,}\]")


@CHECKS.add("creatives.html", "rules 178 and 182")
async def html(platform: Platform) -> None:
    """A page that is published refers to the files that came with it where they are published, and has macros."""
    rows = [{"filename": "index.html", "asset_type": "HTML"}, {"filename": "a.png", "asset_type": "IMAGE"}]
    sent = [("index.html", "text/html", PAGE), ("a.png", "image/png", png())]
    metadata = {"name": name(), "url_asset": click(platform), "assets": rows}
    found = taken(await create(platform, await _campaign(platform), metadata, *sent), "creating a page")
    page = next(asset for asset in found["assets"] if asset["asset_type"] == "HTML")
    if not page.get("url"):
        raise Skipped("the asset does not say where the page is published (url)")
    text = await _opened(platform, page["url"])
    expect(not _LOCAL.search(text), "the published page", "an address of a.png", text[:300])
    expect(bool(_HOSTED.search(text)), "the published page", "its picture", text[:300])
    expect(bool(_MACRO.search(text)), "the published page", "macros", text[:300])
    if found.get("preview_url"):
        await _opened(platform, found["preview_url"])


async def _opened(platform: Platform, address: str) -> str:
    answer = await platform.talk.send("GET", urljoin(f"{platform.root}/", address))
    expect(200 <= answer.status < 400, f"status of {address}", 200, answer.status)
    return answer.text


@CHECKS.add("creatives.previews", "rule 189")
async def previews(platform: Platform) -> None:
    """A preview has the native size of its format, and can be opened."""
    campaign, found = await pictured(platform)
    path = f"campaigns/{campaign['campaignId']}/creatives/{found['creative_id']}/preview"
    rows = [row for row in listing(await platform.ok("POST", path, {}), "previews") if set(row) >= _SIZED]
    known = await registry(platform)
    if not rows:
        raise Skipped("previews do not say of which format and size they are")
    for row in rows:
        native = size_of(known.get(key_of(row["format_id"]), {}))
        shown = (row["width"], row["height"])
        expect(native in (None, shown), f"size of the preview for {row['format_id']['id']}", native, shown)
    if rows[0].get("preview_url"):
        await _opened(platform, rows[0]["preview_url"])


_SIZED = {"format_id", "width", "height"}


async def _status(platform: Platform, campaign: Body, creative: Body) -> Body:
    path = f"campaigns/{campaign['campaignId']}/creatives/{creative['creative_id']}"
    found: Body = (await platform.ok("GET", path))["sync_status"]
    return found


@CHECKS.add("creatives.synced", "rule 186")
async def synced(platform: Platform) -> None:
    """Executing brings one creative to all agents that take its format; before, none has it."""
    campaign, found = await pictured(platform, groups=2)
    before = await _status(platform, campaign, found)
    expect(not before["synced"], "sync_status.synced of a draft", 0, before["synced"])
    await platform.execute(campaign)
    agents = len({row["salesAgentId"] for row in campaign["products"]})

    async def everywhere() -> Body | None:
        now = await _status(platform, campaign, found)
        return now if now["synced"] == now["agent_count"] else None

    after = await platform.until(everywhere, "all sales agents to have the creative", hours=24)
    expect(after["agent_count"] == agents, "agent_count", agents, after["agent_count"])
    expect(bool(after.get("last_synced_at")), "last_synced_at", "an instant", after.get("last_synced_at"))


@CHECKS.add("creatives.synced_again", "rules 112 and 186")
async def synced_again(platform: Platform) -> None:
    """A changed creative is sent again to every agent that shows it."""
    campaign, found = await pictured(platform, groups=2)
    await platform.execute(campaign)
    await platform.active(campaign["campaignId"])
    before = instant((await _status(platform, campaign, found)).get("last_synced_at"))
    if before is None:
        raise Skipped("sync_status does not say when (last_synced_at)")
    path = f"campaigns/{campaign['campaignId']}/creatives/{found['creative_id']}"
    await platform.ok("PUT", path, {"name": name()})

    async def everywhere() -> bool:
        now = await _status(platform, campaign, found)
        last = instant(now.get("last_synced_at"))
        return now["synced"] == now["agent_count"] and last is not None and last > before

    await platform.until(everywhere, "all sales agents to have the creative anew", hours=24)


@CHECKS.add("creatives.library", "rule 187")
async def library(platform: Platform) -> None:
    """A package that is ordered refers to a creative of the agent's library or carries it, one of the two."""
    campaign, found = await pictured(platform)
    for package in (await told.order(platform, campaign))["packages"]:
        ways = {way: _ids(package, way) for way in ("creative_assignments", "creatives")}
        used = [way for way, ids in ways.items() if ids]
        expect(len(used) == 1, "creatives of a package", "in one of two ways", ways)
        expect(ways[used[0]] == [found["creative_id"]], used[0], [found["creative_id"]], ways[used[0]])


@CHECKS.add("creatives.inline", "rule 188")
async def inline(platform: Platform) -> None:
    """Where an agent's library fails, a package carries its creatives, or the order fails at once."""
    campaign, found = await pictured(platform)
    for package in (await told.order(platform, campaign, "sync_creatives")).get("packages", []):
        shown = {way: _ids(package, way) for way in ("creative_assignments", "creatives")}
        wanted = {"creative_assignments": [], "creatives": [found["creative_id"]]}
        expect(shown == wanted, "creatives of a package", wanted, shown)


def _ids(package: Body, way: str) -> list[str]:
    return [row["creative_id"] for row in package.get(way) or []]
