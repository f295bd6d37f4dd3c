"""Creative manifests, formats, and how manifests reach sales agents (rules 65, 108, 112 and 177 to 190)."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest

from sandbox.kernel.faults import Fault
from tests.unit.buyer.conftest import MakePlatform, Platform

AGENT = "https://creative.adcontextprotocol.org"
BANNER = {"agent_url": AGENT, "id": "display_300x250_image"}
SPOT = {"agent_url": AGENT, "id": "video_standard_30s"}
CLICK = {"url": "https://acme.com/promo?x=1", "url_type": "CLICKTHROUGH"}


def banner(**fields: Any) -> dict[str, Any]:
    return {
        "name": "Banner",
        "format_id": BANNER,
        "assets": [{"asset_type": "IMAGE", "url": "https://cdn.acme.com/banner.png"}],
        "url_asset": CLICK,
        **fields,
    }


def spot(**fields: Any) -> dict[str, Any]:
    assets = [{"asset_type": "VIDEO", "url": "https://cdn.acme.com/spot.mp4"}]
    return {"name": "Spot", "format_id": SPOT, "assets": assets, **fields}


class Flight:
    """A campaign with products of one or more agents, and its creatives."""

    def __init__(self, platform: Platform, *products: str) -> None:
        self.platform = platform
        found = platform.discover(platform.advertiser())
        platform.select(found, *products)
        campaign = platform.campaign("1", discoveryId=found["discoveryId"])
        self.path = {"campaignId": campaign}

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        return self.platform.call("create_creative", body, self.path)

    def creative(self, creative_id: str) -> dict[str, Any]:
        return self.platform.call("get_creative", path={**self.path, "creativeId": creative_id})

    def execute(self) -> dict[str, Any]:
        return self.platform.call("execute_campaign", {"debug": True}, self.path)

    def campaign(self) -> dict[str, Any]:
        return self.platform.call("get_campaign", path=self.path)

    def impressions(self, days: str = "3d") -> int:
        self.platform.advance(days)
        return sum(event.data["impressions"] for event in self.platform.events("delivery"))


def test_a_manifest_belongs_to_a_campaign_and_has_its_brand(platform: Platform) -> None:  # rules 2 and 177
    flight = Flight(platform, "herald_display")
    made = flight.create(banner(message="bold", frequencyCaps=[
        {"max_impressions": 2, "window": {"interval": 1, "unit": "days"}}
    ]))  # fmt: skip
    assert (made["campaign_id"], made["brand_domain"]) == (flight.path["campaignId"], "acme.com")
    assert made["frequencyCaps"][0]["targetLevel"] == "CREATIVE"
    assert made["target_format_ids"] == [BANNER]
    assert made["assets"][0]["asset_source"] == "url"
    assert made["auto_detected_template"] == {"template_id": "display_image", "method": "asset_type"}
    assert flight.creative(made["creative_id"]) == made


def test_trackers_wrap_the_landing_page(platform: Platform) -> None:  # rule 183
    made = Flight(platform, "herald_display").create(banner())
    assert unquote(made["tracking"]["click_url"]).endswith(f"rurl={CLICK['url']}")
    assert "{CAMPAIGN_ID}" in made["tracking"]["impression_url"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"assets": [{"asset_type": "URL", **CLICK}]}, "url_asset"),  # rule 179
        ({"format_kind": "image"}, "format_kind"),  # rule 180
        ({"assets": [{"asset_type": "PAPYRUS", "url": "https://a.com/x"}]}, "assets[0].asset_type"),  # rule 181
        ({"assets": [{"asset_type": "IMAGE"}]}, "assets[0]"),
        ({"assets": [{"asset_type": "IMAGE", "url": "https://a.com/x"}] * 21}, "assets"),  # rule 178
        ({"url_asset": {"url": "https://a.com", "url_type": "POSTCARD"}}, "url_asset.url_type"),
        ({"name": ""}, "name"),
    ],
)
def test_a_wrong_manifest_is_not_made(platform: Platform, fields: dict[str, Any], field: str) -> None:
    flight = Flight(platform, "herald_display")
    error = platform.error("create_creative", banner(**fields), flight.path)
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", field)
    assert platform.call("list_creatives", path=flight.path) == {"manifests": [], "total": 0}


def test_vast_has_an_older_name(platform: Platform) -> None:  # C22
    made = Flight(platform, "herald_olv").create(
        {"name": "Tag", "assets": [{"asset_type": "VIDEO_VAST", "url": "https://a.com/vast.xml"}]}
    )
    assert made["assets"][0]["asset_type"] == "VAST"


def test_coverage_is_over_the_formats_of_all_selected_products(platform: Platform) -> None:  # rule 65
    flight = Flight(platform, "herald_display", "streamtv_ctv")
    formats = flight.campaign()["creativeFormats"]
    assert len(formats["required"]) == 5
    assert formats["missing"] == formats["required"]
    flight.create(banner())
    flight.create(spot())
    formats = flight.campaign()["creativeFormats"]
    assert formats["covered"] == [BANNER, SPOT]
    assert [ref for ref in formats["required"] if ref not in formats["covered"]] == formats["missing"]
    assert len(formats["missing"]) == 3


def test_a_manifest_without_a_format_serves_what_its_assets_fit(platform: Platform) -> None:  # rule 182
    flight = Flight(platform, "herald_display", "streamtv_ctv")
    sized = [{"asset_type": "IMAGE", "url": "https://a.com/b.png", "width": 728, "height": 90}]
    made = flight.create({"name": "Any", "assets": sized})
    assert [ref["id"] for ref in made["target_format_ids"]] == ["display_728x90_image"]
    kind = flight.create({"name": "Any video", "format_kind": "video_hosted", "assets": spot()["assets"]})
    assert [ref["id"] for ref in kind["target_format_ids"]] == ["video_standard_15s", "video_standard_30s"]


def test_lists_are_summaries_and_found_by_name(platform: Platform) -> None:  # rules 7, 8, 10 and 108, C21
    flight = Flight(platform, "herald_display")
    caps = [{"max_impressions": 2, "window": {"interval": 1, "unit": "days"}}]
    flight.create(banner(name="Hero A", quality="final", frequencyCaps=caps))
    flight.create(banner(name="Other"))
    found = platform.call("list_creatives", path=flight.path, params={"search": "hERO", "take": "1"})
    row = found["manifests"][0]
    assert found["total"] == 1
    assert row["asset_count"] == 2
    assert not {"assets", "message", "tracking", "frequencyCaps", "target_format_ids"} & set(row)
    with_caps = platform.call("list_creatives", path=flight.path, params={"includeFrequencyCaps": "true"})
    assert len(with_caps["manifests"][0]["frequencyCaps"]) == 1
    assert platform.call("list_creatives", path=flight.path, params={"quality": "final"})["total"] == 1


def test_assets_are_added_deleted_and_reclassified(platform: Platform) -> None:  # rule 184
    flight = Flight(platform, "herald_display")
    made = flight.create(banner())
    image = made["assets"][0]["asset_id"]
    path = {**flight.path, "creativeId": made["creative_id"]}
    changed = platform.call(
        "update_creative",
        {"reclassify_assets": [{"asset_id": image, "asset_type": "LOGO"}], "new_assets": banner()["assets"]},
        path,
    )
    assert [asset["asset_type"] for asset in changed["assets"]] == ["LOGO", "URL", "IMAGE"]
    changed = platform.call("update_creative", {"delete_asset_ids": [image]}, path)
    assert [asset["asset_type"] for asset in changed["assets"]] == ["URL", "IMAGE"]
    error = platform.error("update_creative", {"delete_asset_ids": [image]}, path)
    assert (error["code"], error["field"]) == ("NOT_FOUND", "delete_asset_ids[0]")
    assert platform.error("update_creative", {"url_asset": CLICK}, path)["field"] == "url_asset"  # rule 179


def test_caps_of_a_creative_are_replaced_as_a_whole(platform: Platform) -> None:  # rules 98 and 109
    flight = Flight(platform, "herald_display")
    cap = {"max_impressions": 2, "window": {"interval": 1, "unit": "days"}}
    path = {**flight.path, "creativeId": flight.create(banner(frequencyCaps=[cap]))["creative_id"]}
    assert len(platform.call("update_creative", {"name": "B"}, path)["frequencyCaps"]) == 1
    assert platform.call("update_creative", {"frequencyCaps": []}, path)["frequencyCaps"] == []


def test_a_cap_of_a_creative_holds_over_all_agents(platform: Platform) -> None:  # rules 105 and 107
    flight = Flight(platform, "herald_display", "tribune_display")
    cap = {"max_impressions": 2, "window": {"interval": 1, "unit": "campaign"}}
    made = flight.create(banner(frequencyCaps=[cap]))
    flight.execute()
    assert flight.impressions("20d") > 1_000
    seen = platform.world.market.engine.frequency("creative", made["creative_id"])
    assert max(seen) == 2


def test_a_library_gets_manifests_by_sync_and_packages_refer_to_them(platform: Platform) -> None:  # 186, 187
    flight = Flight(platform, "herald_display", "streamtv_ctv")
    one, two = flight.create(banner()), flight.create(spot())
    flight.execute()
    synced = platform.messages("sync_creatives", to="northstar")
    assert [c["creative_id"] for c in synced[0]["creatives"]] == [one["creative_id"]]
    bought = platform.messages("create_media_buy", to="northstar")[0]["packages"][0]
    assert bought["creative_assignments"] == [{"creative_id": one["creative_id"]}]
    assert "creatives" not in bought
    status = flight.creative(two["creative_id"])["sync_status"]
    assert (status["synced"], status["agent_count"]) == (1, 1)
    assert status["last_synced_at"] is not None
    assert flight.impressions() > 0


def test_an_agent_without_a_library_gets_manifests_inline(make_platform: MakePlatform) -> None:  # rule 187
    platform = make_platform(sellers={"northstar": {"creative_library": False}})
    flight = Flight(platform, "herald_display")
    made = flight.create(banner())
    flight.execute()
    assert platform.messages("sync_creatives") == []
    inline = platform.messages("create_media_buy")[0]["packages"][0]["creatives"]
    assert [c["creative_id"] for c in inline] == [made["creative_id"]]
    assert inline[0]["assets"]["click_url"]["url"] == made["tracking"]["click_url"]
    assert flight.impressions() > 0


def test_an_agent_that_does_not_say_is_tried_with_sync(make_platform: MakePlatform) -> None:  # rule 187
    platform = make_platform(sellers={"northstar": {"creative_library": None}})
    flight = Flight(platform, "herald_display")
    flight.create(banner())
    flight.execute()
    assert len(platform.messages("sync_creatives")) == 1
    assert "creative_assignments" in platform.messages("create_media_buy")[0]["packages"][0]


def test_when_sync_fails_manifests_go_inline_if_the_agent_allows(make_platform: MakePlatform) -> None:  # 188
    platform = make_platform()
    flight = Flight(platform, "herald_display")
    flight.create(banner())
    platform.world.network.config.faults.append(Fault("unavailable", message="sync_creatives"))
    assert flight.execute()["success"] is True
    assert "creatives" in platform.messages("create_media_buy")[0]["packages"][0]
    assert flight.impressions() > 0


def test_when_sync_fails_at_a_library_only_agent_the_buy_fails(make_platform: MakePlatform) -> None:  # 188
    platform = make_platform()
    flight = Flight(platform, "herald_display")
    flight.create(banner())
    capabilities = platform.buyer.sellers._capabilities["northstar"]
    capabilities["media_buy"]["features"] = {"inline_creative_management": False}
    platform.world.network.config.faults.append(Fault("unavailable", message="sync_creatives"))
    answer = flight.execute()
    assert answer["success"] is False
    assert "sync_creatives" in answer["errors"][0]["message"]
    assert platform.messages("create_media_buy") == []


def test_when_sync_fails_at_a_library_only_agent_the_change_of_a_buy_fails(make_platform: MakePlatform) -> None:
    # rule 188
    platform = make_platform()
    flight = Flight(platform, "herald_display")
    flight.create(banner())
    flight.execute()
    capabilities = platform.buyer.sellers._capabilities["northstar"]
    capabilities["media_buy"]["features"] = {"inline_creative_management": False}
    platform.world.network.config.faults.append(Fault("unavailable", message="sync_creatives"))
    late = flight.create(banner(name="Late"))["creative_id"]
    buy = flight.campaign()["mediaBuyRefs"][0]["mediaBuyId"]
    body = {"mediaBuys": [{"mediaBuyId": buy, "creative_ids": [late]}]}
    reply = platform.reply("update_campaign", body, flight.path)
    assert "sync_creatives" in str(reply.body)
    assert platform.messages("update_media_buy") == []


def test_one_manifest_serves_the_buys_of_several_agents(platform: Platform) -> None:  # rule 186
    flight = Flight(platform, "herald_display", "tribune_display")
    made = flight.create(banner())
    flight.execute()
    status = flight.creative(made["creative_id"])["sync_status"]
    assert (status["synced"], status["agent_count"]) == (2, 2)


@pytest.mark.parametrize("library", [True, False])
def test_a_changed_manifest_is_sent_again_wherever_it_runs(make_platform: MakePlatform, library: bool) -> None:
    # rules 112 and 186
    platform = make_platform(sellers={"northstar": {"creative_library": library}})
    flight = Flight(platform, "herald_display", "tribune_display")
    made = flight.create(banner())
    flight.execute()
    platform.advance("2d")
    body = {"name": "New name"}
    changed = platform.call("update_creative", body, {**flight.path, "creativeId": made["creative_id"]})
    assert changed["sync_status"]["synced"] == 2
    tool, part = ("sync_creatives", "creatives") if library else ("update_media_buy", "packages")
    sent = platform.messages(tool, to="northstar")[-1][part][0]
    assert (sent if library else sent["creatives"][0])["name"] == "New name"
    assert platform.messages("sync_creatives", to="summit")[-1]["creatives"][0]["name"] == "New name"


def test_a_change_that_agents_do_not_see_is_not_sent(platform: Platform) -> None:
    flight = Flight(platform, "herald_display")
    made = flight.create(banner())
    flight.execute()
    platform.advance("1h")
    path = {**flight.path, "creativeId": made["creative_id"]}
    changed = platform.call("update_creative", {"tag": "x"}, path)
    assert changed["updated_at"] > made["updated_at"]
    assert len(platform.messages("sync_creatives")) == 1


@pytest.mark.parametrize("library", [True, False])
def test_a_manifest_that_comes_late_still_reaches_the_running_buy(
    make_platform: MakePlatform, library: bool
) -> None:  # rule 186
    platform = make_platform(sellers={"northstar": {"creative_library": library}})
    flight = Flight(platform, "herald_display")
    flight.execute()
    assert flight.impressions("4d") == 0
    flight.create(banner())
    assert flight.impressions("2d") > 0


def test_what_did_not_reach_an_agent_is_tried_again_later(make_platform: MakePlatform) -> None:  # rule 186
    platform = make_platform()
    flight = Flight(platform, "herald_display")
    flight.create(banner())
    flight.execute()
    platform.advance("1d")
    platform.world.network.set_down("northstar", True)
    made = flight.create(banner(name="Second"))
    assert made["sync_status"]["synced"] == 0
    platform.world.network.set_down("northstar", False)
    platform.advance("7h")
    assert flight.creative(made["creative_id"])["sync_status"]["synced"] == 1


def test_a_deleted_manifest_stops_running(platform: Platform) -> None:  # rule 184
    flight = Flight(platform, "herald_display")
    one, two = flight.create(banner()), flight.create(banner(name="Second"))
    flight.execute()
    platform.advance("3d")
    path = {**flight.path, "creativeId": one["creative_id"]}
    reply = platform.reply("delete_creative", path=path)
    assert (reply.status, reply.body) == (204, {})
    assert platform.error("get_creative", path=path)["code"] == "NOT_FOUND"
    assert platform.call("list_creatives", path=flight.path)["total"] == 1
    assert platform.buyer.creatives[one["creative_id"]].archived_ms is not None
    left = platform.messages("update_media_buy")[-1]["packages"][0]["creative_assignments"]
    assert left == [{"creative_id": two["creative_id"]}]


def test_what_the_reviewers_say_is_shown(make_platform: MakePlatform) -> None:  # rule 186
    review = {"mode": "manual", "delay": "1d", "reject_if": [{"name_contains": "bad"}]}
    platform = make_platform(sellers={"northstar": {"creative_review": review}})
    flight = Flight(platform, "herald_display")
    good, bad = flight.create(banner()), flight.create(banner(name="bad idea"))
    flight.execute()
    assert flight.creative(good["creative_id"])["review_status"] == {"northstar": "pending_review"}
    platform.advance("2d")
    assert flight.creative(good["creative_id"])["review_status"] == {"northstar": "approved"}
    assert flight.creative(bad["creative_id"])["review_status"] == {"northstar": "rejected"}


def test_only_the_chosen_creatives_go_to_a_buy(platform: Platform) -> None:
    flight = Flight(platform, "herald_display")
    one = flight.create(banner())
    flight.create(banner(name="Second"))
    buy = flight.campaign()["mediaBuyRefs"][0]["mediaBuyId"]
    body = {"mediaBuys": [{"mediaBuyId": buy, "creative_ids": [one["creative_id"]]}]}
    platform.call("update_campaign", body, flight.path)
    flight.execute()
    bought = platform.messages("create_media_buy")[0]["packages"][0]
    assert bought["creative_assignments"] == [{"creative_id": one["creative_id"]}]


def test_templates_and_formats_come_from_the_products_agents(platform: Platform) -> None:  # rule 190
    flight = Flight(platform, "herald_display", "tribune_display", "streamtv_ctv")
    body = platform.call("list_creative_templates", path=flight.path)
    assert len(body["campaign_format_ids"]) == 5
    assert [p["product_id"] for p in body["campaign_products"]] == [
        "herald_display", "streamtv_ctv", "tribune_display",
    ]  # fmt: skip
    assert {t["template_id"] for t in body["templates"]} == {"display_image", "video_standard"}
    assert platform.call("list_formats")["total"] == 5
    one = platform.call("get_format", path={"agentUrl": f"{AGENT}/", "formatId": SPOT["id"]})
    assert one["format_id"] == SPOT
    error = platform.error("get_format", path={"agentUrl": AGENT, "formatId": "papyrus"})
    assert error["code"] == "NOT_FOUND"


def test_the_dashboard_is_of_the_customers_campaign(platform: Platform) -> None:  # rule 185
    flight = Flight(platform, "herald_display")
    params = {"advertiserId": "1", "campaignId": flight.path["campaignId"]}
    assert "customers/1/" in platform.call("get_creative_dashboard_url", params=params)["url"]
    platform.advertiser(name="Other")
    error = platform.error("get_creative_dashboard_url", params={**params, "advertiserId": "2"})
    assert error["code"] == "NOT_FOUND"


def test_a_creative_of_another_campaign_is_not_found(platform: Platform) -> None:  # rule 13
    flight = Flight(platform, "herald_display")
    made = flight.create(banner())
    other = platform.campaign("1", name="Other")
    path = {"campaignId": other, "creativeId": made["creative_id"]}
    assert platform.error("get_creative", path=path)["code"] == "NOT_FOUND"
