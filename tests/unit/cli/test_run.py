"""``adcp-sandbox run``: the report, ``--json``, ``--out`` and the exit codes that design fixes."""

import hashlib
import json
from pathlib import Path

import pytest
from pyarrow import parquet

from sandbox.journal.trace_file import digest_of, read_trace
from tests.unit.cli.conftest import SMALL, Command

FIELDS = [
    "scenario",
    "seed",
    "status",
    "digest",
    "simulated_ms",
    "wall_s",
    "opportunities",
    "impressions",
    "spend_micros",
    "messages",
    "expectations",
    "violations",
]


def test_what_holds_exits_0_with_a_timeline_and_a_table(command: Command) -> None:
    done = command("run", "small.yaml")
    assert done.code == 0
    assert "2026-05-01T01:00:00Z  fault     gazette  down on gazette" in done.out
    assert "held    it falls  1 at 2026-05-01T01:00:00Z" in done.out
    assert "passed: 1 of 1 held, 0 breaches; 2d simulated" in done.out
    assert "\x1b" not in done.out, "colours are for terminals"


def test_what_fails_exits_1_and_says_how_to_repeat_it(command: Command) -> None:
    Path("small.yaml").write_text(SMALL.replace("fault: down", "fault: up"), encoding="utf-8")
    done = command("run", "small.yaml", "--seed", "7")
    assert done.code == 1
    assert "FAILED  it falls  expected at least 1 of fault by * with" in done.out
    assert "small.yaml:8" in done.out
    assert "2026-05-01T01:00:00Z  gazette  down on gazette" in done.out
    assert done.out.rstrip().endswith("repeat with: adcp-sandbox run small.yaml --seed 7")


def test_json_prints_one_object_with_the_fixed_fields_alone(command: Command) -> None:
    done = command("run", "small.yaml", "--json", "--seed", "5")
    result = json.loads(done.out)
    assert list(result) == FIELDS
    assert result["seed"] == 5
    assert result["status"] == "passed"
    assert result["simulated_ms"] == 2 * 86_400_000
    assert result["expectations"] == [{"name": "it falls", "held": True, "detail": "1 at 2026-05-01T01:00:00Z"}]
    assert result["violations"] == []


def test_the_same_seed_gives_the_same_digest(command: Command) -> None:
    digests = [json.loads(command("run", "small.yaml", "--json").out)["digest"] for _ in range(2)]
    assert digests[0] == digests[1]


def test_out_writes_the_trace_and_the_tables(command: Command) -> None:
    done = command("run", "small.yaml", "--json", "--out", "deep/out")
    folder, result = Path("deep/out"), json.loads(done.out)
    assert json.loads((folder / "result.json").read_text()) == result
    assert digest_of(folder / "trace.ndjson") == result["digest"]
    assert hashlib.sha256((folder / "trace.ndjson").read_bytes()).hexdigest() == result["digest"]
    events = read_trace(folder / "trace.ndjson")
    assert [event.kind for event in events] == ["control", "fault", "step"]
    tables = {path.stem: parquet.read_table(path) for path in sorted(folder.glob("*.parquet"))}
    assert list(tables) == ["decisions", "deliveries", "expectations", "messages", "statuses"]
    row = tables["expectations"].to_pylist()[0]
    assert (row["name"], row["held"], row["at"].isoformat()) == ("it falls", True, "2026-05-01T01:00:00+00:00")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "Missing argument 'SCENARIO'"),
        (["run", "small.yaml", "--sed", "1"], "No such option"),
        (["run", "small.yaml", "--seed", "x"], "not a valid integer range"),
        (["run", "small.yaml", "--seed", "-1"], "not in the range"),
        (["run", "small.yaml", "--report", "x.html"], "No such option"),
        (["run", "missing.yaml"], "the path leads to no file"),
        (["run", "lifecycle/first-campain"], "did you mean lifecycle/first-campaign"),
        (["run", "small.yaml", "--out", "small.yaml"], "is a file"),
        (["walk"], "No such command 'walk'"),
        (["validate", "missing.yaml"], "the path leads to no file"),
        (["validate"], "which file?"),
        (["new", "scenario"], "Missing argument 'NAME'"),
    ],
)
def test_bad_input_exits_2_with_a_message_and_no_traceback(
    command: Command, arguments: list[str], message: str
) -> None:
    done = command(*arguments)
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err
    assert done.out == ""


@pytest.mark.parametrize(
    ("content", "where", "message"),
    [
        (SMALL.replace("title:", "titel:").encode(), "bad.yaml:1", "unknown field 'titel'"),
        (SMALL.replace("gazette.go_down", "gazette.go_dwn").encode(), "bad.yaml:6", "no control 'go_dwn'"),
        (SMALL.replace("do: gazette.go_down", "call: gazette.sell").encode(), "bad.yaml:6", "takes no calls"),
        (b"extends: bad.yaml\n", "bad.yaml:1", "in a circle"),
        (b"title: caf\xe9\n", "bad.yaml:1", "not UTF-8"),
        (b"", "bad.yaml", "the file is empty"),
        (b"# " + b"x" * 10_000_000, "bad.yaml", "the file has 10,000,002 bytes"),
        (b"[" * 900_000, "bad.yaml:1", "levels deep"),
    ],
    ids=["field", "control", "operation", "circle", "encoding", "empty", "large", "deep"],
)
@pytest.mark.parametrize("name", ["run", "validate"])
def test_a_broken_file_exits_2_with_its_place(
    command: Command, name: str, content: bytes, where: str, message: str
) -> None:
    Path("bad.yaml").write_bytes(content)
    done = command(name, "bad.yaml")
    assert done.code == 2
    assert done.err.startswith(f"error: {where}: ")
    assert message in done.err
    assert "Traceback" not in done.err


def test_a_trace_file_that_is_none_is_refused_at_its_line(tmp_path: Path) -> None:
    path = tmp_path / "trace.ndjson"
    path.write_text('{"seq":1,"at_ms":0,"kind":"step","actor":"a","data":{}}\nnonsense\n', encoding="utf-8")
    with pytest.raises(Exception, match=r"trace.ndjson:2: this line is no event"):
        read_trace(path)
