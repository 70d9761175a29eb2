"""The snippets of docs/comparing.md, one after the other, up to their trainings."""

import importlib
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from recipes.training_checks import check_recipe
from recipes.tuning.checking import check_search

PAGE = Path(__file__).parents[3] / "docs" / "comparing.md"


@pytest.mark.usefixtures("catalogues_restored")
def test_every_snippet_is_accepted(monkeypatch, tmp_path):
    searches = []

    def checked(data, recipe, levels, protocol, where, **_):
        chosen = check_recipe(recipe).with_names()
        arms, _ = check_search(chosen, levels, protocol, where, tmp_path / "search", chosen.resolved(data.spec))
        searches.append((sorted(arm.name for arm in arms), [metric.name for metric in protocol.metrics_for(data.spec)]))
        return SimpleNamespace(verdict=[])

    for module in ("compare", "search"):
        monkeypatch.setattr(importlib.import_module(f"recipes.tuning.{module}"), "run_search", checked)
    known = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        exec(block, known)
    compared, factors, ftrl, cost = searches
    assert compared == (["default", "mine", "plain"], ["accuracy"])
    assert len(factors[0]) == 7  # the recipe itself, and one change at a time
    assert ftrl[0] == ["adam+none", "ftrl+none"]
    assert cost == (["default", "mine"], ["cost", "balanced_accuracy"])
