"""Makes a failing scenario smaller while it still breaks the same promise: delta debugging."""

from sandbox.scenario.shrink.shrink import Shrunk, shrink

__all__ = ["Shrunk", "shrink"]
