"""Where pictures of sessions are seen: on the platform's CDN, by their digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.buyer.sessions.records import Render
from agents.studio.design import SourceAsset

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

PNG = "image/png"


def publish(platform: BuyerPlatform, digest: str, name: str, content_type: str) -> None:
    """Put a file on the CDN."""
    platform.creative_store.served[digest, name] = content_type


def file_url(platform: BuyerPlatform, digest: str, name: str) -> str:
    """The address of a published file."""
    return platform.world.network.url(platform.id, f"files/{digest}/{name}")


def render_name(render: Render) -> str:
    """The name of a render's file."""
    return f"{render.width}x{render.height}.png"


def source_name(asset: SourceAsset) -> str:
    """The name of a source picture's file."""
    return f"source.{str(asset.content_type).rpartition('/')[2]}"
