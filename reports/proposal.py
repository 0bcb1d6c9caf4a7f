"""A sizing as an offer to the customer: two sheets of A4, in English or Chinese, one file that loads nothing.

The page is made of plain data (`sim.size.offer.CustomerOffer` as a dictionary), which holds nothing of the supplier's
costs, margin and capital. Names in it are text to the page, never markup.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import metadata, resources
from typing import Any, Final

from markupsafe import Markup

from reports.fonts import FONT_NAME, font_face
from reports.proposal_picture import price_picture
from reports.proposal_words import Language, Locale
from reports.render import environment

ITEMS_SHOWN: Final = 14
TIERS_SHOWN: Final = 4
DEVICES_SHOWN: Final = 4
LONGEST_NAME: Final = 40
Data = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """A line of a table: what it is called, its cells, and whether it stands out."""

    name: str
    cells: Sequence[str]
    strong: bool = False


@dataclass(frozen=True)
class Tile:
    """A headline figure."""

    label: str
    value: str
    note: str


def proposal_page(offer: Data, language: Language, on: date) -> str:
    """The whole page. The same offer, language and day give the same text.

    Args:
        offer: see the module. language: of the page. on: the day it is made.
    """
    page = _Page(offer, Locale(language, str(offer["currency"])), on)
    html = environment().get_template("proposal.html").render(page.content())
    return html.replace(_FONT_HERE, font_face(html, without="" if language == "zh" else _WIDE))


_FONT_HERE: Final = "/* font */"
_WIDE: Final = "‘’“”…≥●"
"""Signs that a Chinese font draws as wide as a Chinese character, which looks wrong in an English page."""


class _Page:
    """Says in one language what an offer holds."""

    def __init__(self, offer: Data, locale: Locale, on: date) -> None:
        self.offer, self.locale, self.on = offer, locale, on
        self.best: Data = offer["recommended"]

    def content(self) -> dict[str, Any]:
        """What the template shows."""
        offer, locale = self.offer, self.locale
        customer = _short(offer["customer"])
        return {
            "style": Markup(resources.files("reports").joinpath("templates/proposal.css").read_text(encoding="utf-8")),
            "font_here": Markup(_FONT_HERE),
            "version": metadata.version("mro-twin"),
            "say": locale.say,
            "supplier": _short(offer["supplier"]),
            "heading": locale.say("offer_for", customer=customer) if customer else locale.say("offer"),
            "day": locale.day(self.on),
            "promise": self._promise(),
            "tiles": self._tiles(),
            "facts": self._facts(),
            "items": self._items(),
            "more_items": max(len(offer["items"]) - ITEMS_SHOWN, 0),
            "money": self._money(),
            "pay": self._pay(),
            "break_even": self._break_even(),
            "currency": locale.currency_name,
            "picture": price_picture(offer["curve"], offer["availability"], locale),
            "picture_note": self._picture_note(),
            "tiers": self._tiers(),
            "designs": self._designs(),
            "can": self._can(),
            "cannot": self._cannot(),
            "what_if": self._what_if(),
            "limits": self._limits(),
            "foot": self._foot(),
        }

    # --- the first sheet ----------------------------------------------------------------------------------------------

    def _promise(self) -> str:
        offer, locale = self.offer, self.locale
        everything = offer["covered"] == len(offer["items"])
        return locale.say(
            "promise_all" if everything else "promise_critical",
            count=offer["covered"],
            availability=locale.promised(offer["availability"]),
            window=locale.window(offer["window_days"]),
            months=locale.months(offer["pilot_months"]),
        )

    def _tiles(self) -> list[Tile]:
        offer, best, locale = self.offer, self.best, self.locale
        say, share, money = locale.say, locale.share, locale.money
        kept = say(
            "tile_probability_note", kept=locale.number(best["kept"] * offer["replications"]),
            count=locale.number(offer["replications"]), low=share(best["low"]), high=share(best["high"]),
            confidence=locale.promised(offer["confidence"]),
        )  # fmt: skip
        expected = say("tile_availability_note", seen=share(best["availability"]))
        return [
            Tile(say("tile_availability"), _at_least(locale, offer), expected),
            Tile(
                say("tile_probability"),
                say("tile_probability_value", share=locale.promised(offer["probability"])),
                kept,
            ),
            Tile(say("tile_fee"), money(best["fee"]), say("tile_fee_note")),
            self._gain_tile(),
        ]

    def _gain_tile(self) -> Tile:
        best, say, money = self.best, self.locale.say, self.locale.money
        if math.isnan(best["saving"]):
            return Tile(say("tile_gain"), say("unknown"), say("tile_unknown_note"))
        note = say("tile_gain_note", low=money(best["saving_low"]), high=money(best["saving_high"]))
        return Tile(say("tile_gain" if best["saving"] >= 0 else "tile_loss"), money(abs(best["saving"])), note)

    def _facts(self) -> list[tuple[str, str]]:
        offer, best, locale = self.offer, self.best, self.locale
        say = locale.say
        devices = best["devices"]
        shown = [
            locale.devices(one["kind"], one["count"]) + _slots_used(locale, one) for one in devices[:DEVICES_SHOWN]
        ]
        more = ["…"] if len(devices) > DEVICES_SHOWN else []
        facts = [
            (say("devices"), say("list").join([*shown, *more])),
            (say("visits"), locale.visits(best["interval_days"])),
            (say("emergency"), say("emergency_value", time=locale.time(offer["emergency_hours"]))),
            (say("stock"), say("stock_value", money=locale.money(best["stock"]))),
        ]
        return facts if offer["covered"] else [one for one in facts if one[0] != say("emergency")]

    def _items(self) -> list[Row]:
        locale = self.locale
        rows = []
        for one in self.offer["items"][:ITEMS_SHOWN]:
            place = f"{locale.say(one['kind'])} {one['device']}".capitalize()
            cells = (
                _short(place), locale.number(one["slots"]), locale.amount(one["par"], one["unit"]),
                locale.amount(one["use"], one["unit"]), locale.unit_price(one["price"], one["unit"]),
            )  # fmt: skip
            names = one["names"]
            rows.append(Row(_short(names[locale.language] or names["plain"]), cells, one["promised"]))
        return rows

    def _money(self) -> list[Row]:
        """From today's loss by stops to what the customer gains; empty where it is not known."""
        offer, best, locale = self.offer, self.best, self.locale
        if math.isnan(best["saving"]):
            return []
        say, cost = locale.say, offer["stop_cost"]
        today, then = offer["stops_today"] * cost / 12, best["stops"] * cost / 12
        stops, left = locale.number(offer["stops_today"], 1), locale.number(best["stops"], 2)
        goods = "goods_same" if abs(offer["extra_goods"]) < 0.5 else "goods_more"
        return [
            Row(say("loss_today", stops=stops, cost=locale.money(cost)), (locale.number(today),)),
            Row(say("loss_then", stops=left), (locale.number(then),)),
            Row(say("stops_avoided"), (locale.signed(today - then),), True),
            Row(say("freed"), (locale.signed(offer["freed"]),)),
            Row(say("fee"), (locale.signed(-best["fee"]),)),
            Row(say(goods, goods=locale.number(offer["goods"])), (locale.signed(-offer["extra_goods"]),)),
            Row(say("net" if best["saving"] >= 0 else "net_loss"), (locale.signed(best["saving"]),), True),
        ]

    def _pay(self) -> str:
        total = self.best["fee"] + self.offer["goods"]
        money = self.locale.money
        return self.locale.say("pay", total=money(total), pilot=money(total * self.offer["pilot_months"]))

    def _break_even(self) -> str:
        needed, say = self.best["break_even"], self.locale.say
        if math.isnan(needed):
            return say("saving_unknown")
        if needed == 0:
            return say("break_even_at_once")
        return say("break_even", share=self.locale.share(needed)) if needed <= 1 else say("break_even_never")

    def _picture_note(self) -> str:
        fee, say = self.best["fee"], self.locale.say
        less = [one for one in self.offer["curve"] if one["factor"] < 1 and one["fee"] < fee]
        if not less:
            return say("picture_note_dearer")
        least = min(less, key=lambda one: float(one["fee"]))
        saved, availability = self.locale.money(fee - least["fee"]), self.locale.share(least["availability"])
        return say("picture_note_cheaper", money=saved, availability=availability)

    # --- the second sheet ---------------------------------------------------------------------------------------------

    def _tiers(self) -> dict[str, Any] | None:
        """Levels of service side by side: heads and rows; None where the scenario has none."""
        tiers, locale = self.offer["tiers"][:TIERS_SHOWN], self.locale
        if not tiers:
            return None
        say = locale.say
        windows = {locale.window(one["window_days"]) for one in tiers}
        window = windows.pop() if len(windows) == 1 else locale.window(self.offer["window_days"])
        promised = [
            Row(
                say("tier_promise", window=window), [f"≥ {locale.promised(one['availability'])}" for one in tiers], True
            ),
            Row(say("tier_covers"), [say(f"covers_{one['covers']}") for one in tiers]),
            Row(say("tier_probability"), [locale.promised(one["probability"]) for one in tiers]),
            Row(say("tier_emergency"), [locale.time(one["emergency_hours"]) for one in tiers]),
        ]
        rows = [*promised, *self._rows_of([one["design"] for one in tiers])]
        here = [self._same(one) for one in tiers]
        return {"heads": [_short(locale.tier(one["name"])) for one in tiers], "here": here, "rows": rows}

    def _same(self, tier: Data) -> bool:
        """Whether a tier is what the first sheet offers."""
        mine = (self.offer["availability"], self.offer["probability"], self.offer["emergency_hours"])
        return (tier["availability"], tier["probability"], tier["emergency_hours"]) == mine

    def _designs(self) -> dict[str, Any]:
        say = self.locale.say
        designs = [self.best, *self.offer["alternatives"]]
        heads = [say("alternative", number=place) if place else say("recommended") for place in range(len(designs))]
        in_stock = Row(say("in_stock"), [self.locale.share(one["availability"]) for one in designs])
        return {"heads": heads, "here": [], "rows": [*self._rows_of(designs), in_stock]}

    def _rows_of(self, designs: Sequence[Data | None]) -> list[Row]:
        """What designs are, keep and cost, one column each; None: there is none."""
        locale = self.locale
        say, money = locale.say, locale.money

        def row(phrase: str, cell: Any, strong: bool = False) -> Row:
            none = say("tier_none") if phrase == "devices" else "–"
            return Row(say(phrase), [none if one is None else cell(one) for one in designs], strong)

        return [
            row("devices", self._devices),
            row("visits", lambda one: locale.visits(one["interval_days"])),
            row("stock", lambda one: money(one["stock"])),
            row(
                "simulated_kept",
                lambda one: f"{locale.share(one['kept'])} [{locale.share(one['low'])}–{locale.share(one['high'])}]",
            ),
            row("stops_left", lambda one: locale.number(one["stops"], 2)),
            row("tier_fee", lambda one: money(one["fee"]), True),
            row("gain", lambda one: money(one["saving"])),
        ]

    def _devices(self, one: Data) -> str:
        devices = one["devices"]
        shown = [self.locale.devices(each["kind"], each["count"]) for each in devices[:DEVICES_SHOWN]]
        return self.locale.say("list").join([*shown, *(["…"] if len(devices) > DEVICES_SHOWN else [])])

    def _can(self) -> list[str]:
        found = [self.locale.say("proof_yes")]
        for one in self.offer["proofs"]:
            if one["expected"]:
                chance = self._chance(one["figures"]["chance_of_cut"])
                found.append(self.locale.say("proof_yes_cut", cut=self.locale.share(one["cut"]), chance=chance))
        return found

    def _cannot(self) -> list[str]:
        offer, locale = self.offer, self.locale
        say, number = locale.say, locale.number
        found = [] if offer["proofs"] else [say("proof_unknown")]
        for one in offer["proofs"]:
            figures = one["figures"]
            if not one["expected"]:
                found.append(say(
                    "proof_no_cut", cut=locale.share(one["cut"]), chance=self._chance(figures["chance_of_cut"]),
                    needed=number(figures["events_needed"]), events=number(figures["baseline_events"]),
                ))  # fmt: skip
        for one in offer["proofs"][:1]:
            figures = one["figures"]
            found.append(say(
                "proof_windows", share=locale.promised(offer["probability"]), windows=figures["windows"],
                proven=locale.share(figures["proven_if_all_kept"]), needed=figures["windows_needed"],
            ))  # fmt: skip
        return [*found, say("proof_renewal")]

    def _chance(self, value: float) -> str:
        return "> 99%" if value > 0.99 else f"{self.locale.number(value * 100)}%"

    def _what_if(self) -> list[Row]:
        locale, cost = self.locale, self.locale.money(self.offer["stop_cost"])
        rows = []
        for one in self.offer["what_if"]:
            if one["about"] != "promise" and one["value"] == 1:
                continue
            value = locale.promised(one["value"])
            name = locale.say(f"what_if_{one['about']}", share=value, cost=cost)
            cells = (locale.share(one["kept"]), locale.share(one["availability"]), locale.number(one["saving"]))
            rows.append(Row(name, cells))
        return rows

    def _limits(self) -> list[str]:
        offer, locale = self.offer, self.locale
        say = locale.say
        days = locale.time(offer["preparation_days"] * 24)
        found = [
            say("limit_use"),
            say("limit_replaced", share=locale.share(offer["replaced"])),
            say("limit_stop", cost=locale.money(offer["stop_cost"])),
            say("limit_records"),
            say("limit_consignment"),
            say("limit_money"),
        ]
        if offer["preparation_days"]:
            found.insert(4, say("limit_visits", days=days))
        return found

    def _foot(self) -> str:
        offer, locale = self.offer, self.locale
        text = locale.say(
            "foot", scenario=_short(offer["scenario"]), seed=offer["seed"], simulated=locale.number(offer["simulated"]),
            count=locale.number(offer["replications"]), version=metadata.version("mro-twin"), date=locale.day(self.on),
        )  # fmt: skip
        return f"{text} {locale.say('font', font=FONT_NAME)}"


def _at_least(locale: Locale, one: Data) -> str:
    return f"≥ {locale.promised(one['availability'])}"


def _slots_used(locale: Locale, one: Data) -> str:
    """How full some devices are; a tank, which is one slot, says nothing."""
    if one["slots"] == one["count"]:
        return ""
    return locale.say("slots_used", used=one["slots_used"], slots=one["slots"])


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"
