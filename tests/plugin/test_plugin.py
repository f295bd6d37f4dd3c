"""The pytest plugin, as somebody uses it who tests a client, an agent or a scenario."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugin.conftest import WORLD, Run

pytest_plugins = "pytester"


def test_a_world_in_process_is_driven_by_calls_controls_and_its_clock(run: Run) -> None:
    done = run(
        """
        import pytest
        from sandbox.testing import Refused

        @pytest.mark.scenario("small.yaml")
        @pytest.mark.seed(7)
        def test_it(sandbox_world):
            made = sandbox_world.call("buyer.create_advertiser", {"name": "Acme", "brand": "acme.com"})
            assert made["status"] == "ACTIVE"
            assert sandbox_world.call("buyer.get_advertiser", path={"advertiserId": made["id"]})["name"] == "Acme"
            with pytest.raises(Refused) as refused:
                sandbox_world.call("buyer.get_advertiser", path={"advertiserId": "77"}, customer="globex")
            assert refused.value.code == "NOT_FOUND"
            assert sandbox_world.world.seed == 7
            assert sandbox_world.advance("1d2h") == "2026-05-02T02:00:00Z"
            assert sandbox_world.advance("2026-05-03T00:00:00Z") == "2026-05-03T00:00:00Z"
            sandbox_world.do("northstar.go_down")
            sandbox_world.faults({"kind": "drop", "to": "northstar"})
            assert sandbox_world.measure("impressions") in (0, None)
        """
    )
    done.assert_outcomes(passed=1)


def test_dollar_signs_in_a_body_are_no_references(run: Run) -> None:
    done = run(
        """
        import pytest

        @pytest.mark.scenario("small.yaml")
        def test_it(sandbox_world):
            body = {"name": "$advertiser costs $5", "brand": "acme.com"}
            assert sandbox_world.call("buyer.create_advertiser", body)["name"] == "$advertiser costs $5"
        """
    )
    done.assert_outcomes(passed=1)


def test_a_breach_that_a_checker_finds_fails_a_test_that_would_have_passed(run: Run) -> None:
    done = run(
        """
        import pytest

        @pytest.mark.scenario("small.yaml")
        def test_it(sandbox_world):
            world = sandbox_world.world
            world.trace.emit(world.now, "status", "northstar", {
                "entity": "media_buy", "id": "mb_1", "old": "completed", "new": "active", "why": ""})
        """
    )
    done.assert_outcomes(passed=1, errors=1)
    done.stdout.fnmatch_lines(["*ScenarioFailure: checkers found breaches:*"])


def test_a_wrong_name_is_told_with_the_nearest_one(run: Run) -> None:
    done = run(
        """
        import pytest

        @pytest.mark.scenario("small.yaml")
        def test_actor(sandbox_world):
            sandbox_world.call("byer.create_advertiser", {})

        @pytest.mark.scenario("small.yaml")
        def test_operation(sandbox_world):
            sandbox_world.call("buyer.create_advertizer", {})

        @pytest.mark.scenario("smal.yaml")
        def test_scenario(sandbox_world):
            pass

        @pytest.mark.scenario()
        def test_marker(sandbox_world):
            pass
        """
    )
    done.assert_outcomes(failed=2, errors=2)
    done.stdout.fnmatch_lines(["*this world has no 'byer'*", "*did you mean buyer?*"])
    done.stdout.fnmatch_lines(["*buyer has no 'create_advertizer'*"])
    done.stdout.fnmatch_lines(["*the marker scenario takes one argument*"])


def test_markers_that_are_misused_are_errors_and_never_a_test_that_passes(run: Run) -> None:
    done = run(
        """
        import pytest

        @pytest.mark.scenario("small.yaml")
        @pytest.mark.seed("7")
        def test_seed_of_text(sandbox_world):
            pass

        @pytest.mark.scenario("small.yaml")
        @pytest.mark.seed(True)
        def test_seed_that_is_no_number(sandbox_world):
            pass

        @pytest.mark.scenario(7)
        def test_scenario_that_is_no_name(sandbox_world):
            pass
        """
    )
    done.assert_outcomes(errors=3)
    done.stdout.fnmatch_lines(["*the marker seed takes one argument, a whole number*"])
    done.stdout.fnmatch_lines(["*the marker scenario takes one argument, a shipped name or a path*"])


@pytest.mark.parametrize("arguments", ["", "'http'", "'mcp', only=True"])
def test_a_transport_that_there_is_not_stops_the_collection(run: Run, arguments: str) -> None:
    done = run(
        f"""
        import pytest

        @pytest.mark.transport({arguments})
        def test_it(served_sandbox):
            pass
        """
    )
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*test_it: the marker transport takes mcp and a2a*"])


def test_what_is_misspelt_is_an_error_that_says_what_there_is(run: Run) -> None:
    """In process and served alike; a metric of a line that nobody named would be 0."""
    done = run(
        """
        import pytest
        from sandbox.core.errors import InputError

        WRONG = [
            ("advance", ("soon",), {}, "not a duration"),
            ("advance", ("2026-13-01",), {}, "not an instant"),
            ("do", ("northstar",), {}, "names no actor"),
            ("do", ("northstar.go_down",), {"speed": 1}, "takes nothing"),
            ("call", ("buyer",), {}, "write actor.operation"),
            ("measure", ("spent",), {}, "unknown metric"),
            ("measure", ("spend",), {"campaing": 1}, "campaign"),
        ]

        @pytest.mark.scenario("small.yaml")
        def test_in_process(sandbox_world):
            for name, given, named, said in WRONG:
                with pytest.raises(InputError, match=said):
                    getattr(sandbox_world, name)(*given, **named)
            assert sandbox_world.advance("2026-05-02") == "2026-05-02T00:00:00Z"

        @pytest.mark.scenario("small.yaml")
        def test_served(served_sandbox):
            for name, given, named, said in WRONG:
                with pytest.raises(InputError, match=said):
                    getattr(served_sandbox, name)(*given, **named)
            assert served_sandbox.advance("2026-05-02") == "2026-05-02T00:00:00Z"
        """
    )
    done.assert_outcomes(passed=2)


SERVED = """
    import asyncio
    import json
    from urllib.request import Request, urlopen
    import pytest

    def get(box, path):
        with urlopen(Request(box.api + path, headers=box.headers)) as answer:
            return json.load(answer)

    @pytest.mark.scenario("small.yaml")
    def test_a_client_over_http(served_sandbox):
        made = served_sandbox.call("buyer.create_advertiser", {"name": "Acme", "brand": "acme.com"})
        assert get(served_sandbox, f"/advertisers/{made['id']}")["name"] == "Acme"
        assert served_sandbox.advance("2d") == "2026-05-03T00:00:00Z" == served_sandbox.now
        served_sandbox.do("northstar.go_down")
        served_sandbox.faults({"kind": "unavailable", "to": "northstar", "count": 3})
        served_sandbox.reset()
        assert served_sandbox.now == "2026-05-01T00:00:00Z"
        assert get(served_sandbox, "/advertisers")["total"] == 0
        assert list(served_sandbox.api_keys) == ["acme", "globex"]

    @pytest.mark.scenario("small.yaml")
    @pytest.mark.transport("mcp", "a2a")
    def test_an_agent(served_sandbox):
        found = served_sandbox.call("northstar.get_products", {"adcp_version": "3.1", "buying_mode": "wholesale"})
        assert found["products"]

    @pytest.mark.scenario("small.yaml")
    def test_coroutines(served_sandbox):
        async def client():
            loop = asyncio.get_running_loop()
            moved, seen = await asyncio.gather(
                asyncio.to_thread(served_sandbox.advance, "1h"),
                loop.run_in_executor(None, get, served_sandbox, "/advertisers"),
            )
            return moved, seen["total"]
        assert asyncio.run(client()) == ("2026-05-01T01:00:00Z", 0)
    """


def test_a_served_sandbox_is_there_for_clients_in_threads_and_coroutines(run: Run) -> None:
    done = run(SERVED, "-v")
    done.assert_outcomes(passed=4)
    done.stdout.fnmatch_lines(["*test_an_agent?mcp? PASSED*", "*test_an_agent?a2a? PASSED*"])


@pytest.mark.slow
def test_workers_of_xdist_are_in_nobodys_way(run: Run) -> None:
    run(SERVED, "-p", "xdist.plugin", "-n", "2").assert_outcomes(passed=4)


PROMISE = """
steps:
  - {name: wait, after: 1h}
expect:
  - name: The agent falls silent
    eventually: {event: {kind: fault, actor: northstar}}
"""


def test_scenario_files_are_tests_and_a_failure_says_where_and_how_to_repeat_it(
    pytester: pytest.Pytester, run: Run
) -> None:
    folder = pytester.mkdir("contract")
    (folder / "silent.scenario.yaml").write_text(WORLD + PROMISE)
    (folder / "fine.scenario.yaml").write_text(WORLD + PROMISE.replace("after: 1h", "after: 1h, do: northstar.go_down"))
    (folder / "wrong.scenario.yaml").write_text(WORLD + PROMISE.replace("after", "aftr"))
    (folder / "other.yaml").write_text(WORLD)
    done = run()
    done.assert_outcomes(passed=1, failed=2)
    done.stdout.fnmatch_lines(
        [
            "*scenario: silent*",
            "contract/silent.scenario.yaml:12: The agent falls silent",
            "*expected at least 1 of fault by northstar until*, saw 0",
            "repeat with: adcp-sandbox run contract/silent.scenario.yaml --seed 1",
        ]
    )
    done.stdout.fnmatch_lines(["contract/wrong.scenario.yaml:10: unknown field 'aftr'", "*did you mean after or at?*"])


def test_the_plugin_loads_nothing_but_itself() -> None:
    """What it needs is imported when a fixture or a scenario file is used."""
    code = (
        "import sys, pytest; before = set(sys.modules); import sandbox.pytest_plugin; "
        "print(sorted(name for name in set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert eval(done.stdout) == ["sandbox", "sandbox.pytest_plugin"]


def test_it_is_installed_by_its_entry_point() -> None:
    from importlib.metadata import entry_points

    found = {point.name: point.value for point in entry_points(group="pytest11")}
    assert found["adcp_sandbox"] == "sandbox.pytest_plugin"
    assert (Path(__file__).parents[2] / "sandbox" / "pytest_plugin.py").is_file()
