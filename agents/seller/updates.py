"""update_media_buy: what changes, whether that is allowed, and making it so, all or nothing.

A request is first planned against the live buy: every check is made, nothing is touched. A plan is then
applied at once, or waits with the buy unchanged until somebody approves it (policy ``updates``).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agents.seller.apply import apply_plan
from agents.seller.audience_matching import check_audiences
from agents.seller.buy_wire import updated_wire
from agents.seller.compact.controls import controlled
from agents.seller.compact.holds import check_more
from agents.seller.context import seller_of
from agents.seller.governance import clear_update
from agents.seller.packages import (
    Lists,
    check_fit,
    fetch_lists,
    read_assignments,
    read_dates,
    read_package,
    read_properties,
)
from agents.seller.policy.approval import BuyFacts, by_chance, first_breach
from agents.seller.records import MediaBuy, Package
from agents.seller.sandbox import policy_for
from agents.seller.wire import instant
from sandbox.core.errors import AdcpError
from sandbox.core.money import amount, micros
from sandbox.domain.pricing import check_purchase

if TYPE_CHECKING:
    from agents.seller.seller import Seller
    from sandbox.kernel.endpoint import Context


@dataclass(slots=True)
class PackagePlan:
    """What is to change in one package: attributes by name, inline creatives, or its cancellation."""

    package: Package
    fields: dict[str, Any] = field(default_factory=dict)
    creatives: list[dict[str, Any]] = field(default_factory=list)
    cancel: bool = False
    reason: str = ""


Answer = Callable[["Seller", MediaBuy, list[Package], int | None], dict[str, Any]]
"""Words the answer: the buy, the packages that were changed, and when that takes effect (None: now)."""


@dataclass(slots=True)
class Plan:
    """A checked update. ``kinds`` says what sorts of change it makes, in the words of the settings.

    ``asked`` is the request of ``tool`` as it came and ``request`` the same as update_media_buy would say it.
    """

    buy: MediaBuy
    request: dict[str, Any]
    asked: dict[str, Any] = field(default_factory=dict)
    tool: str = "update_media_buy"
    answer: Answer = updated_wire
    kinds: list[str] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)
    packages: list[PackagePlan] = field(default_factory=list)
    added: list[tuple[Package, list[dict[str, Any]]]] = field(default_factory=list)
    cancel: bool = False

    def facts(self, now_ms: int) -> BuyFacts:
        """The buy as it would be afterwards, for the approval policy."""
        budgets = {p.package_id: p.budget_micros for p in self.buy.packages.values()}
        budgets |= {
            p.package.package_id: p.fields["budget_micros"] for p in self.packages if "budget_micros" in p.fields
        }
        packages = [*self.buy.packages.values(), *(package for package, _ in self.added)]
        return BuyFacts(
            now_ms=now_ms,
            start_ms=self.fields.get("start_ms", self.buy.start_ms),
            end_ms=self.fields.get("end_ms", self.buy.end_ms),
            budget_micros=sum(budgets.values()) + sum(package.budget_micros for package, _ in self.added),
            brand="",
            industries=(),
            product_ids=tuple(package.product.product_id for package in packages),
        )


def update_media_buy(ctx: Context, request: dict[str, Any]) -> Generator[Any, Any, dict[str, Any]]:
    """Change a media buy: at once, or by a task that somebody decides later (``submitted``)."""
    seller = seller_of(ctx)
    buy = seller.buy_for(ctx, request["media_buy_id"])
    check_revision(buy, request)
    return (yield from change(ctx, buy, controlled(request, ctx.version), request, updated_wire))


def check_revision(buy: MediaBuy, request: dict[str, Any]) -> None:
    """CONFLICT if a request is about an older state of the buy."""
    revision = request.get("revision")
    if revision is not None and revision != buy.revision:
        raise AdcpError(
            "CONFLICT",
            f"revision {revision} is stale, the media buy is at {buy.revision}",
            field="revision",
            details={"current_revision": buy.revision},
        )


def change(
    ctx: Context, buy: MediaBuy, request: dict[str, Any], asked: dict[str, Any], answer: Answer
) -> Generator[Any, Any, dict[str, Any]]:
    """Change a media buy as ``request`` says, which is what the tool that was called understood of ``asked``."""
    seller = seller_of(ctx)
    entries = [*request.get("packages", []), *request.get("new_packages", [])]
    lists = yield from fetch_lists(ctx, entries)
    check_revision(buy, request)
    plan = plan_update(seller, buy, request, lists)
    check_more(seller, plan)
    plan.asked, plan.tool, plan.answer = asked, ctx.operation, answer
    planned = {"revision": buy.revision}
    yield from clear_update(ctx, seller, plan)
    check_revision(buy, planned)  # the plan was made for the buy as it was before anybody was asked
    policy, roll = policy_for(seller, buy.account_id, seller.config.updates), seller.rng("updates").random()
    if policy.mode == "manual" and any(kind not in policy.self_serve for kind in plan.kinds):
        return seller.desk.queue_update(ctx, plan, lists, roll)
    decision = first_breach(policy.reject_if, plan.facts(seller.now))
    decision = decision or by_chance(policy.probability_of_rejection, roll, "allowed without approval")
    if decision.verdict == "reject":
        seller.decide("media_buy", buy.media_buy_id, "reject", decision.reason)
        raise AdcpError(decision.code, decision.reason)
    return make_so(seller, plan, answer)


def make_so(seller: Seller, plan: Plan, answer: Answer) -> dict[str, Any]:
    """Apply a plan and give the answer of the update."""
    affected, effective_ms = apply_plan(seller, plan)
    return answer(seller, plan.buy, affected, effective_ms)


def plan_update(seller: Seller, buy: MediaBuy, request: dict[str, Any], lists: Lists) -> Plan:
    """Check an update against the live buy; nothing is changed.

    Raises NOT_CANCELLABLE, INVALID_STATE, INVALID_REQUEST, PACKAGE_NOT_FOUND, BUDGET_TOO_LOW and whatever
    :func:`read_package` raises. A cancellation of the whole buy overrules all other fields.
    """
    plan = Plan(buy, request)
    if request.get("canceled"):
        _check_cancellable(seller, buy.status, buy.cancel_at_ms, f"media buy {buy.media_buy_id}", "canceled")
        plan.cancel = True
        plan.kinds.append("cancel")
        return plan
    if buy.terminal:
        raise AdcpError("INVALID_STATE", f"the media buy is {buy.status}", field="media_buy_id")
    _plan_buy(seller, plan, request)
    flight = (plan.fields.get("start_ms", buy.start_ms), plan.fields.get("end_ms", buy.end_ms))
    for number, entry in enumerate(request.get("packages", [])):
        _plan_package(seller, plan, entry, flight, lists, f"packages[{number}]")
    account = seller.accounts[buy.account_id]
    for number, entry in enumerate(request.get("new_packages", [])):
        path = f"new_packages[{number}]"
        package = read_package(seller, account, entry, flight, lists, path)
        inline = entry.get("creatives", [])
        for creative in inline:
            check_fit(package.product, creative["creative_id"], creative, f"{path}.creatives")
        plan.added.append((package, inline))
        plan.kinds.append("packages")
    return plan


def _check_cancellable(seller: Seller, status: str, due_ms: int | None, what: str, path: str) -> None:
    if status == "canceled" or due_ms is not None:
        raise AdcpError("NOT_CANCELLABLE", f"{what} is canceled already", field=path)
    if status in ("completed", "rejected"):
        raise AdcpError("INVALID_STATE", f"{what} is {status}", field=path)
    if not seller.config.cancellable:
        raise AdcpError("NOT_CANCELLABLE", f"{what} can't be canceled: it is a firm order", field=path)


def _plan_buy(seller: Seller, plan: Plan, request: dict[str, Any]) -> None:
    buy = plan.buy
    if "paused" in request:
        plan.fields["held"] = request["paused"]
        plan.kinds.append("pause")
    if "start_time" in request:
        start = seller.now if request["start_time"] == "asap" else instant(request["start_time"], "start_time")
        if start != buy.start_ms:
            if seller.now >= buy.start_ms:
                raise AdcpError("INVALID_STATE", "the flight has begun", field="start_time")
            if start < seller.now:
                raise AdcpError("INVALID_REQUEST", "start_time is in the past; write asap", field="start_time")
            plan.fields["start_ms"] = start
    if "end_time" in request:
        plan.fields["end_ms"] = instant(request["end_time"], "end_time")
    start, end = plan.fields.get("start_ms", buy.start_ms), plan.fields.get("end_ms", buy.end_ms)
    if "start_ms" in plan.fields or "end_ms" in plan.fields:
        plan.kinds.append("dates")
        if end <= max(start, seller.now):
            raise AdcpError("INVALID_REQUEST", "the flight would end before it begins or before now", field="end_time")
    controls: dict[str, Any] = request.get("controls", {})
    plan.fields |= controls
    plan.kinds += ["targeting"] * ("frequency_cap" in controls) + ["packages"] * ("daily_cap_micros" in controls)
    if "reporting_webhook" in request:
        plan.fields["reporting"] = request["reporting_webhook"]
    if "invoice_recipient" in request:
        plan.fields["invoice_recipient"] = request["invoice_recipient"]


def _plan_package(
    seller: Seller, plan: Plan, entry: dict[str, Any], flight: tuple[int, int], lists: Lists, path: str
) -> None:
    package = plan.buy.packages.get(entry["package_id"])
    if package is None:
        raise AdcpError("PACKAGE_NOT_FOUND", f"there is no package {entry['package_id']}", field=f"{path}.package_id")
    change = PackagePlan(package)
    plan.packages.append(change)
    if entry.get("canceled"):
        state = "canceled" if package.canceled else plan.buy.status
        _check_cancellable(seller, state, package.cancel_at_ms, f"package {package.package_id}", f"{path}.canceled")
        change.cancel, change.reason = True, entry.get("cancellation_reason", "")
        plan.kinds.append("cancel")
        return
    if package.canceled:
        raise AdcpError("INVALID_STATE", f"package {package.package_id} is canceled", field=f"{path}.package_id")
    if "paused" in entry:
        change.fields["paused"] = entry["paused"]
        plan.kinds.append("pause")
    _plan_money(seller, plan, change, entry, path)
    _plan_creatives(seller, plan, change, entry, path)
    if "start_time" in entry or "end_time" in entry:
        dates = read_dates(entry, flight, path)
        change.fields |= {name: at for name, at in zip(("start_ms", "end_ms"), dates, strict=True) if at is not None}
        plan.kinds.append("dates")
    if "targeting_overlay" in entry:
        overlay = entry["targeting_overlay"]
        check_audiences(seller, plan.buy.account_id, overlay, f"{path}.targeting_overlay")
        change.fields["properties"] = read_properties(seller, package.product, overlay, lists, path)
        change.fields["overlay"] = overlay
        plan.kinds.append("targeting")
    for name in ("context", "ext", "optimization_goals", "catalogs"):
        if name in entry:
            change.fields.setdefault("extras", dict(package.extras))[name] = entry[name]


def _plan_money(seller: Seller, plan: Plan, change: PackagePlan, entry: dict[str, Any], path: str) -> None:
    """Budget, bid, pacing and impressions. A budget may not fall below what is spent (BUDGET_TOO_LOW)."""
    package = change.package
    if "budget" in entry or "bid_price" in entry:
        budget = micros(entry["budget"]) if "budget" in entry else package.budget_micros
        bid = micros(entry["bid_price"]) if "bid_price" in entry else package.bid_micros
        check_purchase(package.option, budget, bid, path)
        spent = seller.world.market.totals(package.package_id).spend_micros
        if budget < spent:
            raise AdcpError(
                "BUDGET_TOO_LOW",
                f"{amount(spent)} {plan.buy.currency} are spent, the budget can't be {amount(budget)}",
                field=f"{path}.budget",
                details={"minimum_budget": amount(spent), "currency": plan.buy.currency},
            )
        change.fields["budget_micros"] = budget
        if not package.option.is_fixed:
            change.fields["bid_micros"] = bid
        plan.kinds.append("budget")
    if "pacing" in entry:
        change.fields["pacing"] = entry["pacing"]
        plan.kinds.append("packages")
    if "daily_budget_cap" in entry:
        cap = entry["daily_budget_cap"]
        change.fields["daily_cap_micros"] = None if cap is None else micros(cap)
        plan.kinds.append("packages")
    if "impressions" in entry:
        change.fields["impressions"] = int(entry["impressions"]) or None
        plan.kinds.append("budget")


def _plan_creatives(seller: Seller, plan: Plan, change: PackagePlan, entry: dict[str, Any], path: str) -> None:
    """Assignments and inline creatives replace what was assigned before."""
    package, account = change.package, seller.accounts[plan.buy.account_id]
    if "creative_assignments" in entry:
        wanted = entry["creative_assignments"]
        change.fields["assignments"] = read_assignments(seller, account, package.product, wanted, path)
        plan.kinds.append("creatives")
    if "creatives" in entry:
        for creative in entry["creatives"]:
            check_fit(package.product, creative["creative_id"], creative, f"{path}.creatives")
        change.creatives = entry["creatives"]
        change.fields.setdefault("assignments", {})
        plan.kinds.append("creatives")
