"""The OpenAPI document says what the dialect takes and what operations answer."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from openapi_spec_validator import validate
from pydantic import BaseModel, ValidationError

from agents.buyer import api
from sandbox.core.errors import API_STATUS, ApiError
from sandbox.kernel.endpoint import Context, Endpoint, Principal, Reply
from sandbox.kernel.world import World
from sandbox.operations import Body, Group, openapi
from sandbox.operations.answer import check_answer
from sandbox.operations.help import sample
from sandbox.operations.schemas import Part, Schemas
from tests.unit.operations.from_schema import values
from tests.unit.operations.shelf import OPERATIONS, Library

Json = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Json:
    return openapi.document(OPERATIONS, ["http://127.0.0.1:8080"], "The shelf", "1.2.3")


@pytest.fixture(scope="module")
def platform() -> Json:
    return openapi.document(list(api.operations()), ["http://127.0.0.1:8080"], "The buyer platform", "1.2.3")


def row(document: Json, name: str) -> Json:
    return next(row for methods in document["paths"].values() for row in methods.values() if row["operationId"] == name)


def schema_of(document: Json, content: Json) -> Json:
    schema = content["application/json"]["schema"]
    return {**schema, "components": document["components"]}


def asked(name: str, **payload: Any) -> Reply:
    world = World(1, 0)
    library = Library(world)
    world.add(library)
    endpoint: Endpoint = library.endpoint
    steps = endpoint.handle(name, payload, Principal("anna"))
    with pytest.raises(StopIteration) as done:
        next(steps)
    reply: Reply = done.value.value
    return reply


def nothing(ctx: Context, request: Any) -> Json:
    """Nothing."""
    return {}


# -- the document ----------------------------------------------------------------------------------------------


def test_the_document_is_valid_openapi_3_1(document: Json) -> None:
    validate(document)
    assert document["openapi"] == "3.1.0"
    assert document["info"]["title"] == "The shelf"
    assert document["servers"] == [{"url": "http://127.0.0.1:8080"}]


def test_every_operation_stands_under_its_canonical_path_only(document: Json) -> None:  # rule 1, conflict C1
    names = [row["operationId"] for methods in document["paths"].values() for row in methods.values()]
    assert sorted(names) == sorted(operation.name for operation in OPERATIONS)
    assert row(document, "get_book")["x-aliases"] == [
        "/api/v2/buyer/tomes/{bookId}",
        "/api/buyer/books/{bookId}",
        "/api/buyer/tomes/{bookId}",
    ]


def test_a_fixed_word_goes_before_a_variable_in_the_same_place(document: Json) -> None:
    paths = list(document["paths"])
    assert paths.index("/api/v2/buyer/books/newest") < paths.index("/api/v2/buyer/books/{bookId}")


def test_two_operations_of_one_method_and_path_are_refused() -> None:
    other = Group("other", "/api/v2/buyer")
    other("get_tome", "GET", "/books/{tomeId}")(nothing)
    with pytest.raises(ValueError, match=r"get_tome and get_book are both GET /api/v2/buyer/books/\{tomeId\}"):
        openapi.document([*OPERATIONS, *other], [], "", "")


def test_one_place_in_a_path_has_one_name() -> None:
    other = Group("other", "/api/v2/buyer")
    other("change_tome", "PUT", "/books/{tomeId}")(nothing)
    with pytest.raises(ValueError, match="name its variables alike"):
        openapi.document([*OPERATIONS, *other], [], "", "")


def test_rules_groups_and_words_of_the_handler_are_there(document: Json) -> None:
    added = row(document, "add_book")
    assert added["x-rules"] == [3, 4]
    assert added["tags"] == ["books"]
    assert added["summary"] == "Put a book on the shelf."
    assert added["description"] == "It stays there until it is taken away with `drop_book`."
    assert document["tags"] == [{"name": "people"}, {"name": "books"}]


def test_a_key_is_wanted_but_for_public_operations(document: Json) -> None:  # rule 1
    assert document["security"] == [{"bearer": []}]
    assert row(document, "read_page")["security"] == []
    assert "security" not in row(document, "list_books")


# -- requests --------------------------------------------------------------------------------------------------


def test_queries_are_parameters_without_null(document: Json) -> None:  # rule 11
    parameters = {p["name"]: p for p in row(document, "list_books")["parameters"]}
    assert parameters["title"]["schema"] == {"type": "string"}
    assert parameters["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 10, "default": 10}
    assert parameters["languages"]["schema"]["type"] == "array"
    assert parameters["printedAfter"]["schema"] == {"type": "string", "format": "date-time"}
    assert not any(p["required"] for p in parameters.values())


def test_path_parameters_are_required(document: Json) -> None:
    assert row(document, "get_book")["parameters"] == [
        {"name": "bookId", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    ]


BODIES: list[tuple[Json, bool]] = [
    ({"title": "Emma", "authorId": "a1"}, True),
    ({"title": "Emma", "authorId": "a1", "printedAt": "2026-05-01T00:00:00Z", "price": {"amount": 2.5}}, True),
    ({"title": "Emma", "authorId": "a1", "price": None}, True),
    ({"title": "", "authorId": "a1"}, False),
    ({"title": "x" * 51, "authorId": "a1"}, False),
    ({"title": "Emma"}, False),
    ({"title": "Emma", "authorId": "a1", "pages": 3}, False),
    ({"title": "Emma", "authorId": "a1", "price": {"amount": -1}}, False),
    ({"title": "Emma", "authorId": "a1", "price": {"amount": 1, "currency": "usd"}}, False),
    ({"title": "Emma", "authorId": "a1", "keywords": "novel"}, False),
]


@pytest.mark.parametrize(("body", "fits"), BODIES)
def test_the_document_allows_what_the_dialect_takes(document: Json, body: Json, fits: bool) -> None:  # rule 2
    request = row(document, "add_book")["requestBody"]
    assert request["required"]
    schema = schema_of(document, request["content"])
    assert jsonschema_rs.is_valid(schema, body) is fits
    assert asked("add_book", body=body).ok is fits


def test_files_come_in_a_form_with_metadata(document: Json) -> None:  # rule 178
    content = row(document, "scan_book")["requestBody"]["content"]
    form = content["multipart/form-data"]
    assert form["schema"]["properties"]["metadata"] == content["application/json"]["schema"]
    assert form["schema"]["properties"]["files"]["items"] == {"type": "string", "format": "binary"}
    assert form["encoding"] == {"metadata": {"contentType": "application/json"}}
    assert row(document, "scan_book")["x-mcp"] is False  # rule 185


# -- answers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "status", "payload"),
    [
        ("list_books", "200", {}),
        ("add_book", "201", {"body": {"title": "Emma", "authorId": "a1"}}),
        ("get_book", "200", {"pathParams": {"bookId": "b1"}}),
        ("newest_book", "200", {}),
    ],
)
def test_answers_in_their_envelopes_are_as_described(  # conflict C41
    document: Json, name: str, status: str, payload: Json
) -> None:
    schema = schema_of(document, row(document, name)["responses"][status]["content"])
    reply = asked(name, **payload)
    assert str(reply.status) == status
    jsonschema_rs.validate(schema, reply.body)
    assert not jsonschema_rs.is_valid(schema, {**reply.body, "more": 1})
    assert not jsonschema_rs.is_valid(schema, {})


def test_pages_have_their_content_type_and_204_has_nothing(document: Json) -> None:
    assert row(document, "read_page")["responses"]["200"]["content"] == {"text/html": {"schema": {"type": "string"}}}
    assert "content" not in row(document, "drop_book")["responses"]["204"]


@pytest.mark.parametrize("code", API_STATUS)
def test_errors_are_described_by_status_and_code(document: Json, code: str) -> None:  # rules 3 and 4
    error = ApiError(code, "no", "title", {"more": 1})
    place = row(document, "add_book")["responses"][str(error.status)]["$ref"].rpartition("/")[2]
    schema = document["components"]["responses"][place]["content"]["application/json"]["schema"]
    jsonschema_rs.validate(schema, error.body())
    other = next(c for c, status in API_STATUS.items() if status != error.status)
    assert not jsonschema_rs.is_valid(schema, ApiError(other, "no").body())


# -- the check that tests of the platform make -----------------------------------------------------------------


def route_of(name: str) -> Any:
    return next(operation.detail for operation in OPERATIONS if operation.name == name)


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"bookId": "b1", "title": "Emma"}},
        {"data": {"bookId": "b1", "title": "Emma", "printedAt": None, "pages": 3}},
        {"data": {"bookId": 1, "title": "Emma", "printedAt": None}},
        {"data": {"bookId": "b1", "title": "Emma", "printedAt": None}, "bookId": "b1"},
    ],
)
def test_an_answer_that_is_not_as_described_is_noticed(body: Json) -> None:
    check_answer(route_of("get_book"), {"data": {"bookId": "b1", "title": "Emma", "printedAt": None, "price": 2}})
    with pytest.raises(ValueError, match=r"data|tuple|envelope"):
        check_answer(route_of("get_book"), body)


def test_an_answer_without_a_body_is_noticed_if_it_has_one() -> None:
    check_answer(route_of("drop_book"), {})
    with pytest.raises(ValueError, match="no body"):
        check_answer(route_of("drop_book"), {"gone": True})


# -- the platform ----------------------------------------------------------------------------------------------


def test_the_document_of_the_platform_is_valid(platform: Json) -> None:
    validate(platform)
    assert not [name for name in platform["components"]["schemas"] if "__" in name]


def test_every_operation_of_the_platform_says_what_it_answers() -> None:
    silent = [op.name for op in api.operations() if op.detail.answer is None and op.detail.success_status != 204]
    assert silent == []


def test_every_schema_of_the_platform_is_one(platform: Json) -> None:
    for name, schema in platform["components"]["schemas"].items():
        jsonschema_rs.meta.validate({**schema, "$schema": "https://json-schema.org/draft/2020-12/schema"})
        assert schema.get("type") or schema.get("enum") or schema.get("anyOf") or schema.get("$ref"), name


def test_bodies_are_closed() -> None:  # "did you mean" needs it: an unknown field is a mistake
    for operation in api.operations():
        body = operation.detail.body
        if body is not None and issubclass(body, Body):
            assert body.model_config["extra"] == "forbid", operation.name


BOTH: tuple[Part, ...] = ("body", "params")
SENT = [(op.name, part) for op in api.operations() for part in BOTH if getattr(op.detail, part) is not None]


def wrong(model: type[BaseModel], value: Json, strict: bool) -> list[Any]:
    """What is wrong with a value."""
    try:
        model.model_validate(value, strict=strict)
    except ValidationError as error:
        return list(error.errors())
    return []


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    return Schemas(list(api.operations()))


@pytest.mark.parametrize(("name", "part"), SENT)
def test_what_the_document_allows_is_refused_only_for_rules_between_fields(
    schemas: Schemas, name: str, part: Part
) -> None:
    """Types, required fields, limits and words are described; what a validator of ours says besides is not."""
    model = next(getattr(op.detail, part) for op in api.operations() if op.name == name)
    schema = schemas.of(name, part)
    assert schema is not None

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(values(schema, schemas.definitions))
    def try_it(value: Json) -> None:
        if part == "params":
            value = {field: given for field, given in value.items() if given is not None}
        assert {issue["type"] for issue in wrong(model, value, part == "body")} <= {"value_error"}

    try_it()


def test_a_sample_with_what_is_required_is_as_the_document_says(schemas: Schemas) -> None:
    for name, part in SENT:
        schema = schemas.of(name, part)
        assert schema is not None
        made = sample(schemas, schema, "")
        checked = {**schema, "components": {"schemas": schemas.definitions}}
        wrong_places = [str(error) for error in jsonschema_rs.validator_for(checked).iter_errors(made)]
        assert not [place for place in wrong_places if "required" in place or "is not of type" in place], name
