"""Media buys from proposals with the official Python SDK: at 3.1, and with the compact tools of 3.2.

Their webhooks are signed with a shared secret.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import adcp

from tests.contract.sdk_client_parts import ACCOUNT, Clock, Inbox, done, media_buy, task, word

Steps = AsyncIterator[tuple[str, dict[str, Any]]]

BRIEF = "Video beside the news"
BUDGET = 2000


class Proposals:
    """One media buy with one sales agent, by a proposal of the agent's."""

    def __init__(self, client: adcp.ADCPClient, clock: Clock, inbox: Inbox, name: str) -> None:
        self.client, self.clock, self.inbox, self.name = client, clock, inbox, name

    async def play(self, release: str) -> Steps:
        """All steps, each with what came of it."""
        steps = self._negotiated() if release == "3.2" else self._established()
        async for step in steps:
            yield step

    # -- 3.1 ---------------------------------------------------------------------------------------------

    async def _established(self) -> Steps:
        brief = adcp.GetProductsRequest(buying_mode="brief", brief=BRIEF, account=ACCOUNT, brand=ACCOUNT["brand"])
        found = done(await self.client.get_products(brief))
        proposal = found.proposals[0]
        shares = [allocation.allocation_percentage for allocation in proposal.allocations]
        yield "proposal", {"status": word(proposal.proposal_status), "products": len(shares), "shares": sum(shares)}
        start = self.clock.now() + timedelta(days=3)
        order = {
            "account": ACCOUNT,
            "brand": ACCOUNT["brand"],
            "proposal_id": proposal.proposal_id,
            "total_budget": {"amount": BUDGET, "currency": "USD"},
            "start_time": start,
            "end_time": start + timedelta(days=7),
            **self._committing("order"),
        }
        asked = done(await self.client.create_media_buy(adcp.CreateMediaBuyRequest.model_validate(order)))
        async for step in self._awaited(asked):
            yield step

    # -- 3.2 ---------------------------------------------------------------------------------------------

    async def _negotiated(self) -> Steps:
        listed = done(await self.client.list_products(adcp.ListProductsRequest(account=ACCOUNT)))
        yield "products", {"outcome": word(listed.outcome), "products": len(listed.products)}
        request = adcp.RequestProposalsRequest(brand=ACCOUNT["brand"], brief=BRIEF, **self._key("request"))
        draft = done(await self.client.request_proposals(request)).proposals[0]
        yield "proposal", {"status": word(draft.proposal_status), "total": _total(draft)}

        bounds = {"total_budget": {"max": BUDGET, "currency": "USD"}}
        wish = {"action": "revise", "constraints": bounds, "alternatives": {"count": 2}}
        revised = await self._refined("revise", draft, wish)
        chosen, other = revised.proposals
        totals = [_total(one) for one in revised.proposals]
        yield "refinement", {"outcome": word(revised.outcome), "totals": totals}
        decline = {"proposal_id": other.proposal_id, "reason": "price"}
        no = adcp.DeclineProposalsRequest.model_validate({"declines": [decline], **self._key("decline")})
        (declined,) = done(await self.client.decline_proposals(no)).results
        yield "decline", {"outcome": word(declined.outcome)}
        final = (await self._refined("finalize", chosen, {"action": "finalize"})).proposal
        yield "commitment", {"status": word(final.proposal_status), "expires": final.expires_at is not None}

        acceptance = {
            "account": ACCOUNT,
            "proposal_id": final.proposal_id,
            "proposal_terms_digest": final.terms_digest,
            **self._committing("acceptance"),
        }
        asked = done(await self.client.accept_proposal(adcp.AcceptProposalRequest.model_validate(acceptance)))
        async for step in self._awaited(asked):
            yield step
            if "id" in step[1]:
                yield "control", await self._paused(step[1]["id"])
        yield "direct purchase", await self._bought(listed)

    async def _refined(self, name: str, proposal: Any, wish: dict[str, Any]) -> Any:
        """The one result of a refinement, whose lineage, terms and digests the SDK has verified.

        The SDK puts a ``change_kind`` into every refinement, which the schema forbids where terms are finalized.
        """
        refinement = {"proposal_id": proposal.proposal_id, **wish}
        request = adcp.RefineProposalsRequest.model_validate({"refinements": [refinement], **self._key(name)})
        if wish["action"] == "finalize":
            request.refinements[0] = request.refinements[0].model_copy(update={"change_kind": None})
        capabilities = await self.client.fetch_capabilities()
        verified = await self.client.refine_proposals_verified(
            request,
            capabilities.media_buy.proposal_refinement,
            source_proposals={proposal.proposal_id: proposal},
            now=self.clock.now(),
        )
        assert verified.valid, verified
        (result,) = verified.task_result.data.results
        return result

    async def _paused(self, media_buy_id: str) -> dict[str, Any]:
        """Pause a media buy and let it go on; each is a revision of it."""
        revisions = [(await media_buy(self.client, media_buy_id)).revision]
        for paused in (True, False):
            control = {"account": ACCOUNT, "media_buy_id": media_buy_id, "revision": revisions[-1], "paused": paused}
            key = self._key(f"paused-{paused}")
            told = await self.client.control_media_buy(adcp.ControlMediaBuyRequest.model_validate(control | key))
            revisions.append(done(told).revision)
            assert (await media_buy(self.client, media_buy_id)).revision == revisions[-1]
        return {"revisions": revisions}

    async def _bought(self, listed: Any) -> dict[str, Any]:
        """Buy a listed product without any negotiation."""
        product = listed.products[0]
        price = next(option for option in product.pricing_options if getattr(option, "fixed_price", None))
        start = self.clock.now() + timedelta(days=3)
        purchase = {"product_id": product.product_id, "pricing_option_id": price.pricing_option_id, "budget": 500}
        order = {
            "account": ACCOUNT,
            "feed_version": listed.feed_version,
            "purchases": [purchase],
            "start_time": start,
            "end_time": start + timedelta(days=7),
            **self._key("purchase"),
        }
        asked = done(await self.client.buy_products(adcp.BuyProductsRequest.model_validate(order)))
        return {"status": word(asked.status), "task": asked.task_id}

    # -- both --------------------------------------------------------------------------------------------

    async def _awaited(self, asked: Any) -> Steps:
        """From a commitment that people have to approve to the media buy."""
        yield "acceptance", {"status": word(asked.status), "task": asked.task_id}
        self.clock.advance("1d")
        ended = await task(self.client, asked.task_id)
        yield "task a day later", {"status": word(ended.status)}
        hook = await self.inbox.next()
        yield "webhook", {"status": word(hook.status), "task": hook.task_id, "refused": self.inbox.refused}
        buy = await media_buy(self.client, ended.result["media_buy_id"])
        budgets = [package.budget for package in buy.packages]
        yield "media buy", {"id": buy.media_buy_id, "status": word(buy.status), "budgets": budgets}

    def _key(self, name: str) -> dict[str, str]:
        return {"idempotency_key": f"{self.name}-proposals-{name}"}

    def _committing(self, name: str) -> dict[str, Any]:
        return {**self._key(name), "push_notification_config": self.inbox.config(f"{self.name}-{name}")}


def _total(proposal: Any) -> float:
    """The total budget of a proposal, whose terms the SDK has as a model in some answers and as they came in others."""
    return float(proposal.model_dump(mode="json")["commercial_terms"]["total_budget"]["amount"])
