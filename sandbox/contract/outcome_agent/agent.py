"""The agent that is checked: its five operations, and what the checks need again and again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from uuid import uuid4

from sandbox.contract.auth import Auth, expect_let_in
from sandbox.contract.check import Failed
from sandbox.contract.control import Control
from sandbox.contract.outcome_agent.bodies import (
    CHANNELS,
    COUNTRIES,
    CREATIVE,
    LEAST,
    MOST,
    Tactic,
    custom_fields,
    day,
)
from sandbox.contract.outcome_agent.counter import Counter
from sandbox.contract.outcome_agent.flight.record import Flight
from sandbox.contract.talk import Answer, NoAnswer, Talk
from sandbox.core.errors import ApiError, InputError
from sandbox.operations.outcome import ANSWER_MS, BODIES, METHODS, Proposal, ProposalList, read
from sandbox.operations.outcome_dialect import IDEMPOTENCY

Json = dict[str, Any]

OPERATIONS = tuple(BODIES)

ANSWER_S = ANSWER_MS / 1000
"""How long an answer may take, in seconds (rule 207)."""

PLATFORM_PORT = 8090
"""Where the platform of the flight listens unless ``--platform-port`` says otherwise."""

SAME: Final = Auth("api-key", "as given")
"""Stands for the credentials that the command line gave."""


@dataclass(slots=True)
class OutcomeAgent:
    """An outcome agent at an address, with one method for each operation of seed 002."""

    url: str
    auth: Auth | None
    talk: Talk
    channels: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    control: Control | None = None
    control_url: str = ""
    restart: str = ""
    platform_port: int = PLATFORM_PORT
    quiet_s: float = 0.3
    answer_s: float = field(default_factory=lambda: ANSWER_S)
    counter: Counter | None = None
    """Where it can buy for the tactics of single messages."""
    flown: Flight | None = field(default=None, repr=False)
    """The flight, once it was made."""

    async def post(self, operation: str, body: Json, key: str = "", auth: Auth | None = SAME) -> Answer:
        """Send a message; ``key`` is an ``Idempotency-Key``. Raises :class:`NoAnswer` after ten seconds."""
        return await self._send(operation, headers={IDEMPOTENCY: key} if key else {}, auth=auth, body=body)

    async def post_raw(self, operation: str, raw: bytes, auth: Auth | None = SAME) -> Answer:
        """Send bytes as they are, said to be JSON."""
        return await self._send(operation, headers={}, auth=auth, raw=raw)

    async def _send(self, operation: str, headers: dict[str, str], auth: Auth | None, **given: Any) -> Answer:
        shown = self.auth if auth is SAME else auth
        headers = {**(dict([shown.header]) if shown else {}), **headers}
        address = f"{self.url}/{operation}"
        if self.counter is not None:
            self.counter.tell(operation, given.get("body"))
        return await self.talk.send("POST", address, headers=headers, timeout_s=self.answer_s, **given)

    # -- the five operations -----------------------------------------------------------------------------

    async def get_proposals(self, body: Json, key: str = "") -> list[Json]:
        """What it proposes; :class:`Failed` for an answer that is not valid (rules 198 and 199)."""
        answer = await self.post("get-proposals", body, key)
        expect_taken(answer, "get-proposals")
        try:
            rows = read(ProposalList, answer.body).proposals
        except ApiError as error:
            raise Failed(f"answer: {error.message}", "{proposals: […]}", answer.text[:300]) from None
        for number, row in enumerate(rows):
            try:
                read(Proposal, row)
            except ApiError as error:
                raise Failed(f"proposals[{number}].{error.message}", "a proposal of rule 199", row) from None
        return rows

    async def accept_proposal(self, body: Json, key: str = "") -> Json:
        """The answer to an assignment: ``{acknowledged, reason?}`` (rule 201)."""
        answer = await self.post("accept-proposal", body, key)
        expect_taken(answer, "accept-proposal")
        given = answer.body if isinstance(answer.body, dict) else {}
        if not isinstance(given.get("acknowledged"), bool):
            raise Failed("acknowledged", "true or false", answer.text[:300])
        return given

    async def tactic_context_updated(self, body: Json, key: str = "") -> None:
        """Tell it of another context; :class:`Failed` unless it takes it (rule 203)."""
        expect_taken(await self.post("tactic-context-updated", body, key), "tactic-context-updated")

    async def tactic_creatives_updated(self, body: Json, key: str = "") -> None:
        """Tell it of other creatives; :class:`Failed` unless it takes it (rule 204)."""
        expect_taken(await self.post("tactic-creatives-updated", body, key), "tactic-creatives-updated")

    async def tactic_feedback(self, body: Json, key: str = "") -> None:
        """Tell it how a tactic does; :class:`Failed` unless it takes it (rule 205)."""
        expect_taken(await self.post("tactic-feedback", body, key), "tactic-feedback")

    # -- what checks begin with --------------------------------------------------------------------------

    async def now(self) -> datetime:
        """The agent's time: that of the sandbox that serves it, or else of this machine."""
        return await self.control.now() if self.control is not None else datetime.now(UTC)

    async def campaign(self, **changes: Any) -> Json:
        """A body of ``get-proposals`` for a new campaign that begins in two days and lasts thirty."""
        now = await self.now()
        body = {
            "campaignId": f"check-{uuid4().hex[:12]}",
            "budgetRange": {"min": LEAST, "max": MOST, "currency": "USD"},
            "startDate": day(now, 2),
            "endDate": day(now, 32),
            "channels": list(self.channels or CHANNELS),
            "countries": list(self.countries or COUNTRIES),
            "objectives": ["awareness"],
            "brief": "A campaign of the check",
            "brandManifest": {"name": "Acme", "url": "https://acme.example"},
            "acceptedPricingMethods": list(METHODS),
            "promotedOfferings": ["everything"],
            "seatId": "1",
        }
        return {**body, **changes}

    async def proposal(self, **changes: Any) -> Json:
        """A proposal for a new campaign. :class:`Failed` if there is none."""
        rows = await self.get_proposals(await self.campaign(**changes))
        if not rows:
            raise Failed("proposals", "one for a campaign that it can do; see --channels and --countries", "none")
        return rows[0]

    async def assignment(self, proposal: Json, **changes: Any) -> Json:
        """A body of ``accept-proposal`` that gives it half of its capacity."""
        now = await self.now()
        context = {
            "budget": round(proposal["budgetCapacity"] / 2, 2),
            "budgetCurrency": proposal["pricing"].get("currency", "USD"),
            "startDate": day(now, 2),
            "endDate": day(now, 32),
            "channel": (self.channels or CHANNELS)[0],
            "countries": list(self.countries or COUNTRIES),
            "creatives": [CREATIVE],
            "brandStandards": {},
        }
        return {
            "tacticId": proposal["tacticId"],
            "proposalId": f"prop-{uuid4().hex[:12]}",
            "tacticContext": {**context, **changes},
            "brandAgentId": "1",
            "seatId": "1",
            "customFields": custom_fields(proposal),
        }

    async def tactic(self) -> Tactic:
        """A tactic that it has just taken. :class:`Failed` if it takes none."""
        body = await self.assignment(await self.proposal())
        answer = await self.accept_proposal(body, key=f"{body['proposalId']}-accept")
        if not answer["acknowledged"]:
            raise Failed("acknowledged", "true for what it has proposed itself", answer)
        return Tactic(body["tacticId"], dict(body["tacticContext"]), body)

    async def examples(self) -> dict[str, Json]:
        """A valid body for each operation; those after the first are about a tactic that it has."""
        tactic = await self.tactic()
        more = [*tactic.context["creatives"], {**CREATIVE, "creativeId": "cr_002"}]
        bodies = [
            await self.campaign(),
            tactic.accepted,
            tactic.change(budget=tactic.context["budget"] + 1),
            tactic.creatives(more, [{"op": "add", "path": "/creatives/-", "value": more[-1]}]),
            tactic.feedback(await self.now(), 95, 110),
        ]
        return dict(zip(OPERATIONS, bodies, strict=True))


def expect_taken(answer: Answer, what: str) -> None:
    """:class:`Failed` unless the answer is 200 or another one of that kind."""
    if not 200 <= answer.status < 300:
        raise Failed(f"{what}: status", 200, f"{answer.status} {answer.text[:300]}".strip())


def expect_refused(answer: Answer, what: str) -> None:
    """:class:`Failed` unless the answer says that the caller is wrong: 400 to 499."""
    if not 400 <= answer.status < 500:
        raise Failed(f"{what}: status", "400 or another one below 500", f"{answer.status} {answer.text[:300]}".strip())


def _names(text: str, option: str, known: Callable[[str], bool], right: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if not known(name):
            raise InputError(f"{name!r} is none", option, right)
    return names


_countries = partial(_names, option="--countries", right="write them as in US,CA,GB")
_channels = partial(_names, option="--channels", right="write them as in display,olv")


@asynccontextmanager
async def open_agent(
    url: str,
    auth: Auth | None,
    talk: Talk,
    control: str | None = None,
    channels: str = "",
    countries: str = "",
    restart: str = "",
    platform_port: int = PLATFORM_PORT,
    quiet: float = 0.3,
) -> AsyncIterator[OutcomeAgent]:
    """The agent at an address. Raises :class:`InputError` if nothing answers there."""
    agent = OutcomeAgent(
        url,
        auth,
        talk,
        _channels(channels, known=lambda name: name.replace("_", "").isalnum()),
        _countries(countries, known=lambda name: len(name) == 2 and name.isupper()),
        None if control is None else await Control.open(control, talk),
        (control or "").rstrip("/"),
        restart,
        platform_port,
        quiet,
    )
    try:
        with talk.reaching():
            first = await talk.send("POST", f"{url}/{OPERATIONS[0]}", {}, dict([auth.header]) if auth else {})
    except NoAnswer as error:
        raise InputError(f"nothing answers: {error}", url, "start the agent; URL is its endpointUrl") from None
    expect_let_in(first.status, auth)
    if agent.control is not None:
        yield agent
        return
    agent.counter = Counter()
    await agent.counter.open(platform_port)
    try:
        yield agent
    finally:
        await agent.counter.close()
