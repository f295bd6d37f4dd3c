"""Messages are checked against the official schemas, and the breach that helps is named."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.protocol import schemas

BUY: dict[str, Any] = {
    "idempotency_key": "key-0123456789abcdef",
    "account": {"account_id": "acc"},
    "brand": {"domain": "acme.com"},
    "start_time": "asap",
    "end_time": "2026-07-01T00:00:00Z",
    "packages": [{"product_id": "p", "budget": 12, "pricing_option_id": "cpm"}],
}


@pytest.mark.parametrize("version", ["3.0", "3.1", "3.2"])
def test_a_valid_request_has_no_issues_in_any_release(version: str) -> None:
    assert schemas.check("create_media_buy", "request", BUY, version) == []


def test_a_breach_names_field_and_fault() -> None:
    wrong = BUY | {"packages": [{"product_id": "p", "budget": "12", "pricing_option_id": "cpm"}]}
    issue = schemas.check("create_media_buy", "request", wrong, "3.1")[0]
    assert issue.field == "packages[0].budget"
    assert "number" in issue.message


def test_of_several_branches_the_nearest_is_explained() -> None:
    wrong = {"buying_mode": "refine", "refine": [{"scope": "product", "action": "omit"}]}
    issue = schemas.check("get_products", "request", wrong, "3.1")[0]
    assert issue.field == "refine[0]"
    assert "product_id" in issue.message


def test_the_status_of_an_answer_decides_which_schema_applies() -> None:
    assert schemas.answer_direction({"status": "submitted", "task_id": "t"}) == "submitted"
    assert schemas.answer_direction({"status": "active"}) == "sync"
    assert schemas.check("create_media_buy", "submitted", {"status": "submitted", "task_id": "t"}, "3.1") == []


def test_a_tool_without_a_schema_is_not_judged() -> None:
    assert schemas.check("no_such_tool", "request", {"x": 1}, "3.1") == []


def test_with_a_warm_cache_the_sdk_is_not_even_imported(tmp_path: Path) -> None:
    program = (
        "import sys; from sandbox.protocol import schemas;"
        "schemas.check('get_products', 'request', {}, '3.1'); print('adcp' in sys.modules)"
    )
    env = {"XDG_CACHE_HOME": str(tmp_path), "PATH": ""}

    def run() -> str:
        done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    assert run() == "True"
    assert run() == "False"
    files = list(tmp_path.rglob("*.json"))
    assert [path.name for path in files] == ["get_products.request.json"]
    assert json.loads(files[0].read_text())["title"]


def test_a_broken_cache_file_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    schemas.load.cache_clear()
    path = schemas.cache_directory() / "3.1" / "list_accounts.request.json"
    path.parent.mkdir(parents=True)
    path.write_text("{ half")
    try:
        assert schemas.load("list_accounts", "request", "3.1")
        assert json.loads(path.read_text())
    finally:
        schemas.load.cache_clear()
