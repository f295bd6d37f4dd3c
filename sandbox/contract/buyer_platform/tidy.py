"""What checks make, and how as much of it as the API allows is taken away again: nothing must go on spending."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sandbox.contract.auth import Auth
from sandbox.contract.buyer_platform.answers import Body, archived, content, status_of
from sandbox.contract.talk import Answer, NoAnswer

TIDY_S = 20.0
"""How long is tried to take away what a check has made."""

LIVE = ("ACTIVE", "PAUSED", "PENDING_APPROVAL", "INPUT_REQUIRED")
"""Statuses of media buys that can be canceled."""

_LISTS = re.compile(r"advertisers/[^/]+/property-lists")


@dataclass(slots=True)
class Made:
    """Campaigns and property lists that a check has made, with who made them; ``left`` are those that had to stay.

    Advertisers, and what is entered for them, stay: the API deletes none.
    """

    paths: dict[str, Auth | None] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)

    def note(self, method: str, path: str, answer: Answer, who: Auth | None) -> None:
        """Remember what came of a request, wanted or not."""
        if method != "POST" or not 200 <= answer.status < 300:
            return
        named = "campaignId" if path == "campaigns" else "listId" if _LISTS.fullmatch(path) else None
        found = content(answer.body)
        if named is not None and isinstance(found, dict) and found.get(named):
            self.paths[f"{path}/{found[named]}"] = who


async def tidy(platform: Any, made: Made) -> None:
    """Cancel media buys, delete campaigns and lists; that is no part of the conversation."""
    shown, paths = len(platform.talk.exchanges), dict(made.paths)
    made.paths.clear()
    with suppress(TimeoutError):
        async with asyncio.timeout(TIDY_S):
            while paths:
                path, who = next(iter(paths.items()))
                if not await _gone(platform, path, who):
                    made.left.append(path)
                del paths[path]
    made.left += paths
    del platform.talk.exchanges[shown:]


async def _gone(platform: Any, path: str, who: Auth | None) -> bool:
    """True if what is at a path could be taken away, or is not there."""
    try:
        found = content((await platform.send("GET", path, auth=who)).body)
        if isinstance(found, dict) and archived(found):
            return True
        if path.startswith("campaigns/") and isinstance(found, dict):
            await _cancel(platform, path, found, who)
        status = (await platform.send("DELETE", path, auth=who)).status
    except NoAnswer:
        return False
    return bool(status < 300 or status in (404, 410))


async def _cancel(platform: Any, path: str, campaign: Body, who: Auth | None) -> None:
    """Cancel what runs of a campaign, or pause it where that is refused."""
    refs: list[Body] = campaign.get("mediaBuyRefs") or []
    ids = sorted({str(ref["mediaBuyId"]) for ref in refs if status_of(ref) in LIVE})
    rows = [{"mediaBuyId": one, "action": "cancel", "reason": "this was a check"} for one in ids]
    if rows and (await platform.send("PUT", path, {"mediaBuys": rows}, auth=who)).status >= 400:
        await platform.send("POST", f"{path}/pause", {}, auth=who)
