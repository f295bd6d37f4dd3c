"""The outcome agent: it registers, proposes, accepts or declines, and hears what becomes of its tactics."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from agents.outcome.config import OutcomeConfig
from agents.outcome.managing import Manager
from agents.outcome.margins import MARGINS
from agents.outcome.platform import PlatformClient, Refused
from agents.outcome.strategies import STRATEGIES
from agents.outcome.tactics import Managed, Proposed
from sandbox.core.errors import ApiError
from sandbox.core.money import amount, micros
from sandbox.domain.channels import CHANNELS
from sandbox.kernel.actor import Actor
from sandbox.kernel.endpoint import Context, Endpoint
from sandbox.operations.outcome import (
    AcceptProposal,
    ContextUpdated,
    CreativesUpdated,
    Feedback,
    GetProposals,
    TacticContext,
    read,
)
from sandbox.operations.outcome_auth import Credentials, access_token
from sandbox.operations.outcome_dialect import OutcomeDialect, operations

if TYPE_CHECKING:
    from sandbox.kernel.world import World

Json = dict[str, Any]
Steps = Generator[Any, Any, Json]


class OutcomeAgent(Actor):
    """Tactics are kept by the agent's own ids; ``managed`` has several of an id only if it recognises no retry."""

    role = "outcome"

    def __init__(self, world: World, actor_id: str, config: OutcomeConfig) -> None:
        super().__init__(world, actor_id)
        self.config = config
        self.strategy = STRATEGIES.get(config.strategy)()
        margin = config.margin
        self.margin = MARGINS.get(margin.model)(margin.percent, margin.method, margin.rate)
        self.name = config.name or f"{config.strategy.replace('_', ' ').capitalize()} of {actor_id}"
        self.credentials = self._credentials()
        self.proposed: dict[str, Proposed] = {}
        self.managed: list[Managed] = []
        handlers: dict[str, Callable[[Context, Any], Json]] = {
            "get-proposals": self._get_proposals,
            "accept-proposal": self._accept_proposal,
            "tactic-context-updated": self._context_updated,
            "tactic-creatives-updated": self._creatives_updated,
            "tactic-feedback": self._feedback,
        }
        dialect = OutcomeDialect(self.credentials, self.strategy.remembers)
        self.endpoint = Endpoint(self, dialect, operations({n: self._in_time(n, h) for n, h in handlers.items()}))

    @property
    def channels(self) -> list[str]:
        """The channels that it takes; all if empty."""
        return list(self.config.channels or self.strategy.channels)

    def start(self) -> None:
        """Register with every seat that it serves."""
        self.platform = PlatformClient(self, self.config.platform)
        self.manager = Manager(self)
        seats = self.platform.seats(self.config.seats)
        self.world.ecosystem.link(self.platform.platform_id, self.id, "authorised_for")
        for seat in seats:
            self.world.spawn(self._register(seat))

    def _credentials(self) -> Credentials:
        """What it wants to be shown; a bearer token is a JWT that it has signed itself."""
        secret, method = self.ids.uuid("secret"), self.config.auth
        if method == "BEARER":
            return Credentials(method, access_token(secret, self.world.network.url(self.id), "platform"))
        return Credentials(method, secret, "platform" if method == "BASIC" else "")

    def _register(self, seat: str) -> Generator[Any, Any, None]:
        body = {
            "name": self.name,
            "description": self.strategy.execution,
            "endpointUrl": self.world.network.url(self.id).rstrip("/"),
            "authenticationType": self.config.auth,
            "supportedChannels": self.channels,
            "supportedCountries": list(self.config.countries),
            "credentials": self.credentials.wire(),
        }
        try:
            yield from self.platform.call(seat, "outcome_agent_register", body)
        except Refused as why:
            self.decide("outcome_agent", self.id, "not_registered", str(why))

    def _in_time(self, operation: str, handler: Callable[[Context, Any], Json]) -> Callable[[Context, Json], Any]:
        """A handler that takes as long as the strategy thinks."""
        wait_ms = self.strategy.answer_ms(operation, self.config.delay)

        def at_once(ctx: Context, request: Json) -> Json:
            return handler(ctx, request["body"])

        def later(ctx: Context, request: Json) -> Steps:
            yield self.world.env.timeout(wait_ms)
            return handler(ctx, request["body"])

        return later if wait_ms else at_once

    # -- seed 002 ----------------------------------------------------------------------------------------

    def _get_proposals(self, ctx: Context, body: GetProposals) -> Json:
        """A proposal for a campaign that it can handle; an empty list otherwise (rules 198 and 199)."""
        most = body.budget_range.max
        if self.config.capacity is not None:
            most = min(most, micros(self.config.capacity))
        if not self._fits(body) or most < max(micros(self.config.min_budget), 1):
            return {"proposals": []}
        proposed = Proposed(self.ids.next(self.strategy.name.replace("_", "-")), body, 0)
        proposed.capacity_micros = self.strategy.capacity_micros(most)
        self.proposed[proposed.tactic_id] = proposed
        row: Json = {
            "tacticId": proposed.tactic_id,
            "execution": self.strategy.execution,
            "budgetCapacity": amount(proposed.capacity_micros),
            "pricing": self.margin.pricing(body.budget_range.currency),
            "sku": f"{self.strategy.name}-{self.margin.method}",
        }
        needed = self.strategy.custom_fields()
        return {"proposals": [{**row, "customFieldsRequired": needed} if needed else row]}

    def _fits(self, body: GetProposals) -> bool:
        accepted = body.accepted_pricing_methods
        return (
            body.end_date > self.now
            and (not accepted or self.margin.method in accepted)
            and _meets(self.channels or list(CHANNELS), body.channels)
            and _meets(self.config.countries, body.countries)
        )

    def _accept_proposal(self, ctx: Context, body: AcceptProposal) -> Json:
        """Take a tactic, or say why not (rule 201); one that it has already is acknowledged again."""
        context = read(TacticContext, body.tactic_context)
        if self.strategy.remembers and self._having(body.tactic_id):
            return {"acknowledged": True}
        proposed, seat = self.proposed.get(body.tactic_id), self.platform.seat_of(body.seat_id)
        why = self._objection(body, context, proposed, seat)
        if why is not None:
            self.decide("tactic", body.tactic_id, "declined", why)
            return {"acknowledged": False, "reason": why}
        assert proposed is not None
        assert seat is not None
        tactic = Managed(
            number=self.ids.next("run"),
            tactic_id=body.tactic_id,
            campaign_id=proposed.campaign.campaign_id,
            seat=seat,
            raw=body.tactic_context,
            fields=body.custom_fields,
            currency=context.budget_currency,
        )
        self.managed.append(tactic)
        self.decide("tactic", body.tactic_id, "accepted", self.strategy.execution)
        self.world.spawn(self.manager.run(tactic))
        return {"acknowledged": True}

    def _objection(
        self, body: AcceptProposal, context: TacticContext, proposed: Proposed | None, seat: str | None
    ) -> str | None:
        if proposed is None:
            return f"there is no proposal {body.tactic_id}"
        if seat is None:
            return f"there is no API key for seat {body.seat_id}"
        if context.budget > proposed.capacity_micros:
            return f"the budget is above the capacity of {amount(proposed.capacity_micros)}"
        for field in self.strategy.custom_fields():
            if field["fieldName"] not in body.custom_fields:
                return f"customFields.{field['fieldName']} is needed"
        return self.strategy.declines(context.budget, micros(self.config.min_budget))

    def _context_updated(self, ctx: Context, body: ContextUpdated) -> Json:
        """Apply a patch; one that does not make what ``tactic`` says is refused (rule 203)."""
        import jsonpatch

        operations = [operation.model_dump(by_alias=True, exclude_unset=True) for operation in body.patch]
        for tactic in self._known(body.tactic_id):
            if body.tactic.items() <= tactic.raw.items():
                continue  # it has come before
            try:
                patched = jsonpatch.apply_patch(tactic.raw, operations)
            except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
                raise ApiError("VALIDATION_ERROR", f"patch: {error}", "patch") from None
            wrong = [name for name, value in body.tactic.items() if patched.get(name) != value]
            if wrong:
                raise ApiError("VALIDATION_ERROR", f"patch: it does not make the tactic's {wrong[0]}", "patch")
            read(TacticContext, patched)
            self._heed(tactic, patched)
        return {}

    def _creatives_updated(self, ctx: Context, body: CreativesUpdated) -> Json:
        """Take note of other creatives; they are on the media buys already (rules 204 and 210)."""
        rows = [creative.model_dump(by_alias=True) for creative in body.creatives]
        for tactic in self._known(body.tactic_id):
            self._heed(tactic, {**tactic.raw, "creatives": rows})
        return {}

    def _heed(self, tactic: Managed, raw: Json) -> None:
        if self.strategy.heeds:
            tactic.raw = raw
            self.world.spawn(self.manager.settle(tactic))

    def _feedback(self, ctx: Context, body: Feedback) -> Json:
        """Hear how a tactic does, and act on it (rule 205)."""
        for tactic in self._known(body.tactic_id):
            if self.strategy.heeds:
                tactic.feedback.append(body)
                self.world.spawn(self.manager.review(tactic))
        return {}

    def _having(self, tactic_id: str) -> list[Managed]:
        return [tactic for tactic in self.managed if tactic.tactic_id == tactic_id]

    def _known(self, tactic_id: str) -> list[Managed]:
        found = self._having(tactic_id)
        if not found:
            raise ApiError("NOT_FOUND", f"there is no tactic {tactic_id}", "tacticId")
        return found


def _meets(mine: list[str], theirs: list[str]) -> bool:
    return not mine or not theirs or any(one in theirs for one in mine)
