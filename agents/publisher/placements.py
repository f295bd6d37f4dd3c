"""From a publisher's settings to what it offers and what the delivery engine needs to know of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agents.invent import domain_of, slug
from agents.publisher.config import PlacementConfig, PublisherConfig
from sandbox.core.money import micros
from sandbox.domain.channels import HOUR_SHAPES, WEEK_SHAPES, find_channel
from sandbox.domain.formats import Format, audio, default_formats, display, dooh, parse_format, video
from sandbox.domain.inventory import Offer

if TYPE_CHECKING:
    from sandbox.delivery import Placement

_FLOOR_PERCENT, _RIVAL_PERCENT, _RIVAL_SIGMA = 40, 50, 0.4
"""Floor of auctions and median competing bid in percent of the channel's typical CPM, and its sigma."""


def offers_of(publisher_id: str, config: PublisherConfig) -> tuple[Offer, ...]:
    """All placements of a publisher, in the order of its settings. Placement ids begin with its own id."""
    made: list[Offer] = []
    for placement in config.placements:
        local_id = placement.id or _free_name(placement.channel, [offer.local_id for offer in made])
        made.append(_offer(publisher_id, local_id, config, placement))
    return tuple(made)


def _free_name(channel: str, taken: list[str]) -> str:
    number = 1
    name = channel
    while name in taken:
        number += 1
        name = f"{channel}_{number}"
    return name


def _offer(publisher_id: str, local_id: str, config: PublisherConfig, placement: PlacementConfig) -> Offer:
    channel = find_channel(placement.channel)
    name = config.name or publisher_id
    daily = channel.daily_opportunities if placement.daily_opportunities is None else placement.daily_opportunities
    countries = placement.countries
    return Offer(
        placement_id=f"{slug(publisher_id)}_{local_id}",
        local_id=local_id,
        publisher_id=publisher_id,
        domain=config.domain or domain_of(publisher_id),
        property_name=placement.name or name,
        channel=channel,
        formats=_formats(placement),
        daily_opportunities=round(daily * config.traffic_growth),
        countries=dict.fromkeys(countries, 1.0) if isinstance(countries, list) else dict(countries),
        devices=dict(placement.devices or channel.devices),
        floor_micros=_floor(placement),
        competition=_competition(placement),
        viewability=_or(placement.viewability, channel.viewability),
        click_rate=_or(placement.click_rate, channel.click_rate),
        view_rate=_or(placement.view_rate, 0.9 if channel.medium in ("video", "audio") else channel.viewability),
        completion_rate=_or(placement.completion_rate, channel.completion_rate),
        conversion_rate=placement.conversion_rate,
        topics=tuple(config.topics),
    )


def _floor(placement: PlacementConfig) -> int:
    if placement.floor_cpm is not None:
        return micros(placement.floor_cpm)
    return find_channel(placement.channel).cpm_micros * _FLOOR_PERCENT // 100


def _competition(placement: PlacementConfig) -> tuple[int, float] | None:
    rival = placement.competition
    if rival is None:
        return find_channel(placement.channel).cpm_micros * _RIVAL_PERCENT // 100, _RIVAL_SIGMA
    return None if rival == "none" else (micros(rival.median), rival.sigma)


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _formats(placement: PlacementConfig) -> tuple[Format, ...]:
    medium = find_channel(placement.channel).medium
    if placement.format is not None:
        ids = [placement.format] if isinstance(placement.format, str) else placement.format
        return tuple(parse_format(format_id) for format_id in ids)
    if placement.size is not None and medium in ("display", "dooh"):
        width, height = (int(side) for side in placement.size.split("x"))
        return (dooh(width, height) if medium == "dooh" else display(width, height),)
    if placement.duration is not None and medium in ("video", "audio"):
        return (video(placement.duration) if medium == "video" else audio(placement.duration),)
    return default_formats(medium)


def delivery_placements(offers: tuple[Offer, ...], config: PublisherConfig) -> list[Placement]:
    """The offers as the delivery engine takes them."""
    from sandbox.delivery import Competition, Placement

    made = []
    for offer, placement in zip(offers, config.placements, strict=True):
        made.append(
            Placement(
                placement_id=offer.placement_id,
                publisher_id=offer.publisher_id,
                property_id=offer.domain,
                channel=offer.channel.name,
                daily_opportunities=offer.daily_opportunities,
                countries=_shares(offer.countries),
                devices=_shares(offer.devices),
                hour_shape=_shape(placement.hour_shape or offer.channel.hour_shape, HOUR_SHAPES),
                week_shape=_shape(placement.week_shape, WEEK_SHAPES),
                audience=config.audience,
                match_rate=config.match_rate,
                growth=config.daily_growth,
                noise=config.noise,
                special_days={day.isoformat(): factor for day, factor in config.special_days.items()},
                first_price=placement.first_price,
                engagement_rate=placement.engagement_rate,
                click_conversion_rate=placement.click_conversion_rate,
                floor_micros=offer.floor_micros,
                competition=Competition(*offer.competition) if offer.competition else None,
                viewability=offer.viewability,
                click_rate=offer.click_rate,
                view_rate=offer.view_rate,
                completion_rate=offer.completion_rate,
                conversion_rate=offer.conversion_rate,
            )
        )
    return made


def _shares(weights: dict[str, float]) -> dict[str, float]:
    whole = sum(weights.values())
    return {name: weight / whole for name, weight in weights.items()}


def _shape(shape: str | list[float], names: dict[str, tuple[float, ...]]) -> tuple[float, ...]:
    """A curve whose mean is one, so that the daily opportunities stay what they are called."""
    weights = names[shape] if isinstance(shape, str) else tuple(shape)
    mean = sum(weights) / len(weights)
    return tuple(weight / mean for weight in weights)
