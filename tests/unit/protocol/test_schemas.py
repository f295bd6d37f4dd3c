"""Messages are checked against the official schemas, loaded once and cached."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from sandbox.protocol import schemas
from sandbox.protocol.schemas import WEBHOOK, SchemaStore
from sandbox.protocol.tools import TOOLS
from sandbox.protocol.versions import VERSIONS, schema_name

BUY: dict[str, Any] = {
    "idempotency_key": "key-0123456789abcdef",
    "account": {"account_id": "acc"},
    "brand": {"domain": "acme.com"},
    "start_time": "asap",
    "end_time": "2026-07-01T00:00:00Z",
    "packages": [{"product_id": "p", "budget": 12, "pricing_option_id": "cpm"}],
}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_valid_request_has_no_issues_in_any_release(version: str) -> None:
    assert schemas.check("create_media_buy", "request", BUY, version) == []


def test_a_tool_without_a_schema_is_not_judged() -> None:
    assert schemas.check("no_such_tool", "request", {"x": 1}, "3.1") == []
    assert not schemas.store().covers("no_such_tool", "request", "3.1")


def test_the_status_of_an_answer_decides_which_schema_applies() -> None:
    assert schemas.answer_direction({"status": "submitted", "task_id": "t"}) == "submitted"
    assert schemas.answer_direction({"status": "input-required"}) == "input-required"
    assert schemas.answer_direction({"status": "active"}) == "sync"
    assert schemas.check_answer("create_media_buy", {"status": "submitted", "task_id": "t"}, "3.1") == []
    assert schemas.check_answer("create_media_buy", {"status": "submitted"}, "3.1")[0].field == "task_id"


def test_an_interim_answer_of_a_tool_that_has_no_schema_for_it_must_fit_the_one_of_its_answers() -> None:
    polled = {"status": "submitted", "task_id": "t", "task_type": "create_media_buy", "protocol": "media-buy"}
    dates = {"created_at": "2026-05-01T00:00:00Z", "updated_at": "2026-05-01T00:00:00Z"}
    assert schemas.check_answer("get_task_status", polled | dates, "3.1") == []
    assert schemas.check_answer("get_task_status", polled, "3.1")[0].field == "created_at"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_document_in_one_piece_judges_as_the_official_tree_does(version: str) -> None:
    body = {
        "idempotency_key": "whk-0123456789abcdef",
        "operation_id": "op",
        "task_id": "t",
        "task_type": "create_media_buy",
        "status": "completed",
        "timestamp": "2026-05-01T00:00:00Z",
    }
    store = schemas.store()
    assert store.check_document(WEBHOOK, body, version) == []
    wrong = store.check_document(WEBHOOK, body | {"status": "done", "timestamp": "today"}, version)
    assert {issue.field for issue in wrong} == {"status", "timestamp"}


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_the_schemas_of_every_tool_compile(version: str) -> None:
    for tool in TOOLS.values():
        if version in tool.versions:
            for direction in ("request", "sync"):
                assert schemas.store().covers(schema_name(tool.name, version), direction, version), tool.name


def test_annotations_are_left_out_of_the_cache_but_fields_of_their_names_are_not(tmp_path: Path) -> None:
    SchemaStore(tmp_path).validator("get_products", "sync", "3.1")
    text = (tmp_path / "3.1" / "get_products.sync.json").read_text()
    product = json.loads(text)["$defs"]["external:core/product.json"]
    assert {"name", "description"} <= set(product["properties"])
    assert "description" not in product
    assert product["properties"]["name"] == {"type": "string"}


def test_a_warm_cache_gives_the_same_verdicts(tmp_path: Path) -> None:
    wrong = BUY | {"packages": [{"product_id": "p", "budget": -1}]}
    cold = SchemaStore(tmp_path).check("create_media_buy", "request", wrong, "3.1")
    assert SchemaStore(tmp_path).check("create_media_buy", "request", wrong, "3.1") == cold
    assert cold


def test_that_there_is_no_schema_is_cached_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not SchemaStore(tmp_path).covers("get_adcp_capabilities", "submitted", "3.1")
    monkeypatch.setitem(sys.modules, "sandbox.protocol.bundle", None)
    assert not SchemaStore(tmp_path).covers("get_adcp_capabilities", "submitted", "3.1")


def test_a_broken_cache_file_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "3.1" / "list_accounts.request.json"
    file.parent.mkdir(parents=True)
    file.write_text("{ half")
    assert SchemaStore(tmp_path).covers("list_accounts", "request", "3.1")
    assert json.loads(file.read_text())["type"] == "object"
    assert list(file.parent.iterdir()) == [file]


def test_without_a_writable_cache_everything_works(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert SchemaStore(tmp_path / "file").check("create_media_buy", "request", BUY, "3.1") == []


def test_with_a_warm_cache_the_sdk_is_not_even_imported(tmp_path: Path) -> None:
    program = (
        "import sys; from sandbox.protocol import schemas;"
        "schemas.check('get_products', 'request', {}, '3.1'); print('adcp' in sys.modules)"
    )

    def run() -> str:
        command = [sys.executable, "-c", program]
        env = {"XDG_CACHE_HOME": str(tmp_path), "PATH": ""}
        return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.strip()

    assert (run(), run()) == ("True", "False")
    assert [path.name for path in tmp_path.rglob("*.json")] == ["get_products.request.json"]


def test_a_warm_load_of_a_large_schema_takes_milliseconds(tmp_path: Path) -> None:
    SchemaStore(tmp_path).validator("create_media_buy", "request", "3.1")
    best = min(_seconds_to_load(tmp_path) for _ in range(5))
    assert best < 0.05


def _seconds_to_load(folder: Path) -> float:
    began = time.perf_counter()
    SchemaStore(folder).validator("create_media_buy", "request", "3.1")
    return time.perf_counter() - began
