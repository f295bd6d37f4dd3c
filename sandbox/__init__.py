"""A simulation sandbox of the AdCP (Ad Context Protocol) advertising ecosystem.

::

    import sandbox

    result = sandbox.run("lifecycle/first-campaign", seed=7, set={"population.users": 5000})
    result.by_publisher()
    result.plot.spend()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike
    from pathlib import Path

    from sandbox.results.run import Run
    from sandbox.scenario import Scenario

__version__ = "0.1.0"


def run(
    scenario: str | PathLike[str] | Mapping[str, Any],
    seed: int | None = None,
    set: Mapping[str, Any] | None = None,  # noqa: A002 - reads like --set
) -> Run:
    """Play a scenario and give back what came of it, as tables and pictures.

    ``scenario`` is a path, the name of a shipped scenario, YAML text, or the same as a mapping. ``seed``
    replaces its own. ``set`` changes it as ``extends`` does, with dots between the keys: ``{"vars.budget":
    900, "actors.northstar.approval.delay": "5d"}``; None takes a setting away. Raises
    :class:`~sandbox.core.errors.InputError` for mistakes in any of them; what does not hold is in the result.
    """
    from sandbox.results.run import Run
    from sandbox.scenario import run as play

    return Run(play(_loaded(scenario, dict(set or {})), seed))


def _loaded(scenario: str | PathLike[str] | Mapping[str, Any], changes: dict[str, Any]) -> Scenario:
    """The scenario with its changes. What is no file becomes one for a moment, so that errors have lines."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from sandbox.core.errors import InputError
    from sandbox.scenario import load

    with TemporaryDirectory() as made:
        folder = Path(made)
        try:
            source = _file_of(scenario, folder)
            if changes:
                _write(folder / "set.yaml", {"extends": source, **_nested(changes)})
            loaded = load(folder / "set.yaml" if changes else source)
        except InputError as error:
            where = error.where.replace(f"{folder}/", "")
            raise InputError(error.message, where, error.hint) from None
    document = loaded.document
    document.places = {at: place.replace(f"{folder}/", "") for at, place in document.places.items()}
    name = loaded.file.title if source.startswith(made) else str(scenario)
    told = [f"{key}={value}" for key, value in changes.items()]
    loaded.name = f"{name} with {', '.join(told)}" if told else name
    return loaded


def _file_of(scenario: str | PathLike[str] | Mapping[str, Any], folder: Path) -> str:
    """A path or name that the loader finds; text and mappings are written into the folder."""
    from collections.abc import Mapping
    from pathlib import Path

    own = folder / "scenario.yaml"
    if isinstance(scenario, Mapping):
        base = scenario.get("extends")
        is_file = isinstance(base, str) and Path(base).is_file()
        _write(own, {**scenario, "extends": str(Path(str(base)).resolve())} if is_file else dict(scenario))
    elif "\n" in (text := str(scenario)):
        own.write_text(text, encoding="utf-8")
    else:
        return str(Path(text).resolve()) if Path(text).is_file() else text
    return str(own)


def _write(path: Path, data: dict[str, Any]) -> None:
    """Write a scenario file; JSON is YAML too."""
    import json

    path.write_text(json.dumps(data, indent=1, ensure_ascii=False, default=str), encoding="utf-8")


def _nested(changes: dict[str, Any]) -> dict[str, Any]:
    """``{"a.b": 1}`` as ``{"a": {"b": 1}}``; :class:`InputError` if one change is inside another one."""
    from sandbox.core.errors import InputError

    nested: dict[str, Any] = {}
    for path, value in changes.items():
        *above, last = path.split(".")
        inner: Any = nested
        for key in above:
            inner = inner.setdefault(key, {})
            if not isinstance(inner, dict):
                break
        if not isinstance(inner, dict) or last in inner:
            raise InputError(f"{path!r} is set twice", "set", "give the whole of it once")
        inner[last] = value
    return nested
