"""The notebooks of examples/: without outputs, with links that lead somewhere, and with code that runs in order.

Their cells are run here without Jupyter.
"""

import ast
import json
import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "examples" / "notebooks").glob("*.ipynb"))
LISTS = ("README.md", "docs/start.md", "examples/README.md")


def cells_of(path, kind):
    """The sources of the cells of a kind."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == kind]


def test_the_notebooks_are_listed():
    assert [path.stem for path in NOTEBOOKS] == ["comparing", "first_look", "shipping"]
    for page in LISTS:
        text = (NOTEBOOKS[0].parents[2] / page).read_text(encoding="utf-8")
        assert all(f"notebooks/{path.name})" in text for path in NOTEBOOKS), page


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_plain(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    identifiers = [cell["id"] for cell in notebook["cells"]]
    assert len(set(identifiers)) == len(identifiers)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
            ast.parse("".join(cell["source"]))
    text = "\n".join(cells_of(path, "markdown"))
    links = re.findall(r"\]\(([^)]+)\)", text) + [f"../../{name}" for name in re.findall(r"`(docs/[\w./]*)`", text)]
    assert links
    assert all((path.parent / link).exists() for link in links)


@pytest.mark.thorough
@pytest.mark.timeout(300)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    known = {"__name__": "__main__"}
    for number, source in enumerate(cells_of(path, "code"), start=1):
        exec(compile(source, f"{path.name}, cell {number}", "exec"), known)
    plt.close("all")
