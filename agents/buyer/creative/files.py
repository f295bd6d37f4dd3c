"""The simulated CDN: files of creatives under their digest (rule 182)."""

from __future__ import annotations

from agents.buyer.context import platform_of
from agents.buyer.creative.answers import StoredFile, TextPage
from sandbox.core.errors import ApiError
from sandbox.kernel.endpoint import Context
from sandbox.operations import Group, Request

operation: Group = Group("creative files")


@operation(
    "get_file",
    "GET",
    "/files/{sha256}/{filename}",
    answer=StoredFile | TextPage,
    public=True,
    mcp=False,
    rules=(182,),
)
def get_file(ctx: Context, request: Request) -> StoredFile | TextPage:
    """A file of a creative. Pages and style sheets, which hold addresses of the platform, are given as text."""
    platform = platform_of(ctx)
    digest, name = request.path["sha256"], request.path["filename"]
    mime = platform.creative_store.served.get((digest, name))
    if mime is None:
        raise ApiError("NOT_FOUND", "there is no such file")
    if mime in ("text/html", "text/css"):
        text = ctx.world.files.get(digest).decode("utf-8", "replace")
        return {"contentType": mime, "text": text}
    return {"contentType": mime, "file": digest}
