"""Our tables of tools and error codes say what the official releases say."""

import json
from importlib.resources import files
from typing import Any

import pytest

from sandbox.core.errors import AdcpError
from sandbox.protocol.error_codes import RECOVERY
from sandbox.protocol.errors import error_body, error_entry, from_body
from sandbox.protocol.tools import TOOLS
from sandbox.protocol.versions import VERSIONS, envelope, from_wire, negotiate, offered, to_wire


def official(version: str, path: str) -> Any:
    return json.loads((files("adcp") / "_schemas" / version / path).read_text("utf-8"))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_tool_is_in_the_releases_that_have_it_and_mutates_as_they_say(version: str) -> None:
    manifest = official(version, "manifest.json")["tools"]
    assert {name for name, tool in TOOLS.items() if version in tool.versions} == set(manifest)
    assert all(offered(name, version) for name in manifest)
    newest = {name: tool for name, tool in manifest.items() if TOOLS[name].versions[-1] == version}
    assert {n: t["mutating"] for n, t in newest.items()} == {n: TOOLS[n].mutating for n in newest}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_error_code_recovers_as_its_release_says(version: str) -> None:
    codes = official(version, "enums/error-code.json")
    expected = {code: codes["enumMetadata"][code]["recovery"] for code in codes["enum"]}
    assert expected == {code: RECOVERY[code] for code in expected}


def test_there_is_no_code_that_no_release_has() -> None:
    known = {code for v in VERSIONS for code in official(v, "enums/error-code.json")["enum"]}
    assert set(RECOVERY) == known


def test_an_error_survives_the_wire() -> None:
    error = AdcpError("BUDGET_TOO_LOW", "at least 5,000", "packages[0].budget", details={"minimum": 5000})
    body = error_body(error, {"id": 1})
    assert body["context"] == {"id": 1}
    again = from_body(body)
    assert again is not None
    assert error_entry(again) == error_entry(error)
    assert again.recovery == "correctable"


def test_an_unknown_code_without_recovery_is_transient() -> None:
    error = from_body({"errors": [{"code": "ODD", "message": "?"}]})
    assert error is not None
    assert error.recovery == "transient"
    assert from_body({"products": []}) is None


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({}, "3.0"),
        ({"adcp_major_version": 3}, "3.0"),
        ({"adcp_version": "3.0"}, "3.0"),
        ({"adcp_version": "3.1"}, "3.1"),
        ({"adcp_version": "3.2"}, "3.2"),
        ({"adcp_version": "3.9"}, "3.2"),
        ({"adcp_version": "3.2-rc.1"}, "3.2"),
    ],
)
def test_a_request_is_served_at_the_release_it_names(payload: dict[str, Any], expected: str) -> None:
    assert negotiate(payload) == expected


@pytest.mark.parametrize("payload", [{"adcp_version": "4.0"}, {"adcp_version": "two"}, {"adcp_major_version": 2}])
def test_another_major_release_is_refused_with_the_supported_ones(payload: dict[str, Any]) -> None:
    with pytest.raises(AdcpError, match="VERSION_UNSUPPORTED") as caught:
        negotiate(payload)
    assert caught.value.details == {"supported_versions": ["3.0", "3.1", "3.2"]}


def test_a_newer_pin_is_served_as_the_newest_release_below_it() -> None:
    assert negotiate({"adcp_version": "3.2"}, ("3.0", "3.1")) == "3.1"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_caller_names_its_release_so_that_it_is_served_at_it(version: str) -> None:
    assert negotiate(envelope(version)) == version


def test_the_status_of_a_new_buy_stands_where_its_release_wants_it() -> None:
    body = {"media_buy_id": "mb", "media_buy_status": "active", "status": "active"}
    assert to_wire("create_media_buy", "answer", body, "3.0") == {"media_buy_id": "mb", "status": "active"}
    assert to_wire("create_media_buy", "answer", body, "3.2") == {"media_buy_id": "mb", "media_buy_status": "active"}
    old = {"media_buy_id": "mb", "status": "active"}
    assert from_wire("create_media_buy", "answer", old, "3.0")["media_buy_status"] == "active"
