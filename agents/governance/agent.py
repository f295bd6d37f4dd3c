"""The governance agent: its plans, its ledger, its lists, and its door."""

from __future__ import annotations

from functools import partial

from agents.governance import reviews
from agents.governance.adjustments import Adjustment
from agents.governance.collections import CollectionList
from agents.governance.config import GovernanceConfig
from agents.governance.endpoint import make_endpoint
from agents.governance.ledger import Ledger
from agents.governance.lists import PropertyList
from agents.governance.plans import Plan
from agents.governance.records import Action, Check, Json, Outcome, PlanKey
from agents.governance.registry import registry_of
from agents.governance.reviews import Reviews
from agents.governance.standards import Standards
from agents.governance.tasks import GovernanceTasks
from agents.governance.token import Signer
from sandbox.kernel.actor import Actor
from sandbox.kernel.world import World


class GovernanceAgent(Actor):
    """Holds buyers to their plans. Tables keep the order in which things were made."""

    role = "governance"

    def __init__(self, world: World, actor_id: str, config: GovernanceConfig) -> None:
        super().__init__(world, actor_id)
        self.config = config
        self.name = config.name or actor_id
        self.url = world.network.url(actor_id)
        self.registry = registry_of(config)
        self.signer = Signer(world.seed, actor_id)
        self.plans: dict[PlanKey, Plan] = {}
        self.suspended: dict[PlanKey, int] = {}
        """Plans into which people look, with when they began."""
        self.ledger = Ledger()
        self.checks: dict[str, Check] = {}
        self.actions: dict[str, Action] = {}
        """Governed actions by their binding."""
        self.outcomes: list[Outcome] = []
        self.adjustments: dict[str, Adjustment] = {}
        self.consultations: dict[str, int] = {}
        """How often a negotiation was answered with conditions, by its handle."""
        self.handles: dict[str, str] = {}
        """What each negotiation is about."""
        self.property_lists: dict[str, PropertyList] = {}
        self.collection_lists: dict[str, CollectionList] = {}
        self.standards: dict[str, Standards] = {}
        self.tasks = GovernanceTasks(self)
        self.reviews = Reviews(self)
        self.endpoint = make_endpoint(self)
        for control in (reviews.approve_review, reviews.deny_review, reviews.suspend_plan, reviews.resume_plan):
            self.controls[control.__name__] = partial(control, self)

    def plan_of(self, owner: str, plan_id: str | None, brand: str) -> Plan | None:
        """The plan of that id among those of its owner; without an id, the one made last for a brand."""
        mine = [plan for plan in self.plans.values() if plan.key[0] == owner]
        if plan_id is not None:
            return next((plan for plan in mine if plan.plan_id == plan_id), None)
        return next((plan for plan in reversed(mine) if plan.brand == brand), None)

    @property
    def jwks(self) -> Json:
        """The public keys of its tokens, as it publishes them."""
        return self.signer.jwks()
