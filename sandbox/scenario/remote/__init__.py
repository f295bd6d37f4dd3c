"""Plays a scenario's steps against a served sandbox over HTTP, and judges it as if it had run in process."""

from sandbox.scenario.remote.play import play

__all__ = ["play"]
