"""Part P: creative sessions, from an idea over drafts to creatives.

The documents name the address at which a session starts; those for what comes after are the sandbox's own.
"""

from __future__ import annotations

from typing import Any

from sandbox.contract.buyer_platform.answers import Body, judge
from sandbox.contract.buyer_platform.banners import SIZE, key_of, pictured, png, taken, upload
from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.platform import Platform
from sandbox.contract.check import Skipped, expect

LOCK: Body = {"locked_asset": True, "can_transform": False, "preservation_notes": "Keep the picture as it is"}
KINDS = {
    "readiness": {"draft", "final"},
    "fidelity": {"draft", "final"},
    "brand": {"draft", "final"},
    "format": {"final"},
    "policy": {"final"},
    "performance": {"postflight"},
}
"""Kinds of evaluators, by a word of their names, with the stages at which they run."""


class Workshop:
    """A creative session on a new draft campaign."""

    def __init__(self, platform: Platform, campaign: str, session: Body) -> None:
        self.platform, self.campaign, self.session = platform, campaign, session
        self.path = f"campaigns/{campaign}/creative-sessions/{session['session_id']}"
        self.first = str(session["variants"][0]["variant_id"])

    async def ask(self, action: str, **body: Any) -> Body:
        """Something that must succeed."""
        found: Body = await self.platform.ok("POST", f"{self.path}/{action}", body)
        return found

    async def read(self) -> Body:
        """The session as it is now."""
        found: Body = await self.platform.ok("GET", self.path)
        return found

    async def saved(self) -> list[str]:
        """Ids of the campaign's creatives."""
        rows = (await self.platform.ok("GET", f"campaigns/{self.campaign}/creatives"))["manifests"]
        return [row["creative_id"] for row in rows]

    async def stopped(self, why: str) -> None:
        """Finalising the first draft must be refused, and save nothing."""
        answer = await self.platform.send("POST", f"{self.path}/finalize", {"variant_id": self.first})
        self.platform.there(answer, "POST", f"{self.path}/finalize")
        judge(answer, f"finalising with {why}", "INVALID_STATE", "VALIDATION_ERROR", "CONFLICT")
        expect(await self.saved() == [], "creatives of the campaign", [], await self.saved())


async def start(platform: Platform, campaign: str | None = None, **asset: Any) -> Workshop:
    """Start a session on one uploaded picture."""
    campaign = campaign or str((await platform.campaign())["campaignId"])
    source = {"filename": "tent.png", "role": "product", "rights": {"status": "cleared"}, **asset}
    idea = {
        "idea": "Acme tents for the summer",
        "clickthrough_url": f"https://{platform.brand}/",
        "source_asset": source,
    }
    path = f"campaigns/{campaign}/creative-sessions"
    answer = await upload(platform, path, idea, ("tent.png", "image/png", png()))
    platform.there(answer, "POST", path)
    if answer.status == 400:
        raise Skipped(f"sessions are started in another way, of which the documents say nothing: {answer.text[:200]}")
    return Workshop(platform, campaign, taken(answer, "starting a session"))


@CHECKS.add("sessions.drafts", "rule 191", "should")
async def drafts(platform: Platform) -> None:
    """An idea becomes drafts to look at, which are no creatives of the campaign yet."""
    shop = await start(platform)
    for variant in shop.session["variants"]:
        shown = (
            variant["status"],
            bool(variant.get("preview_url")),
            (variant.get("lineage") or {}).get("parent_variant_id"),
        )
        expect(shown == ("draft", True, None), "status, preview, parent", ("draft", True, None), shown)
    expect(await shop.saved() == [], "creatives of the campaign", [], await shop.saved())


@CHECKS.add("sessions.refined", "rule 191", "should")
async def refined(platform: Platform) -> None:
    """A refinement in plain words makes drafts that know what they come from."""
    shop = await start(platform)
    done = await shop.ask("refine", variant_id=shop.first, feedback="make the product more prominent")
    parents = [variant["lineage"]["parent_variant_id"] for variant in done["variants"]]
    expect(bool(parents) and set(parents) == {shop.first}, "parents of the new drafts", [shop.first], parents)
    shown = [variant["variant_id"] for variant in (await shop.read())["variants"]]
    missing = [variant["variant_id"] for variant in done["variants"] if variant["variant_id"] not in shown]
    expect(shop.first in shown and not missing, "variants of the session", "old and new ones", shown)


@CHECKS.add("sessions.finalized", "rule 191", "should")
async def finalized(platform: Platform) -> None:
    """Finalising makes creatives of the campaign."""
    shop = await start(platform)
    await shop.ask("approve", variant_id=shop.first)
    expect(await shop.saved() == [], "creatives before finalising", [], await shop.saved())
    done = [row["creative_id"] for row in (await shop.ask("finalize"))["creatives"]]
    saved = await shop.saved()
    expect(bool(done) and sorted(done) == sorted(saved), "creatives of the campaign", done, saved)


@CHECKS.add("sessions.advisory", "rule 192", "should")
async def advisory(platform: Platform) -> None:
    """What evaluators find in a draft is advice: it stops no refinement, and no approval."""
    shop = await start(platform, rights={"status": "restricted"})
    found = await shop.ask("evaluate", variant_id=shop.first, stage="draft")
    expect(found["advisory"] is True, "advisory", True, found["advisory"])
    stops = [check["check"] for check in found["checks"] if check["blocking"]]
    expect(not stops and not found["blocked"], "findings that block", [], stops)
    await shop.ask("refine", variant_id=shop.first, feedback="make the product more prominent")


@CHECKS.add("sessions.gate", "rule 192", "should")
async def gate(platform: Platform) -> None:
    """A failure of a final stops finalisation, and warnings alone do not."""
    shop = await start(platform, rights={"status": "restricted"})
    found = await shop.ask("evaluate", variant_id=shop.first, stage="final")
    expect((found["advisory"], found["blocked"]) == (False, True), "advisory, blocked", (False, True), found["checks"])
    await shop.stopped("a blocking failure")
    shop = await start(platform, rights={"status": "unknown"})
    done = await shop.ask("finalize", variant_id=shop.first)
    expect(bool(done["warnings"]), "warnings", "those that stopped nothing", done["warnings"])


@CHECKS.add("sessions.rights", "rule 193", "should")
async def rights(platform: Platform) -> None:
    """Restricted and expired rights stop finalisation, unknown ones do not; provenance says nothing of rights."""
    await (await start(platform, rights={"status": "restricted"})).stopped("restricted rights")
    await (await start(platform, rights={"status": "expired"})).stopped("expired rights")
    shop = await start(platform, rights={"status": "unknown"}, provenance={"source": "dam"})
    asset = shop.session["asset_store"]["assets"][0]
    shown = (asset["provenance"]["source"], asset["rights"]["status"])
    expect(shown == ("dam", "unknown"), "provenance.source and rights.status", ("dam", "unknown"), shown)
    found = await shop.ask("evaluate", variant_id=shop.first, stage="final")
    stops = [check["check"] for check in found["checks"] if check["blocking"]]
    expect(not stops, "findings that block", [], stops)


@CHECKS.add("sessions.locked", "rule 194", "should")
async def locked(platform: Platform) -> None:
    """A locked asset is kept as such, and every draft that shows it shows all of it, in its proportions."""
    shop = await start(platform, **LOCK)
    asset = shop.session["asset_store"]["assets"][0]
    wanted = {"role": "product", **LOCK}
    shown = {field: asset.get(field) for field in wanted}
    expect(shown == wanted, "the locked asset", wanted, shown)
    for variant in shop.session["variants"]:
        for picture in variant.get("renders") or []:
            for place in picture.get("placements") or []:
                if place.get("asset_id") == asset["asset_id"] and {"render_crop", "box"} <= set(place):
                    _whole(place)


def _whole(place: Body) -> None:
    crop, box = place["render_crop"], place["box"]
    shown = (crop["width"], crop["height"])
    expect(shown == SIZE, "part of a locked picture that is shown", SIZE, shown)
    apart = abs(box["width"] * SIZE[1] - box["height"] * SIZE[0])
    expect(apart <= max(SIZE), "proportions of a locked picture", SIZE, box)


@CHECKS.add("sessions.evaluators", "rule 195", "should")
async def evaluators(platform: Platform) -> None:
    """Evaluators of six kinds run each at their stages; those of performance only once something was delivered."""
    shop = await start(platform)
    for stage in ("draft", "final"):
        rows = (await shop.ask("evaluate", variant_id=shop.first, stage=stage))["evaluators"]
        shown = sorted(_kind(row["evaluator"]) for row in rows)
        wanted = sorted(kind for kind, stages in KINDS.items() if stage in stages)
        expect(shown == wanted, f"evaluators of the stage {stage}", wanted, shown)
    body = {"variant_id": shop.first, "stage": "postflight"}
    await platform.refused("POST", f"{shop.path}/evaluate", body, "INVALID_STATE")


def _kind(evaluator: str) -> str:
    return next((kind for kind in KINDS if kind in evaluator.lower()), evaluator)


@CHECKS.add("sessions.performance", "rule 195", "should")
async def performance(platform: Platform) -> None:
    """How well a creative did is judged from deliveries that were reported, and is open before."""
    campaign, shop = await _prepared(platform)
    await shop.ask("finalize", variant_id=shop.first)
    await platform.execute(campaign)
    early = await shop.ask("evaluate", variant_id=shop.first, stage="postflight")
    expect(early["status"] == "not_run", "status before the flight", "not_run", early["status"])
    await platform.pass_days(4)
    late = await shop.ask("evaluate", variant_id=shop.first, stage="postflight")
    expect(late["status"] in ("pass", "warn", "fail"), "status after three days", "a judgement", late["status"])


async def _prepared(platform: Platform) -> tuple[Body, Workshop]:
    """A draft campaign with a display product and no creatives, and a session on it."""
    campaign, made = await pictured(platform)
    await platform.ok("DELETE", f"campaigns/{campaign['campaignId']}/creatives/{made['creative_id']}")
    return campaign, await start(platform, campaign["campaignId"])


@CHECKS.add("sessions.coverage", "rule 196", "should")
async def coverage(platform: Platform) -> None:
    """Each creative that is saved fits the format for which it was made, and covers it from then on."""
    _, shop = await _prepared(platform)
    for row in (await shop.ask("finalize", variant_id=shop.first))["creatives"]:
        whole = await platform.ok("GET", f"campaigns/{shop.campaign}/creatives/{row['creative_id']}")
        fits = [key_of(ref) for ref in whole["target_format_ids"]]
        expect(key_of(row["format_id"]) in fits, f"target_format_ids of {row['name']}", row["format_id"], fits)
        told = (await platform.read(shop.campaign))["creativeFormats"]
        missing = [key_of(ref) for ref in told["missing"]]
        expect(key_of(row["format_id"]) not in missing, "creativeFormats.missing", f"not {row['format_id']}", missing)


@CHECKS.add("sessions.renders", "rule 197", "should")
async def renders(platform: Platform) -> None:
    """Renders of the formats appear when a final is approved, and not before."""
    shop = await start(platform)
    early = shop.session.get("format_renders")
    expect(not early, "format_renders before the approval", "none", early)
    await shop.ask("approve", variant_id=shop.first)
    shown = sorted(key_of(row["format_id"]) for row in (await shop.read()).get("format_renders") or [])
    wanted = sorted(key_of(ref) for ref in shop.session["target_format_ids"])
    expect(bool(shown) and shown == wanted, "formats of format_renders", wanted, shown)
