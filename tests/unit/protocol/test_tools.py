"""Our table of tools says what the official releases say."""

import pytest

from sandbox.protocol.tools import COMPACT, TOOLS, protocol_of
from sandbox.protocol.versions import VERSIONS, offered
from tests.unit.protocol.official import official


@pytest.mark.parametrize("version", VERSIONS)
def test_every_tool_is_in_the_releases_that_have_it(version: str) -> None:
    manifest = official(version, "manifest.json")["tools"]
    assert {name for name in TOOLS if offered(name, version)} == set(manifest)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_tool_changes_things_and_belongs_to_a_protocol_as_its_newest_release_says(version: str) -> None:
    manifest = official(version, "manifest.json")["tools"]
    for name, said in manifest.items():
        tool = TOOLS[name]
        if tool.versions[-1] == version:
            assert (tool.mutating, tool.protocol) == (said["mutating"], said["protocol"]), name


def test_tasks_and_webhooks_name_protocols_that_exist() -> None:
    known = official("3.0", "enums/adcp-protocol.json")["enum"]
    assert {protocol_of(name) for name in TOOLS} <= set(known)
    assert protocol_of("create_media_buy") == protocol_of("media_buy_delivery") == "media-buy"
    assert protocol_of("create_property_list") == "governance"
    assert protocol_of("activate_signal") == "signals"


def test_the_compact_tools_are_those_that_an_agent_can_claim() -> None:
    block = official("3.2", "protocol/get-adcp-capabilities-response.json")["properties"]["media_buy"]["properties"]
    assert set(COMPACT) == set(block["lifecycle_tools"]["items"]["enum"])
    assert {TOOLS[name].versions for name in COMPACT} == {("3.2",)}
