"""Captured traffic is read from HAR and NDJSON; what is wrong with a file is told with its place."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.core.errors import InputError
from sandbox.journal.find import journal_url
from sandbox.journal.traffic import read_traffic


def har(*entries: dict[str, Any]) -> str:
    return json.dumps({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": list(entries)}})


def entry(started: str, url: str, answer: str, **content: str) -> dict[str, Any]:
    headers = [{"name": "Authorization", "value": "Bearer secret"}]
    return {
        "startedDateTime": started,
        "time": 3,
        "request": {
            "method": "post",
            "url": url,
            "headers": headers,
            "postData": {"mimeType": "x", "text": '{"a": 1}'},
        },
        "response": {"status": 201, "content": {"size": 1, "text": answer, **content}},
    }


def test_a_har_file_is_read_in_the_order_of_time(tmp_path: Path) -> None:
    path = tmp_path / "t.har"
    coded = base64.b64encode(b'{"id": 2}').decode()
    path.write_text(
        har(
            entry("2026-05-01T10:00:02.5+02:00", "http://x/b", coded, encoding="base64"),
            entry("2026-05-01T08:00:01Z", "http://x/a", '{"id": 1}'),
            entry("2026-05-01T08:00:09Z", "http://x/c", "<html>"),
        )
    )
    first, second, third = read_traffic(path)
    assert (first.method, first.url, first.body, first.status, first.answer) == (
        "POST",
        "http://x/a",
        {"a": 1},
        201,
        {"id": 1},
    )
    assert second.answer == {"id": 2}
    assert second.at_ms - first.at_ms == 1500
    assert third.answer is None
    assert "secret" not in repr(first)


def test_ndjson_is_read_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "t.ndjson"
    one = {"at": "2026-05-01T08:00:00Z", "url": "http://x/a", "body": {}, "answer": {"id": 1}}
    other = {"time": 1777622403.5, "method": "GET", "url": "http://x/b", "status": 404, "response": None}
    path.write_text(f"{json.dumps(one)}\n\n{json.dumps(other)}\n")
    first, second = read_traffic(path)
    assert (first.method, first.status, second.method, second.status) == ("POST", 200, "GET", 404)
    assert second.at_ms - first.at_ms == 3500


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ('{"at": "2026-05-01T08:00:00Z", "url": "http://x/a"}\n{"url": "u"}', ":2", "at"),
        ('{"at": "soon", "url": "http://x/a"}', ":1", "at"),
        ("not json", ":1", "JSON"),
        ('{"log": {"entries": [{"startedDateTime": "2026-05-01T08:00:00Z"}]}}', "", "log.entries.0.request"),
        ("\n", "", "no request"),
    ],
)
def test_a_file_that_is_none_is_refused_with_the_place(tmp_path: Path, text: str, where: str, what: str) -> None:
    path = tmp_path / "t.ndjson"
    path.write_text(text)
    with pytest.raises(InputError) as refused:
        read_traffic(path)
    assert refused.value.where == f"{path}{where}"
    assert what in refused.value.message


def test_what_is_no_journal_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    import sqlite3

    other = tmp_path / "other.db"
    with sqlite3.connect(other) as made:
        made.execute("create table mine (x)")
    before = other.read_bytes()
    for given in (str(other), f"sqlite:///{other}", str(tmp_path / "missing.db")):
        with pytest.raises(InputError) as refused:
            journal_url(given)
        assert refused.value.where == "JOURNAL"
    assert other.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["other.db"]
    assert journal_url("postgresql://me@host/db") == "postgresql://me@host/db"
