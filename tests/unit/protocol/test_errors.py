"""Errors are worded as the specification wants them, at every release, and read back as they were."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.errors import AdcpError
from sandbox.protocol import schemas
from sandbox.protocol.error_codes import RECOVERY, codes
from sandbox.protocol.errors import error_body, error_entry, from_body
from sandbox.protocol.versions import VERSIONS
from tests.unit.protocol.official import official

WITH_ERROR_BRANCH = ("create_media_buy", "update_media_buy", "sync_accounts", "sync_creatives", "get_products")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_release_has_the_codes_and_recoveries_of_its_registry(version: str) -> None:
    registry = official(version, "enums/error-code.json")
    assert codes(version) == {code: registry["enumMetadata"][code]["recovery"] for code in registry["enum"]}


def test_there_is_no_code_that_no_release_has() -> None:
    assert set(RECOVERY) == {code for v in VERSIONS for code in official(v, "enums/error-code.json")["enum"]}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("tool", WITH_ERROR_BRANCH)
def test_a_refusal_fits_the_schema_of_its_tool(tool: str, version: str) -> None:
    error = AdcpError(
        "BUDGET_TOO_LOW",
        "at least 5,000",
        "packages[0].budget",
        suggestion="ask for more",
        retry_after=0,
        details={"issues": [{"pointer": "/packages/0/budget", "message": "too low", "keyword": "minimum"}]},
    )
    body = error_body(error, version, {"trace": "t"})
    if (tool, version) == ("get_products", "3.0"):  # has no branch for errors: they travel beside the body
        body |= {"products": []}
    assert schemas.check_answer(tool, body, version) == []
    assert body["context"] == {"trace": "t"}


def test_a_failure_is_told_in_both_layers() -> None:
    body = error_body(AdcpError("CONFLICT", "stale"), "3.1")
    assert body["adcp_error"] == body["errors"][0] == {"code": "CONFLICT", "message": "stale", "recovery": "transient"}
    assert body["status"] == "failed"
    assert "status" not in error_body(AdcpError("CONFLICT", "stale"), "3.0")


@pytest.mark.parametrize(("asked", "told"), [(0, 1), (1, 1), (90, 90), (86_400, 3600)])
def test_a_wait_is_between_a_second_and_an_hour(asked: int, told: int) -> None:
    assert error_entry(AdcpError("RATE_LIMITED", "slower", retry_after=asked))["retry_after"] == told


@given(
    st.sampled_from([*RECOVERY, "X_ODD"]),
    st.text(),
    st.none() | st.text(),
    st.none() | st.sampled_from(["transient", "correctable", "terminal"]),
    st.none() | st.integers(1, 3600),
    st.none() | st.dictionaries(st.sampled_from(["minimum", "supported"]), st.integers()),
    st.sampled_from(VERSIONS),
)
def test_an_error_survives_the_wire(
    code: str, message: str, field: Any, recovery: Any, retry_after: Any, details: Any, version: str
) -> None:
    error = AdcpError(code, message, field, recovery, None, retry_after, details)
    again = from_body(error_body(error, version))
    assert again is not None
    assert error_entry(again) == error_entry(error)
    assert again.recovery == recovery or recovery is None


def test_an_unknown_code_without_recovery_is_transient() -> None:
    error = from_body({"errors": [{"code": "ODD", "message": "?"}]})
    assert error is not None
    assert error.recovery == "transient"


@pytest.mark.parametrize(
    "body",
    [
        {"products": []},
        {"media_buys": [], "errors": [{"code": "MEDIA_BUY_NOT_FOUND", "message": "one of them"}]},
        {"status": "submitted", "task_id": "t", "errors": [{"code": "ODD", "message": "a warning"}]},
        {"status": "completed", "errors": []},
    ],
)
def test_warnings_are_no_failure(body: dict[str, Any]) -> None:
    assert from_body(body) is None


def test_the_envelope_alone_tells_a_failure() -> None:
    error = from_body({"status": "failed", "adcp_error": {"code": "RATE_LIMITED", "message": "", "retry_after": 5}})
    assert error is not None
    assert (error.code, error.retry_after, error.recovery) == ("RATE_LIMITED", 5, "transient")
