"""Captured traffic and journals that are none: told with the place, and without secrets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sandbox.core.errors import InputError
from sandbox.journal.store import Journal
from sandbox.journal.traffic import read_traffic


@pytest.mark.parametrize("at", ["1e400", "1e300", "NaN", "-1e20", '"soon"'])
def test_a_time_that_is_none_is_told_with_its_line(at: str, tmp_path: Path) -> None:
    path = tmp_path / "traffic.ndjson"
    path.write_text(f'{{"at": {at}, "url": "http://127.0.0.1/api/v2/buyer/advertisers"}}\n')
    with pytest.raises(InputError) as wrong:
        read_traffic(path)
    assert wrong.value.where == f"{path}:1"


def test_an_address_that_is_none_is_told(tmp_path: Path) -> None:
    path = tmp_path / "traffic.har"
    entry = {
        "startedDateTime": "2026-05-01T09:00:00Z",
        "request": {"method": "POST", "url": "http://[x/api/v2/buyer/advertisers"},
        "response": {"status": 200},
    }
    path.write_text(json.dumps({"log": {"entries": [entry]}}))
    with pytest.raises(InputError, match=r"request\.url"):
        read_traffic(path)


@pytest.mark.parametrize("url", ["postgres://me:top@/secret@127.0.0.1:1/x", "nosuch://me:top-secret@h/x"])
def test_no_error_of_a_journal_shows_its_password(url: str) -> None:
    with pytest.raises(InputError) as wrong:
        Journal(url)
    assert "secret" not in str(wrong.value)
    assert "me:***@" in str(wrong.value)
