"""What tests of the compact tools do in a world of one seller: buy, control, refine and accept, well or badly."""

from __future__ import annotations

from typing import Any

from tests.unit.seller.compact_story import ACCOUNT, Json
from tests.unit.seller.conftest import Stage

BRIEF = "television and display"


def bought(world: Stage, *purchases: Json, **more: Any) -> Json:
    """A direct purchase of published offers, by default ten days of television for 200 USD."""
    feed = world.call("list_products")
    fence = {name: feed[name] for name in ("feed_version", "pricing_version")}
    rows = purchases or ({"product_id": "daily_ctv", "pricing_option_id": "cpm_fixed", "budget": 200},)
    flight = {"start_time": "2026-05-03T00:00:00Z", "end_time": "2026-05-13T00:00:00Z"}
    return world.call("buy_products", account=ACCOUNT, **fence, purchases=list(rows), **{**flight, **more})


def control(world: Stage, buy: Json, **changes: Any) -> Json:
    told = {"account": ACCOUNT, "media_buy_id": buy["media_buy_id"], "revision": buy["revision"]}
    answer = world.call("control_media_buy", **{**told, **changes})
    buy["revision"] = answer["revision"]
    return answer


def not_controlled(world: Stage, buy: Json, **changes: Any) -> Json:
    told = {"account": ACCOUNT, "media_buy_id": buy["media_buy_id"], "revision": buy["revision"]}
    return world.error("control_media_buy", **{**told, **changes})


def refine_error(world: Stage, *entries: Json) -> Json:
    return world.error("refine_proposals", refinements=list(entries))


def wish(proposal: Json, **fields: Any) -> Json:
    return {"proposal_id": proposal["proposal_id"], "action": "revise", **fields}


def finalize(proposal: Json) -> Json:
    return {"proposal_id": proposal["proposal_id"], "action": "finalize"}


def accept_error(world: Stage, proposal: Json, **changes: Any) -> str:
    told = {"account": ACCOUNT, "proposal_id": proposal["proposal_id"]}
    told |= {"proposal_terms_digest": proposal["terms_digest"], **changes}
    return str(world.error("accept_proposal", **told)["code"])
