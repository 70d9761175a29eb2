"""The page: whole, self-contained, escaped, and with the same numbers as every other table."""

from __future__ import annotations

import base64
import itertools
import re
from html.parser import HTMLParser

import pytest

from recipes.report.page import render_page, write_page
from recipes.report.plots import PLOTS
from recipes.report.table_columns import summary_columns

ORDINARY = pytest.mark.ordinarily("all diverged", "strange names")
"""A page takes seconds: with nothing to show, and with everything."""
VOID = {"meta", "link", "img", "source", "br", "hr", "input", "wbr"}


class Page(HTMLParser):
    """A page read back: its tags must nest; its tables are lists of rows of cells."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.text, self.tables = [], [], [], {}
        self.feed(text)
        self.close()
        assert self.open == [], "every tag is closed"

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append((tag, attributes))
        if tag == "table":
            self.rows = self.tables.setdefault(attributes.get("id", "settings"), [])
        elif tag == "tr":
            self.rows.append({"class": attributes.get("class", ""), "cells": [], "sort": []})
        elif tag in ("td", "th"):
            self.rows[-1]["cells"].append("")
            self.rows[-1]["sort"].append(attributes.get("data-sort"))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, "tags nest"

    def handle_data(self, data):
        self.text.append(data)
        if {"td", "th"} & set(self.open):
            self.rows[-1]["cells"][-1] += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def any_page(any_results):
    return Page(render_page(any_results))


@pytest.mark.ordinarily("strange names")
def test_table_has_the_formatted_numbers_of_every_arm(any_results, any_page):
    columns = [column for column in summary_columns(any_results) if column.name != "marks"]
    head, *body = any_page.tables["summary"]
    assert head["cells"] == [column.heading for column in columns]
    assert len(body) == len(any_results.summary)
    for shown, row in zip(body, any_results.rows(), strict=True):
        name, *cells = shown["cells"]
        tags = " decision" * (row["arm"] == any_results.winner) + " reference" * (row["arm"] == any_results.reference)
        assert name == row["arm"] + tags
        assert shown["class"].split() == tags.replace("reference", "base").replace("decision", "winner").split()
        assert cells == [column.cell(row) for column in columns[1:]]
        for column, value in zip(columns, shown["sort"], strict=True):
            if column.numeric:
                assert value == "" or float(value) == float(column.value(row))
            else:
                assert value == column.value(row)
    assert len(any_page.tables["effects"]) == 1 + len(any_results.main_effects)


@ORDINARY
def test_nothing_is_loaded_from_anywhere(any_page):
    for tag, attributes in any_page.tags:
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            assert attributes.get(name, "data:").startswith(("data:", "#")), (tag, attributes)
    style = "".join(any_page.text)
    assert "url(" not in style
    assert "@import" not in style
    assert "http" not in style


@ORDINARY
def test_says_the_verdict_the_protocol_and_the_settings(any_results, any_page):
    text = "".join(any_page.text)
    for sentence in any_results.verdict:
        assert sentence in text
    assert any_results.settings["command"] in text
    assert "got the same budget" in text
    settings = {row["cells"][0]: row["cells"][1] for row in any_page.tables["settings"]}
    assert settings["versions: keras"] == "3.12.0"
    assert settings["examples: train"] == "12,570"
    assert settings["dataset"] == "digits"
    assert "command" not in settings


@ORDINARY
def test_every_plot_is_there_and_described(any_page):
    images = any_page.all("img")
    for image, source, plot in zip(images, any_page.all("source"), PLOTS.values(), strict=True):
        wide, narrow = (text.split(",", 1) for text in (image["src"], source["srcset"]))
        assert wide[0] == narrow[0] == "data:image/svg+xml;base64"
        assert b"<svg" in base64.b64decode(wide[1])
        assert b"<svg" in base64.b64decode(narrow[1])
        assert image["alt"].startswith(plot.title)
        assert plot.caption in "".join(any_page.text)


@ORDINARY
def test_headings_go_down_one_at_a_time_and_tables_can_be_sorted(any_page):
    levels = [int(tag[1]) for tag, _ in any_page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    columns = len(any_page.tables["summary"][0]["cells"]) + len(any_page.tables["effects"][0]["cells"])
    assert len(any_page.all("button")) == columns
    identifiers = [attributes["id"] for _, attributes in any_page.tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    labels = [attributes["aria-labelledby"] for attributes in any_page.all("section")]
    assert set(labels) <= set(identifiers)
    assert any_page.all("html") == [{"lang": "en"}]


def test_mistakes_are_shown(make, mistakes, monkeypatch):
    monkeypatch.setattr("recipes.report.page.PLOTS", {})
    page = Page(render_page(make(("momentum", "adam")), mistakes))
    text = " ".join("".join(page.text).split())
    assert f"Mistakes of {mistakes.arm}" in text
    assert [row["cells"][0] for row in page.tables["slices"][1:]] == ["all", "town '<b>Ulm</b>'"]
    assert page.tables["slices"][2]["cells"][1:3] == ["40", "90.00 [95.00, 99.00]"]
    assert page.tables["confused"][1]["cells"] == ["a long name of a class", "another", "2.5", "30", "8.0"]
    (image,) = page.all("img")
    assert base64.b64decode(image["src"].removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")
    assert "4, taken for 9 (3 times)" in text
    assert "a <i>long</i> text" in text
    assert page.all("i") == page.all("b") == []


def test_names_are_escaped(make, monkeypatch):
    import dataclasses

    monkeypatch.setattr("recipes.report.page.PLOTS", {"scores": PLOTS["scores"]})
    odd = make(('<b onclick="x">', "a&b"), ("<script>alert(1)</script>", "none"), trials=3)
    odd = dataclasses.replace(odd, verdict=["<i>first</i>"], settings=odd.settings | {"note": "</table><script>"})
    html = render_page(odd)
    page = Page(html)
    assert len(page.all("script")) == 1
    assert page.all("b") == page.all("i") == []
    assert "<i>first</i>" in "".join(page.text)
    assert {row["cells"][0].split(" decision")[0].split(" reference")[0] for row in page.tables["summary"][1:]} == set(
        odd.summary["arm"]
    )


@pytest.mark.thorough
def test_written_whole_and_the_same_each_time(make, tmp_path):
    results = make(("momentum",), ("none", "l2"), trials=3)
    path = write_page(results, tmp_path / "deep" / "report.html")
    assert path == tmp_path / "deep" / "report.html"
    assert list(path.parent.iterdir()) == [path]
    assert path.read_text("utf-8") == render_page(results)
    assert path.read_text("utf-8").startswith("<!DOCTYPE html>")
