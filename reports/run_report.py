"""The report of one run: a page that needs nothing but itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from reports.catalogue import CUT, EXPECTED, NOT_MODELLED
from reports.charts import chart
from reports.checklist import checklist, words
from reports.claims import claims_of_run
from reports.contract_figures import contract_pictures
from reports.contracts import contracts
from reports.figures import draw_age, draw_costs, draw_fill_rates, draw_forecast, draw_service, draw_stock, draw_waiting
from reports.forecasts import Forecasts, forecasts
from reports.kpi_table import by_group, definitions, kpi_rows
from reports.network_picture import draw_network
from reports.numbers import number
from reports.plant_figures import draw_availability, draw_record, draw_stops, draw_use
from reports.plants import Plants, plants
from reports.pooling import pooling
from reports.render import Progress, make_parts, no_progress, render
from reports.run_files import RunFiles
from reports.scenario_file import ScenarioText
from reports.words import answer, tiles
from reports.worst_points import TRACE_HEIGHT, TRACE_WIDTH, worst_points

WIDE = (7.2, 2.9)


@dataclass(frozen=True)
class Chart:
    """A picture with its heading and what to know when reading it."""

    heading: str
    picture: Markup
    caption: str


def run_page(run: RunFiles, progress: Progress = no_progress) -> str:
    """The page; NoRunError names a file of the directory that is missing or damaged."""
    scenario = ScenarioText(run.path / "scenario.resolved.yaml")
    rows = kpi_rows(run)
    parts: Mapping[str, Callable[[], Any]] = {
        "answer": lambda: answer(run, scenario.text("description")),
        "tiles": lambda: tiles(run),
        "charts": lambda: _charts(run),
        "network": lambda: draw_network(run),
        "worst": lambda: worst_points(run),
        "costs": lambda: _costs(run),
        "forecast": lambda: forecasts(run),
        "pooling": lambda: pooling(run),
        "plants": lambda: plants(run),
        "contracts": lambda: contracts(run),
        "checklist": lambda: checklist(run, scenario),
    }
    content: dict[str, Any] = {
        "run": run,
        "directory": run.path.resolve().name,
        "cut": CUT,
        "unfinished": unfinished(run),
        "kpi_groups": by_group(row for row in rows if row.value),
        "echelon_groups": by_group(row for row in rows if any(row.echelons)),
        "trace_size": (TRACE_WIDTH, TRACE_HEIGHT),
        "notes": scenario.notes,
        "claims": claims_of_run(run),
        "absent": absent(run),
        "versions": words(run, "versions"),
        "definitions": definitions(run.path / "README.md"),
    }
    content |= make_parts(parts, progress)
    content["plant_charts"] = _plant_charts(content["plants"])
    billed = content["contracts"]
    content["contract_pictures"] = [
        contract_pictures(run, one, place) for place, one in enumerate(billed.contracts if billed else ())
    ]
    return render("run.html", content | {"forecast_chart": _forecast_chart(content["forecast"])})


def unfinished(run: RunFiles) -> str:
    """A warning in words when not all replications of the run are whole; empty otherwise."""
    wanted, status = int(run.manifest["replications"]), str(run.manifest.get("status", ""))
    if status == "complete" and run.count >= wanted:
        return ""
    return (
        f"This run is not complete ({status or 'unknown status'}): {run.count} of {wanted} replications are whole, "
        "and only those are shown. Go on with `mro-twin run ... --resume`, then make the report again."
    )


def absent(run: RunFiles) -> Sequence[tuple[str, str]]:
    """Figures of the business cases that this report does not have, and why."""
    unmeasured = [name for kpi, name in EXPECTED.items() if not any(kpi == found for _, _, found in run.estimates)]
    return [*NOT_MODELLED.items(), *((name[0].upper() + name[1:], "not measured in this run") for name in unmeasured)]


def _charts(run: RunFiles) -> Sequence[Chart]:
    interval = f"Whiskers: {run.confidence:.0%} confidence intervals. ".replace("%", " %") if run.count > 1 else ""
    return [
        Chart(
            "Stock by echelon over time",
            chart("stock", "Value of the stock on hand by echelon, week by week", lambda axes: draw_stock(axes, run)),
            "Value on hand at purchase cost, weekly means over the replications.",
        ),
        Chart(
            "Service over time",
            chart(
                "weeks", "Share of customer lines met in full at once, by week", lambda axes: draw_service(axes, run)
            ),
            "Customer lines met in full at once, of all lines of the week.",
        ),
        Chart(
            "Fill rate by class",
            chart(
                "service",
                "Share of customer lines met in full at once, by class",
                lambda axes: draw_fill_rates(axes, run),
            ),
            f"{interval}Class A: the few items that make most of the demand value; C: the many that make little.",
        ),
        Chart(
            "How long the others waited",
            chart("waiting", "Distribution of the waiting times", lambda axes: draw_waiting(axes, run)),
            "Lines not met in full at once, by the time until they were; all replications together.",
        ),
        Chart(
            "Age of stock",
            chart("age", "Value of the stock by grade of its age and echelon", lambda axes: draw_age(axes, run)),
            "Days since receipt into the network, by value, at the end of the run.",
        ),
        Chart(
            "Costs without purchases",
            chart("costs", "Costs by kind and echelon, purchases left out", lambda axes: draw_costs(axes, run)),
            f"{interval}Of the measured time; purchases stand in the table below.",
        ),
    ]


def _forecast_chart(forecast: Forecasts) -> Markup | None:
    if forecast.missing:
        return None
    rows = forecast.rows
    return chart(
        "forecast", "Demand and forecast over time", lambda axes: draw_forecast(axes, rows, forecast.unit), WIDE
    )


def _plant_charts(found: Plants | None) -> Sequence[Chart]:
    """The pictures of the plant section, those that have something to show."""
    if found is None:
        return []
    currency = found.currency
    drawn: list[tuple[str, str, str, Any, Callable[[Any], None]]] = [
        (
            "Stops by cause",
            "stop-causes",
            "Working time that lines lost in stops, at its cost, put down to what stopped them.",
            found.causes,
            lambda axes: draw_stops(axes, found.causes, currency),
        ),
        (
            "Stops by item",
            "stop-items",
            "Stops for want of an item, and failures because it was overdue.",
            found.items,
            lambda axes: draw_stops(axes, found.items, currency),
        ),
        (
            "Availability at the point of use",
            "availability",
            "Share of time in which critical items were in stock where they are used; the worst stock points.",
            found.points,
            lambda axes: draw_availability(axes, found.points),
        ),
        (
            "Availability of lines",
            "line-availability",
            "Working time not lost in stops; the worst lines.",
            found.lines,
            lambda axes: draw_availability(axes, found.lines),
        ),
        (
            "Record against shelf, by cause",
            "record",
            "Value between record and shelf, without sign, mean over time, by the reason why they differ.",
            found.record,
            lambda axes: draw_record(axes, found.record, currency),
        ),
        (
            "Use over time",
            "use",
            "What was drawn, less what was put back, at purchase cost, from the start of the run.",
            range(found.use_over_time.size),
            lambda axes: draw_use(axes, found.use_over_time, currency),
        ),
    ]
    return [
        Chart(heading, chart(name, f"{heading}: {caption}", draw), caption)
        for heading, name, caption, content, draw in drawn
        if len(content)
    ]


def _costs(run: RunFiles) -> Sequence[Mapping[str, Any]]:
    """Cost lines of the network with their share of the total."""
    from reports.catalogue import GROUPS

    total = run.estimate("total_cost")
    lines = []
    for kpi, name in GROUPS["Cost"].items():
        one = run.estimate(kpi)
        if one is None or (one.mean == 0 and kpi != "total_cost"):
            continue
        share = one.mean / total.mean if total is not None and total.mean > 0 else 0.0
        per_year = one.mean * 365 * 86_400_000 / run.measured_ms
        lines.append(
            {
                "name": name,
                "value": number(one.mean, one.half_width),
                "per_year": number(per_year, one.half_width * 365 * 86_400_000 / run.measured_ms),
                "share": share,
                "total": kpi == "total_cost",
            }
        )
    return lines
