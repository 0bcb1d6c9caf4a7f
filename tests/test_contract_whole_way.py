"""From a scenario file to its invoices: a plant without any chance in it, whose bills are worked out by hand.

Two machines run Monday to Friday from 6 to 22 h and use a kilogram of grease each after every 40 running hours: on
Wednesdays at 14 h and on Fridays at 22 h. From Monday, 5 January 2026 on that is 2 kg twice a week.
"""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import mro_twin

SCENARIO = """\
name: by-hand
start: 2026-01-05
horizon: 8 wk
currency: USD
items:
  grease: {unit: 0.1 kg, cost: 4.40 USD/kg, critical: true}
nodes:
  works:
    kind: plant
    shifts: [{days: [mon, tue, wed, thu, fri], from: "06:00", to: "22:00"}]
    people: {fitters: 2}
    lines:
      turning:
        machines:
          lathe-{1..2}: {uses: {grease: {every: 40 h, quantity: 1 kg, from: shelf}}}
  shelf: {kind: shelf, at: works}
  maker: {kind: supplier, lead_time: 1 d}
lanes: [{from: maker, to: shelf}]
policies: [{nodes: shelf, items: grease, policy: {kind: base_stock, level: 20 kg}, on_hand: 20 kg}]
contracts:
  service:
    customer: works
    title: use
    payment_terms: 10 d
    terms:
      base: {kind: subscription, amount: 310 USD}
      grease: {kind: usage, items: grease, price: 8.005 USD/kg}
      hours: {kind: running_hours, lines: turning, price: 0.25 USD}
    sla:
      grease: {measure: availability, items: grease, target: 99 %, window: month, penalty: {lump_sum: 500 USD}}
    amendments:
      - from: 2026-02-16
        terms: {grease: {kind: usage, items: grease, price: 7 USD/kg}}
        ends: [hours]
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("by-hand")
    (folder / "by-hand.yaml").write_text(SCENARIO)
    scenario = mro_twin.load_scenario(folder / "by-hand.yaml")
    path = mro_twin.simulate(scenario, replications=1, out=folder / "runs").path
    assert path is not None
    return path


def table(run: Path, name: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = pq.ParquetFile(run / "replications" / "0000" / f"{name}.parquet").read().to_pylist()
    return rows


def test_the_plant_is_as_the_hand_works_it_out(run: Path) -> None:
    used = [(row["time_ms"], row["quantity"]) for row in table(run, "usage")]
    hour, week = 3_600_000, 7 * 86_400_000
    times = [begin * week + at * hour for begin in range(8) for at in (2 * 24 + 14, 4 * 24 + 22)]
    assert sorted(used) == sorted((time, 10) for time in times for _ in range(2))


def test_invoices_by_hand(run: Path) -> None:
    # January from the 5th: 27 of 31 days. Four weeks to 30 January: 16 kg and 4 x 80 h.
    january = {"base": 270_00, "grease": 128_08, "hours": 80_00}
    # February up to 1 March, whole. Two weeks to the amendment on the 16th: 8 kg, 160 h; then two weeks at 7 USD: 8 kg.
    # The last eight at 8.005 USD are the difference of rounded totals: 24 kg cost 192.12, of which 128.08 are billed.
    february = {"base": 310_00, "grease": (192_12 - 128_08) + 56_00, "hours": 40_00}
    lines: dict[tuple[object, str], int] = {}
    for row in table(run, "invoice_lines"):
        key = row["invoice"], str(row["term"])
        lines[key] = lines.get(key, 0) + int(row["minor"])  # type: ignore[call-overload]
    months = (january, february, {"base": 10_00})  # 1 March, the last day, is one of 31
    assert lines == {(number, name): minor for number, month in enumerate(months) for name, minor in month.items()}
    assert [row["minor"] for row in table(run, "invoices")] == [sum(month.values()) for month in months]


def test_the_command_shows_the_same_invoices(run: Path) -> None:
    command = [sys.executable, "-m", "mro_twin", "ledger", "invoices", str(run), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    shown = json.dumps(json.loads(done.stdout))
    assert all(str(minor) in shown for minor in (478_08, 470_04, 10_00))


def test_what_was_used_is_the_customers_and_the_rest_the_suppliers(run: Path) -> None:
    moves = table(run, "title_moves")
    assert sum(int(row["units"]) for row in moves) == 320  # type: ignore[call-overload]
    ledger = table(run, "ledger")
    by_account: dict[str, int] = {}
    for row in ledger:
        by_account[str(row["account"])] = by_account.get(str(row["account"]), 0) + int(row["minor"])  # type: ignore[call-overload]
    assert sum(by_account.values()) == 0
    assert by_account["cost_of_goods"] == 32 * 440
    assert by_account["revenue.usage"] == -(192_12 + 56_00)
