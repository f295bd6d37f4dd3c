"""What checks leave behind. Last, when all others have made what they make."""

from __future__ import annotations

from sandbox.contract.buyer_platform.answers import content
from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.platform import Platform
from sandbox.contract.check import expect


@CHECKS.add("tidy.campaigns", "rules 71, 93 and 154", "should")
async def campaigns(platform: Platform) -> None:
    """All campaigns and property lists that were made for checking could be canceled and deleted again."""
    path = f"campaigns/{(await platform.staged())['campaignId']}"
    await platform.tidy()
    answer = await platform.send("GET", path)
    status = content(answer.body).get("status") if answer.status == 200 else "gone"
    expect(status in ("ARCHIVED", "gone"), f"status of {path} after it was deleted", "ARCHIVED", status)
    left = platform.made.left
    expect(not left, "what could not be deleted", [], left)
