"""Products from settings and placements, the rate card, and who may sell what."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from agents.publisher import PublisherConfig
from agents.publisher.placements import offers_of
from agents.seller import KIND, SellerConfig, generate
from agents.seller.catalog import build_products
from agents.seller.records import Product
from sandbox.core.errors import InputError
from sandbox.domain.pricing import MODELS
from tests.unit.seller.conftest import PLACEMENTS, Opener


def products(**config: Any) -> dict[str, Product]:
    publisher = PublisherConfig(domain="daily.example", placements=PLACEMENTS)
    return build_products(SellerConfig(**config), offers_of("daily", publisher), users=5_000)


def test_every_pricing_model_can_be_sold_and_costs_about_the_same() -> None:
    tv = products(pricing_models=list(MODELS))["daily_ctv"]
    prices = {option.model: option.rate_micros for option in tv.pricing}
    assert list(prices) == list(MODELS)
    assert prices["cpm"] == 32_000_000
    assert prices["vcpm"] == pytest.approx(prices["cpm"] / 0.98, rel=0.001)
    assert prices["cpcv"] == pytest.approx(prices["cpm"] / 1000 / (0.9 * 0.95), rel=0.01)
    assert prices["cpp"] == pytest.approx(prices["cpm"] / 1000 * 50)  # a point is one percent of 5,000 people


def test_the_rate_card_overrides_prices_and_adds_models() -> None:
    tv = products(rate_card={"ctv": {"cpm": 40, "cpcv": 0.05}})["daily_ctv"]
    assert {option.model: option.rate_micros for option in tv.pricing} == {"cpm": 40_000_000, "cpcv": 50_000}


def test_delivery_type_follows_the_channel_or_the_settings() -> None:
    assert {p.delivery_type for p in products(guaranteed=True).values()} == {"guaranteed"}
    assert {p.delivery_type for p in products(guaranteed=[]).values()} == {"non_guaranteed"}
    assert products()["daily_ctv"].guaranteed
    assert not products()["daily_display"].guaranteed


def test_a_product_can_be_spelled_out_over_several_placements() -> None:
    bundle = {
        "id": "everything",
        "pricing": [{"model": "cpm", "price": 10}, {"model": "cpm", "floor": 6, "min_spend": 100}],
        "countries": ["US"],
        "audience": ["sports"],
    }
    only = products(products=[bundle])["everything"]
    assert only.channels == ("ctv", "display")
    assert [option.option_id for option in only.pricing] == ["cpm_fixed", "cpm_auction"]
    assert only.pricing[1].min_spend_micros == 100_000_000


def test_a_product_without_inventory_is_the_scenarios_mistake() -> None:
    with pytest.raises(InputError, match="covers no placement"):
        products(products=[{"id": "radio", "channels": ["radio"]}])


@pytest.mark.parametrize(
    "wrong",
    [
        {"pricing_models": ["cpx"]},
        {"rate_card": {"ctv": {"cpx": 1}}},
        {"rate_card": {"tv": {"cpm": 1}}},
        {"products": [{"id": "a", "pricing": [{"model": "cpm"}]}]},
        {"products": [{"id": "a", "pricing": [{"model": "cpa", "floor": 1}]}]},
        {"products": [{"id": "a"}, {"id": "a"}]},
        {"approval": {"reject_if": [{}]}},
        {"approval": {"delay": {"median": "2d", "p95": "1d"}}},
        {"approvals": "automatic"},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SellerConfig(**wrong)


def test_an_empty_configuration_is_a_complete_agent_and_the_settings_have_a_schema() -> None:
    assert SellerConfig().approval.mode == "automatic"
    assert SellerConfig.model_json_schema()["additionalProperties"] is False


def test_only_what_the_publisher_lets_it_sell_is_sold(stage: Opener) -> None:
    refused = stage({"authorises": ["somebody else"]})
    assert refused.seller.products == {}
    assert refused.world.ecosystem.publishers_of("seller") == []
    allowed = stage({"authorises": ["seller"]})
    assert allowed.world.ecosystem.publishers_of("seller") == ["daily"]


def test_selling_an_unknown_publisher_is_the_scenarios_mistake(stage: Opener) -> None:
    with pytest.raises(InputError, match="no publisher"):
        stage(publishers=["nobody"])


def test_invented_sellers_are_valid_and_follow_from_the_seed() -> None:
    from random import Random

    made = generate(Random(1), 5)
    assert made == generate(Random(1), 5)
    assert made != generate(Random(2), 5)
    assert len({SellerConfig(**settings).name for settings in made}) == 5
    assert KIND.generate is generate
