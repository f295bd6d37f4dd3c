"""What the one door does for every AdCP agent: release, schema, idempotency, context, errors, violations."""

from collections.abc import Generator
from typing import Any

import pytest

from sandbox.core.errors import AdcpError, ApiError
from sandbox.core.time import DAY_MS, MINUTE_MS
from sandbox.kernel.actor import Actor
from sandbox.kernel.checkers.schemas import Schemas
from sandbox.kernel.endpoint import Context, Endpoint, Operation, Principal, Reply
from sandbox.kernel.world import World
from sandbox.protocol import schemas
from sandbox.protocol.dialect import AdcpDialect, InboxDialect
from sandbox.protocol.errors import from_body
from tests.unit.protocol.examples import ANSWERS, REQUESTS, SUBMITTED

BUYER, DRIVER = Principal("buyer", "buyer"), Principal("driver")
BUY = REQUESTS["create_media_buy"] | {"adcp_version": "3.1", "context": {"trace": 1}}
HOOK = {
    "idempotency_key": "whk-0123456789abcdef",
    "operation_id": "op-1",
    "task_id": "task-1",
    "task_type": "create_media_buy",
    "status": "completed",
    "timestamp": "2026-05-01T00:00:00Z",
}


class Agent(Actor):
    """Sells whatever it is asked for; ``result`` is what its next answer says."""

    role = "seller"

    def __init__(self, world: World) -> None:
        super().__init__(world, "seller")
        self.result: dict[str, Any] | AdcpError | ApiError = ANSWERS["create_media_buy"]
        self.served: list[dict[str, Any]] = []
        self.contexts: list[Context] = []
        self.takes_ms = 0
        tools = [
            Operation("create_media_buy", self.serve, mutating=True),
            Operation("list_accounts", self.serve),
            Operation("get_task_status", self.serve),
        ]
        self.endpoint = Endpoint(self, AdcpDialect(), tools)
        self.inbox = Endpoint(self, InboxDialect(), [Operation("webhook", self.serve)])

    def serve(self, ctx: Context, request: dict[str, Any]) -> Generator[Any, Any, dict[str, Any]]:
        self.served.append(request)
        self.contexts.append(ctx)
        result = self.result
        yield self.world.env.timeout(self.takes_ms)
        if isinstance(result, Exception):
            raise result
        return result


@pytest.fixture
def agent() -> Agent:
    world = World(1, 0)
    agent = Agent(world)
    world.add(agent)
    return agent


def begin(agent: Agent, tool: str, payload: dict[str, Any], by: Principal = BUYER) -> list[Reply]:
    """Let somebody call; the list fills with the reply."""
    got: list[Reply] = []
    endpoint = agent.inbox if tool == "webhook" else agent.endpoint
    assert endpoint is not None

    def steps() -> Generator[Any, Any, None]:
        got.append((yield from endpoint.handle(tool, payload, by)))

    agent.world.spawn(steps())
    return got


def ask(agent: Agent, tool: str, payload: dict[str, Any], by: Principal = BUYER) -> Reply:
    got = begin(agent, tool, payload, by)
    agent.world.run(agent.world.now + agent.takes_ms)
    return got[0]


def refused(agent: Agent, tool: str, payload: dict[str, Any], by: Principal = BUYER) -> AdcpError:
    reply = ask(agent, tool, payload, by)
    error = from_body(reply.body)
    assert error is not None
    assert not reply.ok
    assert reply.body.get("context") == payload.get("context")
    return error


def violations(agent: Agent) -> list[str]:
    return [event.data["message"] for event in agent.world.trace.of("violation")]


# -- releases --------------------------------------------------------------------------------------------


def test_a_handler_sees_and_gives_the_canonical_form_whatever_the_caller_speaks(agent: Agent) -> None:
    old = {name: value for name, value in REQUESTS["create_media_buy"].items() if name != "reporting_webhook"}
    old = old | {"packages": [{"product_id": "news", "budget": 5, "pricing_option_id": "cpm"}]}
    reply = ask(agent, "create_media_buy", old)
    assert (agent.contexts[0].version, reply.body["status"]) == ("3.0", "pending_creatives")
    new = old | {"adcp_version": "3.2", "idempotency_key": "key-fedcba9876543210"}
    reply = ask(agent, "create_media_buy", new)
    assert (agent.contexts[0].version, agent.contexts[1].version) == ("3.0", "3.2")
    assert reply.body["media_buy_status"] == "pending_creatives"
    assert agent.served[1]["adcp_version"] == "3.1"
    assert violations(agent) == []


def test_an_answer_names_the_release_that_was_served_to_who_named_one(agent: Agent) -> None:
    agent.result = ANSWERS["list_accounts"]
    assert ask(agent, "list_accounts", {"adcp_version": "3.1"}).body["adcp_version"] == "3.1"
    assert ask(agent, "list_accounts", {"adcp_version": "3.7"}).body["adcp_version"] == "3.2"
    assert "adcp_version" not in ask(agent, "list_accounts", {}).body


def test_a_release_that_nobody_has_is_refused(agent: Agent) -> None:
    assert refused(agent, "list_accounts", {"adcp_version": "4.0"}).code == "VERSION_UNSUPPORTED"
    assert agent.served == []


def test_in_3_0_the_tools_for_tasks_are_checked_by_the_schemas_of_their_old_names(agent: Agent) -> None:
    agent.result = ANSWERS["get_task_status"]
    assert refused(agent, "get_task_status", {}).field == "task_id"
    assert ask(agent, "get_task_status", {"task_id": "task-1"}).ok


# -- schemas ---------------------------------------------------------------------------------------------


def test_a_request_that_breaks_its_schema_never_reaches_the_handler(agent: Agent) -> None:
    package = {"product_id": "news", "pricing_option_id": "cpm", "budget": "5", "pacing": "slow"}
    error = refused(agent, "create_media_buy", BUY | {"packages": [package]})
    assert (error.code, error.recovery, error.field) == ("INVALID_REQUEST", "correctable", "packages[0].budget")
    assert agent.served == []
    pointers = [issue["pointer"] for issue in (error.details or {})["issues"]]
    assert pointers == ["/packages/0/budget", "/packages/0/pacing"]


@pytest.mark.parametrize("version", ["3.0", "3.1", "3.2"])
def test_a_refusal_is_valid_in_the_callers_release(agent: Agent, version: str) -> None:
    wrong = BUY | {"adcp_version": version, "packages": "none"}
    body = ask(agent, "create_media_buy", wrong).body
    assert schemas.check_answer("create_media_buy", body, version) == []
    assert body["adcp_error"]["issues"][0]["pointer"] == "/packages"


def test_a_mistake_of_our_own_actor_is_a_violation_but_not_one_of_a_scenarios_step(agent: Agent) -> None:
    refused(agent, "create_media_buy", BUY | {"packages": "none"}, DRIVER)
    assert violations(agent) == []
    refused(agent, "create_media_buy", BUY | {"packages": "none"}, BUYER)
    assert violations(agent) == [
        'request of create_media_buy (3.1) by buyer breaks its schema: packages must be array, is "none"'
    ]


def test_an_answer_of_ours_that_breaks_its_schema_fails_the_run(agent: Agent) -> None:
    checker = Schemas(agent.world)
    agent.world.trace.listen(checker.on_event)
    agent.result = ANSWERS["create_media_buy"] | {"revision": 0}
    assert ask(agent, "create_media_buy", BUY, DRIVER).ok
    assert [violation.message for violation in checker.violations] == [
        "answer of create_media_buy (3.1) by seller breaks its schema: revision must be at least 1"
    ]


def test_an_interim_answer_is_checked_too(agent: Agent) -> None:
    agent.result = {"status": "submitted"}
    ask(agent, "create_media_buy", BUY)
    assert "task_id is required" in violations(agent)[0]


# -- idempotency -----------------------------------------------------------------------------------------


def test_a_retry_is_answered_without_the_handler_and_echoes_its_own_context(agent: Agent) -> None:
    first = ask(agent, "create_media_buy", BUY)
    agent.result = ANSWERS["create_media_buy"] | {"media_buy_id": "another"}
    again = ask(agent, "create_media_buy", BUY | {"context": {"trace": 2}})
    assert again.body == first.body | {"replayed": True, "context": {"trace": 2}}
    assert len(agent.served) == 1
    assert schemas.check_answer("create_media_buy", again.body, "3.1") == []


def test_a_retry_of_a_submitted_call_gets_the_task_though_it_has_ended(agent: Agent) -> None:
    agent.result = SUBMITTED
    first = ask(agent, "create_media_buy", BUY)
    agent.result = ANSWERS["create_media_buy"]
    assert ask(agent, "create_media_buy", BUY).body == first.body | {"replayed": True}


@pytest.mark.parametrize(
    "outcome",
    [AdcpError("SERVICE_UNAVAILABLE", "later"), {"status": "input-required", "reason": "BUDGET_EXCEEDS_LIMIT"}],
)
def test_what_was_not_accepted_is_served_anew(agent: Agent, outcome: Any) -> None:
    agent.result = outcome
    ask(agent, "create_media_buy", BUY)
    agent.result = ANSWERS["create_media_buy"]
    reply = ask(agent, "create_media_buy", BUY)
    assert (reply.ok, len(agent.served), "replayed" in reply.body) == (True, 2, False)


def test_a_cancelled_buy_of_3_0_is_an_accepted_answer(agent: Agent) -> None:
    """In 3.0 ``status`` is the buy's, so ``canceled`` there says nothing against the call."""
    agent.result = ANSWERS["create_media_buy"] | {"media_buy_status": "canceled"}
    old = {name: value for name, value in REQUESTS["create_media_buy"].items() if name in _PLAIN}
    ask(agent, "create_media_buy", old)
    assert ask(agent, "create_media_buy", old).body["replayed"]


_PLAIN = ("idempotency_key", "account", "brand", "start_time", "end_time")


def test_a_malformed_retry_does_not_touch_what_is_remembered(agent: Agent) -> None:
    ask(agent, "create_media_buy", BUY)
    assert refused(agent, "create_media_buy", BUY | {"packages": "none"}).code == "INVALID_REQUEST"
    assert refused(agent, "create_media_buy", BUY | {"end_time": "2026-07-01T00:00:00Z"}).code == "IDEMPOTENCY_CONFLICT"
    assert ask(agent, "create_media_buy", BUY).body["replayed"]


def test_a_retry_while_the_first_is_served_has_to_come_again(agent: Agent) -> None:
    agent.takes_ms = 1000
    first = begin(agent, "create_media_buy", BUY)
    agent.world.run(500)
    second = begin(agent, "create_media_buy", BUY)
    agent.world.run(501)
    error = from_body(second[0].body)
    assert error is not None
    assert (error.code, error.recovery, error.retry_after) == ("IDEMPOTENCY_IN_FLIGHT", "transient", 1)
    agent.world.run(1000)
    assert first[0].ok
    assert len(agent.served) == 1


def test_a_key_is_forgotten_after_the_declared_time_but_never_new(agent: Agent) -> None:
    ask(agent, "create_media_buy", BUY)
    agent.world.run(DAY_MS + 2 * MINUTE_MS)
    assert refused(agent, "create_media_buy", BUY).code == "IDEMPOTENCY_EXPIRED"
    assert len(agent.served) == 1


def test_a_mutating_call_without_a_key_is_refused(agent: Agent) -> None:
    error = refused(agent, "create_media_buy", {n: v for n, v in BUY.items() if n != "idempotency_key"})
    assert (error.code, error.field) == ("INVALID_REQUEST", "idempotency_key")


def test_a_reading_call_may_bring_a_key_that_is_not_remembered(agent: Agent) -> None:
    agent.result = ANSWERS["list_accounts"]
    request = {"adcp_version": "3.1", "idempotency_key": "key-0123456789abcdef"}
    assert "replayed" not in ask(agent, "list_accounts", request).body
    assert "replayed" not in ask(agent, "list_accounts", request).body
    assert ask(agent, "create_media_buy", BUY | {"idempotency_key": request["idempotency_key"]}).ok


# -- errors ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [{"status": "done"}, {"timestamp": "soon"}, {"task_type": "lunch"}])
def test_a_webhook_off_its_schema_is_refused_and_a_violation_of_its_sender(agent: Agent, wrong: dict[str, str]) -> None:
    reply = ask(agent, "webhook", HOOK | wrong)
    assert (reply.ok, reply.status) == (False, 400)
    assert agent.served == []
    assert next(iter(wrong)) in violations(agent)[0]
    assert f"by {BUYER.id} breaks its schema" in violations(agent)[0]


def test_a_number_that_no_budget_can_be_is_refused(agent: Agent) -> None:
    huge = BUY | {"packages": [BUY["packages"][0] | {"budget": 1e308}]}
    error = refused(agent, "create_media_buy", huge)
    assert (error.code, error.field) == ("INVALID_REQUEST", "packages[0].budget")


def test_an_error_of_a_handler_is_an_answer_with_the_context_echoed(agent: Agent) -> None:
    agent.result = AdcpError("PRODUCT_NOT_FOUND", "no such product", "packages[0].product_id")
    error = refused(agent, "create_media_buy", BUY)
    assert (error.code, error.field, error.recovery) == (
        "PRODUCT_NOT_FOUND",
        "packages[0].product_id",
        "correctable",
    )


def test_an_error_of_the_rest_interface_is_a_bug(agent: Agent) -> None:
    agent.result = ApiError("CONFLICT", "not here")
    with pytest.raises(TypeError, match="answers with AdcpError"):
        ask(agent, "create_media_buy", BUY)


def test_an_unknown_tool_is_refused_with_the_nearest_ones(agent: Agent) -> None:
    error = refused(agent, "list_account", {"adcp_version": "3.1"})
    assert (error.code, error.suggestion) == ("UNSUPPORTED_FEATURE", "did you mean list_accounts?")


# -- webhooks --------------------------------------------------------------------------------------------


def test_a_webhook_is_taken_once_and_acknowledged_each_time(agent: Agent) -> None:
    agent.result = {}
    replies = [ask(agent, "webhook", HOOK) for _ in range(3)]
    assert [reply.ok for reply in replies] == [True] * 3
    assert agent.served == [HOOK]


def test_a_webhook_whose_handling_failed_is_taken_when_it_comes_again(agent: Agent) -> None:
    agent.result = AdcpError("SERVICE_UNAVAILABLE", "later")
    assert not ask(agent, "webhook", HOOK).ok
    agent.result = {}
    assert ask(agent, "webhook", HOOK).ok
    assert len(agent.served) == 2


def test_a_changed_webhook_is_a_conflict_and_one_that_is_worked_on_comes_too_early(agent: Agent) -> None:
    agent.result, agent.takes_ms = {}, 1000
    begin(agent, "webhook", HOOK)
    early, changed = begin(agent, "webhook", HOOK), begin(agent, "webhook", HOOK | {"status": "failed"})
    agent.world.run(1000)
    assert (early[0].status, changed[0].status) == (503, 409)
    assert agent.served == [HOOK]
