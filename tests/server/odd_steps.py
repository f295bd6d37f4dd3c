"""Steps and expectations that are odd, each as a scenario's own text after ``HEAD``."""

HEAD = """\
title: A test
extends: lifecycle/one-agent
clock: {start: 2026-06-01, duration: 5d}
"""

ODD = {
    "an answer that is not the expected one": """
steps:
  - {name: Look, after: 2d, call: buyer.get_campaign, path: {campaignId: $campaign}, expect: {status: PAUSED}}
expect:
  - {name: Spent, holds: {metric: spend, min: 1}}
  - {name: Seen before, eventually: {metric: impressions, min: 1}}
""",
    "an event that does not come in time": """
steps:
  - {name: Wait, when: {status: {entity: campaign, is: COMPLETED}}, within: 30h}
""",
    "an event that never comes": """
steps:
  - {name: Wait, when: {message: {kind: webhook, from: gazette}}}
  - {name: Rest, after: 1h}
""",
    "events that are waited for one after the other": """
steps:
  - {name: First, when: {event: {kind: delivery, data: {impressions: {min: 1}}}}}
  - {name: Third, when: {event: {kind: delivery, count: 3}}}
  - {name: Pause, call: buyer.pause_campaign, path: {campaignId: $campaign}}
  - {name: Paused, when: {status: {entity: media_buy, is: paused}}}
  - {name: Answered, when: {message: {kind: reply, to: buyer, operation: get_media_buys}}}
expect:
  - {name: Paused at once, eventually: {status: {entity: campaign, is: PAUSED}}, until: +30h}
""",
    "a call that the end of the clock cuts off": """
steps:
  - {name: Pause, at: end, call: buyer.pause_campaign, path: {campaignId: $campaign}}
""",
    "a platform that is down": """
steps:
  - {name: Down, after: 1h, do: buyer.go_down}
  - {name: Read, call: buyer.get_campaign, path: {campaignId: $campaign}, error: UNREACHABLE}
  - {name: Write, call: buyer.pause_campaign, path: {campaignId: $campaign}, error: UNREACHABLE}
  - {name: Up, do: buyer.come_back}
  - {name: Read again, call: buyer.get_campaign, path: {campaignId: $campaign}, expect: {status: ACTIVE}}
""",
    "a control that objects": """
steps:
  - {name: Approve, do: northstar.approve}
""",
    "a control in the midst of time": """
steps:
  - {name: Hold, at: 2026-06-02T10:30:00Z, do: northstar.pause, with: {reason: A strike}}
  - {name: Go on, at: 2026-06-03T10:30:00Z, do: northstar.resume}
""",
    "requests that are refused": """
steps:
  - {name: No path, call: buyer.get_campaign, error: {code: VALIDATION_ERROR, field: pathParams.campaignId}}
  - {name: Odd path, call: buyer.list_campaigns, path: {x: 1}, error: {code: VALIDATION_ERROR, field: pathParams.x}}
  - {name: Odd query, call: buyer.list_campaigns, params: {sort: up}, error: {field: sort}}
  - {name: Odd body, call: buyer.create_advertiser, body: {nam: X}, error: {field: nam}}
  - {name: Gone, call: buyer.get_campaign, path: {campaignId: "a/../b ?"}, error: NOT_FOUND}
  - {name: Other name, call: buyer.get_campaign, path: {id: $campaign}, expect: {campaignId: $campaign}}
""",
    "calls that are made again until": """
steps:
  - name: Poll
    call: buyer.get_reporting_metrics
    params: {days: 7, breakdown: package}
    every: 5h
    until: {totals.impressions: {min: 20000}}
  - {name: See, after: 90s, call: buyer.list_campaigns, params: {take: 1}, expect: {total: 1}}
""",
    "answers and metrics that are looked at": """
expect:
  - {name: Active, eventually: {call: buyer.get_campaign, path: {campaignId: $campaign}, field: status, equals: ACTIVE}}
  - {name: Never gone, never: {call: buyer.get_campaign, path: {campaignId: $campaign}, field: status, equals: X}}
  - {name: At the end, holds: {call: buyer.get_reporting_metrics, params: {days: 7}, field: totals.spend, min: 1}}
  - {name: Asked often, always: {call: buyer.get_reporting_metrics, field: totals.spend, min: 0}, every: 7h}
  - {name: Even, always: {metric: spend, campaign: $campaign, seller: northstar, max: 150}, every: 37m}
  - {name: No reach yet, holds: {metric: frequency, absent: true}, at: +1h}
  - {name: Reached, holds: {metric: reach, min: 1}, at: 2026-06-03T10:10:10.123Z}
""",
}
