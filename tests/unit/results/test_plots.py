"""The pictures can be read: they show the figures of the tables, and no text lies on another one."""

from collections.abc import Iterator
from itertools import combinations, pairwise

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.text import Annotation, Text

import sandbox
from sandbox.results.names import names_of, shortest
from sandbox.results.plots.curves import curves
from sandbox.results.plots.style import apart, row
from sandbox.results.run import Run

PLOTS = ("spend", "pacing", "reach", "frequency", "gantt", "ecosystem")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def empty() -> Run:
    return sandbox.run("lifecycle/one-agent", set={"steps": None, "expect": None})


def written(ax: Axes) -> list[str]:
    """All texts that are written into the axes."""
    return [text.get_text() for text in ax.texts if text.get_text()]


def ends(ax: Axes) -> dict[str, float]:
    """The last value of each curve by the first word of its label, from the labels at their ends."""
    return {text.get_text(): float(text.xy[1]) for text in ax.texts if isinstance(text, Annotation)}


def is_title(artist: Artist) -> bool:
    """True for the title of axes, wherever it stands."""
    return isinstance(artist, Text) and artist.axes is not None and artist.get_text() == artist.axes.get_title("left")


@pytest.mark.parametrize("name", PLOTS)
def test_texts_do_not_overlap(result: Run, name: str) -> None:
    ax = getattr(result.plot, name)()
    figure = ax.get_figure()
    figure.canvas.draw()
    ticks = (*ax.get_xticklabels(), *ax.get_yticklabels()) if ax.axison else ()
    legend = ax.get_legend()
    named = legend.get_texts() if legend else ()
    texts = [text for text in (*ax.texts, *ax.findobj(is_title), *ticks, *named) if text.get_text()]
    shown = [(text.get_text(), text.get_window_extent()) for text in texts]
    clashes = [(one, other) for (one, a), (other, b) in combinations(shown, 2) if a.shrunk(0.9, 0.7).overlaps(b)]
    assert clashes == []


@pytest.mark.parametrize("name", PLOTS)
def test_nothing_is_cut_off(result: Run, name: str) -> None:
    ax = getattr(result.plot, name)()
    figure = ax.get_figure()
    figure.canvas.draw()
    box = ax.get_tightbbox()
    assert box.x0 >= -1
    assert box.y0 >= -1
    assert box.x1 <= figure.bbox.width + 1
    assert box.y1 <= figure.bbox.height + 1


@pytest.mark.parametrize("name", PLOTS)
def test_a_picture_is_drawn_into_given_axes(result: Run, name: str) -> None:
    left, right = row(2)
    assert getattr(result.plot, name)(ax=right) is right
    assert not left.has_data()


@pytest.mark.parametrize("name", PLOTS)
def test_a_world_without_deliveries_has_pictures_too(empty: Run, name: str) -> None:
    assert getattr(empty.plot, name)().get_figure() is not None


@pytest.mark.parametrize("name", PLOTS)
def test_the_settings_of_matplotlib_stay_as_they_were(result: Run, name: str) -> None:
    before = dict(plt.rcParams)
    getattr(result.plot, name)()
    assert dict(plt.rcParams) == before


def test_spend_ends_at_what_was_spent(result: Run) -> None:
    labels = ends(result.plot.spend())
    spent = result.outcome.spend_micros / 1e6
    assert labels[f"spent {spent:,.0f}"] == pytest.approx(spent)
    assert labels["even plan 3,700"] == pytest.approx(3_700)


def test_pacing_ends_at_the_utilisation_of_each_package(result: Run) -> None:
    labels = ends(result.plot.pacing())
    for _, package in result.by_package().iterrows():
        share = package["utilisation"]
        assert labels[f"{package['seller']} {share:.0%}"] == pytest.approx(share)


def test_reach_ends_at_the_people_who_were_reached(result: Run) -> None:
    labels = ends(result.plot.reach())
    reached = result.by_publisher()["reach"]
    assert labels[f"in all {result.exposures()['user'].nunique():,}"] == result.exposures()["user"].nunique()
    for publisher, people in reached.items():
        assert labels[f"{publisher} {people:,}"] == people


def test_the_bars_of_frequency_are_all_people(result: Run) -> None:
    ax = result.plot.frequency()
    counts = result.exposures()["user"].value_counts()
    assert sum(bar.get_height() for bar in ax.patches) == len(counts)
    assert f"mean {counts.mean():.1f}" in written(ax)


def test_a_long_tail_of_frequency_is_one_bar_that_says_so() -> None:
    skewed = sandbox.run("lifecycle/one-agent", set={"population": {"users": 20_000, "activity_shape": 0.1}})
    ax = skewed.plot.frequency()
    counts = skewed.exposures()["user"].value_counts()
    assert sum(bar.get_height() for bar in ax.patches) == len(counts)
    assert any(text.endswith(f"at most {counts.max():,}") for text in written(ax))


def test_a_campaign_is_chosen_by_id_or_by_name(result: Run) -> None:
    campaign_id = result.lines["campaign_id"].iloc[0]
    assert written(result.plot.reach(campaign_id)) == written(result.plot.reach("Spring news"))
    assert "Spring news" in result.plot.frequency(campaign_id).get_title(loc="left")
    with pytest.raises(ValueError, match="Spring news"):
        result.plot.reach("Autumn news")


def test_the_gantt_has_a_row_for_each_media_buy_and_a_bar_for_each_state(result: Run) -> None:
    ax = result.plot.gantt()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["northstar", "bigscreen", "harbor"]
    legend = ax.get_legend()
    assert legend is not None
    shown = {text.get_text() for text in legend.get_texts()}
    assert shown == {"pending", "input required", "active", "paused", "over"}


def test_without_a_platform_the_gantt_shows_the_buys_of_the_sellers() -> None:
    run = sandbox.run("versions/three-releases")
    statuses = run.statuses
    run.__dict__["statuses"] = statuses[statuses["entity"] != "platform_media_buy"]  # as if nobody kept a book of them
    bought = statuses[statuses["entity"] == "media_buy"].drop_duplicates("id")
    shown = [label.get_text() for label in run.plot.gantt().get_yticklabels()]
    assert shown == bought["actor"].tolist()


def test_the_ecosystem_names_everybody_but_the_driver(result: Run) -> None:
    texts = written(result.plot.ecosystem())
    actors = {actor.id for actor in result.world.actors.values() if actor.role != "driver"}
    assert actors < set(texts)
    assert "driver" not in texts


def test_many_lines_are_drawn_without_names() -> None:
    invented = sandbox.run("lifecycle/invented-market")
    lines = pd.concat([invented.lines] * 5)
    lines.index = [f"line {number}" for number in range(len(lines))]
    invented.__dict__["lines"] = lines
    assert written(invented.plot.pacing()) == []


@given(st.lists(st.floats(-1e4, 1e4), max_size=30), st.floats(0.5, 50))
def test_labels_are_moved_apart_and_keep_their_order(places: list[float], gap: float) -> None:
    moved = apart(sorted(places), gap)
    assert len(moved) == len(places)
    assert all(later - earlier >= gap - 1e-6 for earlier, later in pairwise(moved))


@given(st.lists(st.integers(-100, 100), max_size=20))
def test_labels_that_do_not_touch_stay_where_they_are(places: list[int]) -> None:
    distinct = sorted(20.0 * place for place in set(places))
    assert apart(distinct, 15.0) == distinct


def test_curves_of_shares_and_of_points() -> None:
    table = pd.DataFrame({"one": [0.0, 0.5, 1.0], "two": [0.0, 0.2, None]}, index=[1, 2, 4])
    ax = curves(table, "Shares", shares=True, points=True)
    assert ends(ax) == {"one": 1.0, "two": 0.2}
    assert len(ax.lines) == 2


def test_things_have_the_shortest_names_that_tell_them_apart() -> None:
    choices = (("seller",), ("campaign",), ("campaign", "seller"), ("seller",))
    two = {"a": {"seller": "n", "campaign": "x"}, "b": {"seller": "n", "campaign": "y"}}
    assert shortest(two, choices) == {"a": "x", "b": "y"}
    two["b"]["seller"] = "m"
    assert shortest(two, choices) == {"a": "n", "b": "m"}
    same = {"a": {"seller": "n"}, "b": {"seller": "n"}}
    assert shortest(same, choices) == {"a": "n a", "b": "n b"}


def test_the_latest_name_of_a_campaign_counts(result: Run) -> None:
    assert set(names_of(result.outcome.trace.events).values()) == {"Spring news", "Banner", "Spot"}
