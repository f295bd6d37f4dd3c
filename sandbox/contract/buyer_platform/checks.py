"""The checks of a buyer platform; each module of the package adds its own."""

from sandbox.contract.buyer_platform.platform import Platform
from sandbox.contract.check import Checks

CHECKS: Checks[Platform] = Checks()
