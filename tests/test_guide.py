"""README and the guide: short lines of links that lead somewhere, and code that can be pasted and does what it says."""

import ast
import inspect
import re
from pathlib import Path

import pytest

import callbacks
import recipes
from recipes.catalogues import catalogues

ROOT = Path(__file__).parents[1]
PAGES = sorted(str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
NEEDS = "# needs "
"""The beginning of a block that needs what not every install has, and in words what."""
ELSEWHERE = {"docs/comparing.md"}
"""Pages whose blocks are run by tests of their own."""


def text_of(path):
    return (ROOT / path).read_text(encoding="utf-8")


def without_code(text):
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def blocks_of(path):
    """The blocks of Python of a page, in order."""
    return re.findall(r"^```python\n(.*?)^```$", text_of(path), re.MULTILINE | re.DOTALL)


def anchors_of(path):
    """The anchors of a page's headings, as GitHub and the site make them."""
    headings = re.findall(r"^#+ (.+)$", without_code(path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


WITH_CODE = [path for path in PAGES if blocks_of(path)]


@pytest.mark.parametrize("path", PAGES)
def test_links_lead_somewhere(path):
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(text_of(path))):
        if link.startswith(("http://", "https://")):
            continue
        file, _, anchor = link.partition("#")
        target = ROOT / path if not file else (ROOT / path).parent / file
        assert target.exists(), link
        if path.startswith("docs/"):
            assert target.is_file(), f"{link}: the site has no folders"
        assert not anchor or anchor in anchors_of(target), link


def test_the_readme_is_short():
    lines = text_of("README.md").splitlines()
    assert len(lines) <= 200
    prose = [line for line in without_code(text_of("README.md")).splitlines() if not line.startswith("|")]
    assert max(map(len, prose)) <= 150
    assert all(f"docs/{name}" in text_of("README.md") for name in ("README.md", "start.md", "faq.md"))


def test_every_page_is_linked_from_the_guide():
    text = text_of("docs/README.md")
    assert not [path for path in PAGES if path.startswith("docs/") and f"({Path(path).name})" not in text][1:]


def test_every_picture_is_shown_or_linked_by_a_page_beside_its_command():
    text = {path: text_of(path) for path in PAGES}
    pictures = [path.name for suffix in ("png", "gif") for path in (ROOT / "docs").glob(f"*.{suffix}")]
    assert not [name for name in pictures if not any(f"{name})" in page for page in text.values())]
    for script in (ROOT / "scripts" / "pictures").glob("*.py"):
        (written,) = set(re.findall(r"docs/(\w+\.(?:png|gif))", script.read_text(encoding="utf-8"))) & set(pictures)
        assert any(f"{written})" in page and f"scripts/pictures/{script.name}" in page for page in text.values()), (
            written
        )


def test_every_choice_says_when_to_use_it_in_words_of_its_own():
    texts = {}
    for kind, catalogue in catalogues().items():
        for entry in catalogue.values():
            if entry.name in catalogue.added:
                continue
            assert re.fullmatch(r"[A-Z].{30,200}\.", entry.when), f"{kind}, {entry.name}: {entry.when!r}"
            assert texts.setdefault(entry.when, (kind, entry.name)) == (kind, entry.name)


def dotted(node):
    """["recipes", "Data", "load"] of ``recipes.Data.load``; [] of what is no dotted name."""
    if isinstance(node, ast.Name):
        return [node.id]
    return [*dotted(node.value), node.attr] if isinstance(node, ast.Attribute) and dotted(node.value) else []


def public(names):
    """What a dotted name of this package is; None if it is not of this package."""
    found = {"recipes": recipes, "callbacks": callbacks}.get(names[0]) if len(names) > 1 else None
    for name in names[1:] if found else ():
        found = getattr(found, name)
    return found


@pytest.mark.parametrize("path", WITH_CODE)
def test_code_has_names_and_arguments_that_exist(path):
    for block in blocks_of(path):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.Attribute):
                public(dotted(node))
            called = public(dotted(node.func)) if isinstance(node, ast.Call) and dotted(node.func) else None
            if called is not None:
                options = {keyword.arg: ... for keyword in node.keywords if keyword.arg}
                inspect.signature(called).bind(*node.args, **options)


@pytest.mark.thorough
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore:dropout acts inside the model")  # as docs/few_labels.md says
@pytest.mark.parametrize("path", [path for path in WITH_CODE if path not in ELSEWHERE])
def test_code_runs(path, tmp_path, monkeypatch):
    """Each block of README alone, those of another page one after the other."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    known = {"__name__": "__main__"}
    for number, block in enumerate(blocks_of(path)):
        if block.startswith(NEEDS):
            continue
        if path == "README.md":
            known = {"__name__": "__main__"}
        exec(compile(block, f"{path}, block {number + 1}", "exec"), known)


def test_headings_of_the_questions_are_in_the_code():
    files = [path for half in ("recipes", "callbacks") for path in (ROOT / half).rglob("*.py")]
    code = "\n".join(path.read_text(encoding="utf-8") for path in files)
    code = re.sub(r'"\s*\n\s*f?"', "", code).replace('\\"', '"')
    headings = re.findall(r"^### `(.+)`$", text_of("docs/faq.md"), re.MULTILINE)
    assert len(headings) >= 20
    for heading in headings:
        assert not [part for part in heading.split("...") if part.strip() not in code], heading
