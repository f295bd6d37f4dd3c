"""Part E: the life of a campaign, and what follows for its media buys (part I)."""

from __future__ import annotations

from typing import Any

from sandbox.contract.buyer_platform.answers import UNKNOWN_OPERATION, content, status_of
from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.faults import decide, fault
from sandbox.contract.buyer_platform.platform import Platform
from sandbox.contract.check import Skipped, expect

STATUSES = ("DRAFT PENDING_APPROVAL INPUT_REQUIRED ACTIVE PAUSED COMPLETED CANCELED FAILED REJECTED ARCHIVED").split()


async def _do(platform: Platform, campaign: dict[str, Any], action: str) -> dict[str, Any]:
    done: dict[str, Any] = await platform.ok("POST", f"campaigns/{campaign['campaignId']}/{action}", {})
    return done


async def _status(platform: Platform, campaign: dict[str, Any]) -> str:
    return str((await platform.read(campaign["campaignId"]))["status"])


@CHECKS.add("lifecycle.execute", "rules 66 and 77")
async def execute(platform: Platform) -> None:
    """Executing a draft makes it active, and the answer tells both statuses and whether all went well."""
    made = await platform.staged()
    done = await platform.execute(made)
    wanted = {"campaignId": made["campaignId"], "previousStatus": "DRAFT", "newStatus": "ACTIVE"}
    found = {field: done.get(field) for field in wanted}
    expect(found == wanted, "the answer", wanted, found)
    fine = done.get("success") is True or (done.get("success") is False and bool(done.get("errors")))
    expect(fine, "success", "true, or false and errors", done.get("success"))
    expect(await _status(platform, made) == "ACTIVE", "status", "ACTIVE", await _status(platform, made))


@CHECKS.add("lifecycle.execute_again", "rules 66, 72 and 73")
async def execute_again(platform: Platform) -> None:
    """Executing an active campaign again orders nothing twice."""
    made = await platform.launched()
    await _do(platform, made, "execute")
    again = await platform.read(made["campaignId"])
    before, after = (sorted(str(ref["mediaBuyId"]) for ref in one["mediaBuyRefs"]) for one in (made, again))
    expect(before == after, "mediaBuyRefs", before, after)


@CHECKS.add("lifecycle.one_buy_per_agent", "rules 72 and 78")
async def one_buy_per_agent(platform: Platform) -> None:
    """Executing makes one media buy for each sales agent."""
    made = await platform.staged(groups=2)
    await platform.execute(made)
    found = (await platform.read(made["campaignId"]))["mediaBuys"]
    agents = [buy["salesAgentId"] for buy in found]
    wanted = sorted({product["salesAgentId"] for product in made["products"]})
    expect(sorted(agents) == wanted, "agents of the media buys", wanted, sorted(agents))


@CHECKS.add("lifecycle.statuses", "rule 79")
async def statuses(platform: Platform) -> None:
    """Media buys have one of ten statuses."""
    made = await platform.staged()
    await platform.execute(made)
    for ref in (await platform.read(made["campaignId"]))["mediaBuyRefs"]:
        expect(status_of(ref) in STATUSES, "status", " or ".join(STATUSES), ref["status"])


@CHECKS.add("lifecycle.references", "rule 60")
async def references(platform: Platform) -> None:
    """A campaign refers to all its media buys; the filter narrows the detailed ones only."""
    made = await platform.staged(groups=2)
    await platform.execute(made)
    whole = await platform.read(made["campaignId"])
    if len(whole["mediaBuyRefs"]) < 2:
        raise Skipped("only one sales agent offers products")
    one = whole["mediaBuyRefs"][0]["mediaBuyId"]
    found = await platform.ok("GET", f"campaigns/{made['campaignId']}", mediaBuyId=one)
    expect({buy["mediaBuyId"] for buy in found["mediaBuys"]} == {one}, "mediaBuys", [one], found["mediaBuys"])
    shown, wanted = len(found["mediaBuyRefs"]), len(whole["mediaBuyRefs"])
    expect(shown == wanted, "mediaBuyRefs", wanted, shown)


@CHECKS.add("lifecycle.discovery_hidden", "rule 61")
async def discovery_hidden(platform: Platform) -> None:
    """Discovery and products are shown while the campaign is a draft, and not after."""
    made = await platform.staged()
    await platform.execute(made)
    found = await platform.read(made["campaignId"])
    shown = sorted({"discoveryId", "products", "productCount"} & {key for key in found if found[key]})
    expect(not shown, "keys of an active campaign", "none of the draft's", shown)


@CHECKS.add("lifecycle.debug", "rule 76")
async def debug(platform: Platform) -> None:
    """What was said between platform and a sales agent that failed is shown when asked for only."""
    made = await platform.staged()
    agent, path = made["products"][0]["salesAgentId"], f"campaigns/{made['campaignId']}/execute"
    async with fault(platform, kind="unavailable", to=agent, message="create_media_buy"):
        for asked in (False, True):
            rows = (await platform.ok("POST", path, {"debug": asked}))["errors"]
            shown = [bool(row.get("debug")) for row in rows]
            expect(shown == [asked], f"debug of the errors with debug {asked}", [asked], shown)


@CHECKS.add("lifecycle.drafts", "rules 72 and 74")
async def drafts(platform: Platform) -> None:
    """Attaching a discovery by an update makes drafts of media buys before anything is executed."""
    advertiser = await platform.somebody()
    found = await platform.discover(advertiser)
    await platform.select(found)
    made = await platform.campaign(advertiser)
    await platform.ok("PUT", f"campaigns/{made['campaignId']}", {"discoveryId": found["discoveryId"]})
    shown = [ref["status"] for ref in (await platform.read(made["campaignId"]))["mediaBuyRefs"]]
    expect(shown == ["DRAFT"], "statuses of the media buys", ["DRAFT"], shown)


@CHECKS.add("lifecycle.pause", "rules 67 and 111")
async def pause(platform: Platform) -> None:
    """A pause halts the campaign and every media buy."""
    made = await platform.launched()
    done = await _do(platform, made, "pause")
    expect((done["previousStatus"], done["newStatus"]) == ("ACTIVE", "PAUSED"), "the answer", "ACTIVE to PAUSED", done)
    await platform.send("GET", f"campaigns/{made['campaignId']}/media-buy-status")
    shown = {ref["status"] for ref in (await platform.read(made["campaignId"]))["mediaBuyRefs"]}
    expect(shown == {"PAUSED"}, "statuses of the media buys", ["PAUSED"], sorted(shown))


@CHECKS.add("lifecycle.reactivate", "rules 68 and 111")
async def reactivate(platform: Platform) -> None:
    """Reactivating brings a paused campaign and its media buys back."""
    made = await platform.launched()
    await _do(platform, made, "pause")
    done = await _do(platform, made, "reactivate")
    expect((done["previousStatus"], done["newStatus"]) == ("PAUSED", "ACTIVE"), "the answer", "PAUSED to ACTIVE", done)
    found = await platform.active(made["campaignId"])
    expect(found["status"] == "ACTIVE", "status", "ACTIVE", found["status"])


@CHECKS.add("lifecycle.execute_paused", "rules 68 and 70")
async def execute_paused(platform: Platform) -> None:
    """Executing does not end a pause."""
    made = await platform.launched()
    await _do(platform, made, "pause")
    await platform.refused("POST", f"campaigns/{made['campaignId']}/execute", {}, "INVALID_STATE")
    expect(await _status(platform, made) == "PAUSED", "status", "PAUSED", await _status(platform, made))


@CHECKS.add("lifecycle.wrong_state", "rule 70")
async def wrong_state(platform: Platform) -> None:
    """What does not fit the state is INVALID_STATE: a pause of a draft, the end of a pause of an active campaign."""
    made = await platform.staged()
    await platform.refused("POST", f"campaigns/{made['campaignId']}/pause", {}, "INVALID_STATE")
    await platform.refused("POST", f"campaigns/{made['campaignId']}/reactivate", {}, "INVALID_STATE")
    await platform.execute(made)
    await platform.refused("POST", f"campaigns/{made['campaignId']}/reactivate", {}, "INVALID_STATE")


@CHECKS.add("lifecycle.delete", "rule 71")
async def delete(platform: Platform) -> None:
    """Deleting archives a campaign, which then can't be executed."""
    made = await platform.campaign()
    await platform.ok("DELETE", f"campaigns/{made['campaignId']}")
    answer = await platform.send("GET", f"campaigns/{made['campaignId']}")
    status = content(answer.body).get("status") if answer.status == 200 else "gone"
    expect(status in ("ARCHIVED", "gone"), "status", "ARCHIVED", status)
    await platform.refused("POST", f"campaigns/{made['campaignId']}/execute", {}, "INVALID_STATE", "NOT_FOUND")


@CHECKS.add("lifecycle.asked", "rules 82 and 83")
async def asked(platform: Platform) -> None:
    """Asking for statuses asks every agent, and tells of every media buy what was before and what is now."""
    made = await platform.launched()
    found = await platform.ok("GET", f"campaigns/{made['campaignId']}/media-buy-status")
    expect(found.get("campaign_id") == made["campaignId"], "campaign_id", made["campaignId"], found.get("campaign_id"))
    agents = len({buy["salesAgentId"] for buy in made["mediaBuys"]})
    expect(found.get("agents_queried") == agents, "agents_queried", agents, found.get("agents_queried"))
    (row,) = found["media_buys"]
    for field in ("media_buy_id", "internal_status", "adcp_status", "previous_internal_status", "updated"):
        expect(field in row, "a media buy", f"the field {field}", sorted(row))
    shown = made["mediaBuyRefs"][0]["status"]
    expect(row["internal_status"] == shown, "internal_status", shown, row["internal_status"])


@CHECKS.add("lifecycle.no_addresses", "rule 84", "should")
async def no_addresses(platform: Platform) -> None:
    """Media buys have no addresses of their own."""
    made = await platform.launched()
    named = made["mediaBuyRefs"][0]["mediaBuyId"]
    for path in (f"media-buys/{named}", f"campaigns/{made['campaignId']}/media-buys/{named}"):
        answer = await platform.send("GET", path)
        expect(answer.status in UNKNOWN_OPERATION, f"status of {path}", 404, answer.status)


@CHECKS.add("lifecycle.completes", "rule 69")
async def completes(platform: Platform) -> None:
    """A campaign is COMPLETED when its flight is over."""
    flight = {"startDate": await platform.date(1), "endDate": await platform.date(8)}
    made = await platform.launched(flightDates=flight)
    await platform.pass_days(10)
    status = await _status(platform, made)
    expect(status == "COMPLETED", "status after the end", "COMPLETED", status)


@CHECKS.add("lifecycle.partial_failure", "rule 75")
async def partial_failure(platform: Platform) -> None:
    """An agent that fails is told of by its media buy; the campaign is active, and executing again tries again."""
    made = await platform.staged(groups=2)
    agents = sorted({product["salesAgentId"] for product in made["products"]})
    if len(agents) < 2:
        raise Skipped("only one sales agent offers products")
    async with fault(platform, kind="unavailable", to=agents[1], message="create_media_buy"):
        done = await _do(platform, made, "execute")
    told = (done["success"], done["newStatus"], await _status(platform, made))
    expect(told == (False, "ACTIVE", "ACTIVE"), "success and statuses", (False, "ACTIVE", "ACTIVE"), told)
    rows = done.get("errors") or []
    expect([row.get("salesAgentId") for row in rows] == [agents[1]], "errors", f"one of {agents[1]}", rows)
    known = [ref["mediaBuyId"] for ref in (await platform.read(made["campaignId"]))["mediaBuyRefs"]]
    expect(rows[0].get("mediaBuyId") in known, "errors[0].mediaBuyId", known, rows[0].get("mediaBuyId"))
    expect(bool(rows[0].get("message")), "errors[0].message", "a text", rows[0].get("message"))
    again = await _do(platform, made, "execute")
    expect(again["success"] is True, "success of the next execution", True, again)


@CHECKS.add("lifecycle.surfaced", "rule 80")
async def surfaced(platform: Platform) -> None:
    """Of several media buys the status that restricts most is shown: one that waits outweighs one that runs."""
    made = await platform.staged(groups=4)
    await platform.execute(made)
    found = await platform.read(made["campaignId"])
    if "mediaBuyStatus" not in found:
        raise Skipped("the campaign shows no status over its media buys (mediaBuyStatus)")
    held = {ref["status"] for ref in found["mediaBuyRefs"]}
    if held != {"ACTIVE", "PENDING_APPROVAL"}:
        raise Skipped(f"the agents left all media buys {' and '.join(sorted(held))}")
    shown = found["mediaBuyStatus"]
    expect(shown == "PENDING_APPROVAL", "mediaBuyStatus", "PENDING_APPROVAL", shown)


@CHECKS.add("lifecycle.input_required", "rule 81")
async def input_required(platform: Platform) -> None:
    """A media buy of which the agent needs to know more is INPUT_REQUIRED until the agent has decided."""
    made = await platform.staged(groups=4)
    await platform.execute(made)
    found = await platform.read(made["campaignId"])
    waiting = [buy for buy in found["mediaBuys"] if buy["status"] == "PENDING_APPROVAL"]
    if not waiting:
        raise Skipped("all sales agents decide at once")
    agent, named = waiting[0]["salesAgentId"], waiting[0]["mediaBuyId"]
    seen = []
    for what, arguments in (("ask_input", {"missing": ["io_acceptance"]}), ("approve", {})):
        await decide(platform, agent, what, **arguments)
        await platform.ok("GET", f"campaigns/{made['campaignId']}/media-buy-status")
        refs = (await platform.read(made["campaignId"]))["mediaBuyRefs"]
        seen += [ref["status"] for ref in refs if ref["mediaBuyId"] == named]
    wanted = ["INPUT_REQUIRED", "ACTIVE"]
    expect(seen == wanted, "statuses after a question and an approval", wanted, seen)
