"""The pages in a real browser: nothing is missing, too wide, loaded from elsewhere or complained about."""

import base64
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from reports.invoice_files import invoice_page
from reports.invoices import invoices_of
from reports.report import write_report
from reports.run_files import RunFiles
from tests.browser import Browser, find_browser, running
from tests.contract_run_samples import contract_run
from tests.report_samples import POOLING, add_kpis, make_comparison, make_run

WIDTHS = (360, 1280)
PICTURES = {"plain": 7, "pooled": 7, "comparison": 2, "contracts": 16, "invoices": 0}
OVERFLOWING = """
[...document.querySelectorAll("body *")].filter(element => {
  const box = element.getBoundingClientRect();
  const inside = element.closest(".scroll");
  return !(inside && inside !== element) && box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
}).map(element => element.tagName + "." + element.className)
"""
EMPTY_PICTURES = """
[...document.querySelectorAll("svg")].filter(picture => {
  const box = picture.getBoundingClientRect();
  return box.width < 30 || box.height < 10 || picture.querySelectorAll("path").length < 1;
}).length
"""
CLIPPED = """
[...document.querySelectorAll(".chart svg")].flatMap(picture => {
  const around = picture.getBoundingClientRect();
  return [...picture.querySelectorAll("text")].filter(text => {
    const box = text.getBoundingClientRect();
    return box.left < around.left - 12 || box.right > around.right + 12 || box.top < around.top - 12;
  }).map(text => text.textContent);
})
"""
LOW_CONTRAST = """
(() => {
  const light = color => {
    const parts = color.match(/[\\d.]+/g).slice(0, 3).map(part => part / 255);
    const linear = parts.map(one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const ground = element => {
    for (let one = element; one; one = one.parentElement) {
      const color = getComputedStyle(one).backgroundColor;
      if (!/, 0\\)$|transparent/.test(color) && !/rgba/.test(color)) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const texts = document.querySelectorAll("p, li, td, th, h1, h2, h3, dd, dt, small, .badge, a, figcaption, .tile *");
  return [...texts].filter(element => element.textContent.trim()).filter(element => {
    const two = [light(getComputedStyle(element).color), light(ground(element))].sort((a, b) => b - a);
    return (two[0] + 0.05) / (two[1] + 0.05) < 4.5;
  }).map(element => element.tagName + "." + element.className + ": " + element.textContent.trim().slice(0, 40));
})()
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = find_browser()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium found, and in CI these tests must run: apt-get install chromium")
        pytest.skip("no Chromium found: apt-get install chromium, or name one in the environment variable CHROMIUM")
    with running(path) as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of every kind: a plain run, one with pooling, one with contracts, its invoices, a comparison."""
    folder = tmp_path_factory.mktemp("pages")
    more = [{"nodes": "*", "policy": {"kind": "base_stock", "level": 30}}]
    plain, pooled = make_run(folder / "plain"), make_run(folder / "pooled", policies=more)
    add_kpis(pooled, POOLING)
    folders = {"plain": plain, "pooled": pooled, "comparison": make_comparison(folder, plain, pooled)}
    folders["contracts"] = contract_run(folder / "contracts", replications=2)
    invoices = folder / "invoices.html"
    invoices.write_text(invoice_page(invoices_of(RunFiles.open(folders["contracts"]))))
    return {name: write_report(path)[0] for name, path in folders.items()} | {"invoices": invoices}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", list(PICTURES))
def test_a_page_is_whole_and_fits_the_window(browser: Browser, pages: dict[str, Path], name: str, width: int) -> None:
    url = pages[name].as_uri()
    browser.open(url, width)
    assert browser.ask("innerWidth") == width
    assert browser.complaints() == []
    assert browser.requests() == [url]
    assert browser.ask("document.documentElement.scrollWidth") <= width
    assert browser.ask(OVERFLOWING) == []
    assert browser.ask(EMPTY_PICTURES) == 0
    assert browser.ask(CLIPPED) == []
    assert browser.ask("document.querySelectorAll('.chart svg').length") == PICTURES[name]
    assert browser.ask("document.querySelectorAll('section').length") >= 7
    for target in browser.ask("[...document.querySelectorAll('nav a')].map(link => link.getAttribute('href'))"):
        assert browser.ask(f"document.querySelector({target!r}) !== null"), target


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", ["pooled", "comparison", "contracts", "invoices"])
def test_text_stands_out_from_its_ground(browser: Browser, pages: dict[str, Path], name: str, dark: bool) -> None:
    browser.open(pages[name].as_uri(), 1280, dark=dark)
    assert browser.ask(LOW_CONTRAST) == []


def test_print_leaves_nothing_in_scroll_boxes(browser: Browser, pages: dict[str, Path]) -> None:
    a4 = 688  # CSS pixels between margins of 14 mm
    browser.open(pages["comparison"].as_uri(), a4, media="print")
    assert browser.ask("getComputedStyle(document.querySelector('nav')).display") == "none"
    assert browser.ask("document.documentElement.scrollWidth") <= a4
    assert browser.page("Page.printToPDF")["data"].startswith("JVBER")  # %PDF


def test_invoices_print_one_to_a_sheet(browser: Browser, pages: dict[str, Path]) -> None:
    browser.open(pages["invoices"].as_uri(), 688, media="print")
    count = browser.ask("document.querySelectorAll('.invoice').length")
    printed = base64.b64decode(browser.page("Page.printToPDF")["data"])
    assert count == 8
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == count


def test_hostile_names_run_no_script(browser: Browser, pages: dict[str, Path], tmp_path: Path) -> None:
    """The browser would notice what a parser does not: everything here tries to change the title."""
    page = pages["plain"].read_text()
    script = "<script>document.title = 'caught'</script><img src=x onerror=\"document.title = 'caught'\">"
    (tmp_path / "injected.html").write_text(page.replace("<h2>Costs</h2>", f"<h2>Costs</h2>{script}"))
    browser.open((tmp_path / "injected.html").as_uri(), 1280)
    assert browser.ask("document.title") == "shop: 3 replications"  # the page's own policy stops even raw markup
    assert browser.complaints() != []  # so a complaint would be seen
