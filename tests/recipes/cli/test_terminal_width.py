"""What a search prints on terminals of several widths: the ordering column stays, and no word is broken."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.cells import cell_len

from recipes.cli import main
from recipes.report import formatting
from recipes.tuning.comparison import Comparison

SEARCH = Path(__file__).parents[3] / "results" / "search_digits"
WIDTHS = [60, 80, 120]


def plain(text):
    """A text without the codes for colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.fixture(scope="module")
def comparison():
    return Comparison.load(SEARCH)


@pytest.fixture(params=WIDTHS)
def width(request, monkeypatch):
    """The width of a terminal, for rich and for the rest."""
    monkeypatch.setenv("COLUMNS", str(request.param))
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("TERM", "xterm")
    return request.param


def test_the_report_of_a_search(comparison, width, capsys, monkeypatch):
    monkeypatch.setattr("recipes.report.page.write_page", lambda results, path, mistakes: path)
    with pytest.raises(SystemExit) as left:
        main(["report", str(SEARCH), "--to", "page.html"])
    assert left.value.code == 0
    text = plain(capsys.readouterr().out)
    assert max(map(cell_len, text.splitlines())) <= width
    words = text.split()
    assert "digits: arms, best validation accuracy first" in " ".join(words)
    for sentence in comparison.verdict:
        assert set(sentence.split()) <= set(words), "whole words"
    first = comparison.results.rows()[0]
    metric = comparison.results.metric
    assert formatting.spread(first["validation_mean"], first["validation_sd"], metric) in text
    arm = next(line for line in text.splitlines() if line.startswith("★"))
    assert re.search(r"[·•●◂▸]{12}", arm), "its repeats"
    parts = {part for name in comparison.results.levels("regularizer") for part in name.split("+")}
    shown = set(re.findall(r"[a-z_0-9]+", text))
    assert parts <= shown, "names are broken after a + only"
