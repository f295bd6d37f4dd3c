"""Part P: creatives."""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any

from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.platform import Body, Platform, judge, name
from sandbox.contract.check import expect
from sandbox.contract.talk import Answer

CLICK = {"url": "https://acme.com/", "url_type": "CLICKTHROUGH"}
_LINE = "check-boundary-7c1f"


def png(width: int = 300, height: int = 250) -> bytes:
    """A picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = zlib.compress((b"\x00" + b"\x20\x60\xa0" * width) * height)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


async def upload(platform: Platform, campaign: str, metadata: Body, *files: tuple[str, str, bytes]) -> Answer:
    """Make a creative of metadata and files (name, type, bytes)."""
    parts = [('name="metadata"', "application/json", json.dumps(metadata).encode())]
    parts += [(f'name="files"; filename="{file}"', kind, data) for file, kind, data in files]
    raw = b"".join(
        f"--{_LINE}\r\nContent-Disposition: form-data; {what}\r\nContent-Type: {kind}\r\n\r\n".encode() + data + b"\r\n"
        for what, kind, data in parts
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={_LINE}"}
    headers |= dict([platform.auth.header]) if platform.auth is not None else {}
    url = platform.url(f"campaigns/{campaign}/creatives/create")
    return await platform.talk.send("POST", url, None, headers, raw + f"--{_LINE}--\r\n".encode())


async def _banner(platform: Platform, campaign: str, **fields: Any) -> Body:
    metadata = {"name": name(), "url_asset": CLICK, "assets": [{"filename": "a.png", "asset_type": "IMAGE"}], **fields}
    answer = await upload(platform, campaign, metadata, ("a.png", "image/png", png()))
    expect(200 <= answer.status < 300, "creating a creative", "a success", f"{answer.status} {answer.text[:200]}")
    made: Body = answer.body.get("data") or answer.body
    return made


async def _campaign(platform: Platform) -> str:
    return str((await platform.campaign())["campaignId"])


@CHECKS.add("creatives.made", "rules 177 and 178")
async def made(platform: Platform) -> None:
    """A creative is made of metadata and files; it is of its campaign, and has the brand of the advertiser."""
    campaign = await _campaign(platform)
    found = await _banner(platform, campaign)
    shown = (found["campaign_id"], found["brand_domain"])
    expect(shown == (campaign, platform.brand), "campaign_id and brand_domain", (campaign, platform.brand), shown)
    kinds = sorted(asset["asset_type"] for asset in found["assets"])
    expect("IMAGE" in kinds, "types of the assets", "IMAGE among them", kinds)


@CHECKS.add("creatives.listed", "rules 7 and 8")
async def listed(platform: Platform) -> None:
    """Creatives are listed by short rows, found by name."""
    campaign = await _campaign(platform)
    found = [await _banner(platform, campaign) for _ in range(2)]
    page = await platform.ok("GET", f"campaigns/{campaign}/creatives", search=found[0]["name"])
    shown = [row["creative_id"] for row in page["manifests"]]
    expect(shown == [found[0]["creative_id"]], "creatives by name", [found[0]["creative_id"]], shown)
    long = sorted({"assets", "tracking", "html_processing", "frequencyCaps"} & set(page["manifests"][0]))
    expect(not long, "a row of creatives", "short", long)


@CHECKS.add("creatives.one_click", "rule 179")
async def one_click(platform: Platform) -> None:
    """A creative has one clickthrough at most."""
    rows = [{"asset_type": "URL", "url_type": "CLICKTHROUGH", "url": f"https://acme.com/{one}"} for one in (1, 2)]
    metadata = {"name": name(), "assets": [{"filename": "a.png", "asset_type": "IMAGE"}, *rows], "url_asset": CLICK}
    answer = await upload(platform, await _campaign(platform), metadata, ("a.png", "image/png", png()))
    judge(answer, "two clickthroughs", "VALIDATION_ERROR")


@CHECKS.add("creatives.format", "rule 180")
async def one_format(platform: Platform) -> None:
    """A creative names a format or a kind of format, not both."""
    both = {"format_id": {"agent_url": "https://a.example", "id": "x"}, "format_kind": "image"}
    metadata = {"name": name(), "assets": [{"filename": "a.png", "asset_type": "IMAGE"}], **both}
    answer = await upload(platform, await _campaign(platform), metadata, ("a.png", "image/png", png()))
    judge(answer, "format_id and format_kind", "VALIDATION_ERROR")


@CHECKS.add("creatives.types", "rule 181")
async def asset_types(platform: Platform) -> None:
    """An asset of a type that is none is refused."""
    metadata = {"name": name(), "assets": [{"filename": "a.png", "asset_type": "SCULPTURE"}]}
    answer = await upload(platform, await _campaign(platform), metadata, ("a.png", "image/png", png()))
    judge(answer, "the type SCULPTURE", "VALIDATION_ERROR")


@CHECKS.add("creatives.url_types", "rule 181")
async def url_types(platform: Platform) -> None:
    """An address of a kind that is none is refused."""
    metadata = {"name": name(), "url_asset": {"url": "https://acme.com/", "url_type": "SHORTCUT"}}
    answer = await upload(platform, await _campaign(platform), metadata)
    judge(answer, "the url_type SHORTCUT", "VALIDATION_ERROR")


@CHECKS.add("creatives.mime", "rule 178")
async def mime(platform: Platform) -> None:
    """Programs are not taken."""
    metadata = {"name": name(), "assets": [{"filename": "a.exe", "asset_type": "DOCUMENT"}]}
    program = ("a.exe", "application/x-msdownload", b"MZ\x90\x00" + bytes(64))
    judge(await upload(platform, await _campaign(platform), metadata, program), "a program", "VALIDATION_ERROR")


@CHECKS.add("creatives.files", "rule 178")
async def files(platform: Platform) -> None:
    """Twenty files come with a creative at most."""
    named = [f"a{number}.png" for number in range(21)]
    metadata = {"name": name(), "assets": [{"filename": one, "asset_type": "IMAGE"} for one in named]}
    picture = png(2, 2)
    sent = [(one, "image/png", picture) for one in named]
    judge(await upload(platform, await _campaign(platform), metadata, *sent), "21 files", "VALIDATION_ERROR")


@CHECKS.add("creatives.missing_file", "rule 178")
async def missing_file(platform: Platform) -> None:
    """An asset whose file was not sent is refused."""
    metadata = {"name": name(), "assets": [{"filename": "absent.png", "asset_type": "IMAGE"}]}
    answer = await upload(platform, await _campaign(platform), metadata, ("a.png", "image/png", png()))
    judge(answer, "an asset without its file", "VALIDATION_ERROR")


@CHECKS.add("creatives.tracking", "rule 183")
async def tracking(platform: Platform) -> None:
    """The macros are named that trackers understand."""
    campaign = await _campaign(platform)
    found = await _banner(platform, campaign)
    whole = await platform.ok("GET", f"campaigns/{campaign}/creatives/{found['creative_id']}")
    told = (whole.get("tracking") or {}).get("supported_macros")
    expect(bool(told), "tracking.supported_macros", "some", told)


@CHECKS.add("creatives.renamed", "rules 96 and 184")
async def renamed(platform: Platform) -> None:
    """An update changes what it names."""
    campaign = await _campaign(platform)
    found = await _banner(platform, campaign)
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
    found = await _banner(platform, campaign)
    answer = await platform.send("DELETE", f"campaigns/{campaign}/creatives/{found['creative_id']}")
    expect(answer.status == 204, "status", 204, answer.status)
    rows = (await platform.ok("GET", f"campaigns/{campaign}/creatives"))["manifests"]
    expect(rows == [], "creatives of the campaign", [], [row["creative_id"] for row in rows])


@CHECKS.add("creatives.of_campaign", "rules 13 and 177")
async def of_campaign(platform: Platform) -> None:
    """The creative of one campaign is not found at another one."""
    found = await _banner(platform, await _campaign(platform))
    path = f"campaigns/{await _campaign(platform)}/creatives/{found['creative_id']}"
    await platform.refused("GET", path, None, "NOT_FOUND")


@CHECKS.add("creatives.templates", "rule 190")
async def templates(platform: Platform) -> None:
    """Templates name the formats that the products of a campaign need, each once."""
    staged = await platform.staged()
    found = await platform.ok("GET", f"campaigns/{staged['campaignId']}/creatives/templates")
    shown = [json.dumps(one, sort_keys=True) for one in found["campaign_format_ids"]]
    expect(bool(shown), "campaign_format_ids", "some", shown)
    expect(len(set(shown)) == len(shown), "campaign_format_ids", "each once", shown)


@CHECKS.add("creatives.formats", "rule 190")
async def formats(platform: Platform) -> None:
    """The registry has the formats of all agents, each once."""
    rows = (await platform.ok("GET", "formats"))["formats"]
    shown = [json.dumps(row["format_id"], sort_keys=True) for row in rows]
    expect(bool(shown), "formats", "some", shown)
    expect(len(set(shown)) == len(shown), "format_id", "each once", shown)


@CHECKS.add("creatives.dashboard", "rule 185")
async def dashboard(platform: Platform) -> None:
    """There is a link to the page where people make creatives."""
    made = await platform.campaign()
    query = {"advertiserId": made["advertiserId"], "campaignId": made["campaignId"]}
    found = await platform.ok("GET", "creative-dashboard-url", **query)
    expect("://" in str(found.get("url")), "url", "an address", found.get("url"))
