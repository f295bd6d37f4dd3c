"""Macros in tracker URLs, and the values of catalog items in their place (docs/creative/universal-macros.mdx).

Values of a catalog come from a buyer's feed, so they are never trusted: a value is brought to Unicode NFC and
everything outside RFC 3986's unreserved characters is percent-encoded. Substitution is one pass: what looks like a
macro inside of a value stays what it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

MACRO = re.compile(r"\{([A-Z][A-Z0-9_]*)\}")
"""A macro of AdCP. Those of ad servers (``%%…%%``, ``${…}``, ``[…]``) are none of ours."""

SUPPORTED = (
    "MEDIA_BUY_ID", "PACKAGE_ID", "CREATIVE_ID", "CACHEBUSTER", "CLICK_URL", "DEVICE_TYPE", "COUNTRY", "CATALOG_ID",
    "SKU", "GTIN", "ITEM_NAME", "ITEM_DESCRIPTION", "ITEM_PRICE", "ITEM_PRICE_CURRENCY",
)  # fmt: skip
"""Macros that our formats support."""


def encode(value: str) -> str:
    """A value for any place of a URL; only letters, digits and ``-._~`` stay as they are."""
    return quote(unicodedata.normalize("NFC", value), safe="", errors="replace")


def substitute(text: str, values: Mapping[str, str]) -> str:
    """A URL with its macros filled in once; macros without a value stay."""
    return MACRO.sub(lambda match: encode(values[match[1]]) if match[1] in values else match[0], text)


def item_values(catalog: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, str]:
    """The values of a catalog's item by macro; a product without a SKU of its own is known by its id."""
    price = item.get("price")
    told = {
        "CATALOG_ID": catalog.get("catalog_id"),
        "SKU": item.get("sku", item.get("item_id") if catalog.get("type") == "product" else None),
        "GTIN": item.get("gtin"),
        "ITEM_NAME": item.get("title", item.get("name")),
        "ITEM_DESCRIPTION": item.get("description"),
        "ITEM_PRICE": price.get("amount") if isinstance(price, Mapping) else price,
        "ITEM_PRICE_CURRENCY": price.get("currency") if isinstance(price, Mapping) else None,
    }
    return {name: str(value) for name, value in told.items() if value is not None}
