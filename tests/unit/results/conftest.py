"""One small run that the tests look at from all sides."""

import matplotlib as mpl
import pytest

import sandbox
from sandbox.results.run import Run

mpl.use("Agg")


@pytest.fixture(scope="session")
def result() -> Run:
    """Three publishers, three sales agents, one campaign with two creatives, for 65 days."""
    return sandbox.run("lifecycle/first-campaign", set={"population.users": 2_000, "vars.news": 700})
