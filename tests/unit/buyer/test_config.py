"""What a scenario may say about the buyer platform."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from agents.buyer import BuyerConfig
from sandbox.core.errors import InputError
from tests.unit.buyer.conftest import MakePlatform, build


def test_nothing_has_to_be_said() -> None:
    config = BuyerConfig()
    assert [customer.principal for customer in config.customers] == ["acme"]
    assert config.fee_percent == 8
    assert "acme.com" in config.brands.registered
    assert config.adcp_version == "3.1"


def test_a_principal_is_made_of_the_name() -> None:
    config = BuyerConfig.model_validate({"customers": [{"name": "Globex & Sons, Ltd."}]})
    assert config.customers[0].principal == "globex-sons-ltd"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"customers": []}, "at least 1"),
        ({"customers": [{"name": "A"}, {"name": "a"}]}, "same principal"),
        ({"customers": [{"name": "42"}]}, "give a principal"),
        ({"advertisers": [{"name": "X", "customer": "nobody"}]}, "no customer"),
        ({"advertisers": [{"name": "X", "brand": "unheard-of.example"}]}, "nothing is known"),
        ({"fee_percent": 100}, "less than 100"),
        ({"poll_interval": "0s"}, "greater than 0"),
        ({"sellerz": []}, "Extra inputs"),
    ],
)
def test_mistakes_are_named(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        BuyerConfig.model_validate(settings)


def test_an_agent_that_is_not_there_is_a_mistake() -> None:
    with pytest.raises(InputError, match="no sales agent"):
        build(buyer={"sellers": ["northstar", "nobody"]})


def test_advertisers_of_the_scenario_are_there_from_the_start(make_platform: MakePlatform) -> None:
    platform = make_platform(
        buyer={
            "customers": [{"name": "Acme"}, {"name": "Globex"}],
            "advertisers": [
                {"name": "First", "brand": "acme.com"},
                {"name": "Second", "brand": "globex.com", "customer": "globex", "sandbox": True},
            ],
        }
    )
    assert [row["name"] for row in platform.call("list_advertisers")["items"]] == ["First"]
    second = platform.call("list_advertisers", customer="globex")["items"][0]
    assert (second["name"], second["brand"], second["sandbox"]) == ("Second", "globex.com", True)
