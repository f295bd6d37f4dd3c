"""Part A: requests, answers, errors."""

from __future__ import annotations

from sandbox.contract.buyer_platform.answers import content, judge, listing
from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.platform import Platform, name
from sandbox.contract.check import Skipped, expect


@CHECKS.add("requests.paths", "rule 1")
async def paths(platform: Platform) -> None:
    """Operations are below /api/v2/buyer, accounts and notifications below /api/v2."""
    for path in ("advertisers", "campaigns", "storefronts", "/api/v2/accounts", "/api/v2/notifications"):
        answer = await platform.send("GET", path)
        expect(answer.status == 200, f"status of {path}", 200, answer.status)


@CHECKS.add("requests.no_key", "rules 1 and 4")
async def no_key(platform: Platform) -> None:
    """Without an API key everything is UNAUTHORIZED."""
    for path in ("advertisers", "campaigns/none", "/api/v2/accounts"):
        answer = await platform.talk.send("GET", platform.url(path))
        judge(answer, f"GET {path}", "UNAUTHORIZED")


@CHECKS.add("requests.wrong_key", "rules 1 and 4")
async def wrong_key(platform: Platform) -> None:
    """With a wrong API key everything is UNAUTHORIZED."""
    if platform.auth is None:
        raise Skipped("no API key was given (--auth)")
    judge(await platform.send("GET", "advertisers", auth=platform.auth.wrong()), "GET advertisers", "UNAUTHORIZED")


@CHECKS.add("requests.envelope", "rule 3")
async def envelope(platform: Platform) -> None:
    """A refusal is data null beside an error with a code and a message."""
    answer = await platform.send("GET", "campaigns/no-such-campaign")
    body = answer.body if isinstance(answer.body, dict) else {}
    expect("data" in body and body["data"] is None, "data", None, body.get("data", "nothing"))
    error = body.get("error") or {}
    for field in ("code", "message"):
        expect(isinstance(error.get(field), str) and error[field] != "", f"error.{field}", "a text", error.get(field))


@CHECKS.add("requests.field", "rule 3", "should")
async def field(platform: Platform) -> None:
    """A refusal of one field names it."""
    error = await platform.refused("POST", "campaigns", await platform.draft(name=7), "VALIDATION_ERROR")
    expect(str(error.get("field")).endswith("name"), "error.field", "name", error.get("field"))


@CHECKS.add("requests.statuses", "rule 4")
async def statuses(platform: Platform) -> None:
    """Codes have their statuses: 404 NOT_FOUND, 400 VALIDATION_ERROR, 400 INVALID_STATE."""
    await platform.refused("GET", "campaigns/no-such-campaign", None, "NOT_FOUND")
    await platform.refused("GET", "advertisers/999999999", None, "NOT_FOUND")
    await platform.refused("POST", "advertisers", {}, "VALIDATION_ERROR")
    made = (await platform.campaign())["campaignId"]
    await platform.refused("POST", f"campaigns/{made}/pause", {}, "INVALID_STATE")


@CHECKS.add("requests.malformed", "rules 3 and 4")
async def malformed(platform: Platform) -> None:
    """A body that is no JSON object is refused in the usual form."""
    headers = {"Content-Type": "application/json", **(dict([platform.auth.header]) if platform.auth else {})}
    for raw in (b"{", b"[1]", b'"text"', b"\xff\xfe", b'{"name": 1e999}'):
        answer = await platform.talk.send("POST", platform.url("campaigns"), None, headers, raw)
        judge(answer, f"the body {raw!r}", "VALIDATION_ERROR")


@CHECKS.add("requests.unknown_path", "rules 3 and 4", "should")
async def unknown_path(platform: Platform) -> None:
    """A path that is none is refused in the usual form."""
    judge(await platform.send("GET", "no-such-thing"), "GET no-such-thing", "NOT_FOUND")


@CHECKS.add("requests.case", "rule 2")
async def case(platform: Platform) -> None:
    """Keys are camelCase; those of event sources, which go on to AdCP, are snake_case."""
    made = await platform.campaign()
    camel = ("campaignId", "advertiserId", "flightDates", "campaignType")
    lost = [key for key in camel if key not in made]
    expect(not lost, "keys of a campaign", "camelCase", f"no {', '.join(lost)}" if lost else None)
    advertiser = str(made["advertiserId"])
    body = {"account": {"account_id": advertiser}, "event_sources": [{"event_source_id": "check_case"}]}
    found = await platform.ok("POST", f"advertisers/{advertiser}/event-sources/sync", body)
    keys = sorted(listing(found, "event_sources")[0])
    expect("event_source_id" in keys, "keys of an event source", "event_source_id among them", keys)


@CHECKS.add("requests.nothing_found", "rule 6")
async def nothing_found(platform: Platform) -> None:
    """A discovery that finds nothing is a success without groups."""
    body = {"advertiserId": await platform.somebody(), "publisherDomain": "no-such-publisher.example"}
    answer = await platform.send("POST", "discovery/discover-products", body)
    expect(answer.status == 200, "status", 200, f"{answer.status} {answer.text[:200]}")
    found = content(answer.body)
    expect(not found.get("productGroups"), "productGroups", [], found.get("productGroups"))


@CHECKS.add("requests.summaries", "rule 7")
async def summaries(platform: Platform) -> None:
    """Lists have short rows; what is long is read one by one."""
    made = await platform.campaign(await platform.advertiser(), brief="A brief that is long")
    page = await platform.ok("GET", "advertisers", limit=1)
    long = {"description", "linkedBrand", "utmConfig", "optimizationApplyMode", "linkedAccounts"}
    shown = sorted(long & set(page["items"][0]))
    expect(not shown, "keys of a row of advertisers", "short ones", shown)
    rows = listing(await platform.ok("GET", "campaigns", advertiserId=made["advertiserId"]), "campaigns", "items")
    expect(bool(rows), "campaigns of the advertiser", "one", rows)
    shown = sorted({"brief", "mediaBuys", "constraints", "performanceConfig"} & set(rows[0]))
    expect(not shown, "keys of a row of campaigns", "short ones", shown)


@CHECKS.add("requests.page_sizes", "rule 8")
async def page_sizes(platform: Platform) -> None:
    """No page has more rows than its list allows, and the default is the list's own."""
    for _ in range(11 - int((await platform.ok("GET", "advertisers", limit=1))["total"])):
        await platform.advertiser()
    for query in ({}, {"limit": 10}):
        rows = (await platform.ok("GET", "advertisers", **query))["items"]
        expect(len(rows) == 10, f"rows of advertisers with {query}", 10, len(rows))
    answer = await platform.send("GET", "advertisers", None, {"limit": 500})
    shown = len(content(answer.body)["items"]) if answer.status == 200 else 0
    expect(shown <= 10, "rows of advertisers with a limit of 500", "10 at most, or a refusal", shown)


@CHECKS.add("requests.offsets", "rules 8 and 9")
async def offsets(platform: Platform) -> None:
    """Page by page every row comes once; nextOffset is null exactly where hasMore is false."""
    mark = name()
    for number in range(5):
        await platform.advertiser(name=f"{mark} {number}")
    offset, found = 0, []
    while True:
        page = await platform.ok("GET", "advertisers", name=mark, limit=2, offset=offset)
        found += [row["id"] for row in page["items"]]
        expect(page["total"] == 5, "total", 5, page["total"])
        after = page["nextOffset"]
        expect((after is None) == (not page["hasMore"]), "nextOffset", "null where hasMore is false", after)
        expect(page["hasMore"] == (len(found) < 5), "hasMore", len(found) < 5, page["hasMore"])
        if not page["hasMore"]:
            break
        offset = int(after)
    expect(len(set(found)) == len(found) == 5, "rows of all pages", "5, each once", found)


@CHECKS.add("requests.name_filter", "rule 10")
async def name_filter(platform: Platform) -> None:
    """A name is found by a part of it in any case."""
    mark = name()
    made = await platform.advertiser(name=f"Before {mark} after")
    await platform.advertiser()
    rows = (await platform.ok("GET", "advertisers", name=mark.upper()))["items"]
    found = [str(row["id"]) for row in rows]
    expect(found == [made], "advertisers by a part of the name", [made], found)


@CHECKS.add("requests.foreign", "rule 13")
async def foreign(platform: Platform) -> None:
    """What belongs to another customer answers like what is not there."""
    if platform.other is None:
        raise Skipped("no API key of another customer was given (--other-auth)")
    made = await platform.campaign()
    named, absent = made["campaignId"], "cmp_0000000000"
    for method, path, body in (("GET", "", None), ("PUT", "", {"name": "Mine"}), ("POST", "/execute", {})):
        answers = []
        for one in (named, absent):
            answer = await platform.send(method, f"campaigns/{one}{path}", body, auth=platform.other)
            answers.append((answer.status, judge(answer, f"{method} as another customer", "NOT_FOUND")["code"]))
        expect(answers[0] == answers[1], f"{method} of a foreign campaign", answers[1], answers[0])


@CHECKS.add("requests.foreign_lists", "rule 13")
async def foreign_lists(platform: Platform) -> None:
    """What belongs to another customer is in no list."""
    if platform.other is None:
        raise Skipped("no API key of another customer was given (--other-auth)")
    mark = name()
    await platform.advertiser(name=mark)
    answer = await platform.send("GET", "advertisers", None, {"name": mark}, platform.other)
    expect(mark not in answer.text, "advertisers of the other customer", "none of ours", answer.text[:200])
