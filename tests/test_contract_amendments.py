"""What amendments end and change in the books, and what a term that fails does to a run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from policies.contracts import BuyBack
from policies.contracts.sla import Sla
from sim.contract_plan import TITLE_DELIVERY, PlannedSla
from sim.contracts.books import books_of
from sim.contracts.kpis import contract_scopes
from sim.errors import ContractError
from sim.kpi.table import kpi_table
from sim.record.records import DAY_MS
from tests.contract_run_samples import contract_sample
from tests.contract_samples import (
    COVERED,
    base_fee,
    contract,
    empty_gloves,
    planned,
    title_rule,
    usage_term,
    with_contracts,
)
from tests.hand_plants import FILTER, plant_week
from tests.hand_records import HORIZON_MS
from tests.scenario_samples import write

FAILING = """
from typing import ClassVar, Literal
from pydantic import Field
from policies.contracts.term import Charges, Facts, Measures, Term, contract_term

@contract_term("broken")
class Broken(Term):
    kind: Literal["broken"] = Field("broken", description="name of the term")
    stream: ClassVar[str] = "broken"

    def charges(self, facts: Facts, measures: Measures) -> Charges:
        raise RuntimeError("no idea what to charge")
"""


def level(target: str, penalty: str, from_ms: int, to_ms: int) -> PlannedSla:
    """A promise of gloves over windows of two days."""
    settings = {"measure": "availability", "target": target, "window": "2 d", "penalty": {"lump_sum": penalty}}
    sla = Sla.model_validate(settings, context={"currency": "USD"})
    return PlannedSla("gloves", sla, COVERED[2:], np.zeros((0, 2), np.int64), from_ms, to_ms)


def test_windows_of_a_changed_service_level_are_whole_from_its_amendment_on() -> None:
    levels = (level("99%", "12 USD", 0, 5 * DAY_MS), level("10%", "7 USD", 5 * DAY_MS, HORIZON_MS))
    plan = contract(planned("base", base_fee("310 USD")), slas=levels)
    records = with_contracts(empty_gloves(), plan)
    (found,) = books_of(records)
    windows = [(one.from_ms // DAY_MS).tolist() for _, one in found.sla]
    assert windows == [[0, 2, 4], [5, 7, 9]]  # those cut to a day are half as long, and count
    penalties = [one.penalty_minor.tolist() for _, one in found.sla]
    assert penalties == [[0, 0, 0], [0, 0, 700]]  # gloves are out from day 7.5 on: 25 % of [7, 9), nothing of [9, 10)
    rows = kpi_table(records, {"sla"}, contract_scopes(records.network, [found])).to_pylist()
    kpis = {row["kpi"]: row["value"] for row in rows if row["key"] == "service/gloves"}
    assert kpis["sla_attainment"] == pytest.approx(4 / 5)  # of the windows that end after day 2
    assert kpis["penalty_total"] == 7
    assert kpis["penalty_paid"] == 1


def test_a_service_level_that_never_holds_has_no_windows() -> None:
    plan = contract(planned("base", base_fee("310 USD")), slas=(level("99%", "12 USD", HORIZON_MS, 2 * HORIZON_MS),))
    (found,) = books_of(with_contracts(empty_gloves(), plan))
    assert found.sla == ()


def test_buy_back_of_a_part_that_an_amendment_ends_buys_nothing() -> None:
    term = BuyBack.model_validate({"kind": "buy_back", "share": "50%"}, context={"currency": "USD"})
    owned = {"titles": (title_rule(TITLE_DELIVERY),)}
    early = contract(planned("back", term, [FILTER], to_ms=5 * DAY_MS), **owned)
    (ended,) = books_of(with_contracts(plant_week(), early))
    assert ended.charges.minor.tolist() == []
    (kept,) = books_of(with_contracts(plant_week(), contract(planned("back", term, [FILTER], 5 * DAY_MS), **owned)))
    assert kept.charges.minor.tolist()[0] < 0
    assert kept.charges.time_ms.tolist() == [HORIZON_MS - 1]


def test_a_term_that_fails_ends_the_run_as_bad_input(tmp_path: Path) -> None:
    policy = tmp_path / "broken.py"
    policy.write_text(FAILING)
    data = contract_sample()
    data["contracts"]["service"] = data["contracts"]["service"] | {"terms": {"odd": {"kind": "broken"}}}
    command = [
        sys.executable,
        "-m",
        "mro_twin",
        "run",
        str(write(tmp_path, json.dumps(data, default=str))),
        "--policies",
        str(policy),
    ]
    for workers in ("1", "2"):
        more = ["-r", "2", "-j", workers, "--out", str(tmp_path / "runs")]
        done = subprocess.run([*command, *more], capture_output=True, text=True, env=dict(os.environ), timeout=120)
        assert done.returncode == 2, done.stderr
        assert "contract `service`, term `odd`: contract term `broken` failed: RuntimeError: no idea" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_price_of_another_unit_is_bad_input() -> None:
    plan = contract(planned("filters", usage_term("45 USD/kg"), [FILTER]))
    with pytest.raises(ContractError, match=r"contract `service`, term `filters`: .*kg"):
        books_of(with_contracts(plant_week(), plan))
