"""A sales agent that offers the tools of other agents at its own address, and heeds the plans that they keep."""

from __future__ import annotations

from typing import Any

import pytest

from agents.creative import KIND as CREATIVE
from agents.governance import KIND as GOVERNANCE
from agents.governance import GovernanceAgent
from agents.publisher import KIND as PUBLISHER
from agents.seller import KIND as SELLER
from agents.signals import KIND as SIGNALS
from agents.sponsored import KIND as SPONSORED
from sandbox.core.errors import InputError
from sandbox.core.time import parse_instant
from sandbox.kernel.actor import Actor
from sandbox.kernel.checkers import CHECKERS
from sandbox.kernel.endpoint import Principal
from sandbox.kernel.network import Network
from sandbox.kernel.world import World
from sandbox.protocol.tools import TOOLS

Json = dict[str, Any]

ACCOUNT = {"brand": {"domain": "acme.com"}, "operator": "agency.example"}
GOVERNOR = "https://127.0.0.1:8081/agents/governor/mcp"
TENTS = {"id": "tents", "title": "Tents", "products": [{"id": "tent", "name": "Light tent", "price": 240}]}
NORTHSTAR = "http://127.0.0.1:8081/agents/northstar/a2a"


class Driver(Actor):
    """Clients from outside come through it."""

    role = "driver"


class House:
    """A seller, and a governance, a creative, a signals and a sponsored agent; and a client from outside."""

    def __init__(self, others: list[str] | None = None, **settings: Any) -> None:
        self.world = World(7, parse_instant("2026-05-01"), users=1_000)
        self.checkers = [checker(self.world) for checker in CHECKERS]
        for checker in self.checkers:
            self.world.trace.listen(checker.on_event)
        place = {"domain": "daily.example", "placements": [{"channel": "display", "countries": ["US"]}]}
        self.world.add(PUBLISHER.build(self.world, "daily", PUBLISHER.config(**place)))
        given = {"departments": ["governor", "studio"], "governance_aware": True} | settings
        self.world.add(SELLER.build(self.world, "northstar", SELLER.config(**given)))
        self.world.add(GOVERNANCE.build(self.world, "governor", GOVERNANCE.config(review={"delay": "1h"})))
        self.world.add(CREATIVE.build(self.world, "studio", CREATIVE.config(personality="generative")))
        self.world.add(SIGNALS.build(self.world, "data", SIGNALS.config(departments=["governor", *(others or [])])))
        talks = {"brand": "acme.com", "offerings": [TENTS], "test_controller": True}
        self.world.add(SPONSORED.build(self.world, "host", SPONSORED.config(**talks)))
        self.world.add(Driver(self.world, "client"))
        self.world.start()
        self._keys = 0

    @property
    def governor(self) -> GovernanceAgent:
        actor = self.world.actors["governor"]
        assert isinstance(actor, GovernanceAgent)
        return actor

    def reply(self, name: str, to: str = "northstar", **body: Any) -> Any:
        payload = {"adcp_version": "3.1"} | body
        if TOOLS[name].mutating:
            self._keys += 1
            payload.setdefault("idempotency_key", f"key-{self._keys:016d}")
        process = self.world.spawn(self.world.network.call("client", to, name, payload, Principal("acme")))
        while not process.processed:
            self.world.env.step()
        return process.value

    def call(self, name: str, to: str = "northstar", **body: Any) -> Json:
        reply = self.reply(name, to, **body)
        assert reply.ok, reply.body
        return dict(reply.body)

    def error(self, name: str, to: str = "northstar", **body: Any) -> Json:
        reply = self.reply(name, to, **body)
        assert not reply.ok, reply.body
        return dict(reply.body["adcp_error"])

    def plan(self, total: float = 1000, to: str = "northstar", **more: Any) -> Json:
        body = {
            "plan_id": "plan",
            "brand": {"domain": "acme.com"},
            "objectives": "Sell more",
            "budget": {"total": total, "currency": "USD", "reallocation_unlimited": True},
            "flight": {"start": "2026-05-01T00:00:00Z", "end": "2026-06-01T00:00:00Z"},
        } | more
        return self.call("sync_plans", to, plans=[body])

    def order(self, budget: float = 100, **more: Any) -> Json:
        package = {"product_id": "daily_display", "pricing_option_id": "cpm_auction", "budget": budget, "bid_price": 9}
        return {
            "account": ACCOUNT,
            "brand": {"domain": "acme.com"},
            "start_time": "2026-05-03T00:00:00Z",
            "end_time": "2026-05-13T00:00:00Z",
            "packages": [package],
            "idempotency_key": f"order-{budget:012g}-{len(more)}",
        } | more

    def bind(self, url: str) -> Json:
        agent = {"url": url, "authentication": {"schemes": ["Bearer"], "credentials": "x" * 40}}
        entry = {"account": ACCOUNT, "governance_agents": [agent]}
        self.call("sync_accounts", accounts=[ACCOUNT | {"billing": "operator"}])
        return dict(self.call("sync_governance", accounts=[entry])["accounts"][0])

    def token(self, order: Json, to: str = "governor", target: str = NORTHSTAR) -> str:
        """The governance agent's approval of an order."""
        intent = {"plan_id": "plan", "caller": "https://client.example/", "target_agent": target}
        payload = {"adcp_version": "3.1"} | order
        answer = self.call("check_governance", to, **intent, tool="create_media_buy", payload=payload)
        assert answer["verdict"] == "approved", answer
        return str(answer["governance_context"])


def opened(**settings: Any) -> House:
    return House(**settings)


@pytest.fixture(autouse=True)
def _nothing_is_broken(monkeypatch: pytest.MonkeyPatch) -> Any:
    made: list[House] = []
    start = House.__init__

    def remember(self: House, **settings: Any) -> None:
        made.append(self)
        start(self, **settings)

    monkeypatch.setattr(House, "__init__", remember)
    yield
    found = [str(violation) for house in made for one in getattr(house, "checkers", []) for violation in one.violations]
    assert found == []


def test_tools_and_claims_of_departments_join_those_of_the_agent() -> None:
    house = opened()
    body = house.call("get_adcp_capabilities")
    assert body["supported_protocols"] == ["media_buy", "creative", "governance"]
    assert "property-lists" in body["specialisms"]
    assert body["governance"]["aggregation_window_days"] == 30
    assert body["media_buy"]["features"]["content_standards"] is True
    assert house.plan()["plans"][0]["status"] == "active"
    assert ("acme", "plan") in house.governor.plans, "one state, whichever address was used"
    fmt = {"agent_url": house.call("list_creative_formats", "studio")["formats"][0]["format_id"]["agent_url"]}
    image = {"asset_type": "image", "url": "https://acme.com/a.png", "width": 300, "height": 250}
    manifest = {"format_id": fmt | {"id": "display_300x250"}, "assets": {"banner_image": image}}
    built = house.call("build_creative", creative_manifest=manifest, target_format_id=fmt | {"id": "display_300x250"})
    assert built["creative_manifest"]["format_id"]["id"] == "display_300x250"


def test_own_tools_win_over_those_of_departments_and_accounts_are_shared() -> None:
    house = opened()
    [made] = house.call("sync_accounts", accounts=[ACCOUNT | {"billing": "operator"}])["accounts"]
    for agent in ("northstar", "studio"):
        assert [row["account_id"] for row in house.call("list_accounts", agent)["accounts"]] == [made["account_id"]]
    assert house.call("list_accounts", "data")["accounts"] == []


def test_a_creative_is_built_from_the_catalog_that_the_seller_was_given() -> None:
    house = opened(catalog_management=True)
    items = [{"item_id": "boots", "name": "Trail boots"}, {"item_id": "tent", "name": "Light tent"}]
    catalog = {"catalog_id": "gear", "type": "product", "items": items}
    house.call("sync_catalogs", account=ACCOUNT, catalogs=[catalog])
    fmt = {"agent_url": "https://northstar.example", "id": "display_300x250_catalog"}
    built = house.call(
        "build_creative",
        message="An ad for the gear catalog",
        target_format_id=fmt,
        account=ACCOUNT,
        include_preview=True,
    )
    manifest = built["creative_manifest"]
    assert manifest["format_id"] == fmt
    assert manifest["preview_html"].count("<section") == len(items)


def test_one_vendor_is_a_department_of_one_agent() -> None:
    with pytest.raises(InputError, match="is a department of northstar"):
        opened(others=["studio"])


def test_tasks_of_departments_are_found_and_unknown_ones_are_not() -> None:
    house = opened()
    house.plan(human_review_required=True)
    intent = {"plan_id": "plan", "caller": "https://client.example/", "target_agent": NORTHSTAR}
    waiting = house.call("check_governance", **intent, tool="create_media_buy", payload=house.order())
    assert waiting["status"] == "submitted"
    assert house.call("get_task_status", task_id=waiting["task_id"])["status"] == "submitted"
    assert house.error("get_task_status", task_id="task_nowhere")["code"] == "REFERENCE_NOT_FOUND"
    assert [row["task_id"] for row in house.call("list_tasks")["tasks"]] == [waiting["task_id"]]


def test_conversations_are_held_and_ended_at_the_seller_s_address() -> None:
    house = opened(departments=["host"], test_controller=True)
    body = house.call("get_adcp_capabilities")
    assert body["supported_protocols"] == ["media_buy", "creative", "sponsored_intelligence"]
    scenarios = house.call("comply_test_controller", scenario="list_scenarios")["scenarios"]
    assert scenarios == body["compliance_testing"]["scenarios"]
    assert scenarios.count("force_account_status") == 1
    identity = {"consent_granted": False, "anonymous_session_id": "a-session-of-nobody"}
    begun = house.call("si_initiate_session", intent="A tent, please", offering_id="tents", identity=identity)
    account = ACCOUNT | {"sandbox": True}
    end = {"session_id": begun["session_id"], "status": "terminated", "termination_reason": "session_timeout"}
    forced = house.call("comply_test_controller", scenario="force_session_status", account=account, params=end)
    assert (forced["success"], forced["current_state"]) == (True, "terminated")
    error = house.error("si_send_message", session_id=begun["session_id"], message="Still there?")
    assert error["code"] == "SESSION_TERMINATED"
    unknown = house.call("comply_test_controller", scenario="force_rain", account=account)
    assert (unknown["success"], unknown["error"]) == (False, "UNKNOWN_SCENARIO")


@pytest.mark.parametrize("name", ["nobody", "daily", "northstar", "client"])
def test_a_department_must_be_an_agent_of_another_kind(name: str) -> None:
    with pytest.raises(InputError, match=f"departments names '{name}'"):
        opened(departments=[name])


def test_an_order_beyond_the_own_plan_is_denied_with_the_findings_and_one_within_is_sold() -> None:
    # rule 213
    house = opened(heeds_own_plans=True)
    house.plan(500)
    denied = house.error("create_media_buy", **house.order(600))
    assert denied["code"] == "GOVERNANCE_DENIED"
    assert denied["details"]["findings"][0]["category_id"] == "budget_authority"
    late = house.error("create_media_buy", **house.order(100, end_time="2026-07-01T00:00:00Z"))
    assert late["details"]["findings"][0]["category_id"] == "flight_compliance"
    assert "media_buy_id" in house.call("create_media_buy", **house.order(400))


def test_the_newest_plan_of_the_brand_counts_unless_the_order_names_one() -> None:
    house = opened(heeds_own_plans=True)
    house.plan(500)
    house.plan(50, plan_id="small")
    house.plan(1, plan_id="other", brand={"domain": "other.example"})
    assert house.error("create_media_buy", **house.order(100))["code"] == "GOVERNANCE_DENIED"
    assert "media_buy_id" in house.call("create_media_buy", **house.order(100, plan_id="plan"))


def test_an_agent_that_does_not_say_so_heeds_no_plans_of_departments() -> None:
    house = opened()
    house.plan(50)
    assert "media_buy_id" in house.call("create_media_buy", **house.order(100))


@pytest.mark.parametrize("url", [GOVERNOR, NORTHSTAR.replace("http:", "https:"), Network.url("governor")])
def test_a_governance_agent_is_reached_in_the_world_whatever_address_the_buyer_gives(url: str) -> None:
    house = opened()
    house.plan()
    assert house.bind(url)["status"] == "synced"
    order = house.order()
    assert house.error("create_media_buy", **order)["code"] == "PERMISSION_DENIED", "no token"
    token = house.token(order)
    assert "media_buy_id" in house.call("create_media_buy", **order, governance_context=token)
    asked = [e.data for e in house.world.trace.of("call") if e.actor == "northstar"]
    assert [(call["to"], call["operation"]) for call in asked] == [("governor", "check_governance")]


@pytest.mark.parametrize(
    ("changes", "target", "after", "why"),
    [
        ({"po_number": "77"}, NORTHSTAR, 0, "another payload"),
        ({}, "http://127.0.0.1:8081/agents/other/mcp", 0, "addressed to"),
        ({}, NORTHSTAR, 20, "out of date"),
    ],
)
def test_a_token_is_checked_whatever_address_it_names(changes: Json, target: str, after: int, why: str) -> None:
    house = opened()
    house.plan()
    house.bind(GOVERNOR)
    order = house.order()
    token = house.token(order, target=target)
    house.world.run(house.world.now + after * 60_000)
    error = house.error("create_media_buy", **(order | changes), governance_context=token)
    assert (error["code"], why in error["message"]) == ("PERMISSION_DENIED", True), error


def test_a_token_serves_one_order() -> None:
    house = opened()
    house.plan()
    house.bind(GOVERNOR)
    order = house.order()
    token = house.token(order)
    house.call("create_media_buy", **order, governance_context=token)
    again = house.error(
        "create_media_buy", **(order | {"idempotency_key": "another-key-0001"}), governance_context=token
    )
    assert again["code"] == "PERMISSION_DENIED"


def test_categories_of_early_clients_are_left_out_when_an_account_is_bound() -> None:
    house = opened()
    agent = {"url": GOVERNOR, "authentication": {"schemes": ["Bearer"], "credentials": "x" * 40}}
    house.call("sync_accounts", accounts=[ACCOUNT | {"billing": "operator"}])
    entry = {"account": ACCOUNT, "governance_agents": [agent | {"categories": ["budget_authority"]}]}
    [row] = house.call("sync_governance", accounts=[entry])["accounts"]
    assert row["status"] == "synced"
    assert house.error("sync_governance", accounts=[{"governance_agents": "none"}])["code"] == "INVALID_REQUEST"


def test_an_account_is_not_bound_to_an_address_where_nobody_answers() -> None:
    house = opened()
    row = house.bind("https://governance.elsewhere.example")
    assert (row["status"], row["errors"][0]["code"]) == ("failed", "GOVERNANCE_UNAVAILABLE")
    assert "media_buy_id" in house.call("create_media_buy", **house.order())


def test_vendors_have_departments_and_heed_their_plans() -> None:
    house = opened()
    house.plan(to="data")
    [signal, *_] = house.call("get_signals", "data", signal_spec="new parents")["signals"]
    request = {
        "signal_agent_segment_id": signal["signal_agent_segment_id"],
        "pricing_option_id": signal["pricing_options"][0]["pricing_option_id"],
        "destinations": [{"type": "agent", "agent_url": "https://seller.example"}],
    }
    denied = house.error("activate_signal", "data", **request, account=ACCOUNT)
    assert (denied["code"], "governance_context" in denied["message"]) == ("GOVERNANCE_DENIED", True)
    elsewhere = ACCOUNT | {"brand": {"domain": "unplanned.example"}}
    assert "deployments" in house.call("activate_signal", "data", **request, account=elsewhere)


def test_of_two_changes_to_one_revision_the_slower_one_is_a_conflict() -> None:
    """While one is being judged the other one is made: both were planned for the same media buy."""
    house = opened()
    house.plan()
    house.bind(GOVERNOR)
    order = house.order()
    made = house.call("create_media_buy", **order, governance_context=house.token(order))
    calls = []
    for number, budget in enumerate((200, 150)):
        entry = {"package_id": made["packages"][0]["package_id"], "budget": budget}
        body: Json = {"account": ACCOUNT, "media_buy_id": made["media_buy_id"], "revision": made["revision"]}
        body |= {"adcp_version": "3.1", "packages": [entry], "idempotency_key": f"change-{number:010d}"}
        intent: Json = {"plan_id": "plan", "caller": "https://client.example/", "target_agent": NORTHSTAR}
        intent["proposed_commitment"] = {"amount": budget - 100, "currency": "USD"}
        token = house.call("check_governance", tool="update_media_buy", payload=body, **intent)["governance_context"]
        body["governance_context"] = token
        calls.append(house.world.network.call("client", "northstar", "update_media_buy", body, Principal("acme")))
    processes = [house.world.spawn(call) for call in calls]
    while not all(process.processed for process in processes):
        house.world.env.step()
    replies: list[Any] = [process.value for process in processes]
    [error] = [reply.body["adcp_error"] for reply in replies if not reply.ok]
    assert (error["code"], error["details"]["current_revision"]) == ("CONFLICT", made["revision"] + 1)
