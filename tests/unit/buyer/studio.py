"""A campaign that needs banners, and the requests of a creative session on it."""

import io
from typing import Any

from PIL import Image, ImageDraw

from sandbox.kernel.endpoint import Principal, Reply
from sandbox.operations.answer import check_answer
from tests.unit.buyer.conftest import Platform

Json = dict[str, Any]

WIDE = {"x": 0, "y": 0, "width": 9999, "height": 1}


def png(width: int = 240, height: int = 360, colour: str = "#13315c", cutout: bool = False) -> bytes:
    """A picture: a book's cover, or a red disc on nothing."""
    image = Image.new("RGBA", (width, height), (0, 0, 0, 0) if cutout else colour)
    ImageDraw.Draw(image).ellipse((20, 20, width - 20, height - 20), fill="#e9c46a")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


class Studio:
    """A campaign that needs banners, and the requests of a creative session on it."""

    def __init__(self, platform: Platform, *channels: str) -> None:
        self.platform = platform
        self.advertiser = platform.advertiser()
        found = platform.discover(self.advertiser, channels=list(channels) or ["display"])
        platform.select(found)
        self.campaign = platform.campaign(self.advertiser, discoveryId=found["discoveryId"], brief="Books for summer")
        self.session = ""

    def upload(self, name: str, content: bytes, kind: str = "image/png") -> Json:
        digest = self.platform.world.files.put(content)
        return {"filename": name, "content_type": kind, "size": len(content), "sha256": digest, "field": "files"}

    def reply(self, operation: str, body: Json | None = None, files: list[Json] | None = None, **path: str) -> Reply:
        """Call an operation on the campaign, and on its session if there is one."""
        platform = self.platform
        place = {"campaignId": self.campaign, **path}
        route = platform.buyer.endpoint.operations[operation].detail  # type: ignore[union-attr]
        if "sessionId" in route.path_params:
            place.setdefault("sessionId", self.session)
        payload: Json = {"pathParams": place, "body": body} if route.body else {"pathParams": place, "params": body}
        if files:
            payload["files"] = files
        call = platform.world.network.call("driver", "buyer", operation, payload, Principal(platform.principal))
        process = platform.world.spawn(call)
        while not process.processed:
            platform.world.env.step()
        reply: Any = process.value
        if reply.ok:
            check_answer(route, reply.body)
        return reply  # type: ignore[no-any-return]

    def call(self, operation: str, body: Json | None = None, **more: Any) -> Json:
        reply = self.reply(operation, body, **more)
        assert reply.ok, reply.body
        return reply.body

    def error(self, operation: str, body: Json | None = None, **more: Any) -> Json:
        reply = self.reply(operation, body, **more)
        assert not reply.ok, reply.body
        return {**reply.body["error"], "http": reply.status}

    def start(self, files: list[Json] | None = None, **body: Any) -> Json:
        body = {"idea": 'Banner for the Wimbledon novel "The Shift"', "clickthrough_url": "https://acme.com/b", **body}
        session = self.call("start_creative_session", body, files=files)
        self.session = session["session_id"]
        return session

    def start_with_book(self, **said: Any) -> Json:
        """A session on a locked book cover whose rights are cleared."""
        source = {
            "filename": "cover.png",
            "role": "product",
            "locked_asset": True,
            "can_transform": False,
            "preservation_notes": "Keep the cover as it is",
            "rights": {"status": "cleared"},
            **said,
        }
        return self.start([self.upload("cover.png", png())], source_asset=source)

    def picture(self, render: Json) -> Image.Image:
        content = self.platform.world.files.get(render["checksum"])
        return Image.open(io.BytesIO(content)).convert("RGB")

    def checks(self, stage: str, variant: str, evaluator: str = "") -> list[Json]:
        body = {"stage": stage, "variant_id": variant}
        found = self.call("evaluate_creative_session", body)["checks"]
        return [check for check in found if evaluator in ("", check["evaluator"])]


def first(session: Json) -> str:
    return str(session["variants"][0]["variant_id"])
