"""What is compared: scenario files, variants of them, finished runs; each with the label it goes by."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from sim.compare.changes import tables_of
from sim.compare.finished import FinishedRun, read_finished
from sim.errors import TwinError
from sim.scenario import Scenario, load_scenario
from sim.scenario.claims import Claim, ComparisonSection
from sim.scenario.findings import Finding, ScenarioError
from sim.scenario.loader import variant_names
from sim.scenario.locate import locate_scenario

Reload = Callable[[Mapping[str, object]], Scenario]
"""Makes a scenario again with further settings: a mapping of dotted paths to values."""

_RUN_FOLDER: Final = re.compile(r"\d{8}-\d{6}-.*-([0-9a-f]{6})")


@dataclass(frozen=True)
class Subject:
    """One side of a comparison: a scenario that is to be run, or a run that is finished.

    Attributes:
        label: what it is called in tables, sentences and folder names; unique in a comparison.
        scenario, reload: what is to be run, and a way to change a setting of it. None for a finished run.
        run: the finished run, None for a scenario.
    """

    label: str
    scenario: Scenario | None = None
    reload: Reload | None = None
    run: FinishedRun | None = None

    @property
    def settings(self) -> Mapping[str, Any]:
        """The resolved scenario as plain data, paths of tables as in a run directory."""
        if self.run is not None:
            return self.run.settings
        return {} if self.scenario is None else self.scenario.resolved("inputs")

    @property
    def tables(self) -> dict[str, str]:
        """SHA-256 of the tables that belong to it, by name."""
        if self.run is not None:
            return tables_of(self.run.manifest.inputs)
        return {} if self.scenario is None else tables_of({one.name: one.sha256 for one in self.scenario.inputs})

    @property
    def names(self) -> tuple[str, str, bool]:
        """Names of its scenario and of its variant, and whether that is the scenario's base."""
        if self.run is not None:
            manifest = self.run.manifest
            return manifest.name, manifest.variant, manifest.variant == "base"
        assert self.scenario is not None
        return self.scenario.name, self.scenario.variant, self.scenario.variant == self.scenario.variant_names[0]


def find_subjects(given: Sequence[str | Path | Scenario], settings: Sequence[str] = ()) -> list[Subject]:
    """What the user named, the base first.

    A single scenario stands for all its variants, the first being the one that its `comparison` section names as base;
    a single `SCENARIO@VARIANT` for the base and that variant. `settings` (`PATH=VALUE`) apply to every scenario.
    ScenarioError with all findings, or TwinError.
    """
    if len(given) == 1:
        found = _base_first(_variants_of(given[0], settings), given)
    else:
        found = _each(given, settings)
    if settings and all(one.run is not None for one in found):
        raise TwinError("--set has nothing to change: everything named is a finished run")
    return _labelled(found)


def stated_comparison(given: Sequence[str | Path | Scenario], subjects: Sequence[Subject]) -> ComparisonSection:
    """How a scenario file wants its variants to be compared, where a single one stands for all of them."""
    stands_for_all = (
        len(given) == 1 and not isinstance(given[0], Scenario) and locate_scenario(str(given[0]))[1] is None
    )
    scenario = subjects[0].scenario
    return scenario.comparison if stands_for_all and scenario is not None else ComparisonSection()


def _base_first(found: list[Subject], given: Sequence[str | Path | Scenario]) -> list[Subject]:
    base = stated_comparison(given, found).base
    return sorted(found, key=lambda one: one.names[1] != base) if base is not None else found


def claims_of(subject: Subject) -> Sequence[Claim]:
    """The claims of a subject's scenario; TwinError when those of a finished run cannot be read."""
    if subject.scenario is not None:
        return subject.scenario.claims
    written = subject.settings.get("claims") or ()
    try:
        return [Claim.model_validate(one) for one in written]
    except (ValidationError, TypeError) as error:
        raise TwinError(f"the claims in the scenario of {subject.label} cannot be read: {error}") from error


def _each(given: Sequence[str | Path | Scenario], settings: Sequence[str]) -> list[Subject]:
    findings: dict[Finding, None] = {}
    found: list[Subject] = []
    for one in given:
        try:
            if isinstance(one, Scenario):
                found.append(_of_scenario(one, settings))
            elif _is_directory(one):
                found.append(Subject("", run=read_finished(Path(one))))
            else:
                path, variant = locate_scenario(str(one))
                found.append(_of_file(path, settings, variant))
        except ScenarioError as error:
            findings.update(dict.fromkeys(error.findings))
    if findings:
        raise ScenarioError(list(findings))
    return found


def _variants_of(one: str | Path | Scenario, settings: Sequence[str]) -> list[Subject]:
    if isinstance(one, Scenario) or _is_directory(one):
        raise TwinError("there is nothing to compare it with: name at least two, or a scenario file with variants")
    path, variant = locate_scenario(str(one))
    names = variant_names(path)
    if variant is not None:
        names = (names[0], variant) if variant != names[0] else (variant,)
    if len(names) < 2:
        raise TwinError(f"{one} has nothing to be compared with: name a second scenario, or one with `variants`")
    findings: dict[Finding, None] = {}
    found = []
    for name in names:
        try:
            found.append(_of_file(path, settings, name))
        except ScenarioError as error:
            findings.update(dict.fromkeys(error.findings))
    if findings:
        raise ScenarioError(list(findings))
    return found


def _is_directory(given: str | Path) -> bool:
    try:
        return Path(given).is_dir()
    except (OSError, ValueError):
        return False


def _of_file(path: Path, settings: Sequence[str], variant: str | None) -> Subject:
    scenario = load_scenario(path, list(settings), variant)
    return Subject("", scenario, partial(_reload_file, path, tuple(settings), variant))


def _reload_file(path: Path, settings: Sequence[str], variant: str | None, changes: Mapping[str, object]) -> Scenario:
    texts = [f"{where}={value}" for where, value in changes.items()]
    return load_scenario(path, [*settings, *texts], variant)


def _of_scenario(scenario: Scenario, settings: Sequence[str]) -> Subject:
    if settings:
        scenario = load_scenario(scenario.resolved(), list(settings), folder=scenario.folder)
    return Subject("", scenario, partial(_reload_data, scenario))


def _reload_data(scenario: Scenario, changes: Mapping[str, object]) -> Scenario:
    return load_scenario(scenario.resolved(), changes, folder=scenario.folder)


def _labelled(found: list[Subject]) -> list[Subject]:
    """Labels by variant where all are of one scenario, else by scenario; numbered where that is not enough.

    Finished runs whose names are not enough to tell them apart go by scenario, variant and their directory's name: one
    `base` beside another says nothing.
    """
    names = [one.names for one in found]
    of_one = len({scenario for scenario, _, _ in names}) == 1
    wanted = [
        variant if of_one else scenario if is_base else f"{scenario}@{variant}" for scenario, variant, is_base in names
    ]
    clashing = {text for text in wanted if wanted.count(text) > 1}
    wanted = [
        _run_label(one.run, one.names) if text in clashing and one.run is not None else text
        for text, one in zip(wanted, found, strict=True)
    ]
    labels: list[str] = []
    for text in wanted:
        plain = re.sub(r"[^A-Za-z0-9_@.-]+", "-", text).strip(".") or "variant"  # it becomes a folder's name
        label, number = plain, 1
        while label in labels:
            number += 1
            label = f"{plain}-{number}"
        labels.append(label)
    return [replace(one, label=label) for one, label in zip(found, labels, strict=True)]


def _run_label(run: FinishedRun, names: tuple[str, str, bool]) -> str:
    """Scenario, variant and what tells a run's directory from others: its name, or the id that it ends in."""
    scenario, variant, is_base = names
    folder = run.path.resolve().name
    made = _RUN_FOLDER.fullmatch(folder)
    return f"{scenario}{'' if is_base else f'@{variant}'}-{made[1] if made else folder}"
