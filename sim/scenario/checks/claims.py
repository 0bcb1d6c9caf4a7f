"""Checks of claims and of how variants are compared: variants and KPIs that exist, figures in the KPI's unit."""

from typing import Final

from sim.scenario.checks.context import Context
from sim.scenario.claims import HOURS, SHARE, Claim
from sim.scenario.findings import did_you_mean

_MONEY: Final = "money"


def check_comparison(context: Context) -> None:
    """The base of the comparison is a variant, what is matched is a KPI."""
    if "comparison" in context.broken:
        return
    section = context.scenario.comparison
    if section.base is not None:
        _check_variant(context, section.base, "comparison", "base")
    if section.match is not None:
        _unit(context, section.match, "comparison", "match")


def check_claims(context: Context) -> None:
    """Claims are about variants and KPIs that exist, and report figures in the KPI's unit."""
    for index, claim in enumerate(context.scenario.claims):
        at = ("claims", index)
        _check_variant(context, claim.variant, *at, "variant")
        if claim.against is not None:
            _check_variant(context, claim.against, *at, "against")
        _check_contract(context, claim, *at)
        unit = _unit(context, claim.kpi_name, *at, "kpi")
        if unit is None or not _check_scope(context, claim, *at):
            continue
        if claim.complement and unit != SHARE:
            context.add(f"`{claim.kpi_name}` is no share", "`1 -` goes with shares, as in `1 - fill_rate`", *at, "kpi")
            continue
        problem = _problem(claim, unit, context.scenario.currency)
        if problem is not None:
            context.add(*problem, *at, "reported")


def _check_variant(context: Context, name: str, *location: object) -> None:
    known = context.variants
    # a resolved scenario (of a run, say) no longer has the variants that its claims are about
    if context.written("variants") and "variants" not in context.broken and name not in known:
        context.add(f"there is no variant `{name}`", did_you_mean(name, known), *location)


def _check_contract(context: Context, claim: Claim, *location: object) -> None:
    """Contracts of other variants are not known here; the claim is checked when its own variant is loaded."""
    scenario = context.scenario
    if claim.contract is None or claim.variant != scenario.base_variant or "contracts" in context.broken:
        return
    known = set(scenario.contracts)
    if claim.contract not in known:
        message = f"there is no contract `{claim.contract}`"
        context.add(message, did_you_mean(claim.contract, sorted(known)), *location, "contract")


def _check_scope(context: Context, claim: Claim, *location: object) -> bool:
    from sim.kpi.claims import place_of
    from sim.kpi.kpis import KPIS

    scope = place_of(claim)[0]
    fits = scope in KPIS[claim.kpi_name].scopes
    if not fits:
        kind = {"contract_stream": "a revenue stream", "sla": "a service level", "contract": "a contract"}
        message = f"`{claim.kpi_name}` is no KPI of {kind.get(scope, 'the whole network')}"
        hint = f"it is one of: {', '.join(sorted(KPIS[claim.kpi_name].scopes))}"
        context.add(message, hint, *location, "kpi")
    return fits


def _unit(context: Context, kpi: str, *location: object) -> str | None:
    from sim.kpi.kpis import KPIS  # only where there is something to check: it takes its time

    if kpi not in KPIS:
        context.add(f"there is no KPI `{kpi}`", did_you_mean(kpi, KPIS), *location)
        return None
    return KPIS[kpi].unit


def _problem(claim: Claim, unit: str, currency: str) -> tuple[str, str] | None:
    """What does not fit between the KPI's unit and the reported figure, and what would be right."""
    reported = claim.reported
    if unit == SHARE and reported.kind == "change":
        return (
            f"{reported.text!r} is not clear for a share: percent of it, or points",
            "write before and after, as in `12 % -> 6 %`",
        )
    if reported.kind == "change":
        return None
    fitting = {SHARE: {SHARE}, HOURS: {HOURS}, _MONEY: {"", currency}}.get(unit, {""})
    if reported.unit in fitting:
        return None
    wanted = {SHARE: "percent", HOURS: "a time, as in `3.5 d`", _MONEY: f"{currency}, as in `180 M {currency}`"}
    message = f"{reported.text!r} does not fit `{claim.kpi_name}`"
    return message, f"give {wanted.get(unit, f'a plain number ({unit})')}, or a change as in `-28 %`"
