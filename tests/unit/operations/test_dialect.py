"""How REST requests are opened, answered and refused, without any agent."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from sandbox.core.errors import AdcpError, ApiError
from sandbox.kernel.actor import Actor
from sandbox.kernel.endpoint import Context, Endpoint, Principal, Reply
from sandbox.kernel.world import World
from sandbox.operations import Body, Group, Request, RestDialect
from sandbox.operations.model import Amount, Id, Instant, Names
from sandbox.operations.paging import limit_offset

operation = Group("things", "/api/v2", "/api")


class Part(Body):
    unit_price: Amount


class Thing(Body):
    thing_name: str
    owner_id: Id | None = None
    begins_at: Instant | None = None
    parts: list[Part] = []


class Query(Body):
    limit: int = 10
    active: bool = False
    names: Names = []


@operation("make", "POST", "/things", body=Thing, success_status=201, envelope="mirror", rules=(1,))
def make(ctx: Context, request: Request) -> dict[str, Any]:
    """Make a thing.

    The second paragraph is no summary.
    """
    return {"name": request.body.thing_name, "by": ctx.notes["tenant"], "owner": request.body.owner_id}


@operation("find", "GET", "/things", params=Query, envelope="data")
def find(ctx: Context, request: Request) -> dict[str, Any]:
    """Find things."""
    found: dict[str, Any] = request.params.model_dump()
    return found


@operation("read", "GET", "/things/{thingId}", aliases=("/stuff/{thingId}",))
def read(ctx: Context, request: Request) -> dict[str, Any]:
    """Read a thing."""
    return {"id": request.path["thingId"]}


@operation("drop", "DELETE", "/things/{thingId}", success_status=204)
def drop(ctx: Context, request: Request) -> dict[str, Any]:
    """Drop a thing."""
    return {"forgotten": True}


@operation("break", "POST", "/break")
def break_(ctx: Context, request: Request) -> dict[str, Any]:
    """Fail as an agent does."""
    raise AdcpError("SERVICE_UNAVAILABLE", "gone fishing", field="packages[0]")


class Door(Actor):
    role = "buyer"

    def __init__(self, world: World) -> None:
        super().__init__(world, "door")
        tenants = {"acme": "Acme", "globex": "Globex"}
        dialect = RestDialect(lambda principal: tenants.get(principal.id), {"thingId": ("id",)})
        self.endpoint = Endpoint(self, dialect, operation)


@pytest.fixture
def door() -> Endpoint:
    world = World(1, 0)
    actor = Door(world)
    world.add(actor)
    assert actor.endpoint is not None
    return actor.endpoint


def ask(
    door: Endpoint,
    name: str,
    body: Any = None,
    params: Any = None,
    path: Any = None,
    who: str = "acme",
) -> Reply:
    steps: Generator[Any, Any, Reply] = door.handle(
        name, {"body": body, "params": params, "pathParams": path}, Principal(who)
    )
    with pytest.raises(StopIteration) as done:
        next(steps)
    reply: Reply = done.value.value
    return reply


def refused(reply: Reply) -> dict[str, Any]:
    assert not reply.ok
    assert set(reply.body) == {"data", "error"}  # rule 3
    assert reply.body["data"] is None
    error: dict[str, Any] = reply.body["error"]
    return error


def test_a_query_of_texts_is_coerced(door: Endpoint) -> None:  # rule 11
    reply = ask(door, "find", params={"limit": "25", "active": "true", "names": "a, b"})
    assert reply.body == {"data": {"limit": 25, "active": True, "names": ["a", "b"]}}


def test_a_body_is_json_and_not_coerced(door: Endpoint) -> None:  # rule 11 speaks of the query only
    error = refused(ask(door, "make", {"thingName": 5}))
    assert error["code"] == "VALIDATION_ERROR"
    assert error["field"] == "thingName"


def test_an_answer_comes_bare_and_under_data_where_it_is_mirrored(door: Endpoint) -> None:  # C41
    reply = ask(door, "make", {"thingName": "box"})
    assert reply.status == 201
    assert reply.body["name"] == reply.body["data"]["name"] == "box"


def test_a_204_has_no_body(door: Endpoint) -> None:
    reply = ask(door, "drop", path={"thingId": "t1"})
    assert (reply.ok, reply.status, reply.body) == (True, 204, {})


def test_the_snake_case_spelling_of_a_field_is_taken(door: Endpoint) -> None:  # C17
    assert ask(door, "make", {"thing_name": "box"}).body["name"] == "box"


def test_a_number_is_taken_as_an_id(door: Endpoint) -> None:  # C6
    assert ask(door, "make", {"thingName": "box", "ownerId": 34}).body["owner"] == "34"
    assert ask(door, "read", path={"thingId": 34}).body == {"id": "34"}


def test_a_path_parameter_may_have_its_other_name(door: Endpoint) -> None:  # C27
    assert ask(door, "read", path={"id": "t1"}).body == {"id": "t1"}


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({}, "thingName", "required"),
        ({"thingName": "box", "ownerID": "1"}, "ownerID", "did you mean ownerId"),
        ({"thingName": "box", "parts": [{"unitPrice": 1}, {}]}, "parts[1].unitPrice", "required"),
        ({"thingName": "box", "parts": [{"unitPrise": 1}]}, "parts[0].unitPrice", "required"),
        ({"thingName": "box", "parts": [{"unitPrice": "1"}]}, "parts[0].unitPrice", "number"),
        ({"thingName": "box", "parts": [{"unitPrice": -1}]}, "parts[0].unitPrice", "greater than or equal"),
        ({"thingName": "box", "beginsAt": "tomorrow"}, "beginsAt", "ISO 8601"),
    ],
)
def test_a_wrong_body_is_refused_by_its_field_on_the_wire(
    door: Endpoint, body: dict[str, Any], field: str, words: str
) -> None:  # rules 3 and 4
    reply = ask(door, "make", body)
    error = refused(reply)
    assert (reply.status, error["code"], error["field"]) == (400, "VALIDATION_ERROR", field)
    assert words in error["message"]


def test_all_that_is_wrong_is_in_the_details(door: Endpoint) -> None:
    error = refused(ask(door, "make", {"beginsAt": "x"}))
    assert [issue["field"] for issue in error["details"]["issues"]] == ["thingName", "beginsAt"]


def test_a_missing_path_parameter_is_named(door: Endpoint) -> None:
    error = refused(ask(door, "read"))
    assert (error["code"], error["field"]) == ("VALIDATION_ERROR", "pathParams.thingId")


def test_an_operation_without_a_body_takes_none(door: Endpoint) -> None:
    assert refused(ask(door, "read", body={"a": 1}, path={"thingId": "t"}))["field"] == "a"


def test_a_stranger_is_unauthorized(door: Endpoint) -> None:  # rule 4
    reply = ask(door, "read", path={"thingId": "t1"}, who="mallory")
    assert (reply.status, refused(reply)["code"]) == (401, "UNAUTHORIZED")


def test_an_unknown_operation_is_not_found_and_the_nearest_is_named(door: Endpoint) -> None:
    reply = ask(door, "mke")
    assert reply.status == 404
    assert "make" in refused(reply)["message"]


def test_an_agents_error_that_nobody_caught_is_a_hard_failure_in_its_own_words(door: Endpoint) -> None:  # rule 6
    reply = ask(door, "break")
    error = refused(reply)
    assert (reply.status, error["code"]) == (500, "INTERNAL_ERROR")
    assert error["details"]["agentError"]["code"] == "SERVICE_UNAVAILABLE"


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("VALIDATION_ERROR", 400), ("UNAUTHORIZED", 401), ("ACCESS_DENIED", 403), ("NOT_FOUND", 404),
        ("CONFLICT", 409), ("RATE_LIMITED", 429), ("INVALID_STATE", 400), ("INTERNAL_ERROR", 500),
    ],
)  # fmt: skip
def test_each_code_has_its_status(code: str, status: int) -> None:  # rule 4
    assert ApiError(code, "").status == status


def test_operations_are_rows_that_say_where_they_are() -> None:
    rows = {row.name: row for row in operation}
    assert rows["read"].detail.path == "/api/v2/things/{thingId}"
    assert rows["read"].detail.aliases == ("/api/v2/stuff/{thingId}", "/api/things/{thingId}", "/api/stuff/{thingId}")
    assert rows["make"].detail.summary == "Make a thing."
    assert (rows["make"].mutating, rows["read"].mutating) == (True, False)


def test_a_name_is_entered_once() -> None:
    with pytest.raises(ValueError, match="registered twice"):
        operation("make", "GET", "/else")(make)


def test_the_last_page_alone_has_no_next_offset() -> None:  # rule 9
    rows = [{"n": n} for n in range(5)]
    first, last = limit_offset(rows, 3, 0), limit_offset(rows, 3, 3)
    assert (first["hasMore"], first["nextOffset"], first["total"]) == (True, 3, 5)
    assert (last["hasMore"], last["nextOffset"], last["items"]) == (False, None, [{"n": 3}, {"n": 4}])
    assert limit_offset(rows, 3, 9)["items"] == []
