"""What is written is what is read: scenario text has no surprises."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sandbox.scenario.source import parse
from sandbox.scenario.write import scenario_text

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=12) | st.sampled_from(
    [
        "1e5",
        "08",
        "yes",
        "09:00",
        "2026-05-01",
        "null",
        "~",
        "",
        "$name",
        "a: b",
        "- x",
        "a #b",
        "!tag",
        "&a",
        "*",
        "x\ny",
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**17) + 1, 10**18 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))


@given(st.dictionaries(st.sampled_from(["title", "steps", "actors", "vars"]), VALUES, min_size=1))
def test_every_value_is_read_back_as_it_was_written(data: dict[str, Any]) -> None:
    assert parse(scenario_text(data), "s.yaml").data == data


def test_it_reads_as_if_a_person_had_written_it() -> None:
    data = {
        "title": "A week",
        "clock": {"start": "2026-05-01", "duration": "9d"},
        "steps": [{"name": "Launch", "call": "buyer.execute_campaign", "path": {"campaignId": "$campaign"}}] * 2,
    }
    assert scenario_text(data, "Recorded.").splitlines() == [
        "# Recorded.",
        "title: A week",
        "clock: {start: 2026-05-01, duration: 9d}",
        "",
        "steps:",
        "  - name: Launch",
        "    call: buyer.execute_campaign",
        "    path: {campaignId: $campaign}",
        "  - name: Launch",
        "    call: buyer.execute_campaign",
        "    path: {campaignId: $campaign}",
    ]
