"""Whatever callers send, the platform and the sales agents answer: no exception, no breach, valid JSON."""

import copy
import json
from random import Random
from typing import Any

import pytest

from sandbox.kernel.endpoint import Principal
from sandbox.operations.dialect import _model_in
from tests.unit.buyer.conftest import MakePlatform, Platform, banners
from tests.unit.buyer.test_campaigns import get, ready
from tests.unit.buyer.test_execution import execute

ROUNDS = 40


def running(platform: Platform) -> dict[str, str]:
    """An executed campaign, and the ids of everything in it."""
    campaign, found = ready(platform)
    banners(platform, campaign)
    execute(platform, campaign)
    made = get(platform, campaign)
    buy = made["mediaBuys"][0]
    return {
        "advertiserId": made["advertiserId"],
        "campaignId": campaign,
        "discoveryId": found["discoveryId"],
        "mediaBuyId": buy["mediaBuyId"],
        "packageId": buy["packages"][0]["packageId"],
    }


def junk(rng: Random, ids: dict[str, str]) -> Any:
    odd = [None, True, 0, -1, 1e308, 3.5, "", "x", "ü" * 300, [], {}, [None], [{}], {"a": 1}, "2026-05-10", "asap"]
    return rng.choice([*odd, *ids.values()])


def body(model: Any, rng: Random, ids: dict[str, str]) -> Any:
    """A body with some of the fields of a model, right or wrong inside."""
    if model is None:
        return rng.choice([None, {}, {"a": 1}])
    made = {}
    for name, field in model.model_fields.items():
        if rng.random() < 0.5:
            inner = _model_in(field.annotation)
            value = body(inner, rng, ids) if inner is not None and rng.random() < 0.7 else junk(rng, ids)
            as_list = inner is not None and "list" in str(field.annotation) and rng.random() < 0.9
            made[field.alias or name] = [value] if as_list else value
    return made


def test_junk_is_answered_by_every_operation_of_the_platform(platform: Platform) -> None:
    ids, rng = running(platform), Random(5)
    endpoint = platform.buyer.endpoint
    assert endpoint is not None
    codes: set[str] = set()
    for name, operation in endpoint.operations.items():
        route = operation.detail
        for _ in range(ROUNDS):
            path = {p: ids.get(p, "zz") if rng.random() < 0.8 else "zz" for p in route.path_params}
            params = body(route.params, rng, ids) if route.params else None
            reply = platform.reply(name, body(route.body, rng, ids), path, params)
            json.dumps(reply.body)
            if not reply.ok:
                codes.add(reply.body["error"]["code"])
    assert {"VALIDATION_ERROR", "NOT_FOUND"} <= codes
    assert "INTERNAL_ERROR" not in codes


def mutated(value: Any, rng: Random, ids: dict[str, str]) -> Any:
    """A copy of a message with one part replaced, removed or repeated."""
    made = copy.deepcopy(value)
    holder: Any = made
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        key = rng.choice(keys)
        inner = holder[key]
        if isinstance(inner, (dict, list)) and inner and rng.random() < 0.7:
            holder = inner
            continue
        action = rng.random()
        if action < 0.2:
            del holder[key]
        elif action < 0.3 and isinstance(holder, list):
            holder.append(inner)
        else:
            holder[key] = junk(rng, ids)
        return made


@pytest.mark.parametrize("library", [True, False])
def test_mutated_requests_are_answered_by_a_sales_agent(make_platform: MakePlatform, library: bool) -> None:
    platform = make_platform(sellers={"northstar": {"creative_library": library}})
    ids, rng = running(platform), Random(6)
    sent = [e.data for e in platform.world.trace.of("call") if e.data["to"] == "northstar"]
    refused = 0
    for number in range(1500):
        message = rng.choice(sent)
        payload = mutated(message["payload"], rng, ids)
        if "idempotency_key" in payload and rng.random() < 0.8:
            payload["idempotency_key"] = f"junk-{number:016d}"
        asked = platform.world.network.call("driver", "northstar", message["operation"], payload, Principal("buyer"))
        process = platform.world.spawn(asked)
        while not process.processed:
            platform.world.env.step()
        json.dumps(process.value.body, allow_nan=False)
        refused += not process.value.ok
    assert 300 < refused < 1400
