"""The phrases of a proposal in English and Chinese, and how numbers, money and dates are written in each.

Both languages have the same phrases with the same gaps (a test holds that). Gaps are filled with text that the page
escapes afterwards.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

Language = Literal["en", "zh"]
LANGUAGES: Final = ("en", "zh")
DAYS_PER_MONTH: Final = 365 / 12
_ALMOST_ALL: Final = 0.9995
_FULLEST: Final = 0.9999

ENGLISH: Final[Mapping[str, str]] = {
    "html_lang": "en",
    "title": "Consumables as a service",
    "offer_for": "Offer for {customer}",
    "offer": "Offer",
    "promise_critical": "We promise: your {count} critical items are in stock {availability} of the time, measured every "
    "{window}, in every {window} of a pilot of {months}.",
    "promise_all": "We promise: all {count} items are in stock {availability} of the time, measured every {window}, in "
    "every {window} of a pilot of {months}.",
    "tile_availability": "Availability promised",
    "tile_availability_note": "mean over the items covered; {seen} expected",
    "tile_probability": "Probability of keeping it",
    "tile_probability_value": "≥ {share}",
    "tile_probability_note": "kept in {kept} of {count} simulated pilots: {low} to {high} with {confidence} confidence",
    "tile_fee": "Base fee a month",
    "tile_fee_note": "devices, visits, refills and emergency deliveries included",
    "tile_gain": "You gain a month",
    "tile_loss": "It costs you a month",
    "tile_gain_note": "after all that you pay more than today; 8 in 10 pilots: {low} to {high}",
    "unknown": "not known",
    "tile_unknown_note": "the usage table does not say how often each critical item was missing",
    "design": "What we install and keep filled",
    "devices": "Devices",
    "slots_used": " ({used} of {slots} slots used)",
    "visits": "Visits",
    "emergency": "Emergency delivery",
    "emergency_value": "within {time} after a covered item has run out",
    "stock": "Consigned stock",
    "stock_value": "{money} at your prices when full; ours until you take it",
    "item": "Item",
    "where": "Where",
    "slots": "Slots",
    "par": "Par level",
    "use": "Use a month",
    "price": "Price",
    "covered_note": "● covered by the promise. Par level: to which every visit fills up.",
    "more_items": "and {count} more items, whose places and levels are in the workbook",
    "money": "Price and saving, {currency} a month",
    "loss_today": "Loss by missing items today ({stops} stops a year at {cost})",
    "loss_then": "The same with the service ({stops} stops a year)",
    "stops_avoided": "Stops avoided",
    "freed": "Carrying of today's stock, no longer needed",
    "fee": "Base fee",
    "goods_same": "Goods as used, about {goods}, at the prices you pay today",
    "goods_more": "Goods as used, about {goods}: what you pay beyond today's",
    "net": "Your gain",
    "net_loss": "Your cost",
    "pay": "You pay us in all about {total} a month, {pilot} in the pilot.",
    "break_even": "You break even as soon as {share} of today's loss by missing items is gone.",
    "break_even_at_once": "You break even even if no stop is avoided.",
    "break_even_never": "Avoiding stops alone does not pay for the service.",
    "saving_unknown": "What you save is not known: please tell us how often each critical item was missing.",
    "picture": "Price and availability",
    "picture_availability": "availability (share of time in stock)",
    "picture_fee": "base fee, {currency} a month",
    "picture_here": "recommended",
    "picture_promise": "promise",
    "picture_stock": "{share} of the stock",
    "picture_note_dearer": "Less stock would not be cheaper: emergency deliveries cost more than it saves.",
    "picture_note_cheaper": "With less stock the fee could be {money} lower, at {availability} availability.",
    "picture_alt": "Base fee against availability, for less and for more stock than recommended",
    "tiers": "Choose your level of service",
    "tier": "Level",
    "tier_promise": "Availability, every {window}",
    "tier_covers": "Covers",
    "covers_critical": "critical items",
    "covers_all": "all items",
    "tier_probability": "Kept with a probability of at least",
    "simulated_kept": "In simulation",
    "tier_emergency": "Emergency delivery within",
    "tier_fee": "Base fee a month",
    "gain": "Your gain a month",
    "tier_none": "cannot be promised with these devices",
    "tier_recommended": "recommended",
    "name_basic": "Basic",
    "name_standard": "Standard",
    "name_premium": "Premium",
    "designs": "The recommended design and two alternatives",
    "recommended": "Recommended",
    "alternative": "Alternative {number}",
    "in_stock": "In stock",
    "stops_left": "Stops left a year",
    "proof": "What the pilot can prove",
    "proof_yes": "use, accuracy of the records, availability and what the service is worth to you: measured from day one",
    "proof_yes_cut": "a cut of stops for want of items by {cut}, as expected here: shown with a chance of {chance}",
    "proof_no_cut": "a cut by only {cut}: its chance is {chance}; about {needed} stops before would be needed, you have "
    "{events} a year",
    "proof_unknown": "fewer stops: there are no records of today's to compare with",
    "proof_windows": "that the promise is kept {share} of the time: {windows} of {windows} good ones prove {proven}, "
    "{needed} would be needed; until then the simulation stands for it",
    "proof_renewal": "whether you would renew every year: that takes years",
    "can": "It can show",
    "cannot": "It cannot show",
    "what_if": "If things are different",
    "if": "If",
    "what_if_usage": "usage is {share} of today's",
    "what_if_stop_cost": "a stop costs {share} of {cost}",
    "what_if_promise": "we promised {share}",
    "kept": "Promise kept",
    "limits": "Assumptions and limits",
    "limit_use": "Use is as in your table: its mean and its variability, without seasons or shutdowns, items independent.",
    "limit_replaced": "{share} of the goods replace what you buy today anyway.",
    "limit_stop": "A stop is a critical item that somebody waits for; its cost of {cost} is yours to confirm. Stops from "
    "other causes are not counted and do not change.",
    "limit_records": "Devices work and the record is the shelf; our depot does not run out.",
    "limit_visits": "A visit needs {days} of preparation; what is missing is used later.",
    "limit_money": "Figures are expectations from simulation, not guarantees, unless they are called a promise.",
    "limit_consignment": "Goods are billed when they are taken; devices stay ours.",
    "foot": "Scenario {scenario}, seed {seed}; {simulated} simulated pilots, figures of the recommended design from "
    "{count} of them with fresh random numbers. Made by mro-twin {version} on {date}.",
    "font": "Font: {font}, SIL Open Font License 1.1.",
    "page": "Page {number} of 2",
    "shelf": "smart shelf", "shelf_many": "smart shelves",
    "cabinet": "cabinet", "cabinet_many": "cabinets",
    "vending_machine": "vending machine", "vending_machine_many": "vending machines",
    "tank": "tank", "tank_many": "tanks",
    "none_found": "none",
    "list": ", ",
}  # fmt: skip

CHINESE: Final[Mapping[str, str]] = {
    "html_lang": "zh-CN",
    "title": "耗材可用性保障服务",
    "offer_for": "致 {customer} 的方案书",
    "offer": "方案书",
    "promise_critical": "我们承诺：在为期{months}的试点中，以每{window}为考核期，{count} 种关键耗材的可用率每期均不低于 "
    "{availability}。",
    "promise_all": "我们承诺：在为期{months}的试点中，以每{window}为考核期，全部 {count} 种耗材的可用率每期均不低于 "
    "{availability}。",
    "tile_availability": "承诺可用率",
    "tile_availability_note": "承诺范围内耗材的平均值；预计可达 {seen}",
    "tile_probability": "承诺达成概率",
    "tile_probability_value": "≥ {share}",
    "tile_probability_note": "{count} 次模拟试点中 {kept} 次达成；{confidence} 置信区间为 {low} 至 {high}",
    "tile_fee": "月基础费",
    "tile_fee_note": "含设备、巡检补货及紧急配送",
    "tile_gain": "贵方每月净收益",
    "tile_loss": "贵方每月净支出",
    "tile_gain_note": "已扣除较目前多付的全部费用；八成试点介于 {low} 与 {high} 之间",
    "unknown": "未知",
    "tile_unknown_note": "用量表未注明各关键耗材的缺货次数",
    "design": "我们部署并持续补足的内容",
    "devices": "设备",
    "slots_used": "（{slots} 个货位，使用 {used} 个）",
    "visits": "上门补货",
    "emergency": "紧急配送",
    "emergency_value": "承诺范围内的耗材缺货后 {time}内送达",
    "stock": "寄售库存",
    "stock_value": "满库时按贵方采购价计 {money}；领用之前归我方所有",
    "item": "耗材",
    "where": "存放位置",
    "slots": "货位",
    "par": "补货目标量",
    "use": "月用量",
    "price": "单价",
    "covered_note": "● 属于承诺范围。补货目标量：每次上门补足到的数量。",
    "more_items": "另有 {count} 种耗材，其位置与数量见附表",
    "money": "价格与收益（{currency}/月）",
    "loss_today": "目前因缺料停机的损失（每年 {stops} 次，每次 {cost}）",
    "loss_then": "采用本服务后的损失（每年 {stops} 次）",
    "stops_avoided": "避免的停机损失",
    "freed": "不再承担的现有库存持有成本",
    "fee": "月基础费",
    "goods_same": "耗材按实际领用结算，约 {goods}，价格与目前相同",
    "goods_more": "耗材按实际领用结算，约 {goods}；其中较目前多付",
    "net": "贵方净收益",
    "net_loss": "贵方净支出",
    "pay": "贵方每月共支付约 {total}，试点期间合计约 {pilot}。",
    "break_even": "目前因缺料停机的损失只要减少 {share}，贵方即达到盈亏平衡。",
    "break_even_at_once": "即使停机没有减少，贵方也不会亏损。",
    "break_even_never": "仅靠减少停机无法收回服务费用。",
    "saving_unknown": "贵方可节省的金额尚不可知：请告知各关键耗材每年的缺货次数。",
    "picture": "价格与可用率",
    "picture_availability": "可用率（有货时间占比）",
    "picture_fee": "基础费（{currency}/月）",
    "picture_here": "推荐方案",
    "picture_promise": "承诺",
    "picture_stock": "库存的 {share}",
    "picture_note_dearer": "减少库存并不会更便宜：由此增加的紧急配送费用高于节省的库存费用。",
    "picture_note_cheaper": "若减少库存，基础费可降低 {money}，可用率为 {availability}。",
    "picture_alt": "库存少于或多于推荐方案时，基础费与可用率的关系",
    "tiers": "三档服务，任您选择",
    "tier": "档次",
    "tier_promise": "可用率（每{window}考核）",
    "tier_covers": "承诺范围",
    "covers_critical": "关键耗材",
    "covers_all": "全部耗材",
    "tier_probability": "达成概率不低于",
    "simulated_kept": "模拟达成率",
    "tier_emergency": "紧急配送时限",
    "tier_fee": "月基础费",
    "gain": "贵方每月净收益",
    "tier_none": "现有设备无法承诺",
    "tier_recommended": "推荐",
    "name_basic": "基础版",
    "name_standard": "标准版",
    "name_premium": "尊享版",
    "designs": "推荐方案与两个备选方案",
    "recommended": "推荐方案",
    "alternative": "备选方案 {number}",
    "in_stock": "可用率",
    "stops_left": "每年剩余停机次数",
    "proof": "试点能证明什么",
    "proof_yes": "用量、记录的准确性、可用率以及服务给贵方带来的价值：自首日起即可测量",
    "proof_yes_cut": "因缺料停机减少 {cut}（本方案的预期）：能够得到证明的概率为 {chance}",
    "proof_no_cut": "停机仅减少 {cut}：能够证明的概率为 {chance}；需要约 {needed} 次试点前的停机记录，而贵方每年为 {events} 次",
    "proof_unknown": "停机是否减少：缺少可供对比的现有记录",
    "proof_windows": "承诺在 {share} 的考核期内达成：{windows} 期全部达成也只能证明 {proven}，需要连续 {needed} 期；"
    "在此之前以模拟结果为依据",
    "proof_renewal": "贵方是否会逐年续约：这需要数年时间",
    "can": "能够证明",
    "cannot": "不能证明",
    "what_if": "如果情况有变",
    "if": "假设",
    "what_if_usage": "用量为目前的 {share}",
    "what_if_stop_cost": "每次停机损失为 {cost} 的 {share}",
    "what_if_promise": "承诺可用率为 {share}",
    "kept": "承诺达成率",
    "limits": "前提与局限",
    "limit_use": "用量的均值和波动以贵方用量表为准，不考虑季节与停产，各耗材相互独立。",
    "limit_replaced": "所供耗材中有 {share} 替代贵方目前的采购。",
    "limit_stop": "停机指有人等待某种关键耗材；每次损失 {cost}，请贵方确认。其他原因造成的停机不计入，也不会因此改变。",
    "limit_records": "假设设备正常、账实相符，我方仓库不断货。",
    "limit_visits": "每次上门需提前 {days}准备；缺货的需求顺延使用。",
    "limit_money": "除明确称为“承诺”者外，各项数字均为模拟预期，不构成保证。",
    "limit_consignment": "耗材在领用时结算；设备归我方所有。",
    "foot": "场景 {scenario}，随机种子 {seed}；共模拟 {simulated} 次试点，推荐方案的数字来自其中 {count} 次采用全新随机数的"
    "模拟。由 mro-twin {version} 于{date}生成。",
    "font": "字体：{font}，依 SIL Open Font License 1.1 授权。",
    "page": "第 {number} 页，共 2 页",
    "shelf": "智能货架", "shelf_many": "智能货架",
    "cabinet": "储物柜", "cabinet_many": "储物柜",
    "vending_machine": "工业售货机", "vending_machine_many": "工业售货机",
    "tank": "储液罐", "tank_many": "储液罐",
    "none_found": "无",
    "list": "、",
}  # fmt: skip

PHRASES: Final[Mapping[str, Mapping[str, str]]] = {"en": ENGLISH, "zh": CHINESE}
_CURRENCIES: Final = {
    "USD": "美元", "EUR": "欧元", "CNY": "元", "GBP": "英镑", "JPY": "日元", "HKD": "港元", "CHF": "瑞士法郎",
}  # fmt: skip
_UNITS: Final = {"each": {"en": "", "zh": "件"}}
_NOTHING: Final = "–"


@dataclass(frozen=True)
class Locale:
    """A language: its phrases, and how it writes numbers, shares, money, times and dates."""

    language: Language
    currency: str

    def say(self, phrase: str, **values: Any) -> str:
        """A phrase with its gaps filled."""
        return PHRASES[self.language][phrase].format(**values)

    def number(self, value: float, digits: int = 0) -> str:
        """`12,345`; a dash for what has no value. Digits after the point only where they are not zero."""
        if not math.isfinite(value):
            return _NOTHING
        text = f"{value:,.{digits}f}"
        text = text.rstrip("0").rstrip(".") if digits else text
        return "0" if text in ("-0", "") else text.replace("-", "−")

    def amount(self, value: float, unit: str) -> str:
        """`266.4 kg`, `36` for pieces: of a consumable, with its natural unit."""
        name = _UNITS.get(unit, {}).get(self.language, unit)
        return f"{self.number(value, 1)} {name}".strip()

    def share(self, value: float) -> str:
        """`98.2%`; what is nearly all is not called all."""
        if not math.isfinite(value):
            return _NOTHING
        if _ALMOST_ALL <= value < 1:
            return f"> {_FULLEST:.2%}" if value >= _FULLEST + 5e-5 else f"{value:.2%}"
        return f"{self.number(value * 100, 1)}%"

    def promised(self, value: float) -> str:
        """A share as it was set, with all its digits: `99.95%`."""
        return f"{round(value * 100, 4):g}%"

    @property
    def currency_name(self) -> str:
        """As it stands beside an amount."""
        return self.currency if self.language == "en" else _CURRENCIES.get(self.currency, self.currency)

    def money(self, value: float, digits: int = 0) -> str:
        """`USD 2,000` or `2,000 美元`."""
        number = self.number(value, digits)
        return f"{self.currency} {number}" if self.language == "en" else f"{number} {self.currency_name}"

    def unit_price(self, value: float, unit: str) -> str:
        """`8.00` per kg: `8.00/kg`, and for pieces `45.00`."""
        name = _UNITS.get(unit, {}).get(self.language, unit)
        return f"{value:,.2f}{f'/{name}' if name else ''}"

    def signed(self, value: float) -> str:
        """With its sign: `+2,083`, `−2,000`."""
        number = self.number(value)
        return number if number.startswith("−") or number in ("0", _NOTHING) else f"+{number}"

    def day(self, one: date) -> str:
        """`22 November 2026` or `2026年11月22日`."""
        if self.language == "zh":
            return f"{one.year}年{one.month}月{one.day}日"
        return f"{one.day} {_MONTHS[one.month - 1]} {one.year}"

    def months(self, value: float) -> str:
        """`6 months`, `6 个月`."""
        count = self.number(value, 1)
        return f" {count} 个月" if self.language == "zh" else f"{count} month{'' if count == '1' else 's'}"

    def window(self, days: float) -> str:
        """What comes after *every*: `month`, `week`, `10 days`."""
        known = {round(DAYS_PER_MONTH, 3): ("month", "月"), 7.0: ("week", "周"), 1.0: ("day", "日")}
        english, chinese = known.get(round(days, 3), (f"{self.number(days, 1)} days", f" {self.number(days, 1)} 天"))
        return chinese if self.language == "zh" else english

    def time(self, hours: float) -> str:
        """`8 hours`, `2 days`."""
        days = hours >= 48 and hours % 24 == 0
        count = self.number(hours / 24 if days else hours, 1)
        if self.language == "zh":
            return f"{count} {'天' if days else '小时'}"
        return f"{count} {'day' if days else 'hour'}{'' if count == '1' else 's'}"

    def visits(self, days: float) -> str:
        """How often somebody comes: `every week`, `twice a week`, `every 10 days`."""
        weeks = days / 7
        if days == 3.5:
            return "每周两次" if self.language == "zh" else "twice a week"
        if weeks >= 1 and weeks == int(weeks):
            if self.language == "zh":
                return f"每{'' if weeks == 1 else _SPOKEN.get(int(weeks), f' {int(weeks)} ')}周一次"
            return "every week" if weeks == 1 else f"every {int(weeks)} weeks"
        count = self.number(days, 1)
        if self.language == "zh":
            return "每天一次" if days == 1 else f"每 {count} 天一次"
        return "every day" if days == 1 else f"every {count} days"

    def devices(self, kind: str, count: int) -> str:
        """`3 smart shelves`, `3 个智能货架`."""
        if self.language == "zh":
            return f"{count} {'台' if kind == 'vending_machine' else '个'}{self.say(kind)}"
        return f"{count} {self.say(kind if count == 1 else f'{kind}_many')}"

    def tier(self, name: str) -> str:
        """The name of a level of service; names that are not known are as in the scenario."""
        return PHRASES[self.language].get(f"name_{name.lower()}", name)


_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_SPOKEN: Final = {2: "两", 3: "三", 4: "四"}
