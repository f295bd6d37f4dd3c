"""Publishers: settings, placements, and who may sell them."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from pydantic import ValidationError

from agents.publisher import KIND, PublisherConfig, generate
from agents.publisher.placements import delivery_placements, offers_of
from sandbox.core.time import parse_instant
from sandbox.domain.inventory import Offer
from sandbox.kernel.world import World


def offers(**config: Any) -> tuple[Offer, ...]:
    return offers_of("daily", PublisherConfig(**config))


def test_a_channel_is_enough_for_a_placement() -> None:
    [tv] = offers(placements=[{"channel": "ctv"}])
    assert (tv.placement_id, tv.domain) == ("daily_ctv", "daily.example")
    assert tv.devices == {"ctv": 1.0}
    assert tv.daily_opportunities == 10_000
    assert [fmt.format_id for fmt in tv.formats] == ["video_standard_15s", "video_standard_30s"]
    assert tv.competition is not None


def test_placements_of_one_channel_get_different_names() -> None:
    made = offers(placements=[{"channel": "olv"}, {"channel": "olv"}, {"channel": "olv", "id": "front"}])
    assert [offer.local_id for offer in made] == ["olv", "olv_2", "front"]


@pytest.mark.parametrize(
    ("placement", "formats"),
    [
        ({"channel": "display", "size": "970x250"}, ["display_970x250_image"]),
        ({"channel": "dooh", "size": "1080x1920"}, ["dooh_billboard_1080x1920"]),
        ({"channel": "olv", "duration": 6}, ["video_standard_6s"]),
        ({"channel": "podcast", "duration": 45}, ["audio_standard_45s"]),
        ({"channel": "ctv", "format": "video_vast_30s"}, ["video_vast_30s"]),
    ],
)
def test_formats_follow_from_size_or_duration(placement: dict[str, Any], formats: list[str]) -> None:
    [offer] = offers(placements=[placement])
    assert [fmt.format_id for fmt in offer.formats] == formats


def test_curves_have_a_mean_of_one_and_shares_a_sum_of_one() -> None:
    config = PublisherConfig(
        placements=[
            {"channel": "ctv", "hour_shape": "evening", "week_shape": "weekend", "countries": ["US", "CA"]},
            {"channel": "display", "hour_shape": [1.0] * 12 + [3.0] * 12, "devices": {"mobile": 3, "desktop": 1}},
        ]
    )
    for placement in delivery_placements(offers_of("daily", config), config):
        assert sum(placement.hour_shape) == pytest.approx(24)
        assert sum(placement.week_shape) == pytest.approx(7)
        assert sum(placement.countries.values()) == pytest.approx(1)
        assert sum(placement.devices.values()) == pytest.approx(1)


def test_growth_scales_the_traffic_and_settings_reach_the_engine() -> None:
    config = PublisherConfig(
        placements=[{"channel": "display", "daily_opportunities": 1000, "floor_cpm": 1.5, "click_rate": 0.1}],
        traffic_growth=1.5,
        audience=0.4,
    )
    [placement] = delivery_placements(offers_of("daily", config), config)
    assert placement.daily_opportunities == 1500
    assert (placement.floor_micros, placement.click_rate, placement.audience) == (1_500_000, 0.1, 0.4)


def test_competition_is_the_channels_unless_it_is_given_or_ruled_out() -> None:
    config = PublisherConfig(
        placements=[
            {"channel": "display"},
            {"channel": "display", "competition": {"median": 3, "sigma": 0.2}},
            {"channel": "display", "competition": "none"},
        ]
    )
    custom, given, none = delivery_placements(offers_of("daily", config), config)
    assert custom.competition is not None
    assert custom.competition.median_micros == 2_000_000
    assert given.competition is not None
    assert (given.competition.median_micros, given.competition.sigma) == (3_000_000, 0.2)
    assert none.competition is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"placements": []},
        {"placements": [{"channel": "telepathy"}]},
        {"placements": [{"channel": "ctv", "hour_shape": [1.0] * 23}]},
        {"placements": [{"channel": "ctv", "hour_shape": [0.0] * 24}]},
        {"placements": [{"channel": "ctv", "id": "a"}, {"channel": "olv", "id": "a"}]},
        {"placements": [{"channel": "ctv", "click_rate": 1.5}]},
        {"placements": [{"channel": "ctv", "colour": "red"}]},
        {"placements": [{"channel": "ctv"}], "audience": 0},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PublisherConfig(**wrong)


def test_contracts_can_be_ended_and_made_during_a_run() -> None:
    world = World(1, parse_instant("2026-05-01"))
    publisher = KIND.build(world, "daily", KIND.config(placements=[{"channel": "ctv"}], authorises=[]))
    world.add(publisher)
    world.ecosystem.add("seller", "seller")
    assert not publisher.authorises("seller")  # type: ignore[attr-defined]
    publisher.controls["authorise"](seller="seller")
    assert world.ecosystem.publishers_of("seller") == ["daily"]
    assert publisher.authorises("seller")  # type: ignore[attr-defined]
    publisher.controls["withdraw"](seller="seller")
    assert world.ecosystem.publishers_of("seller") == []
    assert not publisher.authorises("seller")  # type: ignore[attr-defined]


def test_invented_publishers_are_valid_distinct_and_follow_from_the_seed() -> None:
    made = generate(Random(1), 8)
    assert made == generate(Random(1), 8)
    assert made != generate(Random(2), 8)
    assert len({PublisherConfig(**settings).domain for settings in made}) == 8


def test_briefs_and_brands_can_be_invented_too() -> None:
    from agents.invent import brand, brief

    assert brief(Random(3), "ctv", "US") == brief(Random(3), "ctv", "US")
    assert brand(Random(3))[1].endswith(".example")
