"""The verdict of a run: its outcome with all findings, as JSON and as JUnit XML."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

from hil.accept.criteria import FLAGS_OF, REPORTS_OF, TRUTHS_OF, Criteria, Result, evaluate, quantile, uptime
from hil.accept.history import Outage
from hil.accept.judging import Judgement, TruthClass
from hil.accept.matching import Flag, Judged, ReportClass

FORMAT: Final = 1
MOST_LISTED: Final = 1000
"""Losses, and reports at fault, named one by one; the counts are always whole."""
AT_FAULT: Final = (ReportClass.DUPLICATE, ReportClass.STALE, ReportClass.INVENTED)


class Outcome(StrEnum):
    """What became of the run."""

    PASSED = "passed"
    FAILED = "failed"
    RIG_FAILED = "rig failed"


EXIT_CODES: Final[Mapping[Outcome, int]] = {Outcome.PASSED: 0, Outcome.FAILED: 1, Outcome.RIG_FAILED: 4}


@dataclass(frozen=True)
class Verdict:
    """The outcome, with what it follows from."""

    suite: str
    judgement: Judgement
    results: Sequence[Result]
    rig_failures: Sequence[str] = ()
    evidence: Sequence[str] = ()  # files, relative to the verdict's folder
    rig: Mapping[str, Any] = field(default_factory=dict)  # what the rig says of itself: lateness, versions

    @property
    def outcome(self) -> Outcome:
        """A rig that failed says nothing about the gateway."""
        if self.rig_failures:
            return Outcome.RIG_FAILED
        return Outcome.PASSED if all(result.met for result in self.results) else Outcome.FAILED

    @property
    def exit_code(self) -> int:
        """0 passed, 1 a criterion missed, 4 the rig failed."""
        return EXIT_CODES[self.outcome]

    def reports_at_fault(self) -> list[Judged]:
        """Reports that were repeats, stale or invented, and delivered ones with something else wrong."""
        return [one for one in self.judgement.reports if one.kind in AT_FAULT or one.flags]

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for verdict.json."""
        judgement = self.judgement
        truths, reports, flags = judgement.of_truths(), judgement.of_reports(), judgement.of_flags()
        faulty = self.reports_at_fault()
        return {
            "format": FORMAT,
            "suite": self.suite,
            "outcome": self.outcome.value,
            "rig_failures": list(self.rig_failures),
            "rig": dict(self.rig),
            "duration_ms": judgement.history.end_ms,
            "criteria": [
                {"name": one.name, "wanted": one.wanted, "found": one.found, "met": one.met} for one in self.results
            ],
            "truths": {"all": len(judgement.truths), **{kind.value: truths[kind] for kind in TruthClass}},
            "reports": {"all": len(judgement.reports), **{kind.value: reports[kind] for kind in ReportClass}},
            "delivered_but": {flag.value: flags[flag] for flag in Flag},
            "losses": [{**loss._asdict(), "reason": loss.reason.value} for loss in judgement.losses[:MOST_LISTED]],
            "losses_not_listed": max(len(judgement.losses) - MOST_LISTED, 0),
            "reports_at_fault": [_report(one) for one in faulty[:MOST_LISTED]],
            "reports_at_fault_not_listed": max(len(faulty) - MOST_LISTED, 0),
            "outages": [
                {
                    **_outage(one.outage),
                    "back_ms": one.back_ms,
                    "waited_ms": one.waited_ms,
                    "came_back": one.in_time,
                }
                for one in judgement.recoveries
            ],
            "latency_ms": {"quiet": latencies(judgement, quiet=True), "all": latencies(judgement, quiet=False)},
            "uptime": round(uptime(judgement), 6),
            "devices": [total._asdict() for total in judgement.totals],
            "evidence": list(self.evidence),
        }


def conclude(
    suite: str,
    judgement: Judgement,
    criteria: Criteria,
    rig_failures: Sequence[str] = (),
    evidence: Sequence[str] = (),
    rig: Mapping[str, Any] | None = None,
    further: Sequence[Result] = (),
) -> Verdict:
    """The verdict on a judgement by a suite's criteria, and by `further` ones that hold for all suites."""
    return Verdict(suite, judgement, [*further, *evaluate(criteria, judgement)], rig_failures, evidence, rig or {})


def latencies(judgement: Judgement, quiet: bool) -> dict[str, int | None]:
    """Percentiles of latency, ms; `quiet`: of those alone that no outage has held up."""
    values = [one.ms for one in judgement.latencies if one.quiet or not quiet]
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {"count": len(values), **{name: quantile(values, share) for name, share in shares.items()}}


def _report(judged: Judged) -> dict[str, Any]:
    """A report as the gateway made it; texts that no file could hold are made legible."""
    said = {name: _text(value) if isinstance(value, str) else value for name, value in judged.report._asdict().items()}
    return {"what": [judged.kind.value, *sorted(flag.value for flag in judged.flags)], **said}


def _text(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def _outage(outage: Outage) -> dict[str, Any]:
    return {
        "cause": outage.cause.value,
        "fault": outage.fault,
        "from_ms": outage.from_ms,
        "to_ms": outage.to_ms,
        "devices": sorted(outage.devices),
    }


def write_verdict(verdict: Verdict, folder: Path) -> None:
    """verdict.json and junit.xml in a folder that is there."""
    text = json.dumps(verdict.as_dict(), indent=2, ensure_ascii=False, allow_nan=False)
    (folder / "verdict.json").write_text(text + "\n", encoding="utf-8")
    (folder / "junit.xml").write_bytes(junit(verdict))


def junit(verdict: Verdict) -> bytes:
    """A test suite with a test case for the rig and one per criterion; those of a rig that failed are skipped."""
    missed = [result for result in verdict.results if not result.met]
    broken = verdict.outcome is Outcome.RIG_FAILED
    name = _legible(verdict.suite)
    suite = ElementTree.Element(
        "testsuite",
        name=name,
        tests=str(1 + len(verdict.results)),
        failures="0" if broken else str(len(missed)),
        errors=str(int(broken)),
        skipped=str(len(verdict.results)) if broken else "0",
        time=f"{verdict.judgement.history.end_ms / 1000:.3f}",
    )
    rig = ElementTree.SubElement(suite, "testcase", classname=name, name="rig", time="0")
    if broken:
        ElementTree.SubElement(rig, "error", message=_legible("; ".join(verdict.rig_failures)))
    for result in verdict.results:
        case = ElementTree.SubElement(suite, "testcase", classname=name, name=result.name, time="0")
        if broken:
            ElementTree.SubElement(case, "skipped", message="the rig failed")
        elif not result.met:
            failure = ElementTree.SubElement(case, "failure", message=f"wanted {result.wanted}, found {result.found}")
            failure.text = "\n".join(map(_legible, _details(verdict, result)))
    root = ElementTree.Element("testsuites")
    root.append(suite)
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n'.encode()


def _details(verdict: Verdict, result: Result) -> list[str]:
    """The losses, or the reports, behind a missed criterion."""
    reason = TRUTHS_OF.get(result.name)
    losses = [
        f"{loss.device}: numbers {loss.from_number} to {loss.to_number}, {loss.from_ms} to {loss.to_ms} ms, "
        f"{loss.changes} changes of {', '.join(loss.signals)}"
        for loss in verdict.judgement.losses
        if loss.reason is reason
    ]
    what = REPORTS_OF.get(result.name) or FLAGS_OF.get(result.name)
    reports = [
        f"{report.device}: {report.signal} {report.value!r}, number {report.number}, time {report.time_ms}, "
        f"seen at {report.seen_ms} ms"
        for report, kind, _, flags in verdict.reports_at_fault()
        if what is kind or what in flags
    ]
    return [*losses, *reports][:MOST_LISTED]


def _legible(text: str) -> str:
    """XML knows no control characters."""
    return "".join(character if character.isprintable() else "?" for character in text)
