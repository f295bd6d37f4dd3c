"""Part N: reports; made-up data (demo) add up like real ones."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

from sandbox.contract.buyer_platform.answers import Body, content, judge
from sandbox.contract.buyer_platform.checks import CHECKS
from sandbox.contract.buyer_platform.platform import Platform, budget_of
from sandbox.contract.check import Skipped, expect

PATH = "reporting/metrics"
METRICS = (
    "impressions spend clicks views completedViews conversions leads videoCompletions ecpm cpc ctr completionRate"
).split()
ADDED = METRICS[:8]
LEVELS = ("campaigns", "mediaBuys", "packages")
COLUMNS = [
    *(f"{kind} {field}" for kind in ("Advertiser", "Campaign", "Media Buy") for field in ("ID", "Name")),
    *("Media Buy Status", "Package ID", "Impressions", "Spend", "Clicks", "Views", "Completed Views", "Conversions"),
    *("Leads", "Video Completions", "eCPM", "CPC", "CTR", "Completion Rate"),
]
"""Of a download."""


async def _demo(platform: Platform, **query: Any) -> Body:
    """A report of made-up data; a campaign is launched if there is none that they could be about."""
    asked = {"days": 7, "breakdown": "package", "demo": "true", **query}
    found: Body = await platform.ok("GET", PATH, **asked)
    if not (found.get("advertisers") or found.get("timeseries") or found.get("rowCount")):
        await platform.launched()
        found = await platform.ok("GET", PATH, **asked)
    return found


@CHECKS.add("reports.dates", "rule 161")
async def dates(platform: Platform) -> None:
    """A report needs its dates."""
    await platform.refused("GET", PATH, None, "VALIDATION_ERROR", query={"breakdown": "campaign"})
    half = {"breakdown": "campaign", "startDate": "2026-05-01"}
    await platform.refused("GET", PATH, None, "VALIDATION_ERROR", query=half)


@CHECKS.add("reports.breakdown", "rule 161")
async def breakdown(platform: Platform) -> None:
    """A summary needs its breakdown, a series does not."""
    await platform.refused("GET", PATH, None, "VALIDATION_ERROR", query={"days": 7})
    await platform.refused("GET", PATH, None, "VALIDATION_ERROR", query={"days": 7, "breakdown": "mood"})
    await platform.ok("GET", PATH, days=7, view="timeseries")


@CHECKS.add("reports.same", "rule 162")
async def same(platform: Platform) -> None:
    """The breakdown changes nothing in the data."""
    told = [await _demo(platform, breakdown=kind) for kind in ("campaign", "campaign", "mediaBuy", "package")]
    found = [(one["totals"], one["advertisers"]) for one in told]
    if found[0] != found[1]:
        raise Skipped("made-up data are others each time")
    expect(found[1] == found[2] == found[3], "reports with three breakdowns", "the same", "others")


@CHECKS.add("reports.most_days", "rule 163")
async def most_days(platform: Platform) -> None:
    """At most ninety days are reported by their number."""
    await _demo(platform, days=90)
    answer = await platform.send("GET", PATH, None, {"days": 120, "breakdown": "campaign"})
    if answer.status >= 400:
        judge(answer, "a report of 120 days", "VALIDATION_ERROR")
        return
    span = [date.fromisoformat(str(content(answer.body)[one])[:10]) for one in ("periodStart", "periodEnd")]
    days = (span[1] - span[0]).days
    expect(days <= 90, "days of a report of 120 days", "90 at most, or a refusal", days)


@CHECKS.add("reports.two_dates", "rule 163")
async def two_dates(platform: Platform) -> None:
    """Where both dates are given the number of days does not matter."""
    begin, end, after = [(await platform.date(day))[:10] for day in (-60, -58, -57)]
    span = {"startDate": begin, "endDate": end}
    found = await _demo(platform, days=30, **span)
    shown = (str(found["periodStart"])[:10], str(found["periodEnd"])[:10])
    fine = shown in ((begin, end), (begin, after))
    expect(fine, "the period", tuple(span.values()), shown)


@CHECKS.add("reports.seven_days", "rule 164")
async def seven_days(platform: Platform) -> None:
    """A series shows the last seven days."""
    found = await _demo(platform, days=30, view="timeseries")
    shown = sorted({str(row["date"])[:10] for row in found["timeseries"]})
    if not shown:
        raise Skipped("there are no demo data")
    expect(len(shown) <= 7, "days of the series", "7 at most", shown)
    span = (date.fromisoformat(str(found["periodEnd"])[:10]) - date.fromisoformat(shown[0])).days
    expect(span <= 7, "days since the first one", "7 at most", span)


@CHECKS.add("reports.series_rows", "rule 165")
async def series_rows(platform: Platform) -> None:
    """A series has a row for each package and day, with all that it belongs to."""
    rows = (await _demo(platform, view="timeseries"))["timeseries"]
    if not rows:
        raise Skipped("there are no demo data")
    fields = "date advertiserId advertiserName campaignId campaignName mediaBuyId packageId productId metrics"
    for row in rows:
        missing = [field for field in fields.split() if field not in row]
        expect(not missing, "a row of the series", "all fields", f"no {', '.join(missing)}")
    keys = [(row["mediaBuyId"], row["packageId"], row["date"]) for row in rows]
    twice = len(keys) - len(set(keys))
    expect(not twice, "media buy, package and day", "each once", f"{twice} twice")


@CHECKS.add("reports.demo", "rule 166")
async def made_up(platform: Platform) -> None:
    """Made-up data are there when asked for only: nothing was delivered before the flight."""
    made = await platform.launched()
    query = {"days": 7, "breakdown": "package", "campaignId": made["campaignId"]}
    real, demo = [(await platform.ok("GET", PATH, **query, demo=asked))["totals"] for asked in ("false", "true")]
    expect(not real.get("impressions"), "impressions before the flight", 0, real.get("impressions"))
    expect(demo["impressions"] > 0, "impressions with demo=true", "some", demo["impressions"])


@CHECKS.add("reports.metrics", "rule 168")
async def metrics(platform: Platform) -> None:
    """There are twelve metrics."""
    rows = (await _demo(platform))["advertisers"]
    if not rows:
        raise Skipped("there are no demo data")
    lost = [metric for metric in METRICS if metric not in rows[0]["metrics"]]
    expect(not lost, "metrics of an advertiser", "all twelve", f"no {', '.join(lost)}")


@CHECKS.add("reports.sums", "rule 168")
async def sums(platform: Platform) -> None:
    """Every level is the sum of the one below it, and the totals that of all advertisers."""
    found = await _demo(platform)
    if not found["advertisers"]:
        raise Skipped("there are no demo data")
    _add_up({"metrics": found["totals"], "advertisers": found["advertisers"]}, ("advertisers", *LEVELS))


def _add_up(row: Body, levels: tuple[str, ...]) -> None:
    parts = row.get(levels[0]) or []
    for part in parts:
        if len(levels) > 1:
            _add_up(part, levels[1:])
    for metric in ADDED if parts else ():
        shown = row["metrics"].get(metric)
        if shown is None:
            continue
        wanted = sum(part["metrics"].get(metric) or 0 for part in parts)
        expect(abs(shown - wanted) < 0.02 * len(parts), f"{metric} over {levels[0]}", wanted, shown)


@CHECKS.add("reports.rates", "rule 168")
async def rates(platform: Platform) -> None:
    """Rates follow from the sums: eCPM from spend and impressions, CTR and CPC from clicks."""
    told = ((await _demo(platform))["advertisers"] or [{"metrics": {}}])[0]["metrics"]
    if not told.get("impressions") or not told.get("clicks"):
        raise Skipped("there are no demo data")
    wanted = {"ecpm": told["spend"] / told["impressions"] * 1000, "cpc": told["spend"] / told["clicks"]}
    for metric, value in wanted.items():
        expect(abs(told[metric] - value) < 0.01 + value / 100, metric, value, told[metric])
    ratio = told["clicks"] / told["impressions"]
    fine = min(abs(told["ctr"] - ratio), abs(told["ctr"] / 100 - ratio)) < 0.001
    expect(fine, "ctr", ratio, told["ctr"])


@CHECKS.add("reports.filter", "rules 13 and 168")
async def filtered(platform: Platform) -> None:
    """The report about one advertiser is about that one."""
    made = await platform.advertiser()
    found = await platform.ok("GET", PATH, days=7, breakdown="package", advertiserId=made)
    others = [row["advertiserId"] for row in found["advertisers"] if str(row["advertiserId"]) != made]
    expect(not others, "advertisers", made, others)


@CHECKS.add("reports.download", "rule 167")
async def download(platform: Platform) -> None:
    """A download is a link to a CSV file of twenty columns with as many rows as it says."""
    found = await _demo(platform, download="true")
    for field in ("downloadUrl", "expiresAt", "fileName", "rowCount"):
        expect(field in found, "the answer", f"the field {field}", sorted(found))
    url = str(found["downloadUrl"])
    answer = await platform.talk.send("GET", url if "://" in url else f"{platform.root}{url}")
    expect(answer.status == 200, "status of the link", 200, answer.status)
    rows = list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))))
    lost = [column for column in COLUMNS if column not in (rows[0] if rows else [])]
    expect(not lost, "columns", "the twenty of the documents", f"no {', '.join(lost)}")
    expect(len(rows) - 1 == found["rowCount"], "rows", found["rowCount"], len(rows) - 1)


@CHECKS.add("reports.spend", "rules 56, 168 and 169")
async def spend(platform: Platform) -> None:
    """No media buy is reported to have spent more than its budget, and a canceled one stays in reports."""
    made = await platform.launched()
    buy = made["mediaBuys"][0]
    await platform.pass_days(3)
    gone = {"mediaBuys": [{"mediaBuyId": buy["mediaBuyId"], "action": "cancel", "reason": "a check"}]}
    await platform.ok("PUT", f"campaigns/{made['campaignId']}", gone)
    query = {"days": 7, "breakdown": "mediaBuy", "campaignId": made["campaignId"]}
    found = await platform.ok("GET", PATH, **query)
    rows = [
        row
        for advertiser in found["advertisers"]
        for campaign in advertiser["campaigns"]
        for row in campaign["mediaBuys"]
    ]
    shown = [row["mediaBuyId"] for row in rows]
    expect(shown == [buy["mediaBuyId"]], "media buys of the report", [buy["mediaBuyId"]], shown)
    amount = rows[0]["metrics"]["spend"]
    expect(amount <= budget_of(buy) + 0.01, "spend", f"at most {budget_of(buy)}", amount)
