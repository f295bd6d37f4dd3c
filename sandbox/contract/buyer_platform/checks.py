"""The checks of a buyer platform; each module of the package adds its own."""

from __future__ import annotations

from sandbox.contract.buyer_platform.platform import Platform
from sandbox.contract.check import Checks

CHECKS: Checks[Platform] = Checks(tidy=Platform.tidy)
"""After each of them the campaigns that it made are canceled and deleted."""
