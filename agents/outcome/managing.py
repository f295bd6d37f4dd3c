"""How an outcome agent manages a tactic: it buys, looks at results from time to time, and moves money (rule 211).

What it has bought is brought in line with what it wants by one routine, :meth:`Manager.settle`, whatever was the
reason: the beginning, another budget, another end.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from agents.outcome.platform import Refused
from agents.outcome.strategies.base import Result, Standing, read_offer
from agents.outcome.tactics import Bought, Managed
from sandbox.core.money import MICROS, amount, micros, split
from sandbox.core.time import DAY_MS, iso, iso_date, parse_instant

if TYPE_CHECKING:
    from agents.outcome.agent import OutcomeAgent

Json = dict[str, Any]
Steps = Generator[Any, Any, Any]

MOVED = 0.2
"""The share of a product's unspent money that one review moves."""

LEAST_MICROS = MICROS
"""Less than one unit of currency is not worth an order."""

LIVE = ("ACTIVE", "PAUSED", "PENDING_APPROVAL", "INPUT_REQUIRED")
"""Statuses of a media buy in which its budget is bound."""


class Manager:
    """Manages the tactics of one agent."""

    def __init__(self, agent: OutcomeAgent) -> None:
        self._agent = agent
        self._env = agent.world.env

    def run(self, tactic: Managed) -> Steps:
        """Manage a tactic until its flight is over."""
        yield from self._look_around(tactic)
        yield from self.settle(tactic)
        while not tactic.is_over and self._agent.now < tactic.context.end_date:
            yield self._env.timeout(self._agent.config.review_interval)
            yield from self.review(tactic)

    def _look_around(self, tactic: Managed) -> Steps:
        """What is on offer, what is wanted of it, and the cap that belongs to the strategy."""
        strategy, context = self._agent.strategy, tactic.context
        body: Json = {"channels": [context.channel], "countries": list(context.countries)}
        try:
            answer = yield from self._call(tactic, "get_products", body)
            offers = [read_offer(row) for row in answer["products"]]
            tactic.offers = {offer.key: offer for offer in offers}
            tactic.weights = strategy.choose(offers, tactic.fields)
            if strategy.frequency_cap is not None:
                cap = {"tacticId": tactic.tactic_id, "frequencyCap": strategy.frequency_cap}
                yield from self._call(tactic, "update_targeting", cap)
        except Refused as why:
            self._note(tactic, "not_ready", str(why))

    # -- buying ------------------------------------------------------------------------------------------

    def settle(self, tactic: Managed) -> Steps:
        """Buy more, or take money back, until the media buys are what the tactic's budget allows."""
        if tactic.busy:
            tactic.dirty = True
            return
        tactic.busy = tactic.dirty = True
        try:
            while tactic.dirty:
                tactic.dirty = False
                yield from self._settle(tactic)
        except Refused as why:
            self._note(tactic, "not_settled", str(why))
        finally:
            tactic.busy = False

    def _settle(self, tactic: Managed) -> Steps:
        context, strategy = tactic.context, self._agent.strategy
        if context.status != "ACTIVE" or context.end_date <= self._agent.now or not tactic.weights:
            return
        rows = yield from self._rows(tactic)
        media = self._agent.margin.media_micros(context.budget)
        whole = strategy.buys_micros(media, self._agent.config.buffer)
        wanted = round(whole * strategy.release(tactic.elapsed(self._agent.now)))
        has = sum(_budget(row) if row["status"] in LIVE else _spend(row) for row in rows)
        if has > whole:
            yield from self._take_back(tactic, rows, has - whole)
        elif wanted - has >= LEAST_MICROS:
            yield from self._buy(tactic, wanted - has)
        ends = [row for row in rows if row["status"] in LIVE and parse_instant(row["endTime"]) > context.end_date]
        if ends:
            reason = "the tactic ends earlier"
            yield from self._change(tactic, [_action(row, reason, endTime=iso(context.end_date)) for row in ends])

    def _buy(self, tactic: Managed, more_micros: int) -> Steps:
        """Spread money over the products by weight; what is too little for one product goes to the best."""
        keys = sorted(tactic.weights, key=lambda key: (-tactic.weights[key], key))
        while len(keys) > 1:
            parts = split(more_micros, [tactic.weights[key] for key in keys])
            least = max(LEAST_MICROS, tactic.offers[keys[-1]].least_micros)
            if parts[-1] >= least:
                break
            keys.pop()
        for key, part in zip(keys, split(more_micros, [tactic.weights[key] for key in keys]), strict=True):
            yield from self._order(tactic, key, part)

    def _order(self, tactic: Managed, key: str, budget_micros: int) -> Steps:
        offer = tactic.offers[key]
        tactic.orders += 1
        body: Json = {
            "tacticId": tactic.tactic_id,
            "productId": offer.product_id,
            "budget": amount(budget_micros),
            "salesAgentId": offer.seller_id,
            "idempotencyKey": f"{tactic.number}-{tactic.orders}",
        }
        try:
            answer = yield from self._call(tactic, "create_media_buy", body)
        except Refused as why:
            self._note(tactic, "not_bought", f"{offer.product_id}: {why}")
            return
        tactic.bought.append(Bought(answer["mediaBuyId"], key))
        self._note(tactic, "bought", f"{offer.product_id} for {amount(budget_micros)} {tactic.currency}")

    def _take_back(self, tactic: Managed, rows: list[Json], less_micros: int) -> Steps:
        """Take money off the media buys, by what each has not spent."""
        live = [row for row in rows if row["status"] in ("ACTIVE", "PAUSED") and _idle(row) > 0]
        idle = sum(_idle(row) for row in live)
        if not live:
            return
        parts = split(min(less_micros, idle), [_idle(row) for row in live])
        actions = [
            _action(row, "the tactic's budget was cut", packages=_budgets(row, -part))
            for row, part in zip(live, parts, strict=True)
            if part > 0
        ]
        yield from self._change(tactic, actions)

    # -- looking at results ------------------------------------------------------------------------------

    def review(self, tactic: Managed) -> Steps:
        """Look at what was delivered, and move money if the strategy wants it; at most once in an interval."""
        now, context = self._agent.now, tactic.context
        if tactic.is_over or not self._agent.strategy.heeds or not context.start_date < now < context.end_date:
            return
        yield from self.settle(tactic)
        if tactic.busy or context.status != "ACTIVE" or now - tactic.moved_ms < self._agent.config.review_interval:
            return
        tactic.busy, tactic.moved_ms = True, now
        try:
            yield from self._move(tactic)
        except Refused as why:
            self._note(tactic, "not_moved", str(why))
        finally:
            tactic.busy = False

    def _move(self, tactic: Managed) -> Steps:
        results = yield from self._results(tactic)
        last = tactic.feedback[-1] if tactic.feedback else None
        standing = Standing(
            tactic.elapsed(self._agent.now),
            last.delivery_index if last else None,
            last.performance_index if last else None,
        )
        choice = self._agent.strategy.review(results, standing, tactic.fields, self._agent.rng("review"))
        if choice is None or choice[0] == choice[1]:
            return
        rows = [row for row in (yield from self._rows(tactic)) if row["status"] == "ACTIVE"]
        source, target = (self._largest(tactic, rows, key) for key in choice)
        if source is None or target is None:
            return
        part = round(_idle(source) * MOVED)
        if part < LEAST_MICROS:
            return
        reason = f"results: from {choice[0]} to {choice[1]}"
        packages = ((source, _budgets(source, -part)), (target, _budgets(target, part)))
        yield from self._change(tactic, [_action(row, reason, packages=budgets) for row, budgets in packages])
        self._note(tactic, "moved", f"{amount(part)} {tactic.currency} from {choice[0]} to {choice[1]}")

    def _largest(self, tactic: Managed, rows: list[Json], key: str) -> Json | None:
        """The media buy of a product with most unspent money."""
        mine = {bought.media_buy_id for bought in tactic.bought if bought.key == key}
        return max((row for row in rows if row["mediaBuyId"] in mine), key=_idle, default=None)

    def _results(self, tactic: Managed) -> Steps:
        """What each product has brought, as the platform reports it."""
        first_ms = tactic.context.start_date
        params = {
            "view": "summary",
            "breakdown": "package",
            "campaignId": tactic.campaign_id,
            "startDate": iso_date(first_ms),
            "endDate": iso_date(max(first_ms, self._agent.now + DAY_MS)),
        }
        report = yield from self._agent.platform.call(tactic.seat, "get_reporting_metrics", params=params)
        told = {
            buy["mediaBuyId"]: buy["metrics"]
            for advertiser in report["advertisers"]
            for campaign in advertiser["campaigns"]
            for buy in campaign["mediaBuys"]
        }
        budgets = {row["mediaBuyId"]: _budget(row) for row in (yield from self._rows(tactic))}
        found = []
        for key in dict.fromkeys(bought.key for bought in tactic.bought):
            ids = [bought.media_buy_id for bought in tactic.bought if bought.key == key]
            rows = [told[media_buy_id] for media_buy_id in ids if media_buy_id in told]
            sums = {
                name: sum(row[name] for row in rows)
                for name in ("impressions", "clicks", "completedViews", "conversions")
            }
            found.append(
                Result(
                    key,
                    sum(budgets.get(media_buy_id, 0) for media_buy_id in ids),
                    sum(micros(row["spend"]) for row in rows),
                    sums["impressions"],
                    sums["clicks"],
                    sums["completedViews"],
                    sums["conversions"],
                )
            )
        return found

    # -- the platform ------------------------------------------------------------------------------------

    def _rows(self, tactic: Managed) -> Steps:
        """The tactic's media buys as the platform shows them: the running version of each."""
        if not tactic.bought:
            return []
        ids = [bought.media_buy_id for bought in tactic.bought]
        path, params = {"campaignId": tactic.campaign_id}, {"mediaBuyId": ids}
        answer = yield from self._agent.platform.call(tactic.seat, "get_campaign", path=path, params=params)
        rows: dict[str, Json] = {}
        for row in answer["mediaBuys"]:
            rows.setdefault(row["mediaBuyId"], row)
        return list(rows.values())

    def _change(self, tactic: Managed, actions: list[Json]) -> Steps:
        answer = yield from self._agent.platform.call(
            tactic.seat, "update_campaign", {"mediaBuys": actions}, {"campaignId": tactic.campaign_id}
        )
        for error in answer.get("errors", []):
            self._note(tactic, "not_changed", str(error["message"]))

    def _call(self, tactic: Managed, operation: str, body: Json) -> Steps:
        return self._agent.platform.call(tactic.seat, operation, body)

    def _note(self, tactic: Managed, decision: str, why: str) -> None:
        self._agent.decide("tactic", tactic.tactic_id, decision, why)


def _action(row: Json, reason: str, **changes: Any) -> Json:
    return {"mediaBuyId": row["mediaBuyId"], "action": "update", "updatedReason": reason, **changes}


def _budget(row: Json) -> int:
    return sum(micros(package["budget"]) for package in row["packages"] if not package["canceled"])


def _spend(row: Json) -> int:
    return micros(row["delivery"]["spend"])


def _idle(row: Json) -> int:
    """Unspent money, without what may have been spent since the last report: a twentieth of the budget."""
    return max(0, _budget(row) - _spend(row) - _budget(row) // 20)


def _budgets(row: Json, delta_micros: int) -> list[Json]:
    """The packages of a media buy with their budgets after a change, by what each has not spent."""
    packages = [package for package in row["packages"] if not package["canceled"]]
    weights = [max(1, micros(p["budget"]) - micros(p["spend"])) for p in packages]
    parts = split(abs(delta_micros), weights)
    sign = 1 if delta_micros > 0 else -1
    return [
        {"packageId": package["packageId"], "budget": amount(micros(package["budget"]) + sign * part)}
        for package, part in zip(packages, parts, strict=True)
    ]
