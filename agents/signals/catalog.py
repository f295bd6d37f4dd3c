"""The catalog of a signals agent that a scenario doesn't spell out: plain, invented, and the same in every world."""

from __future__ import annotations

from agents.signals.config import SignalConfig
from agents.studio.prices import Price

_TABLE = """
ev_intenders | Electric car intenders | Looked at electric vehicles lately | cars ev auto buyers dealer | 8 | 3.5
auto_owners | Car owners | Households with at least one car | cars auto vehicles drivers | 62 | 1.2
outdoor_fans | Outdoor enthusiasts | Hike, camp or climb several times a year | trail hiking nature sports | 14 | 2.4
electronics_buyers | Electronics buyers | Bought phones or screens in half a year | purchase shopping tech | 22 | 2.8
loyal_customers | Loyal customers | High value and long in a loyalty program | loyalty ltv purchase retail | 11 | 6.0
cart_leavers | Cart abandoners | Put something into a cart and did not buy it | purchase shopping retail | 17 | 7.5
frequent_flyers | Frequent travellers | Travel by air four times a year or more | travel flight hotel | 9 | 4.2
new_parents | New parents | Have a child of less than two years | family kids baby | 5 | 5.0
sports_viewers | Sports viewers | Watch live sports on television or online | football tv streaming | 35 | 1.8
home_cooks | Home cooks | Read recipes and buy fresh food | food grocery cooking | 28 | 1.5
"""
"""Id, name, description, further words, coverage in percent, CPM in USD."""

_PROVIDERS = (
    ("autograph.example", "Autograph Data"),
    ("strides.example", "Strides"),
    ("baskets.example", "Baskets & Co"),
)


def invented(personality: str) -> list[SignalConfig]:
    """The catalog; in a marketplace the signals come from several providers in turn."""
    rows = [[part.strip() for part in line.split("|")] for line in _TABLE.strip().splitlines()]
    made: list[SignalConfig] = []
    for number, (signal_id, name, description, words, coverage, cpm) in enumerate(rows):
        domain, provider = _PROVIDERS[number % len(_PROVIDERS)]
        sold = {"provider": domain, "provider_name": provider} if personality == "marketplace" else {}
        price = Price(id=f"{signal_id}_cpm", price=float(cpm))
        made.append(
            SignalConfig(
                id=signal_id,
                name=name,
                description=description,
                words=words.split(),
                coverage=float(coverage),
                prices=[price],
                **sold,
            )
        )
    return made
