"""The offer in a real browser: two sheets of A4 in both languages, nothing cut off or loaded, readable on a phone."""

import base64
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from reports.fonts import FAMILY
from reports.proposal import proposal_page
from reports.proposal_words import LANGUAGES, Language
from tests.browser import Browser, find_browser, running
from tests.proposal_samples import ITEMS, make_study, offer_of, sample
from tests.size_samples import use
from tests.test_report_browser import CLIPPED, EMPTY_PICTURES, LOW_CONTRAST

ON = date(2026, 11, 22)
ROOM_LEFT = """
[...document.querySelectorAll(".sheet")].map(sheet => {
  const foot = sheet.querySelector(".foot").getBoundingClientRect().top;
  const others = [...sheet.children].filter(child => !child.classList.contains("foot"));
  return Math.floor(foot - Math.max(...others.map(child => child.getBoundingClientRect().bottom)));
})
"""
CUT_OFF = """
[...document.querySelectorAll(".sheet *")].filter(element => {
  const box = element.getBoundingClientRect(), sheet = element.closest(".sheet").getBoundingClientRect();
  return box.width > 0 && (box.right > sheet.right + 1 || box.left < sheet.left - 1);
}).map(element => element.tagName + ": " + element.textContent.slice(0, 40))
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


def crowded() -> dict[str, object]:
    """As much as an offer can hold: many items, long names, large sums."""
    items = tuple(
        replace(use(f"item-{number}", 4_000.0, 0.3), name_en="W" * 60, name_zh="耗材" * 30) for number in range(40)
    )
    long = "The Precision Works of the Northern Territories Limited Co."
    offer = {"supplier": long, "customer": long, "base_fee": "125000 USD"}
    device = {"kind": "vending_machine", "slots": 60, "slot_volume": "900 l", "price": "1200 USD"}
    return offer_of(make_study(items, offer=offer, devices={"v": device}, stop_cost="1250000 USD"))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, Language], Path]:
    """Offers in both languages: a usual one, one that is full, one that knows little."""
    folder = tmp_path_factory.mktemp("offers")
    unknown = tuple(replace(one, shortages_per_year=None) for one in ITEMS)
    offers = {
        "usual": offer_of(sample()),
        "full": crowded(),
        "bare": offer_of(replace(make_study(unknown, offer={}), tiers=(), alternatives=(), curve=(), provable=())),
    }
    found = {}
    for name, offer in offers.items():
        for language in LANGUAGES:
            found[name, language] = folder / f"{name}-{language}.html"
            found[name, language].write_text(proposal_page(offer, language, ON), encoding="utf-8")
    return found


def opened(browser: Browser, page: Path, width: int, media: str = "") -> None:
    browser.open(page.as_uri(), width, media=media)
    browser.page("Runtime.evaluate", expression="document.fonts.ready.then(() => 1)", awaitPromise=True)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["usual", "full", "bare"])
def test_it_prints_on_two_sheets_of_which_nothing_is_cut_off(
    browser: Browser, pages: dict[tuple[str, Language], Path], name: str, language: Language
) -> None:
    opened(browser, pages[name, language], 900, media="print")
    assert browser.complaints() == []
    asked = [address for address in browser.requests() if not address.startswith("data:font/woff;base64,")]
    assert asked == [pages[name, language].as_uri()]
    assert browser.ask(CUT_OFF) == []
    assert min(browser.ask(ROOM_LEFT)) >= 0
    assert len(browser.ask(ROOM_LEFT)) == 2
    assert browser.ask(EMPTY_PICTURES) == 0
    assert browser.ask(CLIPPED) == []
    assert browser.ask(f"document.fonts.check('12px {FAMILY}') && [...document.fonts][0].status") == "loaded"
    printed = base64.b64decode(browser.page("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"])
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 2
    width, height = map(float, re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)[0])
    assert (round(width / 72 * 25.4), round(height / 72 * 25.4)) == (210, 297)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ["usual", "full"])
def test_it_can_be_read_on_a_phone(
    browser: Browser, pages: dict[tuple[str, Language], Path], name: str, language: Language
) -> None:
    opened(browser, pages[name, language], 360)
    assert browser.ask("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_stands_out_from_its_ground(
    browser: Browser, pages: dict[tuple[str, Language], Path], language: Language
) -> None:
    opened(browser, pages["usual", language], 900)
    assert browser.ask(LOW_CONTRAST) == []
