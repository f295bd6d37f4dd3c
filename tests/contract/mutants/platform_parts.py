"""What mutants of buyer platforms are made of: calls are picked by how their names begin and end."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.contract.mutants.proxy import Call, Edit, Forward, Mutant, Said


@dataclass
class Matching(Mutant):
    """Answers to calls whose name begins and ends like this are edited; with ``refusals`` the refusing ones."""

    begin: str
    end: str
    edit: Edit
    refusals: bool = False

    async def serve(self, call: Call, forward: Forward) -> Said:
        said = await forward(call)
        fits = call.name.startswith(self.begin) and call.name.endswith(self.end)
        if fits and (said.status >= 400) == self.refusals and said.body is not None:
            return replace(said, body=self.edit(said.body))
        return said


@dataclass
class Sent(Mutant):
    """Bodies of calls whose name begins and ends like this are edited."""

    begin: str
    end: str
    edit: Edit

    async def serve(self, call: Call, forward: Forward) -> Said:
        if call.name.startswith(self.begin) and call.name.endswith(self.end) and isinstance(call.body, dict):
            return await forward(replace(call, body=self.edit(json.loads(json.dumps(call.body)))))
        return await forward(call)


@dataclass
class Takes(Mutant):
    """What is refused is taken, with this answer; ``end`` is the end of the call's name."""

    begin: str
    end: str = ""
    body: Any = field(default_factory=dict)
    status: int = 200

    async def serve(self, call: Call, forward: Forward) -> Said:
        said = await forward(call)
        if call.name.startswith(self.begin) and call.name.endswith(self.end) and said.status >= 400:
            return Said(self.status, self.body)
        return said


@dataclass
class Status(Mutant):
    """Answers have another status: ``status`` is told for calls for which ``when`` holds."""

    status: int
    when: Callable[[Call, Said], bool]

    async def serve(self, call: Call, forward: Forward) -> Said:
        said = await forward(call)
        return replace(said, status=self.status) if self.when(call, said) else said


@dataclass
class Skips(Mutant):
    """Calls whose name begins and ends like this are answered as if they had been done."""

    begin: str
    end: str = ""
    body: Any = field(default_factory=dict)
    status: int = 200
    when: Callable[[Call], bool] = field(default=lambda _: True)

    async def serve(self, call: Call, forward: Forward) -> Said:
        if call.name.startswith(self.begin) and call.name.endswith(self.end) and self.when(call):
            return Said(self.status, self.body)
        return await forward(call)


V2 = "/api/v2/buyer"
CAMPAIGNS = f"{V2}/campaigns"
ONE = f"GET {CAMPAIGNS}/cmp"
CREATED = {"campaignId": "cmp_invented", "id": "1", "status": "DRAFT"}
TAKES_CAMPAIGN = Takes(f"POST {CAMPAIGNS}", body=CREATED)
