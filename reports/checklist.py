"""The STRESS-DES checklist (Monks, Currie, Onggo, Robinson, Kunc and Taylor 2019), filled from the run directory.

T. Monks et al., Strengthening the reporting of empirical simulation studies: introducing the STRESS guidelines,
Journal of Simulation 13(1), 55-67. What the directory does not say is given as not stated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from reports.numbers import duration, seconds, short
from reports.run_files import RunFiles
from reports.scenario_file import ScenarioText
from reports.words import date
from reports.worst_points import CAN_ORDER, KANBAN, LOTS, ORDER_UP_TO

NOT_STATED: Final = "not stated"
_STOCKED: Final = 2  # bit of the flags of table stock_points


@dataclass(frozen=True)
class Entry:
    """One item of the checklist; `stated` is false where the directory does not say."""

    number: str
    title: str
    text: str
    stated: bool = True


def checklist(run: RunFiles, scenario: ScenarioText, aims: str = "") -> Sequence[tuple[str, Sequence[Entry]]]:
    """The six sections with their items; `aims` says what an experiment with several variants was for."""
    return [
        ("Objectives", _objectives(run, scenario, aims)),
        ("Logic", _logic(run, scenario)),
        ("Data", _data(run, scenario)),
        ("Experimentation", _experimentation(run)),
        ("Implementation", _implementation(run)),
        ("Code access", _access(run)),
    ]


def _entry(number: str, title: str, text: str) -> Entry:
    return Entry(number, title, text or NOT_STATED, bool(text))


def _objectives(run: RunFiles, scenario: ScenarioText, aims: str) -> Sequence[Entry]:
    return [
        _entry("1.1", "Purpose of the model", scenario.text("description")),
        _entry("1.2", "Model outputs", "The key figures above; their definitions stand at the end of this page."),
        _entry("1.3", "Aims of experimentation", aims or f"One configuration is measured: {run.label}."),
    ]


def _logic(run: RunFiles, scenario: ScenarioText) -> Sequence[Entry]:
    nodes = run.nodes
    kinds = ", ".join(f"{count} of kind {kind}" for kind, count in nodes["kind"].value_counts(sort=False).items())
    routes = run.network_table("routes", ("name", "vehicles"))
    vehicles = f"; {int(routes['vehicles'].sum())} vehicles on {len(routes)} routes" if len(routes) else "; no trucks"
    counted = ((label, run.estimate(kpi)) for label, kpi in (("customer lines", "demand_lines"), ("orders", "orders")))
    counts = [f"{short(one.mean)} {what}" for what, one in counted if one]
    variant = str(run.manifest["variant"])
    return [
        _entry(
            "2.1", "Diagram of the base model", "The network is drawn above, with every lane and what went over it."
        ),
        _entry(
            "2.2",
            "Logic of the base model",
            "Customers take what is on hand; what is short waits or is lost, as the demand says. Stock points order by "
            "their policy from the source of their lane, which allocates to those waiting; goods travel as parcels or "
            "by truck. docs/rules.md of the program gives the rules to the millisecond.",
        ),
        _entry(
            "2.3",
            "Logic of the scenario",
            f"Variant {variant}; scenario.resolved.yaml holds every setting it ran with.",
        ),
        _entry("2.4", "Algorithms", _policies(run, scenario)),
        _entry("2.5.1", "Entities", f"Customer lines, replenishment orders, shipments ({', '.join(counts)})."),
        _entry("2.5.2", "Activities", "Demand, review, ordering, allocation, dispatch, driving, receipt."),
        _entry("2.5.3", "Resources", f"{len(nodes)} nodes: {kinds}{vehicles}."),
        _entry(
            "2.5.4",
            "Queues",
            "One per stock point, and one per dock of a truck route.",
        ),
        _entry("2.5.5", "Entry and exit", "Goods enter from suppliers and leave with customers."),
    ]


def _policies(run: RunFiles, scenario: ScenarioText) -> str:
    points = run.network_table("stock_points", ("policy", "flags"))
    stocked = points[(points["flags"].to_numpy(dtype=np.int64) & _STOCKED) != 0]
    names = {
        ORDER_UP_TO: "order up to a level, (s, S) or base stock",
        LOTS: "fixed lots, (R, nQ)",
        KANBAN: "by kanban",
        CAN_ORDER: "jointly, (s, c, S)",
    }
    counts = stocked["policy"].value_counts()
    told = [f"{count:,} stock points {names.get(int(code), 'by another rule')}" for code, count in counts.items()]
    kinds = scenario.kinds("policies", "generator")
    named = f" Kinds named in the scenario: {', '.join(kinds)}." if kinds else ""
    return f"Replenishment: {'; '.join(told)}.{named}" if told else ""


def _data(run: RunFiles, scenario: ScenarioText) -> Sequence[Entry]:
    inputs = run.manifest.get("inputs")
    files = (
        ", ".join(f"{name} (SHA-256 {str(digest)[:12]}…)" for name, digest in inputs.items())
        if isinstance(inputs, dict)
        else ""
    )
    notes = len(scenario.notes)
    return [
        _entry(
            "3.1", "Data sources", f"Files: {files}. Where figures come from is for the notes to say." if files else ""
        ),
        _entry("3.2", "Pre-processing", ""),
        _entry(
            "3.3",
            "Input parameters",
            f"scenario.resolved.yaml, fingerprint {str(run.manifest.get('scenario_hash', ''))[:12]}…",
        ),
        _entry("3.4", "Assumptions", f"{notes} notes of the scenario, given above in full." if notes else ""),
    ]


def _experimentation(run: RunFiles) -> Sequence[Entry]:
    manifest = run.manifest
    warm_up = duration(manifest["warm_up_ms"])
    if manifest.get("from_state"):
        begin = f"Starts from a saved state at {warm_up}; no warm-up."
    elif manifest["warm_up_ms"]:
        begin = f"Opening stock as the scenario says; a warm-up of {warm_up} is left out of every figure."
    else:
        begin = "Opening stock as the scenario says; no warm-up."
    interval = "no interval can be given" if run.count == 1 else f"{run.confidence:.0%} intervals by Student's t"
    return [
        _entry("4.1", "Initialisation", begin),
        _entry(
            "4.2",
            "Run length",
            f"{duration(manifest['horizon_ms'])} from {date(run)}, {duration(run.measured_ms)} measured.",
        ),
        _entry(
            "4.3",
            "Estimation",
            f"{run.count} independent replications, seed {manifest['seed']}; {interval}.",
        ),
    ]


def _implementation(run: RunFiles) -> Sequence[Entry]:
    versions, machine = words(run, "versions"), words(run, "machine")
    return [
        _entry("5.1", "Software", versions),
        _entry(
            "5.2",
            "Random sampling",
            "Every source of chance has a stream of its own (Philox), keyed by seed, replication and the source's "
            "name, so that variants meet the same customers.",
        ),
        _entry(
            "5.3",
            "Execution",
            "Next event, in the order (time, phase, node, item); SimPy is the clock, demand runs compiled between its "
            "events. Books are balanced unit by unit at the end of every replication.",
        ),
        _entry("5.4", "System", f"{machine}. {_time(run)}".strip() if machine else ""),
    ]


def words(run: RunFiles, field: str) -> str:
    """A mapping of the manifest in words; empty when there is none."""
    found = run.manifest.get(field)
    return ", ".join(f"{name} {value}" for name, value in found.items()) if isinstance(found, dict) else ""


def _time(run: RunFiles) -> str:
    timings = run.manifest.get("timings")
    walls = (
        [one.get("wall_seconds") for one in timings.values() if isinstance(one, dict)]
        if isinstance(timings, dict)
        else []
    )
    numbers = [float(wall) for wall in walls if isinstance(wall, (int, float))]
    return f"A replication took {seconds(float(np.median(numbers)))} (median)." if numbers else ""


def _access(run: RunFiles) -> Sequence[Entry]:
    git = run.manifest.get("git")
    text = ""
    if isinstance(git, dict) and git.get("commit"):
        changed = ", with changes that are not in it" if git.get("changed") else ""
        text = f"mro-twin, MIT licence, source at commit {str(git['commit'])[:12]}{changed}."
    return [
        _entry("6.1", "Sharing of the computer model", text or "mro-twin, MIT licence; the commit is not recorded.")
    ]
