"""What the guide says that the quickstart prints is what it has printed, line for line; README has a part of it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from recipes.cli import main

ROOT = Path(__file__).parents[2]
STORED = ROOT / "results" / "quickstart"


def block_with(words, page):
    """The lines of the block of a page with these words."""
    blocks = (ROOT / page).read_text(encoding="utf-8").split("```\n")
    (block,) = (part.splitlines() for part in blocks if f"\n{words}" in f"\n{part}" and "─" in part)
    return block


def test_the_guide_has_its_output(capsys, monkeypatch):
    monkeypatch.setattr("recipes.report.page.write_page", lambda results, path, mistakes: path)
    with pytest.raises(SystemExit) as left:
        main(["report", str(STORED), "--to", "page.html"])
    assert left.value.code == 0
    printed = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    printed = printed[: printed.index("page: page.html") - 1]
    block = block_with("Main effects", "docs/start.md")
    counts = json.loads((STORED / "settings.json").read_text())["data"]["counts"]
    assert block[0].startswith(f"splits: train {counts['train']:,} (")
    assert f"test {counts['test']:,} (" in block[0]
    assert block[1:] == printed
    assert block[-1].startswith("Decision: ")
    assert len(block) <= 40, "a screen"
    part = block_with("digits: arms", "README.md")
    start = printed.index(part[0])
    assert part[:-1] == printed[start : start + len(part) - 1]
    assert part[-1] == printed[-1]


def test_it_is_the_search_of_the_script():
    lines = (ROOT / "scripts" / "quickstart").read_text().replace("\\\n", " ").splitlines()
    words = shlex.split(next(line for line in lines if line.startswith("exec ")))
    assert words[:2] == ["exec", ".venv/bin/recipes"]
    assert words[-1] == "$@"
    command = json.loads((STORED / "environment.json").read_text())["command"]
    assert shlex.split(command) == ["recipes", *words[2:-1]]
