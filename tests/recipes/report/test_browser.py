"""The page in a real browser: nothing from outside, no errors, sortable headings, all of it on a telephone."""

from __future__ import annotations

import shutil

import pytest

from recipes.report.page import write_page

BROWSERS = ("chromium", "chromium-headless-shell", "google-chrome")

WIDER = """() => [...document.querySelectorAll("body, body *")]
  .filter(node => node.getClientRects().length && !node.closest("pre"))
  .filter(node => { const box = node.getBoundingClientRect(); return box.left < 0 || box.right > innerWidth + 0.5; })
  .map(node => node.outerHTML.slice(0, 80))"""
"""What reaches beyond the window; commands may scroll, since they are copied."""

CUT = """() => [...document.querySelectorAll("body *")]
  .filter(node => node.scrollWidth > node.clientWidth + 1 && !node.closest("pre"))
  .filter(node => getComputedStyle(node).overflowX !== "visible")
  .map(node => node.outerHTML.slice(0, 80))"""
"""What has to be scrolled sideways."""

COLUMN = (
    """([id, column]) => [...document.getElementById(id).tBodies[0].rows].map(row => row.cells[column].dataset.sort)"""
)


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("there is no Chromium: apt-get install chromium-headless-shell")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def page(browser, make, mistakes, tmp_path_factory):
    """The page of a comparison, and what it has asked for or complained about."""
    results = make(("momentum", "adam"), ("none", "early_stopping+label_smoothing+dropout"), trials=3)
    path = write_page(results, tmp_path_factory.mktemp("page") / "report.html", mistakes)
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.asked, page.complaints = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_load_state("networkidle")
    return page


def test_loads_nothing_and_has_no_errors(page):
    outside = [url for url in page.asked if not url.startswith("data:")]
    assert outside == [page.url]
    assert page.complaints == []


def test_every_heading_sorts_both_ways(page):
    for table in ("effects", "summary", "slices", "confused"):
        for column, heading in enumerate(page.locator(f"#{table} thead th").all()):
            orders = []
            for _ in range(2):
                heading.get_by_role("button").click()
                values = page.evaluate(COLUMN, [table, column])
                known = [value for value in values if value]
                assert values[: len(known)] == known, "what is missing comes last"
                numeric = "number" in (heading.get_attribute("class") or "")
                orders.append([float(value) for value in known] if numeric else known)
            assert sorted(orders[0]) in orders
            assert orders[0] == orders[1][::-1]
            assert heading.get_attribute("aria-sort") in ("ascending", "descending")


@pytest.mark.parametrize("width", [420, 1000, 1400])
@pytest.mark.ordinarily("420")
def test_everything_is_seen_at_any_width(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate("() => document.documentElement.scrollWidth") == width
    if width == 420:
        assert page.evaluate(WIDER) == []
    if width != 1000:
        assert page.evaluate(CUT) == []
    for image in page.locator("img").all():
        assert image.is_visible()
        sizes = "image => [image.naturalWidth, image.naturalHeight, image.width]"
        natural, _, shown = image.evaluate(sizes)
        assert shown >= 0.8 * natural / 1.34, "the text of a plot stays legible"
    assert page.locator(".verdict").is_visible()
    cells = page.locator("#summary tbody tr").first.locator("th, td").all()
    assert len(cells) == page.locator("#summary thead th").count()
    assert all(cell.is_visible() for cell in cells if cell.inner_text())
