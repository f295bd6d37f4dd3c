"""What A2A clients may read again: the tasks of each customer, apart from those of others, and not without end."""

from __future__ import annotations

from collections import defaultdict

from a2a.auth.user import User
from a2a.server.context import ServerCallContext
from a2a.server.tasks import InMemoryTaskStore
from a2a.types import Task

MOST_TASKS = 1_000
"""Tasks of one customer that an agent keeps; a task is over when it is answered, and the oldest are forgotten."""


class Holder(User):
    """The customer as whose client a request comes: the package keeps tasks by its name."""

    def __init__(self, principal: str) -> None:
        self._principal = principal

    @property
    def is_authenticated(self) -> bool:
        """True: nobody comes in without a token or a signature."""
        return True

    @property
    def user_name(self) -> str:
        """The customer's principal."""
        return self._principal


class RecentTasks(InMemoryTaskStore):
    """The newest tasks of each customer."""

    def __init__(self, most: int = MOST_TASKS) -> None:
        super().__init__()
        self._most = most
        self._kept: defaultdict[str, dict[str, ServerCallContext]] = defaultdict(dict)

    async def save(self, task: Task, context: ServerCallContext) -> None:
        """Keep a task, and forget the oldest one of its customer if there are too many."""
        await super().save(task, context)
        mine = self._kept[context.user.user_name]
        mine[task.id] = context
        if len(mine) > self._most:
            oldest = next(iter(mine))
            await self.delete(oldest, mine.pop(oldest))
