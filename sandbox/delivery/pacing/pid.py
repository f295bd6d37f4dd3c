"""PID control: the participation rate follows the error of spend against plan.

Zhang, Rong, Wang, Zhu, Wang: Feedback control of real-time display advertising (WSDM 2016, arXiv 1603.01055). The
controller adds up three parts of the error, which is what the plan wants to be spent by now less what is, in
hours of plan: the error itself (proportional), its sum over time (integral) and its change (derivative). As in
the paper, the actuator is exponential: the sum is the logarithm of the rate. While the rate is at its limit
the integral does not grow beyond it (anti-windup): a line that was starved for days does not overshoot for days.
"""

from __future__ import annotations

from math import log

from sandbox.delivery.pacing import Pace, Stretch
from sandbox.delivery.pacing.course import SLOWEST, course, rate

PROPORTIONAL = 0.5
INTEGRAL = 0.1
"""Per hour."""
DERIVATIVE = 0.2

START = log(0.1)
"""Where the integral begins: a tenth of the opportunities."""

LARGEST = 5.0
"""Errors count up to so many hours of plan."""


def allowance(stretch: Stretch) -> Pace:
    """A level limit, and the part of the opportunities that the line takes part in."""
    found, memory = course(stretch), stretch.memory
    if isinstance(found, Pace):
        return found
    error = max(-LARGEST, min(LARGEST, -found.ahead / found.hourly))
    if found.hours:
        memory["change"] = max(-LARGEST, min(LARGEST, (found.wanted - found.spent) / found.hourly))
    fast = PROPORTIONAL * error + DERIVATIVE * memory.get("change", 0.0)
    integral = memory.get("integral", START)
    grown = integral + INTEGRAL * error * found.hours
    if SLOWEST <= fast + grown <= 0.0 or abs(fast + grown) < abs(fast + integral):
        integral = grown
    memory["integral"] = integral
    return Pace(found.ceiling, found.ceiling, rate(fast + integral))
