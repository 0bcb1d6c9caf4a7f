"""Policies from outside: from Python and from a file, in the scenario language, in the network, and in a run."""

import json
import os
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from click.testing import CliRunner
from pydantic import Field

from mro_twin.cli import cli
from mro_twin.validate_command import command as validate
from policies import registry
from policies.custom import CustomPolicy, Int64Array, PolicyError, View, needs_of, policy
from policies.registry import ENTRY_POINTS, FILES_VARIABLE, PolicyFileError, load_policy_file
from sim import columns as c
from sim.build.network_builder import build_network
from sim.engine import simulate_replication
from sim.errors import DecisionError
from sim.network import Network
from sim.scenario import ScenarioError, load_scenario
from sim.scenario.kinds import know_all_policies
from sim.scenario.schema import json_schema
from sim.views import Views
from tests import sample_policy
from tests.scenario_samples import SAMPLE, findings_of, sample, write

DAY_MS = 86_400_000
NEW_FILE = """\
from typing import Literal
from policies.custom import CustomPolicy, policy

@policy("{kind}")
class FromAFile(CustomPolicy):
    kind: Literal["{kind}"] = "{kind}"

    def decide(self, view):
        return 5 - view.position
"""


@policy("test_s_S")
class PythonOrderUpTo(CustomPolicy):
    """(s, S) once more, in Python."""

    kind: Literal["test_s_S"] = Field("test_s_S", description="name of the policy")
    s: int = Field(10, description="reorder point")
    up_to: int = Field(30, description="target")
    fails_on_day: int = Field(-1, description="for tests: when it raises an error")

    def decide(self, view: View) -> Int64Array:
        """What is missing to the target, at or below the reorder point."""
        if view.time_ms // DAY_MS == self.fails_on_day:
            raise ZeroDivisionError("no day")
        return np.where(view.position <= self.s, self.up_to - view.position, 0)


@pytest.fixture
def variable() -> Iterator[None]:
    """Leaves the environment as it was."""
    before = os.environ.pop(FILES_VARIABLE, None)
    yield
    os.environ.pop(FILES_VARIABLE, None)
    if before is not None:
        os.environ[FILES_VARIABLE] = before


SCENARIO = SAMPLE.replace("26 wk", "6 wk").replace("{kind: base_stock, level: 14 d}, multiple: 0.5 kg", "{kind: %s}")


def built(policy: dict[str, Any], **shop: Any) -> Network:
    data = sample()
    data["nodes"]["shop"] |= shop
    data["policies"] = [{"nodes": "shop", "items": "filter", "policy": policy}]
    return build_network(load_scenario(data | {"horizon": "20 wk"}))


# --- in the language --------------------------------------------------------------------------------------------------


def test_a_policy_registered_late_is_known_everywhere() -> None:
    data = sample()
    entry = {"nodes": "shop", "items": "filter", "policy": {"kind": "lead_time_cover", "days": 3}}
    data["policies"].append(entry)
    scenario = load_scenario(data)
    assert scenario.policies[-1].policy == sample_policy.LeadTimeCover(days=3)
    assert load_scenario(scenario.resolved()) == scenario
    entry["policy"] = {"kind": "lead_time_cover", "dys": 3}
    assert [finding.hint for finding in findings_of(data)] == ["did you mean `days`?"]
    entry["policy"] = {"kind": "lead_time_cove"}
    assert [finding.hint for finding in findings_of(data)] == ["did you mean `lead_time_cover`?"]
    know_all_policies()
    assert "LeadTimeCover" in json_schema()["$defs"]


def test_a_policy_works_in_the_generator() -> None:
    data = sample()
    data["generator"] = {
        "items": {"count": 20, "price": {"lognormal": {"median": "300 USD", "sigma": 1.6}}},
        "demand": {"nodes": "shop", "jobs_per_day": {"mean": 3}, "popularity": {"zipf": 1.05}},
        "stocking": [{"nodes": "shop", "items": {"top": 5}, "policy": {"kind": "lead_time_cover"}}],
    }
    network = build_network(load_scenario(data))
    assert ((network.parameter[:, c.P_POLICY] == c.POLICY_PYTHON).sum(), len(network.deciders)) == (5, 1)


def test_a_stocking_table_cannot_give_it(tmp_path: Path) -> None:
    (tmp_path / "stock.csv").write_text("node,item,policy\nshop,filter,lead_time_cover\n")
    found = findings_of(write(tmp_path, SAMPLE + "stocking_table: stock.csv\n"))
    assert [finding.message for finding in found] == ["a lead_time_cover policy has other settings than levels"]


# --- in the network ---------------------------------------------------------------------------------------------------


def test_stock_points_of_a_policy() -> None:
    network = built({"kind": "lead_time_cover", "days": 9})
    point = network.stock_point("shop", "filter")
    found = network.parameter[point]
    assert (found[c.P_POLICY], found[c.P_POLICY_ROW], found[c.P_REORDER_POINT]) == (c.POLICY_PYTHON, 0, -1)
    assert found[c.P_FLAGS] & c.SP_STOCKED
    assert network.deciders == (sample_policy.LeadTimeCover(days=9),)
    assert network.initial_on_hand[point] == found[c.P_ORDER_UP_TO] == 30  # ten days of three a day


def test_a_policy_that_fails_is_a_finding() -> None:
    with pytest.raises(ScenarioError, match="policy `test_s_S` failed at `shop`: ZeroDivisionError: no day"):
        built({"kind": "test_s_S", "s": 1, "up_to": 2, "fails_on_day": 0})


def test_what_a_policy_sees() -> None:
    data = sample() | {"start": "2026-01-07 06:30"}  # a Wednesday
    data["policies"][0] |= {"minimum_order": 4, "multiple": 2, "capacity": 90}
    network = build_network(load_scenario(data))
    point = network.stock_point("shop", "filter")
    state = np.zeros((network.stock_points, c.STATE_COLUMNS), dtype=np.int64)
    state[point, [c.S_RECORDED, c.S_ON_HAND, c.S_ON_ORDER, c.S_WAITING]] = [5, 6, 7, 3]
    seen = Views(network).of(state, np.array([point]), 4 * DAY_MS + 18 * 3_600_000)
    assert (seen.node, seen.items, seen.weekday, seen.time_of_day_ms) == ("shop", ("filter",), 0, 30 * 60_000)
    assert (seen.on_hand[0], seen.on_order[0], seen.waiting[0], seen.position[0]) == (5, 7, 3, 9)
    assert (seen.minimum_order[0], seen.multiple[0], seen.capacity[0]) == (4, 2, 90)
    assert (seen.lead_time_days[0], seen.unit_cost[0]) == (1.0, 24.75)
    assert seen.mean_demand_per_day[0] == pytest.approx(3.0)
    assert np.isnan(seen.forecast_per_day[0])
    seen.on_hand[0] = 0
    assert state[point, c.S_RECORDED] == 5  # a policy cannot change what it looks at


# --- in a run ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shop", [{}, {"review": {"every": "3 d"}}], ids=["continuous", "periodic"])
def test_a_rule_in_python_orders_what_the_built_in_one_does(shop: dict[str, Any]) -> None:
    in_python = built({"kind": "test_s_S", "s": 10, "up_to": 30}, **shop)
    built_in = built({"kind": "s_S", "reorder_point": 10, "order_up_to": 30}, **shop)
    orders = [simulate_replication(network, 1, 0).table("orders").to_pydict() for network in (in_python, built_in)]
    assert orders[0] == orders[1]
    assert len(orders[0]["time_ms"]) > 20


def test_a_policy_that_fails_in_a_run_is_named() -> None:
    network = built({"kind": "test_s_S", "s": 10, "up_to": 30, "fails_on_day": 40})
    with pytest.raises(DecisionError, match=r"policy `test_s_S` failed at `shop`, .* after the start: ZeroDivision"):
        simulate_replication(network, 1, 0)


@pytest.mark.parametrize("need", [2**62, 1e30, np.uint64(2**64 - 5)])
def test_needs_that_are_too_large_are_refused(need: Any) -> None:
    network = built({"kind": "test_s_S", "s": 10, "up_to": 30})
    points = np.array([network.stock_point("shop", "filter")])
    seen = Views(network).of(np.zeros((network.stock_points, c.STATE_COLUMNS), dtype=np.int64), points, 0)

    class Greedy:
        def decide(self, view: View) -> Any:
            return np.array([need])

    with pytest.raises(PolicyError, match=r"a need of .* of `filter` at `shop`: it is too large"):
        needs_of(Greedy(), seen)


def test_a_policy_that_needs_too_much_is_a_finding() -> None:
    with pytest.raises(
        ScenarioError, match=r"need of 4,611,686,018,427,387,904 of `filter` at `shop`: it is too large"
    ):
        built({"kind": "test_s_S", "s": 1, "up_to": 2**62})


@pytest.mark.parametrize("day", [0, 40])
def test_a_policy_cannot_end_the_run(day: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(self: PythonOrderUpTo, view: View) -> Int64Array:
        if view.time_ms // DAY_MS >= day:
            raise SystemExit(0)
        return np.where(view.position <= self.s, self.up_to - view.position, 0)

    monkeypatch.setattr(PythonOrderUpTo, "decide", leave)
    with pytest.raises((ScenarioError, DecisionError), match=r"policy `test_s_S` failed at `shop`.*: SystemExit: 0"):
        simulate_replication(built({"kind": "test_s_S", "s": 10, "up_to": 30}), 1, 0)


# --- from a file ------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("variable")
def test_a_file_of_policies(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(NEW_FILE.format(kind="from_a_file"))
    text = SAMPLE.replace("{kind: base_stock, level: 14 d}, multiple: 0.5 kg", "{kind: from_a_file}")
    scenario = str(write(tmp_path, text))
    without = CliRunner().invoke(validate, [scenario])
    assert (without.exit_code, "unknown kind `from_a_file`" in without.stderr) == (2, True)
    found = CliRunner().invoke(validate, [scenario, "--policies", str(path)])
    assert (found.exit_code, found.stderr) == (0, "")
    assert os.environ[FILES_VARIABLE] == str(path.resolve())  # for worker processes
    load_policy_file(path)  # a second time is nothing


@pytest.mark.usefixtures("variable")
@pytest.mark.parametrize("workers", [1, 2])
def test_compare_with_a_file_of_policies(tmp_path: Path, workers: int) -> None:
    path = tmp_path / "mine.py"
    path.write_text(NEW_FILE.format(kind=f"compared_by_{workers}"))
    ours = str(write(tmp_path, SCENARIO % f"compared_by_{workers}", "ours.yaml"))
    theirs = str(write(tmp_path, SAMPLE.replace("26 wk", "6 wk"), "theirs.yaml"))
    options = ["--policies", str(path), "-r", "2", "-j", str(workers), "--out", str(tmp_path / "runs"), "--json"]
    found = CliRunner().invoke(cli, ["compare", theirs, ours, *options])
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["replications"] == 2


@pytest.mark.usefixtures("variable")
def test_sweep_with_a_file_of_policies(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(NEW_FILE.format(kind="swept"))
    scenario = str(write(tmp_path, SCENARIO % "swept"))
    options = ["--vary", "policies.0.policy.order_up_to=20,30", "-r", "1", "--out", str(tmp_path / "runs"), "--json"]
    found = CliRunner().invoke(cli, ["sweep", scenario, *options, "--policies", str(path)])
    assert found.exit_code == 0, found.output
    assert len(json.loads(found.stdout)["points"]) == 2


def test_an_entry_point_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = EntryPoint("theirs", "no_such_module_of_theirs", ENTRY_POINTS)
    monkeypatch.setattr(registry, "entry_points", lambda group: [broken] if group == ENTRY_POINTS else [])
    monkeypatch.setattr(registry, "_loaded", set())
    with pytest.raises(ScenarioError, match="entry point `theirs` cannot be loaded: No module named"):
        load_scenario(sample())


def test_an_entry_point_is_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    ours = EntryPoint("ours", "tests.sample_policy", ENTRY_POINTS)

    def found(group: str) -> list[EntryPoint]:
        calls.append(group)
        return [ours]

    monkeypatch.setattr(registry, "entry_points", found)
    monkeypatch.setattr(registry, "_loaded", set())
    load_scenario(sample())
    load_scenario(sample())
    assert calls == ["mro_twin.policies"]


@pytest.mark.usefixtures("variable")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "there is no policy file"),
        ("1 / 0", "ZeroDivisionError"),
        ("def (", "SyntaxError"),
        (NEW_FILE.format(kind="s_S"), "two replenishment policies of kind 's_S'"),
        ("raise SystemExit(0)", "broken.py cannot be loaded: SystemExit: 0"),
        (
            NEW_FILE.format(kind="loose").replace('Literal["loose"]', "str"),
            "broken.py cannot be loaded: TypeError: FromAFile needs a field `kind: Literal",
        ),
        (NEW_FILE.format(kind="idle").replace("decide", "decode"), "TypeError: FromAFile needs a method `decide`"),
        (NEW_FILE.format(kind="plain").replace("(CustomPolicy)", ""), "FromAFile is not a configuration model"),
        (NEW_FILE.format(kind="bare").replace("@policy", "#"), "broken.py defines no policy: decorate a class with"),
        ("from policies.replenishment import *", "broken.py defines no policy"),
    ],
)
def test_a_file_that_cannot_be_loaded(tmp_path: Path, text: str | None, words: str) -> None:
    path = tmp_path / "broken.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(PolicyFileError, match=words):
        load_policy_file(path)
    os.environ[FILES_VARIABLE] = str(path)
    with pytest.raises(ScenarioError, match=words):
        load_scenario(sample())
