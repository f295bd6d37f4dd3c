"""The platform under governance: a plan for every campaign, a check before every commitment, a report after it.

Off unless the platform's ``governance`` names an agent (docs/governance/campaign/specification.mdx, "Spend-commit
invocation"). What the agent denies, or would allow under conditions, is an error of the sales agent's request for
whoever sent it: a media buy FAILS with the finding, an update is refused with it.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agents.buyer.buy_status import campaign_of
from agents.buyer.records import Campaign, MediaBuy
from sandbox.core.errors import AdcpError, InputError
from sandbox.core.money import amount, micros
from sandbox.core.time import iso, parse_instant
from sandbox.kernel.trace import Event
from sandbox.protocol.versions import to_wire

if TYPE_CHECKING:
    from agents.buyer.platform import BuyerPlatform

Steps = Generator[Any, Any, Any]
Json = dict[str, Any]

_DONE = {"ACTIVE": "completed", "PAUSED": "completed", "REJECTED": "failed", "FAILED": "failed", "CANCELED": "failed"}


@dataclass(slots=True, frozen=True)
class Clearance:
    """An approved check: what it allows, in micros, and the token that says so."""

    plan_id: str
    check_id: str
    token: str
    micros: int


class Governance:
    """The platform's side of campaign governance."""

    def __init__(self, platform: BuyerPlatform) -> None:
        self._platform = platform
        self.agent = platform.config.governance
        self._synced: dict[str, str] = {}
        """The plan of each campaign as the agent has it."""
        self._bound: set[str] = set()
        """Accounts that were bound to the agent, by sales agent and reference."""
        self._open: dict[str, Clearance] = {}
        """What a sales agent has not decided yet, by media buy; with an @ at the end for an update of one."""

    def start(self) -> None:
        """Make sure that the agent is there and may be asked, by the platform and by its sales agents."""
        if self.agent is None:
            return
        world = self._platform.world
        governor = world.actors.get(self.agent)
        if governor is None or governor.role != "governance":
            raise InputError(f"{self._platform.id} is governed by {self.agent!r}, which is no governance agent")
        for party in (self._platform.id, *self._platform.sellers.known()):
            world.ecosystem.link(self.agent, party, "authorised_for")
        world.trace.listen(self._on_event)

    # -- plans -------------------------------------------------------------------------------------------

    def plan(self, campaign: Campaign) -> Json:
        """The plan of a campaign: its budget, flight, channels and countries."""
        advertiser = self._platform.advertisers[campaign.advertiser_id]
        plan: Json = {
            "plan_id": campaign.campaign_id,
            "brand": {"domain": advertiser.brand},
            "objectives": campaign.brief or campaign.name,
            "budget": {
                "total": amount(campaign.budget_micros),
                "currency": campaign.currency,
                "reallocation_unlimited": True,
            },
            "flight": {"start": iso(campaign.start_ms), "end": iso(campaign.end_ms)},
        }
        if campaign.channels:
            plan["channels"] = {"allowed": list(campaign.channels)}
        return {**plan, "countries": list(campaign.countries)} if campaign.countries else plan

    def sync(self, campaign: Campaign) -> Steps:
        """Tell the agent of a new or changed campaign. A failure waits: the next check tries again."""
        if self.agent is None:
            return
        try:
            yield from self._sync(campaign)
        except AdcpError as error:
            self._platform.decide("plan", campaign.campaign_id, "not_synced", str(error))

    def _sync(self, campaign: Campaign) -> Steps:
        plan = self.plan(campaign)
        text = json.dumps(plan, sort_keys=True)
        if self._synced.get(campaign.campaign_id) != text:
            body = yield from self._platform.sellers.request(str(self.agent), "sync_plans", {"plans": [plan]})
            if body["plans"][0]["status"] != "active":
                raise AdcpError("VALIDATION_ERROR", f"the plan is not accepted: {body.get('errors')}")
            self._synced[campaign.campaign_id] = text

    # -- commitments -------------------------------------------------------------------------------------

    def send(self, buy: MediaBuy, tool: str, request: Json, key: str, log: list[Json] | None = None) -> Steps:
        """Send an order or an update, cleared if it commits money; gives the answer's body.

        Raises :class:`AdcpError`: the sales agent's, or GOVERNANCE_DENIED with the findings.
        """
        sellers = self._platform.sellers
        more = None if self.agent is None else _commitment(buy, tool, request)
        if more is None:
            return (yield from sellers.request(buy.seller_id, tool, request, key, log))
        campaign = campaign_of(self._platform, buy)
        yield from self._sync(campaign)
        yield from self._bind(buy.seller_id, request["account"])
        request = {**request, "plan_id": campaign.campaign_id}
        clearance = yield from self._check(campaign, buy, tool, request, key, more)
        try:
            sent = {**request, "governance_context": clearance.token}
            body = yield from sellers.request(buy.seller_id, tool, sent, key, log)
        except AdcpError as error:
            if error.recovery != "transient":
                why = {"code": error.code, "message": error.message}
                yield from self._report(clearance, "failed", {"error": why})
            raise
        if body.get("status") == "submitted":
            self._open[buy.media_buy_id + "@" * (tool == "update_media_buy")] = clearance
        else:
            yield from self._report(clearance, "completed", _seller_response(body, clearance))
        return body

    def _bind(self, seller_id: str, account: Json) -> Steps:
        """Tell a sales agent that heeds governance whom to ask about an account, once."""
        name = f"{seller_id} {json.dumps(account, sort_keys=True)}"
        capabilities = yield from self._platform.sellers.capabilities(seller_id)
        if name in self._bound or not capabilities.get("media_buy", {}).get("governance_aware"):
            return
        url, secret = self._platform.world.network.url(str(self.agent)), self._platform.ids.uuid("governance")
        agent = {"url": url, "authentication": {"schemes": ["Bearer"], "credentials": secret}}
        entry = {"account": account, "governance_agents": [agent]}
        body = yield from self._platform.sellers.request(seller_id, "sync_governance", {"accounts": [entry]})
        if body["accounts"][0]["status"] == "synced":
            self._bound.add(name)

    def _check(self, campaign: Campaign, buy: MediaBuy, tool: str, request: Json, key: str, more: int) -> Steps:
        """Ask for an intent; the payload is what the sales agent will get, so that the token fits it."""
        version = yield from self._platform.sellers.release(buy.seller_id)
        payload = to_wire(tool, "request", self._platform.sellers.enveloped(request, version, key), version)
        network = self._platform.world.network
        question: Json = {
            "plan_id": campaign.campaign_id,
            "caller": network.url(self._platform.id),
            "target_agent": network.url(buy.seller_id),
            "proposed_commitment": {"amount": amount(more), "currency": campaign.currency},
            "tool": tool,
            "payload": payload,
        }
        body = yield from self._platform.sellers.request(str(self.agent), "check_governance", question)
        if body["verdict"] != "approved":
            raise _denial(body)
        return Clearance(campaign.campaign_id, body["check_id"], body["governance_context"], more)

    # -- outcomes ----------------------------------------------------------------------------------------

    def _on_event(self, event: Event) -> None:
        """A media buy that waited for its sales agent has been decided."""
        if event.kind != "status" or event.data["entity"] != "platform_media_buy" or not self._open:
            return
        buy, update, _ = str(event.data["id"]).partition("@")
        name, outcome = buy + update, _DONE.get(event.data["new"])
        if outcome is not None and name in self._open and event.actor == self._platform.id:
            clearance = self._open.pop(name)
            detail = {"committed_budget": amount(clearance.micros)}
            failure = {"error": {"code": "TERMS_REJECTED", "message": str(event.data["why"])}}
            more = {"seller_response": detail} if outcome == "completed" else failure
            self._platform.world.spawn(self._report(clearance, outcome, more))

    def _report(self, clearance: Clearance, outcome: str, more: Json) -> Steps:
        """Report what became of a cleared request. What the agent finds then is written into the trace."""
        report = {"plan_id": clearance.plan_id, "check_id": clearance.check_id, "outcome": outcome}
        report |= {"governance_context": clearance.token, **more}
        try:
            body = yield from self._platform.sellers.request(str(self.agent), "report_plan_outcome", report)
        except AdcpError as error:
            self._platform.decide("plan", clearance.plan_id, "not_reported", str(error))
            return
        if body.get("outcome_state") == "findings":
            why = "; ".join(finding["explanation"] for finding in body["findings"])
            self._platform.decide("plan", clearance.plan_id, "findings", why)


def _commitment(buy: MediaBuy, tool: str, request: Json) -> int | None:
    """What a request commits in addition, in micros; None if it only reduces risk and needs nobody's consent."""
    if tool == "create_media_buy":
        return sum(micros(package["budget"]) for package in request["packages"])
    if request.get("canceled"):
        return None
    budgets = {package.package_id: package.budget_micros for package in buy.packages}
    changed = [row for row in request.get("packages", []) if "budget" in row]
    more = sum(micros(row["budget"]) - budgets.get(row["package_id"], 0) for row in changed)
    more += sum(micros(row["budget"]) for row in request.get("new_packages", []))
    later = "end_time" in request and buy.end_ms is not None and parse_instant(request["end_time"]) > buy.end_ms
    governed = more > 0 or later or request.get("paused") is False or bool(request.get("new_packages"))
    return max(0, more) if governed else None


def _seller_response(body: Json, clearance: Clearance) -> Json:
    response: Json = {"committed_budget": amount(clearance.micros)}
    return {
        "seller_response": response | ({"seller_reference": body["media_buy_id"]} if "media_buy_id" in body else {})
    }


def _denial(body: Json) -> AdcpError:
    """Why the agent does not allow something, with what would make it acceptable."""
    wanted = [
        f"{row['field']} = {row['required_value']}" for row in body.get("conditions", []) if "required_value" in row
    ]
    wanted += [str(row["field"]) for row in body.get("conditions", []) if "required_value" not in row]
    hint = f"set {'; '.join(wanted)}" if wanted else None
    details = {"check_id": body["check_id"], "findings": body.get("findings", [])}
    message = f"{body['explanation']} ({hint})" if hint else str(body["explanation"])
    return AdcpError("GOVERNANCE_DENIED", message, recovery="correctable", suggestion=hint, details=details)
