"""The platform's tables of outcome agents and tactics, and what its other parts ask about them."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from agents.buyer.fees import buy_budget_micros, spend_micros
from agents.buyer.outcome.fees import media_limit_micros
from agents.buyer.outcome.ledger import buys_of
from agents.buyer.outcome.records import MANAGED, RUNNING, OutcomeAgent, Round, Tactic
from agents.buyer.records import Campaign, MediaBuy, Session
from sandbox.core.errors import ApiError
from sandbox.core.money import amount

if TYPE_CHECKING:
    from agents.buyer.campaign_bodies import MediaBuyAction
    from agents.buyer.platform import BuyerPlatform
    from sandbox.kernel.endpoint import Context, Operation
    from sandbox.operations import Request

FOLLOWED = (
    "update_campaign", "pause_campaign", "reactivate_campaign", "delete_campaign", "execute_campaign",
    "create_creative", "update_creative", "delete_creative",
)  # fmt: skip
"""Operations of advertisers after which tactics of the campaign may have another context."""

COMMITTED = ("ACTIVE", "PAUSED", "PENDING_APPROVAL", "INPUT_REQUIRED")


class OutcomeDesk:
    """Outcome agents by id, tactics by the platform's id of their proposal."""

    def __init__(self, platform: BuyerPlatform) -> None:
        self._platform = platform
        self.agents: dict[str, OutcomeAgent] = {}
        self.rounds: dict[str, list[Round]] = {}
        """Collections of proposals by campaign."""
        self.tactics: dict[str, Tactic] = {}
        self.offers: dict[int, Session] = {}
        """What sales agents offered last to each customer's outcome agents."""

    # -- looking up --------------------------------------------------------------------------------------

    def agents_of(self, customer_id: int) -> list[OutcomeAgent]:
        """A customer's outcome agents, in the order in which they were registered."""
        return [agent for agent in self.agents.values() if agent.customer_id == customer_id]

    def of_campaign(self, campaign: Campaign) -> list[Tactic]:
        """Proposals and tactics of a campaign, in the order in which they were proposed."""
        return [tactic for tactic in self.tactics.values() if tactic.campaign_id == campaign.campaign_id]

    def managed(self, customer_id: int, tactic_id: str) -> Tactic | None:
        """The tactic of a customer that an agent has under this id of its own."""
        return next(
            (
                tactic
                for tactic in self.tactics.values()
                if (tactic.customer_id, tactic.tactic_id) == (customer_id, tactic_id) and tactic.status in RUNNING
            ),
            None,
        )

    def manages(self, campaign: Campaign) -> bool:
        """True while an outcome agent has a tactic of the campaign."""
        return any(tactic.status in RUNNING for tactic in self.of_campaign(campaign))

    # -- money -------------------------------------------------------------------------------------------

    def bought_micros(self, tactic: Tactic) -> int:
        """What the media buys of a tactic may spend or have spent."""
        total = 0
        for buy in buys_of(self._platform, tactic):
            if buy.sending or buy.status in COMMITTED:
                total += buy_budget_micros(buy)
            elif buy.status in ("ARCHIVED", "CANCELED", "COMPLETED"):
                total += spend_micros(self._platform, buy)
        return total

    def reserved_micros(self, campaign: Campaign) -> int:
        """What tactics of a campaign hold beyond their media buys: open budget while they run, then the fees."""
        total = 0
        for tactic in self.of_campaign(campaign):
            if tactic.status in RUNNING:
                total += max(0, tactic.budget_micros - self.bought_micros(tactic))
            else:
                total += max(0, tactic.fee_micros)
        return total

    def limit(self, tactic: Tactic) -> None:
        """Hold all media of a tactic together to what its budget leaves for media, whatever its agent does."""
        limit = media_limit_micros(tactic.price, tactic.budget_micros)
        self._platform.world.market.set_budget_group(group_id(tactic.proposal_id), limit)

    def check_actions(self, campaign: Campaign, actions: list[MediaBuyAction]) -> None:
        """No change of media buys may bring them over their tactic's budget (rule 211)."""
        for tactic in self.of_campaign(campaign):
            if tactic.status not in MANAGED:
                continue
            more = 0
            for buy in buys_of(self._platform, tactic):
                known = {package.package_id: package.budget_micros for package in buy.packages}
                for action in actions:
                    if action.media_buy_id == buy.media_buy_id and action.action == "update":
                        more += sum(c.budget - known.get(c.package_id, 0) for c in action.packages if c.budget)
            if more > 0 and self.bought_micros(tactic) + more > tactic.budget_micros:
                raise ApiError(
                    "VALIDATION_ERROR",
                    f"the media buys of tactic {tactic.tactic_id} would be more than its budget of "
                    f"{amount(tactic.budget_micros)}",
                    "mediaBuys",
                )

    # -- what others want to know of a media buy ---------------------------------------------------------

    def overlay(self, buy: MediaBuy) -> dict[str, Any]:
        """The part of a targeting overlay that comes from the tactic of a media buy; empty without one."""
        if buy.tactic is None:
            return {}
        tactic = self.tactics[buy.tactic]
        countries = {"geo_countries": tactic.countries} if tactic.countries else {}
        return {**countries, **tactic.targeting.get(buy.seller_id, {}), **tactic.targeting.get("", {})}

    def rests(self, buy: MediaBuy) -> bool:
        """True for a media buy of a tactic that is paused by itself, whatever its campaign does."""
        return buy.tactic is not None and self.tactics[buy.tactic].paused

    def groups(self, buy: MediaBuy) -> tuple[str, ...]:
        """The budget group of the tactic of a media buy."""
        return () if buy.tactic is None else (group_id(buy.tactic),)

    # -- what happens ------------------------------------------------------------------------------------

    def on_done(self, ctx: Context, row: Operation, request: Request, result: Any) -> None:
        """An operation has succeeded: ask for proposals for a new campaign, or tell agents what changed."""
        if not self.agents:
            return
        if row.name == "create_campaign":
            self._platform.world.spawn(self._ask(self._platform.campaigns[result["campaignId"]]))
        elif row.name in FOLLOWED:
            campaign = self._platform.campaigns.get(request.path.get("campaignId", ""))
            if campaign is not None:
                self._platform.world.spawn(self._follow(campaign))

    def _ask(self, campaign: Campaign) -> Generator[Any, Any, None]:
        from agents.buyer.outcome.proposals import collect

        return collect(self._platform, campaign)

    def _follow(self, campaign: Campaign) -> Generator[Any, Any, None]:
        from agents.buyer.outcome.assignment import follow_campaign

        return follow_campaign(self._platform, campaign)


def group_id(proposal_id: str) -> str:
    """The budget group of a tactic on the market."""
    return f"tactic/{proposal_id}"
