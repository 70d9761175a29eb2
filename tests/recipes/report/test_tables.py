"""Tables for the terminal and for text files."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from recipes.report import formatting
from recipes.report.tables import main_effects_table, rich_table, text_table


def rendered(table, width):
    console = Console(width=width, file=io.StringIO(), force_terminal=False, color_system=None)
    console.print(table)
    return console.file.getvalue()


def headings(table):
    return [" ".join(str(column.header).split()) for column in table.columns]


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_fits_and_has_the_numbers_of_every_arm(any_results, width):
    text = rendered(rich_table(any_results, width=width), width)
    assert max(map(cell_len, text.splitlines())) <= width
    for row in any_results.rows():
        columns = ["validation"] if width <= 100 else ["validation", "test"]  # by the first the table is ordered
        for name in columns:
            assert formatting.spread(row[f"{name}_mean"], row[f"{name}_sd"], any_results.metric) in text
        if row["arm"] != any_results.reference:
            bounds = row["difference_low"], row["difference_high"]
            reference = any_results.summary["test_mean"].iloc[0]
            assert formatting.difference(row["difference"], any_results.metric, *bounds, reference=reference) in text


@pytest.mark.thorough
def test_a_wide_terminal_shows_more_columns(results):
    narrow, wide = headings(rich_table(results, width=80)), headings(rich_table(results, width=200))
    order = ["difference (%), 95 % interval", "verdict", "validation accuracy (%)"]
    assert [heading for heading in narrow if "repeats" not in heading] == ["", "arm", *order]
    assert set(narrow) < set(wide)
    assert {"learning rate", "strengths", "diverged", "test accuracy (%)", "= of 360 examples"} <= set(wide)


def test_winner_and_default_are_marked(results):
    lines = rendered(rich_table(results, width=120), 120).splitlines()
    assert [line.split()[1] for line in lines if line.startswith("★ ") and "decision" not in line] == [results.winner]
    assert [line.split()[1] for line in lines if line.startswith("◆")] == [results.reference]


@pytest.mark.thorough
def test_verdicts_have_colours(results):
    column = next(column for column in rich_table(results, width=120).columns if str(column.header) == "verdict")
    styles = {str(cell): cell.style for cell in column.cells}
    assert styles["worse"] == "red"
    assert styles["reference"] == "cyan"
    assert len(set(styles.values())) == len(styles)


def test_long_names_are_broken_after_a_plus(make):
    lines = rendered(rich_table(make(("momentum",), ("early_stopping+label_smoothing+dropout", "none")), width=80), 80)
    assert [line.split()[0] for line in lines.splitlines() if "label_smoothing" in line] == ["label_smoothing+"]


def test_a_difference_is_told_in_examples(results):
    arm = results.summary["arm"].iloc[-1]
    row = next(line for line in text_table(results).splitlines() if f" {arm} " in line)
    assert f" {formatting.in_examples(results.row(arm)['difference'], 360)} " in row
    assert formatting.in_examples(2 / 359, 359) == "+2.0"


def test_limit_keeps_the_reference_and_what_is_better(results):
    place = list(results.summary["arm"]).index(results.reference)
    assert place > 2
    table = rich_table(results, limit=2, width=100)
    kept = results.summary["verdict"].eq("better") | results.summary["arm"].eq(results.reference)
    kept.iloc[:2] = True
    assert table.row_count == kept.sum() < 25
    assert f"{25 - kept.sum()} more arms not shown" in str(table.caption)
    assert results.reference in rendered(table, 100)


def test_markup_in_names_is_shown_as_it_is(make):
    odd = make(("[red]a",), ("none", "[bold]&"))
    assert "[red]a+[bold]&" in rendered(rich_table(odd, width=120), 120)
    assert "[bold]&" in rendered(main_effects_table(odd), 120)


def test_a_rate_at_the_edge_is_marked(results):
    edges = results.summary[results.summary["at_edge"]]
    assert len(edges)
    text = text_table(results)
    for row in edges.to_dict("records"):
        assert f" {formatting.learning_rate(row['learning_rate'])}* |" in text
    assert text.count("* |") == len(edges)


def test_main_effects_has_a_row_a_level(any_results):
    table = main_effects_table(any_results)
    assert table.row_count == len(any_results.main_effects)
    text = rendered(table, 120)
    for row in any_results.main_effects.to_dict("records"):
        assert formatting.spread(row["test_mean"], row["test_sd"], any_results.metric) in text


def test_text_table_is_a_table_of_fixed_width(any_results):
    text = text_table(any_results)
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(lines) == 2 + len(any_results.summary)
    assert len({cell_len(line) for line in lines}) == 1
    assert len({line.replace("\\|", "").count("|") for line in lines}) == 1
    assert set(lines[1]) <= set("|-: ")
    assert text.endswith("\n")
    assert "nan" not in text
    assert text_table(any_results, limit=1).count("\n|") <= 3


def test_an_arm_that_diverged_says_so(make):
    text = text_table(make(all_diverged=("adam+l2",)))
    line = next(line for line in text.splitlines() if " adam+l2 " in line)
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[2:8] == ["—", "—", "—", "—", "—", "diverged"]
    assert "8 of 8" in cells
