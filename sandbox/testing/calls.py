"""What served sandboxes and worlds in process have in common: how calls are written, and how they are refused."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sandbox.core.errors import InputError, SandboxError

if TYPE_CHECKING:
    from sandbox.kernel.endpoint import Reply


class Refused(SandboxError):
    """A call that was answered with an error: its ``code``, ``message``, ``status`` and whole ``body``."""

    def __init__(self, call: str, code: str, message: str, status: int, body: dict[str, Any]) -> None:
        super().__init__(call, code, message, status, body)
        self.call, self.code, self.message, self.status, self.body = call, code, message, status, body

    def __str__(self) -> str:
        return f"{self.call} is refused with {self.code}: {self.message}"


def parted(call: str, what: str) -> tuple[str, str]:
    """Actor and the rest of ``actor.operation``; ``what`` says how it is written. Raises :class:`InputError`."""
    actor, _, name = call.partition(".")
    if not (actor and name):
        raise InputError(f"{call!r} names no actor, or not what it has to do", "call", f"write {what}")
    return actor, name


def is_instant(by: str) -> bool:
    """True for ``2026-06-01`` and ``2026-06-01T09:00:00Z``, false for a duration such as ``3d``."""
    return by[:4].isdigit() and by[4:5] == "-"


def takes(do: Callable[..., Any], name: str, arguments: Mapping[str, Any]) -> None:
    """Make sure that a control can be given these arguments. Raises :class:`InputError`."""
    parameters = inspect.signature(do).parameters
    try:
        inspect.signature(do).bind(**arguments)
    except TypeError as error:
        raise InputError(f"{name}: {error}", "do", f"it takes {', '.join(parameters) or 'nothing'}") from None


def known(there: Mapping[str, Any], name: str, where: str) -> Any:
    """What goes by a name; :class:`InputError` with the nearest names if nothing does."""
    from sandbox.scenario.references import hint

    if name not in there:
        raise InputError(f"{where} has no {name!r}", "call", hint(name, there))
    return there[name]


def body_of(call: str, reply: Reply) -> dict[str, Any]:
    from sandbox.results.timeline import error_of

    if reply.ok:
        return reply.body
    error = error_of(reply.body)
    raise Refused(call, str(error.get("code", "")), str(error.get("message", "")), reply.status, reply.body)
