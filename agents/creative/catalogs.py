"""Which of a buyer's catalogs, and which of its items, a message speaks of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agents.creative.agent import CreativeAgent

Body = dict[str, Any]


@dataclass(slots=True, frozen=True)
class Feed:
    """The items that a creative is made for, and their catalog. ``item`` is the one that it shows first, if any."""

    catalog: Body
    items: tuple[Body, ...]
    item: Body | None = None


def feed_for(agent: CreativeAgent, account_id: str | None, message: str, assets: Body) -> Feed | None:
    """The catalog that a message or a manifest names, or that has the item that the message names; else None."""
    mine = [body for (owner, _), body in agent.synced.catalogs.items() if owner == account_id]
    named = {asset.get("catalog_id") for asset in assets.values() if isinstance(asset, dict)}
    text = message.lower()
    for catalog in mine:
        items = tuple(catalog.get("items", ()))
        item = next((one for one in items if _told(one, text)), None)
        if catalog["catalog_id"] in named or catalog["catalog_id"].lower() in text or item is not None:
            return Feed(catalog, items, item)
    if mine and re.search(r"\bcatalog(ue)?\b|\bfeed\b", text):
        return Feed(mine[-1], tuple(mine[-1].get("items", ())))
    return None


def _told(item: Body, text: str) -> bool:
    names = (str(item.get(name, "")).lower() for name in ("title", "name"))
    return any(len(name) > 2 and name in text for name in names)
