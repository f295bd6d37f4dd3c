"""Pictures, and campaigns that have some to show."""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any

from sandbox.contract.buyer_platform.answers import Body, content, listing
from sandbox.contract.buyer_platform.platform import Platform, name, row_of
from sandbox.contract.check import Skipped, expect
from sandbox.contract.talk import Answer

SIZE = (300, 250)
_LINE = "check-boundary-7c1f"

File = tuple[str, str, bytes]
"""Name, type and content."""


def png(width: int = SIZE[0], height: int = SIZE[1]) -> bytes:
    """A picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = zlib.compress((b"\x00" + b"\x20\x60\xa0" * width) * height)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


async def upload(platform: Platform, path: str, metadata: Body, *files: File) -> Answer:
    """Send metadata and files to a path below ``/api/v2/buyer``."""
    parts = [('name="metadata"', "application/json", json.dumps(metadata).encode())]
    parts += [(f'name="files"; filename="{file}"', kind, data) for file, kind, data in files]
    raw = b"".join(
        f"--{_LINE}\r\nContent-Disposition: form-data; {what}\r\nContent-Type: {kind}\r\n\r\n".encode() + data + b"\r\n"
        for what, kind, data in parts
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={_LINE}"}
    headers |= dict([platform.auth.header]) if platform.auth is not None else {}
    return await platform.talk.send("POST", platform.url(path), None, headers, raw + f"--{_LINE}--\r\n".encode())


def click(platform: Platform) -> Body:
    """An address to click through to: the brand's own."""
    return {"url": f"https://{platform.brand}/", "url_type": "CLICKTHROUGH"}


async def create(platform: Platform, campaign: str, metadata: Body, *files: File) -> Answer:
    """Try to make a creative of metadata and files. Raises :class:`Skipped` if there is no such operation."""
    path = f"campaigns/{campaign}/creatives/create"
    answer = await upload(platform, path, metadata, *files)
    platform.there(answer, "POST", path)
    return answer


def taken(answer: Answer, what: str) -> Body:
    """What an upload came to. Raises :class:`Failed` if it was refused."""
    expect(200 <= answer.status < 300, what, "a success", f"{answer.status} {answer.text[:200]}")
    made: Body = content(answer.body)
    return made


async def banner(platform: Platform, campaign: str, size: tuple[int, int] = SIZE, **fields: Any) -> Body:
    """A new creative with one picture, as its creation answers it."""
    metadata = {
        "name": name(),
        "url_asset": click(platform),
        "assets": [{"filename": "a.png", "asset_type": "IMAGE"}],
        **fields,
    }
    answer = await create(platform, campaign, metadata, ("a.png", "image/png", png(*size)))
    return taken(answer, "creating a creative")


async def formats(platform: Platform) -> dict[tuple[str, str], Body]:
    """All formats of the registry, by agent and id."""
    rows = listing(await platform.ok("GET", "formats"), "formats", "items")
    return {key_of(row["format_id"]): row for row in rows}


def key_of(ref: Body) -> tuple[str, str]:
    """A format by its agent and id."""
    return str(ref.get("agent_url")).rstrip("/"), str(ref["id"])


def size_of(described: Body) -> tuple[int, int] | None:
    """The native size of a format in pixels; None if it says none."""
    told = (described.get("renders") or [{}])[0].get("dimensions") or {}
    width, height = told.get("width"), told.get("height")
    return (round(width), round(height)) if width and height else None


async def picture_size(platform: Platform, campaign: Body) -> tuple[int, int]:
    """The size of a picture that a product of the campaign takes. Raises :class:`Skipped` if none does."""
    known = await formats(platform)
    for ref in campaign["creativeFormats"]["required"]:
        described = known.get(key_of(ref), {})
        needed = [slot.get("asset_type") for slot in described.get("assets") or [] if slot.get("required")]
        size = size_of(described)
        if needed == ["image"] and size is not None:
            return size
    raise Skipped("no product takes a single picture of a known size")


async def pictured(
    platform: Platform, groups: int = 1, products: int = 1, advertiser: str | None = None, **fields: Any
) -> tuple[Body, Body]:
    """A draft campaign with display products of some sales agents, as it is read, and a banner that they take."""
    advertiser = advertiser or await platform.somebody()
    found = await platform.discover(advertiser, channels=["display"], productsPerGroup=15)
    rows = [
        row_of(group, product, 1000)
        for group in found["productGroups"][:groups]
        for product in group["products"][:products]
    ]
    await platform.ok("POST", f"discovery/{found['discoveryId']}/products", {"products": rows})
    campaign = await platform.campaign(advertiser, discoveryId=found["discoveryId"], **fields)
    size = await picture_size(platform, campaign)
    return campaign, await banner(platform, campaign["campaignId"], size)
