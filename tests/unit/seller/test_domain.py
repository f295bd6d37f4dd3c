"""Pricing, targeting and formats: the pure rules that agents share."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.core.errors import AdcpError
from sandbox.core.time import DAY_MS, HOUR_MS
from sandbox.domain.channels import CHANNELS, HOUR_SHAPES, WEEK_SHAPES, find_channel
from sandbox.domain.formats import default_formats, format_key, parse_format
from sandbox.domain.pricing import MODELS, PricingOption, bid_guidance, check_purchase, derived_rate
from sandbox.domain.targeting import Window, read_caps, read_overlay
from sandbox.protocol import schemas

RATES = {"viewability": 0.7, "click": 0.002, "view": 0.8, "completion": 0.6, "conversion": 0.0005}


@given(budget=st.integers(0, 10**12), least=st.integers(0, 10**12))
def test_a_budget_is_accepted_exactly_from_the_minimum_on(budget: int, least: int) -> None:
    option = PricingOption("o", "cpm", fixed_micros=1, min_spend_micros=least)
    if budget >= max(least, 1):
        check_purchase(option, budget, None, "packages[0]")
    else:
        with pytest.raises(AdcpError, match="BUDGET_TOO_LOW"):
            check_purchase(option, budget, None, "packages[0]")


@given(bid=st.integers(0, 10**9), floor=st.integers(0, 10**9))
def test_a_bid_is_accepted_exactly_from_the_floor_on(bid: int, floor: int) -> None:
    option = PricingOption("o", "cpm", floor_micros=floor)
    if bid >= floor:
        check_purchase(option, 1, bid, "packages[0]")
    else:
        with pytest.raises(AdcpError, match="below the floor"):
            check_purchase(option, 1, bid, "packages[0]")


def test_a_flat_rate_is_bought_whole() -> None:
    option = PricingOption("o", "flat_rate", fixed_micros=100)
    check_purchase(option, 100, None, "p")
    with pytest.raises(AdcpError, match="BUDGET_TOO_LOW"):
        check_purchase(option, 99, None, "p")


def test_guidance_rises_and_never_falls_below_the_floor() -> None:
    assert bid_guidance(1_000_000, 0.5, 0)[1] == 1_000_000
    bids = bid_guidance(1_000_000, 0.5, 900_000)
    assert list(bids) == sorted(bids)
    assert bids[0] == 900_000


@given(model=st.sampled_from(MODELS), cpm=st.integers(1, 10**9))
def test_a_derived_price_is_positive(model: str, cpm: int) -> None:
    assert derived_rate(model, cpm, RATES, daily=1000, users=1000) >= 1


def test_units_of_a_frequency_cap_become_windows() -> None:
    cap = {
        "suppress": {"interval": 2, "unit": "hours"},
        "max_impressions": 5,
        "per": "individuals",
        "window": {"interval": 7, "unit": "days"},
    }
    assert read_caps(cap) == (Window(1, 2 * HOUR_MS), Window(5, 7 * DAY_MS))
    whole = {"max_impressions": 3, "per": "individuals", "window": {"interval": 1, "unit": "campaign"}}
    assert read_caps(whole) == (Window(3, None),)
    assert read_caps({"suppress_minutes": 30}) == (Window(1, HOUR_MS // 2),)
    assert read_caps(None) == ()


@pytest.mark.parametrize(
    ("overlay", "code"),
    [
        ({"geo_metros": [{"system": "nielsen_dma", "values": ["501"]}]}, "UNSUPPORTED_FEATURE"),
        ({"frequency_cap": {"max_impressions": 2}}, "VALIDATION_ERROR"),
        (
            {"frequency_cap": {"max_impressions": 2, "per": "households", "window": {"interval": 1, "unit": "days"}}},
            "UNSUPPORTED_FEATURE",
        ),
    ],
)
def test_what_can_not_be_honoured_is_refused(overlay: dict[str, Any], code: str) -> None:
    with pytest.raises(AdcpError) as caught:
        read_overlay(overlay, "packages[0].targeting_overlay")
    assert caught.value.code == code
    assert str(caught.value.field).startswith("packages[0].targeting_overlay.")


def test_excluded_devices_leave_the_others() -> None:
    assert read_overlay({"device_type_exclude": ["mobile"]}).devices == ("desktop", "tablet", "ctv", "dooh", "unknown")
    assert read_overlay({"device_type": ["mobile", "ctv"], "device_type_exclude": ["ctv"]}).devices == ("mobile",)
    assert read_overlay({}).devices == ()


def test_formats_are_read_from_their_ids() -> None:
    assert (parse_format("display_300x250_image").width, parse_format("display_300x250_image").height) == (300, 250)
    assert parse_format("video_standard_15s").duration_ms == 15_000
    assert parse_format("dooh_billboard_1920x1080").medium == "dooh"
    slash = {"agent_url": "https://creative.adcontextprotocol.org/", "id": "video_standard_15s"}
    assert format_key(slash) == format_key(parse_format("video_standard_15s").ref)


@pytest.mark.parametrize("name", CHANNELS)
def test_every_channel_is_the_protocols_and_has_formats_and_shapes(name: str) -> None:
    channel = find_channel(name)
    request = {"buying_mode": "wholesale", "filters": {"channels": [name]}}
    assert schemas.check("get_products", "request", request, "3.1") == []
    assert default_formats(channel.medium)
    assert len(HOUR_SHAPES[channel.hour_shape]) == 24
    assert sum(channel.devices.values()) == pytest.approx(1)


def test_curves_have_a_value_for_each_hour_and_each_day() -> None:
    assert {len(shape) for shape in HOUR_SHAPES.values()} == {24}
    assert {len(shape) for shape in WEEK_SHAPES.values()} == {7}
