"""Reads the directory of a comparison: what was compared, the paired differences, and the run of every variant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pandas as pd

from reports.run_files import NoRunError, RunFiles, check_format, read_json, read_table

KIND: Final = "comparison"
FORMAT: Final = 1
"""Of comparison directories, as manifest.json gives it."""

DIFFERENCE_COLUMNS: Final = (
    "variant",
    "scope",
    "key",
    "kpi",
    "unit",
    "base_mean",
    "mean",
    "difference",
    "half_width",
    "relative",
    "relative_low",
    "relative_high",
    "p_value",
    "pairs",
)


@dataclass(frozen=True)
class ComparisonFiles:
    """A comparison on disk.

    Attributes:
        path: the comparison directory.
        manifest: content of manifest.json: name, seed, replications, confidence, base, variants.
        findings: content of comparison.json: sentences, changes, warnings, one_sided, match, frontier.
    """

    path: Path
    manifest: Mapping[str, Any]
    findings: Mapping[str, Any]

    @staticmethod
    def open(path: Path) -> "ComparisonFiles":
        """The comparison in `path`; NoRunError names what is missing or damaged."""
        manifest = read_json(path / "manifest.json")
        check_format(path, manifest, FORMAT)
        if not (path / "comparison.json").is_file():
            raise NoRunError(f"{path} holds no finished comparison; go on with `mro-twin compare ... --resume` first")
        comparison = ComparisonFiles(path, manifest, read_json(path / "comparison.json"))
        wrong = [name for name, kind in (("name", str), ("base", str)) if not isinstance(manifest.get(name), kind)]
        confidence = manifest.get("confidence")
        wrong += [] if isinstance(confidence, (int, float)) and 0 < confidence < 1 else ["confidence"]
        wrong += [] if _are_variants(manifest.get("variants")) else ["variants"]
        if not wrong and manifest["base"] not in comparison.labels:
            wrong.append("base")
        if wrong:
            raise NoRunError(f"{path / 'manifest.json'} is damaged: no sensible value for {', '.join(wrong)}")
        return comparison

    @property
    def labels(self) -> Sequence[str]:
        """Names of what was compared, the base included, in order."""
        return [one["label"] for one in self.manifest["variants"]]

    @property
    def others(self) -> Sequence[str]:
        """Names of what was compared with the base."""
        return [label for label in self.labels if label != self.manifest["base"]]

    @property
    def title(self) -> str:
        """What was compared."""
        return f"{self.manifest['name']}: {' and '.join(self.others)} against {self.manifest['base']}"

    @property
    def confidence(self) -> float:
        """Level of the confidence intervals."""
        return float(self.manifest["confidence"])

    @cached_property
    def differences(self) -> pd.DataFrame:
        """Paired differences against the base: a row per variant, scope, key and KPI.

        Bounds and p values are those that hold for all variants together (columns `low`, `high`, `relative_low`,
        `relative_high`, `p_value`), where the comparison gives them.
        """
        rows = read_table(self.path / "differences.parquet")
        absent = [column for column in DIFFERENCE_COLUMNS if column not in rows]
        if absent:
            raise NoRunError(f"{self.path / 'differences.parquet'} is damaged: no column {', '.join(absent)}")
        for column in ("variant", "scope", "key", "kpi", "unit"):
            rows[column] = rows[column].astype(str)
        rows["low"], rows["high"] = rows["difference"] - rows["half_width"], rows["difference"] + rows["half_width"]
        for column in ("low", "high", "relative_low", "relative_high", "p_value"):
            adjusted = f"adjusted_{column}"
            rows[column] = rows[adjusted] if adjusted in rows and len(self.others) > 1 else rows[column]
        return rows

    @cached_property
    def runs(self) -> Mapping[str, RunFiles]:
        """The run of every variant by its label."""
        return {label: RunFiles.open(self._folder(label), summary_only=True) for label in self.labels}

    def texts(self, name: str) -> Sequence[str]:
        """A list of texts of comparison.json; whatever else stands in it is shown as text."""
        found = self.findings.get(name)
        return [one if isinstance(one, str) else str(one) for one in found] if isinstance(found, list) else []

    def rows(self, name: str) -> Sequence[Mapping[str, Any]]:
        """Objects of comparison.json: those of a list, or the only one."""
        found = self.findings.get(name)
        found = [found] if isinstance(found, dict) else found
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    def _folder(self, label: str) -> Path:
        folder = self.path / "variants" / label
        if folder.resolve().parent != (self.path / "variants").resolve():
            raise NoRunError(f"{self.path / 'manifest.json'} is damaged: {label!r} is no name of a variant's folder")
        if not (folder / "manifest.json").is_file():
            raise NoRunError(f"{folder / 'manifest.json'} is missing: the run of variant {label!r} is not there")
        return folder


def is_comparison(path: Path) -> bool:
    """Whether a directory says of itself that it is a comparison."""
    try:
        return read_json(path / "manifest.json").get("kind") == KIND
    except NoRunError:
        return False


def _are_variants(found: object) -> bool:
    return (
        isinstance(found, list)
        and len(found) >= 2
        and all(isinstance(one, dict) and isinstance(one.get("label"), str) for one in found)
    )
