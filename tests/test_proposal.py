"""The offer to a customer: what it says in both languages, what it never says, and what it does to names."""

import math
import re
import string
from dataclasses import replace
from datetime import date
from fractions import Fraction
from html.parser import HTMLParser
from io import BytesIO
from typing import Any

import pytest
from fontTools.ttLib import TTFont

from reports.fonts import font_face, subset
from reports.proposal import ITEMS_SHOWN, proposal_page
from reports.proposal_words import CHINESE, ENGLISH, LANGUAGES, Language, Locale
from sim.size.money import stops_today
from sim.size.offer import agreed_fee, customer_offer, rounded_fee
from sim.size.study import Study
from tests.proposal_samples import ITEMS, make_study, offer_of, sample
from tests.size_samples import use

ON = date(2026, 11, 22)
BOTH = pytest.mark.parametrize("language", LANGUAGES)


class Text(HTMLParser):
    """The visible words of a page, and its tags with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._hidden = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._hidden = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    def handle_data(self, data: str) -> None:
        if not self._hidden and data.strip():
            self.words.append(data.strip())

    @property
    def text(self) -> str:
        return " ".join(self.words)


def page_of(study: Study, language: Language = "en") -> Text:
    return Text(proposal_page(offer_of(study), language, ON))


def numbers_of(value: Any) -> list[float]:
    """All numbers in plain data."""
    if isinstance(value, dict):
        return [one for inner in value.values() for one in numbers_of(inner)]
    if isinstance(value, list | tuple):
        return [one for inner in value for one in numbers_of(inner)]
    return [float(value)] if isinstance(value, int | float) and not isinstance(value, bool) else []


# --- words -----------------------------------------------------------------------------------------------------------


def test_both_languages_say_the_same_things_with_the_same_gaps() -> None:
    assert set(ENGLISH) == set(CHINESE)

    def gaps(phrase: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(phrase) if name}

    assert {name: gaps(ENGLISH[name]) for name in ENGLISH} == {name: gaps(CHINESE[name]) for name in CHINESE}


def test_chinese_is_chinese() -> None:
    """Nothing was left untranslated but names, and no half-width comma follows a Chinese character."""
    han = re.compile(r"[\u4e00-\u9fff]")
    assert [name for name, text in CHINESE.items() if not han.search(text)] == [
        "html_lang",
        "tile_probability_value",
        "list",
    ]
    assert [text for text in CHINESE.values() if re.search(r"[\u4e00-\u9fff][,;:!?(]", text)] == []


@pytest.mark.parametrize(
    ("days", "english", "chinese"),
    [(3.5, "twice a week", "每周两次"), (7, "every week", "每周一次"), (14, "every 2 weeks", "每两周一次"),
     (42, "every 6 weeks", "每 6 周一次"), (10, "every 10 days", "每 10 天一次"), (1, "every day", "每天一次")],
)  # fmt: skip
def test_how_often_somebody_comes(days: float, english: str, chinese: str) -> None:
    assert (Locale("en", "USD").visits(days), Locale("zh", "USD").visits(days)) == (english, chinese)


def test_numbers_money_and_dates_are_in_the_locales_way() -> None:
    english, chinese = Locale("en", "USD"), Locale("zh", "USD")
    assert (english.money(2000), chinese.money(2000), Locale("zh", "XAU").money(2000)) == (
        "USD 2,000", "2,000 美元", "2,000 XAU",
    )  # fmt: skip
    assert (english.day(ON), chinese.day(ON)) == ("22 November 2026", "2026年11月22日")
    assert (english.months(1), english.months(6), chinese.months(6)) == ("1 month", "6 months", " 6 个月")
    assert (english.signed(-0.2), english.signed(-1200), english.signed(3)) == ("0", "−1,200", "+3")
    assert (english.number(math.nan), english.number(math.inf), english.share(math.nan)) == ("–", "–", "–")
    assert (english.amount(12, "each"), chinese.amount(12, "each"), chinese.amount(1.5, "kg")) == (
        "12",
        "12 件",
        "1.5 kg",
    )


@pytest.mark.parametrize(
    ("value", "shown"), [(1, "100%"), (0.99996, "> 99.99%"), (0.9998, "99.98%"), (0.982, "98.2%"), (0, "0%")]
)
def test_what_is_nearly_all_is_not_called_all(value: float, shown: str) -> None:
    assert Locale("en", "USD").share(value) == shown


# --- what an offer says ----------------------------------------------------------------------------------------------


@BOTH
def test_it_says_promise_design_price_tiers_proof_and_where_it_comes_from(language: Language) -> None:
    study = sample()
    assert study.recommended is not None
    text = page_of(study, language).text
    english = language == "en"
    money = (lambda amount: f"USD {amount}") if english else (lambda amount: f"{amount} 美元")
    for said in (
        "Northern Supply", "Works & Sons", "≥ 97%", "≥ 80%", "grease", "gasket", "gloves", money("500"), "sample",
        "22 November 2026" if english else "2026年11月22日",
        "You break even as soon as" if english else "即达到盈亏平衡",
        "Standard recommended" if english else "标准版 推荐",
        "Alternative 2" if english else "备选方案 2",
        "It cannot show" if english else "不能证明",
        "usage is 120% of today's" if english else "用量为目前的 120%",
        "Assumptions and limits" if english else "前提与局限",
        "seed 7; 900 simulated" if english else "随机种子 7；共模拟 900",
    ):  # fmt: skip
        assert said in text, said


def test_the_customers_sum_adds_up() -> None:
    offer = customer_offer(sample())
    best = offer.recommended
    avoided = (offer.stops_today - best.stops) * offer.stop_cost / 12
    assert best.saving == pytest.approx(avoided + offer.freed - best.fee - offer.extra_goods)
    at_break_even = (
        offer.stops_today * offer.stop_cost / 12 * best.break_even + offer.freed - best.fee - offer.extra_goods
    )
    assert at_break_even == pytest.approx(0)
    assert best.saving_low <= best.saving <= best.saving_high
    assert offer.stops_today == stops_today(sample().task) == 24
    assert offer.recommended.stock == sum(level * 9 for level in sample().recommended.design.levels)  # type: ignore[union-attr]


def test_a_dearer_design_costs_the_customer_more_at_the_margin_wanted() -> None:
    study = sample()
    assert study.recommended is not None
    [first, _] = study.alternatives
    more = (first.cost - study.recommended.cost) / (1 - 0.2)
    assert customer_offer(study).alternatives[0].fee == rounded_fee(max(500 + more, 0))
    assert (rounded_fee(1234.0), rounded_fee(333.2), rounded_fee(0.0)) == (1230.0, 334.0, 0.0)


def test_without_a_fee_of_its_own_an_offer_takes_the_one_that_suits_both() -> None:
    study = make_study(offer={})
    assert study.prices is not None
    assert study.prices.fee is not None
    assert agreed_fee(study) == rounded_fee(study.prices.fee)
    given = customer_offer(make_study(offer={"base_fee": f"{agreed_fee(study):.0f} USD"}))
    found = customer_offer(study)
    assert found.recommended.saving == pytest.approx(given.recommended.saving)
    assert found.recommended.saving_low == pytest.approx(given.recommended.saving_low)


@BOTH
def test_the_supplier_s_cost_margin_and_capital_are_nowhere(language: Language) -> None:
    """Neither as words nor as figures, nor in what the page is made of."""
    study = sample()
    best, prices = study.recommended, study.prices
    assert best is not None
    assert prices is not None
    offer = offer_of(study)
    secrets = {best.cost, best.margin.p10, best.margin.p50, best.margin.p90, best.capital.p10, best.capital.p50}
    secrets |= {prices.least, prices.most, prices.margin, study.tiers[0].fee, best.design.stock_cost_full}
    secrets |= {one.cost for one in study.curve if one.factor != 1}
    told = numbers_of(offer)
    assert not [one for one in secrets if any(abs(one - other) < 1e-6 * max(abs(one), 1) for other in told)]
    text = Text(proposal_page(offer, language, ON)).text
    for word in ("margin", "capital", "毛利", "利润", "资金占用", "financing"):
        assert word not in text.lower()
    for one in secrets - {prices.margin}:
        assert f"{one:,.0f}" not in re.findall(r"[\d,]+", text), one


def test_where_shortages_are_not_known_the_saving_is_not_made_up() -> None:
    items = tuple(replace(one, shortages_per_year=None) for one in ITEMS)
    text = page_of(replace(make_study(items), provable=())).text
    assert "You gain a month not known" in text
    assert "please tell us how often" in text
    assert "there are no records of today's" in text
    assert "nan" not in text.lower()


def test_a_customer_who_loses_is_told_so() -> None:
    text = page_of(make_study(offer={"base_fee": "9000 USD"})).text
    assert "It costs you a month" in text
    assert "Avoiding stops alone does not pay" in text


def test_a_tier_that_no_design_keeps_is_said_to_be_impossible() -> None:
    study = sample()
    premium = replace(study.tiers[2], found=None, fee=math.nan)
    text = page_of(replace(study, tiers=(*study.tiers[:2], premium))).text
    assert "cannot be promised with these devices" in text


def test_there_is_no_offer_without_a_design() -> None:
    with pytest.raises(ValueError, match="nothing to offer"):
        customer_offer(replace(sample(), recommended=None))


# --- what it does to names -------------------------------------------------------------------------------------------

HOSTILE = "<script>alert('x')</script> \"&amp;"


@BOTH
def test_names_are_text_and_nothing_is_loaded(language: Language) -> None:
    items = (replace(ITEMS[0], item=HOSTILE, name_en=HOSTILE, name_zh=HOSTILE), *ITEMS[1:])
    study = make_study(items, offer={"supplier": HOSTILE, "customer": HOSTILE, "base_fee": "500 USD"})
    tier = replace(study.tiers[0], name=HOSTILE)
    page = page_of(replace(study, scenario=HOSTILE, tiers=(tier,)), language)
    assert "script" not in {tag for tag, _ in page.tags}
    assert page.text.count("<script>alert(") == 6  # title, supplier, heading, item, tier, foot
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")], tag
        for name in ("src", "href", "data"):
            assert (attributes.get(name) or "#").startswith(("#", "data:")), (tag, attributes)
    whole = proposal_page(offer_of(study), language, ON)
    assert "@import" not in whole
    assert re.findall(r"url\((?!data:|#)", whole) == []


def test_names_in_the_language_of_the_page() -> None:
    items = (replace(ITEMS[0], name_zh="润滑脂", name_en="bearing grease"), *ITEMS[1:])
    english, chinese = page_of(make_study(items), "en").text, page_of(make_study(items), "zh").text
    assert ("bearing grease" in english, "润滑脂" in english) == (True, False)
    assert ("bearing grease" in chinese, "润滑脂" in chinese, "gasket" in chinese) == (False, True, True)


def test_many_items_are_counted_and_not_shown() -> None:
    items = tuple(use(f"item-{number}", 5.0, 0.3) for number in range(ITEMS_SHOWN + 9))
    text = page_of(make_study(items)).text
    assert "and 9 more items" in text
    assert f"item-{ITEMS_SHOWN - 1}" in text
    assert f"item-{ITEMS_SHOWN}" not in text


def test_the_same_offer_gives_the_same_page() -> None:
    assert proposal_page(offer_of(sample()), "zh", ON) == proposal_page(offer_of(sample()), "zh", ON)


# --- its font --------------------------------------------------------------------------------------------------------


def test_the_font_has_the_characters_of_every_phrase() -> None:
    wanted = {one for text in CHINESE.values() for one in text} | set("美元欧港英镑日瑞士法郎件年月")
    with TTFont(BytesIO(subset("".join(sorted(wanted))))) as font:
        assert {chr(point) for point in font.getBestCmap()} >= wanted
        assert "SIL Open Font License" in str(font["name"].getDebugName(13))


def test_only_the_characters_of_the_page_are_inside_it() -> None:
    small, large = font_face("中文"), font_face("".join(CHINESE.values()))
    assert len(small) < 4_000 < 20_000 < len(large) < 150_000
    assert "without" not in small


def test_prices_of_natural_units() -> None:
    half = replace(ITEMS[0], unit=replace(ITEMS[0].unit, resolution=Fraction(1, 10), name="kg"))
    [first, *_] = customer_offer(make_study((half, *ITEMS[1:]))).items
    assert (first.price, first.use, first.unit) == (pytest.approx(90), pytest.approx(4), "kg")
