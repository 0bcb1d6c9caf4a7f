"""Comparisons with the true engine: pairs, directories, matching, limits, and everything that is refused."""

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import mro_twin
from sim.errors import RunDirectoryError, RunInterruptedError
from sim.run import simulation
from tests.comparison_samples import REGIONS, call, write_regions


def the_comparison(out: Path) -> Path:
    (path,) = out.glob("*-compare-*")
    return path


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of base, rich-a and twin."""
    folder = tmp_path_factory.mktemp("compared")
    result = call("compare", write_regions(folder), "--out", folder / "runs")
    assert result.exit_code == 0, result.output
    return the_comparison(folder / "runs")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Finished runs: of the base, of a variant, of the base with another seed, with another horizon."""
    folder = tmp_path_factory.mktemp("runs")
    file = write_regions(folder)
    wanted: dict[str, list[Any]] = {
        "base": [file],
        "rich": [f"{file}@rich-a", "-r", 3],
        "seed": [file, "--seed", 99],
        "short": [file, "--set", "horizon=9 wk"],
    }
    found = {}
    for name, arguments in wanted.items():
        assert call("run", *arguments, "--out", folder / name).exit_code == 0
        (found[name],) = (folder / name).iterdir()
    return found


def table(path: Path, variant: str, scope: str = "network") -> pd.DataFrame:
    rows = pd.read_parquet(path / "differences.parquet")
    return rows[(rows["variant"] == variant) & (rows["scope"] == scope)].set_index(
        "kpi" if scope == "network" else "key"
    )


# --- common random numbers --------------------------------------------------------------------------------------------
def test_variants_that_differ_in_nothing_differ_by_exactly_nothing(compared: Path) -> None:
    rows = pd.read_parquet(compared / "differences.parquet").query("variant == 'twin'")
    assert set(rows["scope"]) == {"network", "echelon", "class", "node"}
    assert (rows["difference"] == 0.0).all()
    assert (rows["half_width"] == 0.0).all()
    assert rows["identical"].all()
    document = json.loads((compared / "comparison.json").read_text())
    assert "twin and base are exactly the same in every KPI and every replication." in document["sentences"]
    assert not [change for change in document["changes"] if change["variant"] == "twin"]


def test_a_change_in_one_store_leaves_the_other_region_alone(compared: Path) -> None:
    kpis = {
        label: pd.read_parquet(compared / "variants" / label / "kpis.parquet").query("scope == 'node'")
        for label in ("base", "rich-a")
    }
    wide = {
        label: one.pivot(index=["key", "replication"], columns="kpi", values="value") for label, one in kpis.items()
    }
    demand = wide["base"]["demand_lines"].dropna()
    assert len(demand) == 4 * 4
    assert demand.equals(wide["rich-a"]["demand_lines"].dropna())
    pd.testing.assert_frame_equal(wide["base"].loc["shop-b"], wide["rich-a"].loc["shop-b"], check_exact=True)
    assert (wide["rich-a"].loc["shop-a", "fill_rate"] > wide["base"].loc["shop-a", "fill_rate"]).all()


def test_pairs_are_narrower_than_independent_runs(runs: dict[str, Path], tmp_path: Path) -> None:
    paired = mro_twin.compare(runs["base"], runs["rich"]).differences.set_index(["scope", "kpi"])
    apart = mro_twin.compare(runs["seed"], runs["rich"]).differences.set_index(["scope", "kpi"])
    stock = ("network", "stock_value")
    assert paired.loc[stock, "paired"].all()
    assert not apart.loc[stock, "paired"].any()
    assert paired.loc[stock, "half_width"].item() < apart.loc[stock, "half_width"].item() / 1.4


# --- the directory ----------------------------------------------------------------------------------------------------
def test_directory_holds_a_run_per_variant(compared: Path) -> None:
    manifest = json.loads((compared / "manifest.json").read_text())
    assert (manifest["kind"], manifest["base"], manifest["status"]) == ("comparison", "base", "complete")
    assert (manifest["seed"], manifest["replications"], manifest["confidence"]) == (4, 4, 0.95)
    assert [one["label"] for one in manifest["variants"]] == ["base", "rich-a", "twin"]
    for one in manifest["variants"]:
        run = compared / one["run"]
        assert json.loads((run / "manifest.json").read_text())["status"] == "complete"
        assert {path.name for path in run.iterdir()} >= {"kpis.parquet", "summary.json", "scenario.resolved.yaml"}
        assert len(list((run / "replications").iterdir())) == 4
    assert not list(compared.rglob("*.part"))


def test_differences_are_those_of_the_runs(compared: Path) -> None:
    values = {}
    for label in ("base", "rich-a"):
        kpis = pd.read_parquet(compared / "variants" / label / "kpis.parquet")
        values[label] = kpis.query("scope == 'network' and kpi == 'stock_value'").sort_values("replication")["value"]
    change = values["rich-a"].to_numpy() - values["base"].to_numpy()
    row = table(compared, "rich-a").loc["stock_value"]
    assert row["difference"] == pytest.approx(change.mean())
    assert row["base_mean"] == pytest.approx(values["base"].mean())
    assert (row["pairs"], row["unit"], row["verdict"]) == (4, "USD", "worse")
    assert row["adjusted_high"] - row["difference"] > row["half_width"]  # two variants against one base


def test_changes_are_listed_by_path(compared: Path) -> None:
    changes = json.loads((compared / "comparison.json").read_text())["changes"]
    (change,) = changes
    assert (change["variant"], change["path"], change["kind"]) == ("rich-a", "policies.2", "added")
    assert change["new"]["policy"]["level"] == 140


def test_a_node_on_one_side_counts_in_totals_only(tmp_path: Path) -> None:
    less = {"nodes": {"depot-b": None, "shop-b": None}, "lanes": REGIONS["lanes"][:2]}
    less["lanes"][0] = less["lanes"][0] | {"to": "depot-a"}
    file = write_regions(tmp_path, variants={"one": {"set": less}})
    found = mro_twin.compare(file, replications=2)
    assert {(one.scope, one.key, one.side) for one in found.one_sided} == {
        ("node", "depot-b", "base"),
        ("node", "shop-b", "base"),
    }
    rows = found.differences
    assert set(rows[rows["scope"] == "node"]["key"]) == {"depot-a", "shop-a", "maker"} - {"maker"}
    lines = rows[(rows["scope"] == "network") & (rows["kpi"] == "demand_lines")]
    assert (lines["difference"] < 0).all()
    assert any(change.path == "nodes.shop-b" and change.kind == "removed" for change in found.changes)


# --- finished runs ----------------------------------------------------------------------------------------------------
def test_finished_runs_are_compared_without_simulating(runs: dict[str, Path], tmp_path: Path) -> None:
    result = call("compare", runs["base"], runs["rich"], "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "rich-a and base have 3 and 4 replications: the first 3 pairs are used" in result.stdout
    found = the_comparison(tmp_path)
    row = table(found, "rich-a").loc["fill_rate"]
    assert (row["pairs"], row["paired"]) == (3, True)
    copied = found / "variants" / "rich-a"
    assert (copied / "kpis.parquet").is_file()
    assert (copied / "network" / "nodes.parquet").is_file()
    assert not (copied / "replications").exists()


def test_runs_of_the_same_name_are_told_apart_by_their_directories(runs: dict[str, Path], tmp_path: Path) -> None:
    own = Path(shutil.copytree(runs["base"], tmp_path / "before the move"))
    found = mro_twin.compare(runs["base"], runs["seed"], own)
    ids = [runs[name].name.rsplit("-", 1)[1] for name in ("base", "seed")]
    assert list(found.labels) == [f"regions-{ids[0]}", f"regions-{ids[1]}", "regions-before-the-move"]


def test_runs_with_other_chance_are_compared_by_welch_and_say_so(runs: dict[str, Path]) -> None:
    found = mro_twin.compare(runs["base"], runs["seed"])
    assert not found.differences["paired"].any()
    assert any("different seeds (99 and 4): not paired" in text for text in found.warnings)


def test_totals_of_runs_of_unequal_length_are_left_out(runs: dict[str, Path]) -> None:
    found = mro_twin.compare(runs["base"], runs["short"])
    kpis = set(found.differences["kpi"])
    assert {"fill_rate", "stock_value", "wait_mean"} <= kpis
    assert not {"demand_lines", "total_cost", "orders"} & kpis
    assert any("times of different length" in text for text in found.warnings)
    assert found.best is None


def test_a_finished_run_sets_seed_and_replications_for_a_scenario(runs: dict[str, Path], tmp_path: Path) -> None:
    file = write_regions(tmp_path, experiment={"replications": 9, "seed": 1})
    found = mro_twin.compare(runs["base"], f"{file}@twin")
    assert (found.seed, found.replications) == (4, 4)
    assert found.differences["identical"].all()


# --- options ----------------------------------------------------------------------------------------------------------
def test_limits_decide_the_exit_code(tmp_path: Path) -> None:
    file = write_regions(tmp_path)
    arguments = ("compare", f"{file}@rich-a", "--out", tmp_path / "runs")
    passed = call(*arguments, "--fail-if", "fill_rate:-0.5%", "--fail-if", "stock_value:+90%")
    assert passed.exit_code == 0, passed.output
    failed = call(*arguments, "--fail-if", "stock_value@node/shop-a:+5%", "--fail-if", "fill_rate:-0.5%")
    assert failed.exit_code == 1
    assert "--fail-if stock_value@node/shop-a:+5%: rich-a: stock value is" in failed.stderr


def test_json_is_json_and_prints_nothing_else(tmp_path: Path) -> None:
    result = call("compare", f"{write_regions(tmp_path)}@rich-a", "-r", 1, "--out", tmp_path / "runs", "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["replications"] == 1
    rows = {(row["scope"], row["kpi"]): row for row in document["differences"]}
    assert rows["network", "fill_rate"]["half_width"] is None
    assert {scope for scope, _ in rows} == {"network", "echelon"}
    assert any("one replication" in text for text in document["sentences"])


@pytest.mark.slow
def test_workers_change_nothing(tmp_path: Path, compared: Path) -> None:
    file = write_regions(tmp_path)
    assert call("compare", file, "-j", 2, "--out", tmp_path / "runs").exit_code == 0
    two = pd.read_parquet(the_comparison(tmp_path / "runs") / "differences.parquet")
    pd.testing.assert_frame_equal(two, pd.read_parquet(compared / "differences.parquet"), check_exact=True)


def test_matching_brings_the_fill_rates_together(tmp_path: Path) -> None:
    file = write_regions(tmp_path)
    result = call(
        "compare", f"{file}@rich-a", "-r", 6, "--match", "fill_rate", "--frontier", "--out", tmp_path / "runs"
    )
    assert result.exit_code == 0, result.output
    found = the_comparison(tmp_path / "runs")
    document = json.loads((found / "comparison.json").read_text())
    (match,) = document["match"]
    assert 0.5 < match["factor"] < 1.0
    assert len(match["tries"]) >= 2
    row = table(found, "rich-a").loc["fill_rate"]
    assert abs(row["difference"]) < 0.002
    assert row["difference"] == pytest.approx(match["difference"])
    assert any(change["path"] == "stock_factor" for change in document["changes"])
    assert f"stock_factor times {match['factor']:.4g}" in " ".join(document["sentences"])
    points = document["frontier"]
    assert len(points) == 12
    for variant in ("base", "rich-a"):
        own = [point for point in points if point["variant"] == variant]
        assert own[0]["service"] < own[-1]["service"]
        assert own[0]["kpis"]["stock_value"] < own[-1]["kpis"]["stock_value"]
    assert (found / "frontier.svg").read_bytes().startswith(b"<?xml")


def test_any_number_of_the_variant_can_be_matched_with(tmp_path: Path) -> None:
    level = "policies.2.policy.level"  # which the base does not have
    found = mro_twin.compare(f"{write_regions(tmp_path)}@rich-a", replications=3, match="line_fill_rate", scale=level)
    (match,) = found.matches
    assert match.path == level
    assert 60 < int(match.value) < 140
    row = found.differences.query("scope == 'network' and kpi == 'line_fill_rate'")
    assert abs(row["difference"].item()) < 0.002


def test_what_cannot_be_matched_says_what_was_tried(tmp_path: Path) -> None:
    late = {"nodes": {"maker": {"lead_time": "11 wk"}}}
    file = write_regions(tmp_path, variants={"late": {"set": late}})
    result = call("compare", file, "-r", 2, "--match", "on_order", "--out", tmp_path / "runs")
    assert result.exit_code == 1, result.output
    assert "late could not be brought to the base's on_order by stock_factor" in result.stderr
    assert "factor 1.25 (1.25), 2 replications:" in result.stderr
    assert json.loads((the_comparison(tmp_path / "runs") / "manifest.json").read_text())["status"] == "failed"


# --- stopped and resumed ----------------------------------------------------------------------------------------------
def test_a_stopped_comparison_keeps_what_is_finished_and_goes_on(
    tmp_path: Path, compared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_regions(tmp_path)
    true_engine = simulation.simulate_lazily

    def stop_in_the_second(network: Any, seed: int, replication: int, **options: Any) -> Any:
        if network.variant == "rich-a" and replication == 2:
            raise RunInterruptedError("stopped")
        return true_engine(network, seed, replication, **options)

    with monkeypatch.context() as patch:
        patch.setattr(simulation, "simulate_lazily", stop_in_the_second)
        stopped = call("compare", file, "--out", tmp_path / "runs")
    assert stopped.exit_code == 130
    assert "--resume" in stopped.stderr
    path = the_comparison(tmp_path / "runs")
    assert json.loads((path / "manifest.json").read_text())["status"] == "interrupted"
    assert [len(list((path / "variants" / label / "replications").iterdir())) for label in ("base", "rich-a")] == [4, 2]

    simulated = []

    def count(network: Any, seed: int, replication: int, **options: Any) -> Any:
        simulated.append((network.variant, replication))
        return true_engine(network, seed, replication, **options)

    monkeypatch.setattr(simulation, "simulate_lazily", count)
    resumed = call("compare", file, "--out", path, "--resume")
    assert resumed.exit_code == 0, resumed.output
    assert simulated == [("rich-a", 2), ("rich-a", 3), *(("twin", number) for number in range(4))]
    mine, theirs = (pd.read_parquet(one / "differences.parquet") for one in (path, compared))
    pd.testing.assert_frame_equal(mine, theirs, check_exact=True)
    other = call("compare", file, "--seed", 77, "--out", path, "--resume")
    assert other.exit_code == 2
    assert "nothing to resume" in other.stderr


def test_a_run_is_resumed_also_where_comparisons_lie_beside_it(tmp_path: Path, compared: Path) -> None:
    file = write_regions(tmp_path)
    shutil.copytree(compared, tmp_path / "runs" / f"9{compared.name}")
    assert call("run", file, "-r", 1, "--out", tmp_path / "runs").exit_code == 0
    assert call("run", file, "-r", 2, "--out", tmp_path / "runs", "--resume").exit_code == 0


# --- everything that is refused ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{file}@nobody", "{file}"], "there is no variant `nobody`"),
        (["{file}", "nowhere.yaml"], "there is no such scenario"),
        (["one-store"], "has nothing to be compared with"),
        (["{run}"], "name at least two"),
        (["{run}", "{run}", "--set", "horizon=3 wk"], "--set has nothing to change"),
        (["{run}", "{run}", "--seed", "3"], "--seed has nothing to do"),
        (["{run}", "{run}", "-r", "3"], "-r has nothing to do"),
        (["{run}", "{run}", "--frontier"], "--frontier needs scenarios"),
        (["{file}", "{run}", "--match", "fill_rate"], "--match needs scenarios to simulate"),
        (["{file}", "--match", "fil_rate"], "did you mean 'fill_rate'?"),
        (["{file}", "--match", "fill_rate", "--scale", "stock_facto"], "--scale stock_facto: there is nothing"),
        (["{file}", "--match", "fill_rate", "--scale", "name"], "'regions' is not a number above zero"),
        (["{file}", "--match", "fill_rate", "--scale", "nodes"], "is not a number"),
        (["{file}", "--match", "fill_rate", "--scale", "lanes.9.from"], "`9` is not one of the 3 positions"),
        (["{file}", "--best", "orders"], "neither more nor less of it is better"),
        (["{file}", "--best", "beauty"], "there is no KPI 'beauty'"),
        (["{file}", "--fail-if", "fill_rate"], "this is not KPI:LIMIT"),
        (["{file}", "--fail-if", "fill_rte:-1%"], "did you mean 'fill_rate'?"),
        (["{file}", "--fail-if", "fill_rate@moon/x:-1%"], "there is no scope 'moon'"),
        (["{file}", "-r", "1", "--fail-if", "fill_rate@node/shop-z:-1%"], "no fill_rate of node 'shop-z'"),
        (["{file}", "--set", "horizn=3 wk"], "did you mean `horizon`?"),
        (["{file}", "--set", "stock_factor=0"], "stock_factor"),
        (["{file}", "--set", "warm_up=auto"], "state one for all of them"),
        (["{file}", "--resume"], "nothing to resume"),
        (["{folder}", "{file}"], "is not a run directory: it has no manifest.json"),
    ],
)
def test_bad_input_is_named(arguments: list[str], message: str, runs: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    places = {"file": write_regions(tmp_path), "run": runs["base"], "folder": tmp_path / "empty"}
    out = tmp_path / "runs"
    result = call("compare", *(one.format(**places) for one in arguments), "--out", out)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_an_unusable_network_leaves_nothing_behind(tmp_path: Path) -> None:
    file = write_regions(tmp_path, variants={"cut": {"set": {"lanes": REGIONS["lanes"][:2]}}})
    result = call("compare", file, "--out", tmp_path / "runs")
    assert result.exit_code == 2
    assert not (tmp_path / "runs").exists()


def spoil_manifest(run: Path, **change: Any) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text(json.dumps(manifest | change))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda run: spoil_manifest(run, format=1, versions={"mro-twin": "0.0.1"}),
            r"written by mro-twin 0\.0\.1 in format 1, mro-twin \S+ reads format \d+; run the scenario again",
        ),
        (lambda run: spoil_manifest(run, status="interrupted", finished=2), "2 of 4 replications are whole"),
        (lambda run: (run / "manifest.json").write_text("{"), r"manifest\.json is damaged: it is no JSON"),
        (lambda run: (run / "manifest.json").write_text("[]"), r"manifest\.json is damaged: it does not hold what"),
        (lambda run: (run / "manifest.json").write_text("{}"), r"manifest\.json is damaged: it does not hold what"),
        (lambda run: (run / "manifest.json").write_text('{"format": 2}'), r"manifest\.json is damaged: it does not"),
        (lambda run: (run / "kpis.parquet").write_bytes(b"PAR1"), r"kpis\.parquet is missing or damaged"),
        (lambda run: (run / "kpis.parquet").unlink(), r"kpis\.parquet is missing or damaged"),
        (
            lambda run: pd.DataFrame({"x": [1]}).to_parquet(run / "kpis.parquet"),
            r"kpis\.parquet is damaged: it does not have the columns",
        ),
        (lambda run: (run / "scenario.resolved.yaml").unlink(), r"scenario\.resolved\.yaml is missing or damaged"),
        (lambda run: (run / "scenario.resolved.yaml").write_text("- 1"), r"scenario\.resolved\.yaml is damaged"),
    ],
)
def test_runs_that_cannot_be_used_are_refused(spoil: Any, message: str, runs: dict[str, Path], tmp_path: Path) -> None:
    run = shutil.copytree(runs["base"], tmp_path / "run")
    spoil(run)
    with pytest.raises(RunDirectoryError, match=message):
        mro_twin.compare(runs["base"], run)
    result = call("compare", runs["base"], run, "--out", tmp_path / "out")
    assert (result.exit_code, result.stdout) == (2, "")
    assert not (tmp_path / "out").exists()


def test_a_comparison_is_no_run(runs: dict[str, Path], compared: Path) -> None:
    with pytest.raises(RunDirectoryError, match="is a comparison; name one of the runs in"):
        mro_twin.compare(runs["base"], compared)


def test_python_refuses_what_makes_no_sense() -> None:
    for arguments in ({"replications": 0}, {"workers": 0}):
        with pytest.raises(ValueError, match="at least 1"):
            mro_twin.compare("two-echelon", **arguments)
    with pytest.raises(ValueError, match="at least two"):
        mro_twin.compare()
