"""The picture of an offer: base fee against availability, for less and for more stock than recommended."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from reports.charts import INK, MUTED, RULE, chart
from reports.proposal_words import Locale

SIZE: Final = (4.3, 2.15)
ACCENT: Final = "#0072b2"
PROMISE: Final = "#d55e00"


def price_picture(curve: Sequence[Mapping[str, Any]], promised: float, locale: Locale) -> Markup | None:
    """The picture as SVG; None where there are fewer than two points.

    Args:
        curve: points with factor (levels over the recommended ones), availability and fee. promised: availability.
    """
    if len(curve) < 2:
        return None
    points = sorted(curve, key=lambda one: float(one["factor"]))

    def draw(axes: Axes) -> None:
        _draw(axes, points, promised, locale)

    return chart("price", locale.say("picture_alt"), draw, SIZE)


def _draw(axes: Axes, points: Sequence[Mapping[str, Any]], promised: float, locale: Locale) -> None:
    shares = [100 * float(one["availability"]) for one in points]
    fees = [float(one["fee"]) for one in points]
    axes.grid(axis="y", color=RULE, linewidth=0.6)
    axes.axvline(100 * promised, color=PROMISE, linewidth=1, linestyle=(0, (4, 3)))
    axes.plot(shares, fees, color=ACCENT, linewidth=1.6, marker="o", markersize=4)
    top = max(fees) + 0.16 * max(max(fees) - min(fees), 1)
    axes.annotate(
        f"{locale.say('picture_promise')} {locale.promised(promised)}", (100 * promised, top), (3, -2),
        textcoords="offset points", color=PROMISE, fontsize=8, va="top",
    )  # fmt: skip
    for place, one in enumerate(points):
        if float(one["factor"]) == 1:
            axes.plot([shares[place]], [fees[place]], "o", color=INK, markersize=7, zorder=5)
            axes.annotate(
                locale.say("picture_here"), (shares[place], fees[place]), (-7, -4), textcoords="offset points",
                ha="right", va="top", fontsize=8, fontweight="bold", color=INK,
            )  # fmt: skip
    first = points[0]
    label = locale.say("picture_stock", share=locale.share(float(first["factor"])))
    axes.annotate(
        label, (shares[0], fees[0]), (6, 2), textcoords="offset points", fontsize=7.5, color=MUTED, va="bottom"
    )
    low, high = min(fees), max(fees)
    axes.set_ylim(low - 0.22 * max(high - low, 1), top)
    axes.set_xlabel(locale.say("picture_availability"), fontsize=8)
    axes.set_ylabel(locale.say("picture_fee", currency=locale.currency_name), fontsize=8)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.4g}%"))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: locale.number(value)))
    axes.tick_params(labelsize=8)
