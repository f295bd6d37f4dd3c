"""The pytest plugin: a sandbox as fixtures, and scenario files as tests.

================================  ===========================================================================
``sandbox_world``                 a world in process: :class:`sandbox.testing.Simulation`
``served_sandbox``                a world served on free ports: :class:`sandbox.testing.Sandbox`
``scenario("lifecycle/…")``       marker: the scenario of both, by default ``worlds/default``
``seed(7)``                       marker: the seed of both, by default the scenario's own
``transport("mcp", "a2a")``       marker: how ``served_sandbox.call`` speaks to agents; several: a test for each
``*.scenario.yaml``               a test that plays the file
================================  ===========================================================================

Loaded with every pytest of an environment that has the sandbox, so nothing is imported before it is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sandbox.results.result import RunResult
    from sandbox.testing import Sandbox, Simulation

SUFFIX = ".scenario.yaml"

TRANSPORTS = ("mcp", "a2a")

_MARKERS = (
    "scenario(name): the scenario of sandbox_world and served_sandbox, a path or a shipped name",
    "seed(number): the seed of sandbox_world and served_sandbox",
    "transport(name, ...): mcp or a2a, how served_sandbox.call speaks to agents; the test runs once with each",
)


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test once with each transport of its marker."""
    marker = metafunc.definition.get_closest_marker("transport")
    if marker is not None:
        wrong = [name for name in marker.args if name not in TRANSPORTS]
        if wrong or marker.kwargs or not marker.args:
            raise pytest.UsageError(
                f"{metafunc.definition.nodeid}: the marker transport takes {' and '.join(TRANSPORTS)}"
            )
    if marker is not None and "_sandbox_transport" in metafunc.fixturenames:
        metafunc.parametrize("_sandbox_transport", marker.args, indirect=True)


@pytest.fixture
def _sandbox_transport(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", "mcp"))


@pytest.fixture
def sandbox_world(request: pytest.FixtureRequest) -> Iterator[Simulation]:
    """A world in process, at its first instant. When the test has passed, all checkers look at it."""
    from sandbox.testing import Simulation

    with Simulation(*_wanted(request.node)) as world:
        yield world


@pytest.fixture
def served_sandbox(request: pytest.FixtureRequest, _sandbox_transport: str) -> Iterator[Sandbox]:
    """A world of its own, served on free ports: addresses, keys, and control of clock and faults."""
    from sandbox.testing import Sandbox

    scenario, seed = _wanted(request.node)
    with Sandbox(scenario, seed, transport=_sandbox_transport) as box:  # type: ignore[arg-type]
        yield box


_ARGUMENTS: dict[str, tuple[tuple[type, ...], str]] = {
    "scenario": ((str, type(Path())), "a shipped name or a path"),
    "seed": ((int,), "a whole number"),
}
"""What the markers take, by type and in words."""


def _wanted(item: pytest.Item) -> tuple[str, int | None]:
    """Scenario and seed that a test's markers ask for; a path counts from the test's folder, or where pytest runs."""
    found: dict[str, Any] = {"scenario": "worlds/default", "seed": None}
    for name in found:
        marker = item.get_closest_marker(name)
        if marker is not None:
            wanted, what = _ARGUMENTS[name]
            if len(marker.args) != 1 or marker.kwargs or type(marker.args[0]) not in wanted:
                raise pytest.UsageError(f"{item.nodeid}: the marker {name} takes one argument, {what}")
            found[name] = marker.args[0]
    beside = item.path.parent / str(found["scenario"])
    return str(beside if beside.is_file() else found["scenario"]), found["seed"]


# -- scenario files --------------------------------------------------------------------------------------


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.File | None:
    """A file that ends in ``.scenario.yaml`` is a test."""
    if not file_path.name.endswith(SUFFIX):
        return None
    collector: pytest.File = ScenarioFile.from_parent(parent, path=file_path)
    return collector


class ScenarioFile(pytest.File):
    """A scenario file; it holds one test."""

    def collect(self) -> Iterator[pytest.Item]:
        """The test that plays it."""
        yield ScenarioItem.from_parent(self, name="plays")


class ScenarioBroken(Exception):
    """A scenario that did not hold."""

    def __init__(self, result: RunResult) -> None:
        super().__init__(result)
        self.result = result


class ScenarioItem(pytest.Item):
    """Plays a scenario; it passes if every expectation holds and no checker finds a breach."""

    def runtest(self) -> None:
        """Play it. Raises :class:`ScenarioBroken`, or InputError for a file that is wrong."""
        from sandbox.scenario import load, run

        result = run(load(self._name()))
        if result.status == "failed":
            raise ScenarioBroken(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What was expected, what was seen, where, and the command that repeats it."""
        from sandbox.core.errors import InputError

        error = excinfo.value
        if isinstance(error, ScenarioBroken):
            return "\n".join(_told(error.result))
        if isinstance(error, InputError):
            return str(error)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """The file, its first line, and what to call the test."""
        return self.path, 0, f"scenario: {self.path.name.removesuffix(SUFFIX)}"

    def _name(self) -> str:
        """The path as a command line takes it."""
        here = Path.cwd()
        return str(self.path.relative_to(here) if self.path.is_relative_to(here) else self.path)


def _told(result: RunResult) -> Iterator[str]:
    """A failure for people."""
    from sandbox.core.time import iso
    from sandbox.results.timeline import describe

    for judged in result.expectations:
        if not judged.held:
            yield f"{judged.place or result.scenario}: {judged.name}"
            yield f"    {judged.detail}"
            for event in judged.nearest:
                yield f"    {iso(event.at_ms)}  {event.actor}  {describe(event)}"
    for violation in result.violations:
        yield f"breach: {violation}"
    held = sum(judged.held for judged in result.expectations)
    yield f"{held} of {len(result.expectations)} held, {len(result.violations)} breaches"
    yield f"repeat with: {result.repeat}"
