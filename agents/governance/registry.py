"""The policies that every governance agent of the sandbox knows; a scenario adds its own or replaces them.

They follow the shape of the policy registry (docs/governance/policy-registry.mdx) and are examples, not law.
"""

from __future__ import annotations

from agents.governance.config import GovernanceConfig, PolicyConfig, RequirementConfig

EU = tuple("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split())
"""Member states of the European Union; ``EU`` among jurisdictions means all of them."""

_SPECIAL = [
    "racial_ethnic_origin",
    "political_opinions",
    "religious_beliefs",
    "trade_union_membership",
    "health_data",
    "sex_life_sexual_orientation",
    "genetic_data",
    "biometric_data",
]
_ADULTS = [RequirementConfig(field="packages[].targeting_overlay.age_restriction")]


def _law(policy_id: str, category: str, places: list[str], policy: str, **more: object) -> PolicyConfig:
    entry = {"id": policy_id, "categories": [category], "jurisdictions": places, "policy": policy, **more}
    return PolicyConfig.model_validate(entry)


STANDARD = (
    _law("us_coppa", "children_directed", ["US"], "Children are not profiled.", restricts=["age", "familial_status"]),
    _law("uk_aadc", "children_directed", ["GB"], "Children are not profiled.", restricts=["age", "familial_status"]),
    _law(
        "eu_dsa_special_categories",
        "special_categories",
        ["EU"],
        "Special categories of personal data are not used to target.",
        restricts=_SPECIAL,
    ),
    _law("us_alcohol_advertising", "alcohol", ["US"], "Alcohol is shown to adults.", requires=_ADULTS),
    _law("us_gambling_advertising", "gambling", ["US"], "Gambling is shown to adults.", requires=_ADULTS),
    _law(
        "us_political_disclosure",
        "political_advertising",
        ["US"],
        "Whoever pays for political advertising is named.",
        requires=[RequirementConfig(field="ext.political_disclosure")],
    ),
    _law(
        "pharma_fair_balance",
        "pharmaceutical_advertising",
        ["US"],
        "People look at every action for a medicine.",
        human_review=True,
        restricts=["health_data"],
    ),
    *(
        _law(f"us_{name}", name, ["US"], "Nobody is shut out.", human_review=True, restricts=["age", *_SPECIAL[:1]])
        for name in ("fair_housing", "fair_lending", "fair_employment")
    ),
    _law("eu_ai_act_annex_iii", "eu_high_risk", ["EU"], "People look at every action.", human_review=True),
)


def registry_of(config: GovernanceConfig) -> dict[str, PolicyConfig]:
    """All policies of an agent by id, the standard ones first; one of its own replaces a standard one."""
    return {policy.id: policy for policy in (*STANDARD, *config.policies)}


def holds_in(places: list[str], countries: list[str], regions: list[str]) -> bool:
    """True if a policy for ``places`` concerns a plan for these markets (rules 214 and 217).

    It concerns a subdivision if it names it or its country. A plan without markets is for everywhere.
    """
    if not places or not (countries or regions):
        return True
    markets = {*countries, *regions, *(region.partition("-")[0] for region in regions)}
    wanted = {place for name in places for place in (EU if name == "EU" else (name,))}
    return bool(wanted & markets)
