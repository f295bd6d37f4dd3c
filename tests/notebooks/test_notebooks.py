"""The notebooks run, draw what they announce, and conclude what their figures say."""

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

CLAIMS = {
    "01-first-run": """
        assert result.status == "passed"
        assert again.digest == result.digest
        assert result.by_package()["utilisation"].min() > 0.99
    """,
    "02-pacing-strategies": """
        from sandbox.delivery.pacing import PACING
        assert strategies == list(PACING)
        done = groups["spent"].last()
        ecpm = groups["spend"].sum() / groups["impressions"].sum()
        away = ahead.abs().groupby(trial["strategy"]).mean()
        assert done["even"] < 0.97 < done["throttling"]
        assert away["throttling"] < away["even"] and away["pid"] < away["even"]
        assert ecpm["adaptive_bids"] < 0.9 * ecpm["throttling"]
        assert spent.loc[spent.index[len(spent) // 2] + pd.Timedelta(days=3), "asap"] > 0.99
    """,
    "03-caps-and-reach": """
        table = pd.DataFrame({name: figures(result) for name, result in results.items()}).T
        assert table["reach"].is_monotonic_increasing and table["reach"].iloc[0] < 8_500
        assert (table["spent of the budget"].iloc[:3] > 0.99).all()
        assert (table["spent of the budget"].iloc[3:] < 0.9).all()
        assert list(table["most for one person"].iloc[1:]) == [40, 20, 12, 8]
        assert table["most for one person"].iloc[0] > 200
        assert added_up > 2 * people
    """,
    "04-approval-delay": """
        assert (spent.loc[:10, "small budget"] > 0.99).all() and spent.loc[12, "small budget"] < 0.9
        assert (spent.loc[:2, "large budget"] > 0.99).all()
        lost = spent["large budget"].loc[6:].diff().dropna()
        assert ((lost + 2 * 120 / 1380).abs() < 0.01).all()
    """,
    "05-allocation-and-suggestions": """
        assert moved.status == "passed"
        assert len(answer["selectedProducts"]) == 4
        assert (pairs["moved"] > 1.3 * pairs["left alone"]).all()
        last = budgets.ffill().iloc[-1]
        assert last["harbor"] > 2 * last["summit"] > 0
        assert set(created.index.map(ended)) == {"APPLIED"}
    """,
}
"""What the text of each notebook says, in terms of its own variables."""


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_saved_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == [], "clear all outputs before saving"
            assert cell.execution_count is None
    assert "widgets" not in notebook.metadata


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_asks_a_question_and_says_what_to_read_from_the_answer(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    assert texts[0].startswith("# ")
    assert "**Question:**" in texts[0]
    assert any(text.startswith("## What to read from it\n\n* ") for text in texts)
    for target in re.findall(r"\]\((\S+\.ipynb)\)", "\n".join(texts)):
        assert (FOLDER / target).is_file()


def test_the_notebooks_are_numbered_without_a_gap_and_all_of_them_are_checked() -> None:
    assert [int(path.name[:2]) for path in NOTEBOOKS] == list(range(1, len(NOTEBOOKS) + 1))
    assert [path.stem for path in NOTEBOOKS] == list(CLAIMS)


@pytest.mark.filterwarnings("default")  # what Jupyter warns of is not ours
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_draws_its_pictures_and_is_right_in_what_it_concludes(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    claims = "\n".join(line.strip() for line in CLAIMS[path.stem].splitlines())
    notebook.cells.append(nbformat.v4.new_code_cell(claims))
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(FOLDER)}}).execute()
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    drawn = [cell for cell in code if re.search(r"\.plot\.\w+\(|\bcurves\(", cell.source)]
    assert drawn
    for cell in drawn:
        assert any("image/png" in output.get("data", {}) for output in cell.outputs), cell.source
    assert [warning for cell in code for warning in _errors(cell)] == []


def _errors(cell: Any) -> list[str]:
    """What a cell wrote to the standard error output, such as warnings."""
    return [output.text for output in cell.outputs if output.get("name") == "stderr"]
