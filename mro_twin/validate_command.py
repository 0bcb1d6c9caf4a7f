"""`mro-twin validate`: check a scenario and list everything that is wrong with it."""

import json
import sys

import click

from mro_twin.policy_files import policies_option
from sim.build.network_builder import build_network
from sim.scenario import Finding, Scenario, ScenarioError, load_scenario
from sim.scenario.loader import variant_names
from sim.scenario.locate import locate_scenario


@click.command("validate")
@click.argument("scenario")
@click.option("--set", "settings", metavar="PATH=VALUE", multiple=True, help="Override a setting; may be repeated.")
@click.option("--variant", metavar="NAME", help="Check this variant only; also as SCENARIO@NAME. Default: all of them.")
@policies_option
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(scenario: str, settings: tuple[str, ...], variant: str | None, as_json: bool) -> None:
    """Check SCENARIO and all its variants, and list everything that is wrong: exit code 0 if nothing is, else 2.

    SCENARIO is a file, the name of a built-in scenario (see `mro-twin scenarios`), or either with @VARIANT.
    """
    checked, findings = _check(scenario, list(settings), variant)
    if as_json:
        report = {"ok": not findings, "findings": [finding.as_dict() for finding in findings]}
        click.echo(json.dumps(report, indent=1))
    elif findings:
        click.echo(str(ScenarioError(findings)), err=True)
    else:
        click.echo("\n".join(_summary(one) for one in checked))
    sys.exit(2 if findings else 0)


def _check(name: str, settings: list[str], variant: str | None) -> tuple[list[Scenario], list[Finding]]:
    """The base and every variant (or the one that is asked for), and the findings of all of them, each once."""
    try:
        path, named = locate_scenario(name)
        wanted = variant or named
        names = variant_names(path) if wanted is None else (wanted,)
    except ScenarioError as error:
        return [], list(error.findings)
    checked: list[Scenario] = []
    findings: dict[Finding, None] = {}
    for one in names:
        try:
            scenario = load_scenario(path, settings, one)
            build_network(scenario)  # finds what only shows in the finished network: an item that no lane delivers
            checked.append(scenario)
        except ScenarioError as error:
            findings.update(dict.fromkeys(error.findings))
    return checked, list(findings)


def _summary(scenario: Scenario) -> str:
    counts = [
        (len(scenario.nodes), "node", "nodes"),
        (len(scenario.item_names), "item", "items"),
        (len(scenario.lanes), "lane entry", "lane entries"),
    ]
    parts = [f"{count:,} {one if count == 1 else many}" for count, one, many in counts]
    return f"ok: {scenario.name}@{scenario.variant} ({', '.join(parts)})"
