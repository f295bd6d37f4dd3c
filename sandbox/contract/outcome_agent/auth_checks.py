"""Nobody but the platform is served (rule 206)."""

from __future__ import annotations

from sandbox.contract.auth import Auth, Method
from sandbox.contract.check import Failed
from sandbox.contract.outcome_agent.agent import OPERATIONS, OutcomeAgent
from sandbox.contract.outcome_agent.checks import CHECKS

_RULE = "rule 206; seed 002, Authentication"


async def _refused(agent: OutcomeAgent, auth: Auth | None) -> None:
    """All five operations are refused to whoever shows this."""
    bodies = await agent.examples() if agent.auth else dict.fromkeys(OPERATIONS, await agent.campaign())
    for operation, body in bodies.items():
        answer = await agent.post(operation, body, auth=auth)
        if answer.status not in (401, 403):
            raise Failed(f"{operation}: status", "401 or 403", f"{answer.status} {answer.text[:200]}")


@CHECKS.add("auth.none", _RULE)
async def none(agent: OutcomeAgent) -> None:
    """Without credentials nothing is answered."""
    await _refused(agent, None)


def _wrong(agent: OutcomeAgent, method: Method) -> Auth:
    """Credentials of a method that are nobody's."""
    if agent.auth is not None and agent.auth.method == method:
        return agent.auth.wrong()
    return Auth(method, "platform:nobody" if method == "basic" else "nobody")


@CHECKS.add("auth.api_key", _RULE)
async def api_key(agent: OutcomeAgent) -> None:
    """A wrong X-API-Key is refused."""
    await _refused(agent, _wrong(agent, "api-key"))


@CHECKS.add("auth.bearer", _RULE)
async def bearer(agent: OutcomeAgent) -> None:
    """A wrong bearer token is refused."""
    await _refused(agent, _wrong(agent, "bearer"))


@CHECKS.add("auth.basic", _RULE)
async def basic(agent: OutcomeAgent) -> None:
    """A wrong password is refused."""
    await _refused(agent, _wrong(agent, "basic"))


@CHECKS.add("auth.first", _RULE, severity="should")
async def first(agent: OutcomeAgent) -> None:
    """Who calls is looked at before what is said: a malformed request without credentials is refused with 401."""
    answer = await agent.post_raw(OPERATIONS[0], b"{", auth=None)
    if answer.status not in (401, 403):
        raise Failed("status", "401 or 403", f"{answer.status} {answer.text[:200]}")
