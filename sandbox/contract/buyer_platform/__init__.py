"""Checks of a buyer platform over REST and MCP: the numbered rules as far as they can be seen from outside.

The modules register their checks, in this order: that of the parts A to P.
"""

from importlib import import_module

from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.platform import Platform, open_platform
from sandbox.contract.check import Subject

_GROUPS = (
    "requests accounts advertisers campaigns goals lifecycle buys periods discovery selection events measurement "
    "audiences catalogs property_lists reporting news running creatives sessions tools flights credentials tidied"
)
for _group in _GROUPS.split():
    import_module(f"{__name__}.{_group}")

SUBJECT: Subject[Platform] = Subject(
    "buyer-platform", "The buyer platform", open_platform, CHECKS, ("other_auth", "control", "brand", "mcp")
)
