"""Imports go one way: core <- domain, delivery <- kernel <- protocol, operations <- agents, scenario <- cli."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

HEAVY = ("adcp.types", "adcp.server", "adcp.client", "adcp.decisioning", "adcp.testing")
"""Parts of the SDK that take many seconds to import."""


def test_the_layers_hold() -> None:
    script = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_command_imports_a_heavy_part_of_the_sdk() -> None:
    for path in sorted((ROOT / "sandbox").rglob("*.py")) + sorted((ROOT / "agents").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for name in HEAVY:
            assert f"import {name}" not in text, path
            assert f"from {name}" not in text, path


@pytest.mark.parametrize(
    ("library", "homes"),
    [
        ("simpy", ["sandbox/kernel"]),
        ("networkx", ["sandbox/kernel"]),
        ("numba", ["sandbox/delivery"]),
        ("click", ["sandbox/cli"]),
        ("yaml", ["sandbox/scenario"]),
        ("pyarrow", ["sandbox/results"]),
        ("aiohttp", ["sandbox/server", "sandbox/contract", "sandbox/peers"]),
        ("mcp", ["sandbox/server"]),
        ("sqlalchemy", ["sandbox/journal"]),
        ("PIL", ["agents/buyer", "agents/studio"]),
    ],
)
def test_each_library_has_one_home(library: str, homes: list[str]) -> None:
    users = {
        str(path.parent.relative_to(ROOT))
        for folder in ("sandbox", "agents")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip().startswith((f"import {library}", f"from {library}"))
    }
    assert users
    assert [user for user in users if not user.startswith(tuple(homes))] == []
