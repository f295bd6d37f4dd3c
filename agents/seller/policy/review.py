"""Whether a creative may run."""

from __future__ import annotations

from typing import Any

from agents.seller.config import CreativeRule, ReviewConfig
from agents.seller.policy.approval import Decision, by_chance


def decide_creative(config: ReviewConfig, creative: dict[str, Any], draw: float) -> Decision:
    """Review a creative as ``sync_creatives`` carries it; ``draw`` is uniform in [0, 1)."""
    for rule in config.reject_if:
        grounds = _grounds(rule, creative)
        if grounds:
            return Decision("reject", rule.reason or " and ".join(grounds), code="CREATIVE_REJECTED")
    return by_chance(config.probability_of_rejection, draw, "follows the advertising policies")


def _grounds(rule: CreativeRule, creative: dict[str, Any]) -> list[str]:
    assets: dict[str, Any] = creative.get("assets", {})
    texts = " ".join(_texts(assets)).lower()
    stated: list[tuple[bool, str]] = []
    if rule.format is not None:
        found = creative.get("format_id", {}).get("id")
        stated.append((found == rule.format, f"the format {rule.format} is not accepted"))
    if rule.name_contains is not None:
        hit = rule.name_contains.lower() in creative.get("name", "").lower()
        stated.append((hit, f"the name contains {rule.name_contains!r}"))
    if rule.asset_contains is not None:
        stated.append((rule.asset_contains.lower() in texts, f"an asset contains {rule.asset_contains!r}"))
    if rule.missing_asset is not None:
        stated.append((rule.missing_asset not in assets, f"the asset {rule.missing_asset} is missing"))
    return [text for _, text in stated] if all(holds for holds, _ in stated) else []


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in _texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in _texts(part)]
    return [value] if isinstance(value, str) else []
