"""Scenarios: what a world consists of, what is done in it, and what must come of it.

::

    scenario = load("lifecycle/first-campaign")
    result = run(scenario, seed=7)
"""

from sandbox.scenario.build import build
from sandbox.scenario.load import Scenario, load
from sandbox.scenario.run import run

__all__ = ["Scenario", "build", "load", "run"]
