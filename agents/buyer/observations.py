"""What was learnt about tasks of sales agents, and by which word they ended.

An answer, a poll and a webhook are competing observations of one operation: the first end counts, the same end once
more changes nothing, and another end is refused (docs/building/by-layer/L3/async-identity-and-convergence.mdx, "One
operation, competing observations").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.core.errors import AdcpError
from sandbox.core.time import parse_instant
from sandbox.protocol.idempotency import digest

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]

ENDS = ("completed", "failed", "rejected", "canceled")
"""How a task can end."""

TaskName = tuple[str, str]
"""A sales agent, and the agent's own id of the task."""


class Observations:
    """Remembers for each task the latest word about it, how it ended, and news that came before the task was known."""

    def __init__(self) -> None:
        self._latest_ms: dict[TaskName, int] = {}
        self._ends: dict[TaskName, tuple[str, str]] = {}
        self._early: dict[TaskName, Json] = {}

    def is_news(self, seller_id: str, task_id: str, body: Json) -> bool:
        """Take note of an observation (of ``get_task_status``, or of a webhook); False if it changes nothing.

        Raises CONFLICT for an end that is not the one that the task has had.
        """
        name, at_ms = (seller_id, task_id), _said_ms(body)
        if body["status"] not in ENDS:
            if name in self._ends or at_ms < self._latest_ms.get(name, 0):
                return False
            self._latest_ms[name] = at_ms
            return True
        end, known = (str(body["status"]), _value(body)), self._ends.get(name)
        if known is None:
            self._ends[name] = end
            return True
        differ = known[1] != end[1] and "" not in (known[1], end[1])
        if known[0] != end[0] or differ:
            raise AdcpError("CONFLICT", f"task {task_id} has ended otherwise ({known[0]}); the first end stands")
        return False

    def ended(self, seller_id: str, task_id: str) -> bool:
        """True if the end of a task is known."""
        return (seller_id, task_id) in self._ends

    def keep(self, seller_id: str, news: Json) -> None:
        """Keep news of a task that no answer has named yet; an end is kept rather than anything else."""
        name = (seller_id, str(news["task_id"]))
        known = self._early.get(name)
        if known is None or (known["status"] not in ENDS and _said_ms(news) >= _said_ms(known)):
            self._early[name] = news

    def kept(self, seller_id: str, task_id: str) -> Json | None:
        """What came early about a task that has become known; it is given once."""
        return self._early.pop((seller_id, task_id), None)

    def kept_for(self, seller_id: str, operation_id: str) -> Iterator[Json]:
        """What came early for an operation, of whatever task."""
        for (seller, _), news in list(self._early.items()):
            if seller == seller_id and news.get("operation_id") == operation_id:
                yield news


def _said_ms(body: Json) -> int:
    """When the agent says that it was so, by the agent's own clock; 0 if it does not say."""
    said = body.get("timestamp", body.get("updated_at"))
    return parse_instant(said) if isinstance(said, str) else 0


def _value(body: Json) -> str:
    """What an end says, for comparison, whichever way it came; empty if the observation is not complete."""
    result = body.get("result")
    if not isinstance(result, dict):
        return ""
    return digest({name: value for name, value in result.items() if name != "context"})
