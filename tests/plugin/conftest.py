"""Runs pytest in folders of its own, as somebody does who has installed the sandbox."""

from collections.abc import Callable

import pytest

WORLD = """\
title: A small market
clock: {start: 2026-05-01, duration: 5d}
population: {users: 500}
actors:
  gazette: {kind: publisher, domain: gazette.example, placements: [{channel: display, daily_opportunities: 1000}]}
  northstar: {kind: seller, publishers: [gazette], approval: {mode: manual, delay: 3h}}
  buyer: {kind: buyer, customers: [{name: Acme, principal: acme}, {name: Globex, principal: globex}]}
"""

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run pytest over a file of tests, beside ``small.yaml``, with no plugin but ours; further files by name."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(source: str = "", *options: str, **files: str) -> pytest.RunResult:
        pytester.makefile(".yaml", small=WORLD, **files)
        if source:
            pytester.makepyfile(source)
        return pytester.runpytest_subprocess(
            "-p", "no:cacheprovider", "-p", "sandbox.pytest_plugin", "-W", "error", "--strict-markers", *options
        )

    return run
