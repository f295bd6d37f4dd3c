"""A small outcome agent in one file that does everything right, with a switch for each thing that it can do wrong.

``python -m tests.contract.mutants.outcome PORT PLATFORM STATE [MUTATION …]`` serves it until it is told to stop; in a
test ``async with serving(mutations, platform)`` does. STATE is the file where it keeps its tactics.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import jsonpatch
from aiohttp import web

from sandbox.core.errors import ApiError
from sandbox.operations.outcome import BODIES, TacticContext, read
from sandbox.operations.outcome_auth import Credentials
from tests.contract.mutants.outcome_buying import Buyer

KEY = "the-platform-may-come-in"
CHANNELS = ("display", "olv", "ctv", "video")
METHODS = {"revshare": 10.0, "passthrough": 0.0, "cpm": 9.0}
FIELD = {"fieldName": "targetCpm", "fieldType": "number", "description": "Most that 1,000 impressions may cost"}

MUTATIONS: dict[str, str] = {
    "open": "asks nobody who they are",
    "parses_first": "looks at the message before it looks at who sends it",
    "nothing_proposed": "never proposes anything",
    "no_execution": "leaves a field of its proposals out",
    "twins": "gives two proposals one id",
    "one_id": "calls all its tactics the same",
    "greedy": "offers three times what there is",
    "own_price": "prices by vcpm whatever is accepted",
    "dollars": "prices in USD whatever is asked",
    "marked_up": "puts a markup on passthrough",
    "anything": "proposes for everything",
    "nostalgic": "proposes for flights that are over",
    "needs_brief": "can't do without a brief",
    "vague": "asks for a field without saying what it is",
    "new_each_time": "recognises no repeated question",
    "declines": "declines what it has proposed",
    "already": "declines what it has already",
    "forgets_lost": "throws away a tactic whose acknowledgement was lost",
    "trusting": "takes tactics that it never proposed, of any size, without fields",
    "silent": "declines without a reason",
    "no_changes": "knows no changes of context",
    "no_cuts": "fails when the budget gets smaller",
    "fixed_dates": "fails when the dates change",
    "no_pause": "fails when it is to pause",
    "no_retry": "fails when a change is repeated",
    "ignores_patch": "takes values, and does not look at the patch",
    "accepts_unknown": "says 200 about tactics that it does not have",
    "no_creatives": "knows no changes of creatives",
    "one_creative": "fails without creatives",
    "no_news": "takes a creative once",
    "divides": "divides by the delivery index",
    "to_hundred": "takes indexes up to 100",
    "halves": "fails on bad news",
    "never_content": "fails on good news",
    "once_told": "fails when feedback is repeated",
    "crashes": "answers 500 to what it does not understand",
    "lenient": "takes whatever it gets",
    "strict": "refuses fields that it does not know",
    "ascii": "understands ASCII alone",
    "small": "takes 100 kB at most",
    "one_at_a_time": "refuses when it is busy",
    "any_method": "answers GET too",
    "mute": "refuses without a word",
    "slow": "takes its time to hear feedback",
    "amnesia": "forgets everything when it stops",
    "idle": "never buys",
    "buys_again": "buys again when an acceptance is repeated",
    "over_buys": "tries to buy for more than its budget",
    "no_buffer": "buys for all of its budget",
    "content": "does nothing about changes of its budget",
    "no_ends": "leaves its media buys running",
    "restless": "buys while it is paused",
    "deaf": "does nothing about feedback",
    "timid": "buys for a fifth of its budget",
    "no_fee_room": "buys media for the fee's money",
    "misses_feedback": "answers 500 to feedback of the flight",
    "misses_updates": "answers 404 to changes in the flight",
    "clumsy": "asks the platform for what it does not have",
}
"""All mutations, and what each makes the agent do."""

Json = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Tactic:
    """A tactic that the agent has proposed, and has if ``context`` is there."""

    tactic_id: str
    capacity: float
    method: str
    campaign: str
    context: Json = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    """Messages that came already."""
    bought: dict[str, str] = field(default_factory=dict)
    """Media buys by the product's key."""


class Agent:
    """The agent; ``has("greedy")`` is true in the mutant of that name."""

    def __init__(self, mutations: Iterable[str], platform: str, state: Path | None = None) -> None:
        self.mutations = frozenset(mutations)
        assert self.mutations <= set(MUTATIONS), self.mutations
        self.credentials = Credentials("API_KEY", KEY)
        self.state = state
        self.tactics: dict[str, Tactic] = {}
        self.answers: dict[str, Json] = {}
        self.busy = 0
        self.counted = 0
        self.buyer = Buyer(self, platform)
        if state is not None and state.exists():
            self.tactics = {row["tactic_id"]: Tactic(**row) for row in json.loads(state.read_text())}
        self.counted = len(self.tactics)

    def has(self, mutation: str) -> bool:
        """True if it has this fault."""
        assert mutation in MUTATIONS, mutation
        return mutation in self.mutations

    def app(self) -> web.Application:
        """Its five operations."""
        most = 100_000 if self.has("small") else 4_000_000
        app = web.Application(client_max_size=most, middlewares=[self._around])
        handlers: dict[str, Callable[[Json], Awaitable[Json]]] = {
            "get-proposals": self.get_proposals,
            "accept-proposal": self.accept_proposal,
            "tactic-context-updated": self.context_updated,
            "tactic-creatives-updated": self.creatives_updated,
            "tactic-feedback": self.feedback,
        }
        for name, handler in handlers.items():
            app.router.add_post(f"/{name}", self._handle(name, handler))
            if self.has("any_method"):
                app.router.add_get(f"/{name}", self._ok)
        return app

    async def _ok(self, _request: web.Request) -> web.Response:
        return web.json_response({})

    @web.middleware
    async def _around(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Turns what goes wrong into a status."""
        self.busy += 1
        try:
            if self.has("one_at_a_time") and self.busy > 5:
                return web.json_response({"error": "busy"}, status=503)
            if self.has("slow") and request.path == "/tactic-feedback":
                await asyncio.sleep(1.5)
            if self.has("one_at_a_time"):
                await asyncio.sleep(0.02)
            return await handler(request)
        except ApiError as error:
            status = 500 if self.has("crashes") else error.status
            return web.json_response({} if self.has("mute") else {"error": error.message}, status=status)
        except RuntimeError as error:
            return web.json_response({"error": str(error)}, status=500)
        finally:
            self.busy -= 1

    def _handle(self, name: str, handler: Callable[[Json], Awaitable[Json]]) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            if not self.has("parses_first"):
                self._authenticate(request)
            try:
                body = json.loads((await request.read()).decode())
            except ValueError:
                if self.has("lenient"):
                    return web.json_response({})
                raise ApiError("VALIDATION_ERROR", "that is no JSON") from None
            self._authenticate(request)
            try:
                read(BODIES[name], body)
            except ApiError:
                if not self.has("lenient"):
                    raise
                return web.json_response({})
            self._look_at(name, body)
            key = request.headers.get("Idempotency-Key", "")
            if key and name == "get-proposals" and key in self.answers and not self.has("new_each_time"):
                return web.json_response(self.answers[key])
            answer = await handler(body)
            self.answers[key] = answer
            self._save()
            return web.json_response(answer)

        return handle

    def _authenticate(self, request: web.Request) -> None:
        if not self.has("open") and not self.credentials.fit(request.headers):
            raise ApiError("UNAUTHORIZED", "Unauthorized")

    def _look_at(self, name: str, body: Json) -> None:
        """Faults that are about the form of messages."""
        known = {field.alias for field in BODIES[name].model_fields.values()}
        if self.has("strict") and set(body) - known:
            raise ApiError("VALIDATION_ERROR", "there are fields that are not known")
        if self.has("ascii") and not json.dumps(body, ensure_ascii=False).isascii():
            raise ApiError("VALIDATION_ERROR", "that is no ASCII")

    def _save(self) -> None:
        if self.state is not None and not self.has("amnesia"):
            self.state.write_text(json.dumps([asdict(tactic) for tactic in self.tactics.values()]))

    # -- seed 002 ----------------------------------------------------------------------------------------

    async def get_proposals(self, body: Json) -> Json:
        """A tactic for what it can do."""
        accepted = body.get("acceptedPricingMethods") or list(METHODS)
        method = next((name for name in METHODS if name in accepted), None)
        over = read(BODIES["get-proposals"], body).end_date < 1_760_000_000_000  # type: ignore[attr-defined]
        over = over or body["endDate"] < body["startDate"] or self._is_past(body["endDate"])
        can = bool(set(body["channels"]) & set(CHANNELS)) and method is not None
        if self.has("needs_brief") and not body.get("brief"):
            can = False
        can = (can and (not over or self.has("nostalgic"))) or self.has("anything")
        if not can or self.has("nothing_proposed"):
            return {"proposals": []}
        self.counted += 1
        tactic_id = "the-tactic" if self.has("one_id") else f"tactic-{self.counted}"
        most = body["budgetRange"]["max"]
        method = "vcpm" if self.has("own_price") else method or "revshare"
        rate = METHODS.get(method, 3.0) + (5 if self.has("marked_up") else 0)
        tactic = Tactic(tactic_id, 3 * most if self.has("greedy") else most, method, body["campaignId"])
        self.tactics[tactic_id] = tactic
        row = {
            "tacticId": tactic_id,
            "execution": "Cheapest impressions",
            "budgetCapacity": tactic.capacity,
            "pricing": {
                "method": method,
                "rate": rate,
                "currency": "USD" if self.has("dollars") else body["budgetRange"]["currency"],
            },
            "customFieldsRequired": [{**FIELD, "description": ""} if self.has("vague") else FIELD],
        }
        if self.has("no_execution"):
            del row["execution"]
        return {"proposals": [row, row] if self.has("twins") else [row]}

    @staticmethod
    def _is_past(end: str) -> bool:
        from datetime import UTC, datetime

        return datetime.fromisoformat(end) < datetime.now(UTC)

    async def accept_proposal(self, body: Json) -> Json:
        """Take a tactic, once."""
        tactic = self.tactics.get(body["tacticId"])
        context = body["tacticContext"]
        read(TacticContext, context)
        if tactic is not None and tactic.context and not self.has("buys_again"):
            if self.has("already"):
                return {"acknowledged": False, "reason": "it is assigned already"}
            return {"acknowledged": True}
        why = self._objection(tactic, body, context)
        if why and not self.has("trusting"):
            return {"acknowledged": False} if self.has("silent") else {"acknowledged": False, "reason": why}
        tactic = tactic or self.tactics.setdefault(body["tacticId"], Tactic(body["tacticId"], 0, "revshare", ""))
        tactic.context = dict(context)
        self.buyer.begin(tactic)
        return {"acknowledged": True}

    def _objection(self, tactic: Tactic | None, body: Json, context: Json) -> str:
        if self.has("declines"):
            return "not today"
        if tactic is None:
            return "that was never proposed"
        if context["budget"] > tactic.capacity:
            return "that is more than it can use"
        return "" if FIELD["fieldName"] in body.get("customFields", {}) else "targetCpm is needed"

    def _tactic(self, body: Json) -> Tactic | None:
        tactic = self.tactics.get(body["tacticId"])
        if tactic is not None and tactic.context:
            return tactic
        if self.has("accepts_unknown"):
            return None
        raise ApiError("NOT_FOUND", "there is no such tactic", "tacticId")

    async def context_updated(self, body: Json) -> Json:
        """Apply a change."""
        tactic = self._tactic(body)
        if tactic is None:
            return {}
        new, old = body["tactic"], tactic.context
        if self.has("misses_updates") and tactic.bought:
            raise ApiError("NOT_FOUND", "which tactic?")
        self._fail_if("no_changes", True)
        self._fail_if("no_cuts", new.get("budget", old["budget"]) < old["budget"])
        self._fail_if("fixed_dates", "endDate" in new or "startDate" in new)
        self._fail_if("no_pause", "status" in new)
        if new.items() <= old.items():
            self._fail_if("no_retry", True)
            return {}
        if self.has("ignores_patch"):
            patched = {**old, **new}
        else:
            try:
                patched = jsonpatch.apply_patch(old, body["patch"])
            except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
                raise ApiError("VALIDATION_ERROR", str(error)) from None
            if any(patched.get(name) != value for name, value in new.items()):
                raise ApiError("VALIDATION_ERROR", "tactic and patch differ")
        tactic.context = patched
        self.buyer.changed(tactic, set(new))
        return {}

    async def creatives_updated(self, body: Json) -> Json:
        """Take note of other creatives."""
        tactic = self._tactic(body)
        if tactic is None:
            return {}
        if self.has("misses_updates") and tactic.bought:
            raise ApiError("NOT_FOUND", "which tactic?")
        self._fail_if("no_creatives", True)
        self._fail_if("one_creative", not body["creatives"])
        self._fail_if("no_news", tactic.context["creatives"] == body["creatives"])
        tactic.context["creatives"] = body["creatives"]
        return {}

    async def feedback(self, body: Json) -> Json:
        """Hear how it does."""
        tactic, delivery = self._tactic(body), body["deliveryIndex"]
        if tactic is None:
            return {}
        self._fail_if("misses_feedback", bool(tactic.bought))
        self._fail_if("divides", delivery == 0)
        self._fail_if("to_hundred", delivery > 100)
        self._fail_if("halves", 0 < delivery < 60)
        self._fail_if("never_content", delivery == 100)
        self._fail_if("once_told", json.dumps(body) in tactic.seen)
        tactic.seen.append(json.dumps(body))
        if delivery < 85 and not self.has("deaf"):
            self.buyer.behind(tactic)
        return {}

    def _fail_if(self, mutation: str, when: bool) -> None:
        if when and self.has(mutation):
            raise RuntimeError(mutation)


@asynccontextmanager
async def serving(
    mutations: Iterable[str] = (), platform: str = "", state: Path | None = None, port: int = 0
) -> AsyncIterator[str]:
    """The agent on a port of this machine; gives its address."""
    agent = Agent(mutations, platform, state)
    runner = web.AppRunner(agent.app(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await agent.buyer.close()
        await runner.cleanup()


async def _main(port: str, platform: str, state: str, *mutations: str) -> None:
    async with serving(mutations, platform, Path(state), int(port)):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))


__all__ = ["KEY", "MUTATIONS", "Agent", "aiohttp", "serving"]
