"""What README and docs/testing.md show of test suites runs."""

import re
from pathlib import Path

from tests.plugin.conftest import Run

pytest_plugins = "pytester"

ROOT = Path(__file__).parents[2]


def shown(file: str) -> list[str]:
    """The blocks of Python in a document."""
    return re.findall(r"^```python\n(.*?)^```", (ROOT / file).read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_the_test_of_a_client_in_the_readme_passes(run: Run) -> None:
    (block,) = [block for block in shown("README.md") if "served_sandbox" in block]
    body = block.partition("def ")[2].splitlines()[1:]
    assert len(body) <= 10
    run(block, "-W", "default").assert_outcomes(passed=1)


def test_the_tests_of_the_documentation_pass(run: Run) -> None:
    run(shown("docs/testing.md")[0]).assert_outcomes(passed=3)


def test_the_context_managers_of_the_documentation_run() -> None:
    """Not beside pytester, which would take NumPy out of the loaded modules."""
    script = shown("docs/testing.md")[1]
    exec(compile(script, "docs/testing.md", "exec"), {})


def test_every_name_of_the_table_is_one_of_the_fixture() -> None:
    from sandbox.testing import Sandbox

    text = (ROOT / "docs/testing.md").read_text("utf-8").partition("| of `served_sandbox` |")[2].partition("\n\n")[0]
    named = {
        name for row in text.splitlines() for name in re.findall(r"`(\w+)", row.partition("|")[2].partition("|")[0])
    }
    assert {"api", "agents", "advance", "faults", "line"} <= named
    assert [name for name in named if not hasattr(Sandbox, name) and name != "line"] == []
