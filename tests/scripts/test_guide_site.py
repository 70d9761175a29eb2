"""The site that ./scripts/docs builds: its order, its links to files beside the guide, and the generated cards."""

import doctest
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

import callbacks
import recipes
from recipes.catalogues import KINDS
from recipes.optimizers import OPTIMIZERS
from scripts.guide import docstring_text, links
from scripts.guide.cards import card, cards_page, full_name, kinds_page
from scripts.guide.evidence import EVIDENCE, evidence_of, rows_of

ROOT = Path(__file__).parents[2]


def pages_in(navigation):
    """The pages that a navigation names, at any depth."""
    if isinstance(navigation, str):
        return [navigation]
    parts = navigation.values() if isinstance(navigation, dict) else navigation
    return [page for part in parts for page in pages_in(part)]


def test_every_page_is_in_the_navigation_once():
    named = pages_in(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"])
    assert len(named) == len(set(named))
    own = {page for page in named if "/" not in page}
    assert own == {path.name for path in (ROOT / "docs").glob("*.md")}
    cards = {page for page in named if page.startswith("techniques/")}
    assert cards == {"techniques/README.md", *(f"techniques/{kind}.md" for kind in KINDS)}
    copies = [page.removeprefix("repository/") for page in named if page.startswith("repository/")]
    assert all((ROOT / page).is_file() for page in copies)


def test_a_broken_link_is_an_error():
    (command,) = re.findall(r"mkdocs build.*", (ROOT / "scripts" / "docs").read_text(encoding="utf-8"))
    assert command == "mkdocs build --strict"  # with --quiet, MkDocs counts no warnings, so that nothing fails
    checks = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["validation"]["links"]
    assert set(checks.values()) == {"warn"}


@pytest.mark.parametrize("module", [docstring_text, links])
def test_examples(module):
    failed, tried = doctest.testmod(module)
    assert tried
    assert not failed


def test_links_to_files_beside_the_guide():
    text = "[a](../examples/README.md) [b](data.md) [c](https://x.org)\n```\n[d](../results/none.csv)\n```\n"
    linked = links.linked_files({"page.md": text})
    assert {"examples/README.md", "examples/gan.py", "results/examples.csv"} <= set(linked)
    assert "results/none.csv" not in linked
    assert "[a](repository/examples/README.md) [b](data.md) [c](https" in links.site_links(text, "page.md")
    assert "](../results/none.csv)" in links.site_links(text, "page.md")
    assert links.site_links("[a](../docs/data.md)", "repository/examples/README.md") == "[a](../../data.md)"


def test_a_card_has_summary_ranges_source_cost_and_evidence():
    entry = OPTIMIZERS["adam"]
    text = card("optimizers", entry, True)
    assert text.startswith(f"## `adam`\n\n{entry.summary}\n\n**When to use it.** {entry.when}\n\n*Source:* Kingma and")
    assert "Ba 2015. *Memory:* 2 x that of" in text
    assert "| `learning_rate` | 0.0003 | 0.03 | logarithmic | 0.001 | yes |" in text
    assert "::: keras_recipes.recipes.optimizers.adam.Adam\n    options:" in text
    errors = pd.read_csv(ROOT / "results" / "optimizers.csv").query("optimizer == 'adam'").test_error * 100
    assert f"| {errors.mean():.2f} ± {errors.std():.2f} | {len(errors)} |" in text


def test_all_cards_of_a_kind():
    text = cards_page("regularizers")
    names = re.findall(r"^## `(\w+)`$", text, re.MULTILINE)
    assert names == list(recipes.catalogues.catalogue_of("regularizers"))
    assert all(f"]({kind}.md)" in kinds_page() for kind in KINDS)
    assert evidence_of("regularizers", "no such") == ""


@pytest.mark.parametrize("evidence", EVIDENCE, ids=lambda evidence: f"{evidence.kind}-{evidence.file}")
def test_results_have_the_columns_and_names_that_cards_look_for(evidence):
    rows = rows_of(evidence.file)
    columns = {column for column, _ in evidence.values.values()}
    assert {evidence.column, *evidence.by, *evidence.only, *columns} <= set(rows.columns)
    assert set(rows[evidence.column]) & set(recipes.catalogues.catalogue_of(evidence.kind))


def test_every_public_name_has_a_docstring_for_the_reference():
    for half in (recipes, callbacks):
        for name in half.__all__:
            assert name.startswith("_") or full_name(getattr(half, name)), name
