"""A twin as the plant of an acceptance run: the devices are the scenario's, and show what the twin does."""

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from device_emulators.faces.documents import FileError
from hil.accept.judging import TruthClass
from hil.accept.life import TwinLife, make_plant
from hil.accept.processes import RigError
from hil.accept.rig import Rig
from hil.accept.suite_file import read_suite
from hil.bridge import emulated_plant
from hil.bridge.emulated_plant import LivingPlant, read_scenario_plant
from hil.bridge.settings import modes_of
from hil.suites import suite_file
from mro_twin.cli import cli
from sim.errors import ConservationError
from sim.scenario import ScenarioError, load_scenario
from tests.bridge_samples import SCENARIO, in_loop

SUITE = """name: mine
duration: 1 min
scenario: {file: plant.yaml}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plant.yaml").write_text(SCENARIO)
    (tmp_path / "suite.yaml").write_text(SUITE)
    return tmp_path


def findings(file: Path, scenario: str | None = None) -> list[str]:
    with pytest.raises(FileError) as caught:
        read_suite(file, scenario=scenario)
    return [str(one).replace(f"{file.parent}/", "") for one in caught.value.findings]


# --- which devices ----------------------------------------------------------------------------------------------------


def test_all_that_holds_devices_is_served_unless_the_scenario_says_what(folder: Path) -> None:
    def devices() -> dict[str, str]:
        return {one.name: one.type for one in read_suite(folder / "suite.yaml").devices}

    assert devices() == {
        "vending": "vending_machine",
        "shelf-glove": "weighing_shelf",
        "shelf-drill": "weighing_shelf",
        "tank": "tank",
    }
    text = SCENARIO.replace("tank: {kind: tank,", "tank: {kind: tank, mode: emulated,")
    (folder / "plant.yaml").write_text(text)
    assert devices() == {"tank": "tank"}


def test_the_suites_that_come_along_run_on_the_scenario_that_comes_along() -> None:
    for name in ("smoke", "outages"):
        suite = read_suite(suite_file(name), scenario="hil")
        names = [one.name for one in suite.devices]
        assert names == ["vending-1", "vending-2", "shelf-filter", "shelf-wipes", "tank"]
        assert (suite.name, suite.scenario is not None and suite.scenario.rate) == (name, 600)


def test_a_scenario_goes_on_for_as_long_as_the_run(folder: Path) -> None:
    short = read_scenario_plant(str(folder / "plant.yaml"), 1)
    assert short.network.horizon_ms == 10 * 86_400_000
    long = read_scenario_plant(str(folder / "plant.yaml"), 11 * 86_400_000 + 1)
    assert long.network.horizon_ms == 11 * 86_400_000 + 3_600_000


# --- what is said of wrong ones ---------------------------------------------------------------------------------------


def test_one_plant_and_no_two(folder: Path) -> None:
    file = folder / "suite.yaml"
    file.write_text("name: mine\nduration: 1\n")
    assert findings(file) == [
        "suite.yaml:2: duration: 1 has no unit of time",
        "suite.yaml:1: say what the plant is: `devices`, or a `scenario`",
    ]
    file.write_text(SUITE + "devices: [{name: tank, type: tank}]\n")
    assert findings(file) == ["suite.yaml:1: the plant is either `devices` or a `scenario`, and both are there"]


def test_findings_of_a_scenario_stand_at_its_name(folder: Path) -> None:
    file = folder / "suite.yaml"
    file.write_text(SUITE.replace("plant.yaml", "palnt.yaml"))
    (finding,) = findings(file)
    assert finding.startswith("suite.yaml:3: scenario.file: ")
    assert "there is no such scenario" in finding
    (folder / "plant.yaml").write_text(SCENARIO.replace("cost: 2 USD", "cost: 2 EUR"))
    file.write_text(SUITE)
    (finding,) = findings(file)
    assert "plant.yaml:5: items.glove.cost" in finding
    file.write_text(SUITE.replace("plant.yaml", "one-store"))
    assert findings(file) == [
        "suite.yaml:3: scenario.file: one-store has no vending machine, shelf or tank that could be served"
    ]


def test_faults_are_about_devices_of_the_scenario(folder: Path) -> None:
    file = folder / "suite.yaml"
    fault = "faults: {faults: [{at: 1 s, for: 1 s, device: vending, fault: stuck, signals: [slot_3_count]}]}\n"
    file.write_text(SUITE + fault)
    (finding,) = findings(file)
    assert "there is no signal 'slot_3_count'" in finding
    file.write_text(SUITE + fault.replace("vending", "vendng").replace("slot_3", "slot_2"))
    assert "there is no device 'vendng'; there are shelf-drill, shelf-glove, tank, vending" in findings(file)[0]


@pytest.mark.parametrize(
    "more", ["mode: emulatd", "mode: hardware", "url: modbus://10.0.0.7/1", "mode: emulated, url: x"]
)
def test_modes_of_a_scenario_that_are_refused(more: str) -> None:
    with pytest.raises(ScenarioError, match="mode"):
        load_scenario(_with_mode(more))


def test_modes_of_a_scenario() -> None:
    scenario = load_scenario(_with_mode("mode: hardware, url: 'modbus://10.0.0.7/1'"))
    assert {name: (node.mode.value, node.url) for name, node in modes_of(scenario).items()} == {
        "tank": ("hardware", "modbus://10.0.0.7/1")
    }


def _with_mode(more: str) -> dict[str, object]:

    data: dict[str, object] = YAML(typ="safe").load(
        SCENARIO.replace("tank: {kind: tank,", f"tank: {{kind: tank, {more},")
    )
    return data


# --- the twin under way -----------------------------------------------------------------------------------------------


@in_loop
async def test_devices_show_what_the_twin_has_by_the_wall_s_clock() -> None:
    scenario = load_scenario({**_with_mode("mode: simulated"), "start": "2026-01-05"})
    plant = emulated_plant.ScenarioPlant(emulated_plant.network_of(scenario), ("vending", "tank"))
    living = LivingPlant(plant, 1, 3600.0)
    wall = [5.0]
    hosts = living.begin(lambda: wall[0])
    assert sorted(hosts) == ["tank", "vending"]
    assert hosts["tank"].reading("units").time_ms == 5000
    for _ in range(480):  # two days of the twin
        wall[0] += 0.1
        living.bridge.pacer.catch_up()
    books = living.bridge.ledger.books
    glove, drill = books.places("vending")
    shown = [hosts["vending"].reading(f"slot_{slot}_count").value for slot in (1, 2)]
    assert shown == [books.on_hand(glove.point), books.on_hand(drill.point)]
    times = [change.time_ms for change in hosts["vending"].journal if change.time_ms]  # 0: before it begun
    assert len(times) > 20
    assert times == sorted(times)
    assert 5000 <= times[0] < 8000 < times[-1] <= 53_000
    assert len(set(times)) > 10
    living.bridge.close()


@in_loop
async def test_books_that_do_not_close_are_the_rig_s_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    _, plant, life = make_plant(read_suite(suite_file("smoke"), scenario="hil"))
    assert isinstance(life, TwinLife)
    plant.until_ms = 0

    def broken(*_: object) -> None:
        raise ConservationError(0, [], 1)

    monkeypatch.setattr("hil.bridge.bridge.check_conservation", broken)
    with pytest.raises(RigError, match="the twin of the plant: conservation is broken"):
        await life.live()


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["modbus", "opcua"])
@pytest.mark.parametrize("journal", [64, 0])
def test_a_whole_run_on_a_scenario(tmp_path: Path, protocol: str, journal: int) -> None:
    """Its vending machines have two slots, which is not usual, and more in them; reboots empty the journals."""
    settings = ["duration=8 s", "rig_lateness=5 s", "late=20 s", "settle=6 s", f"scenario.protocol={protocol}"]
    settings += [f"scenario.journal={journal}", "poll=500 ms"]
    settings += ["faults.faults=[{at: 4 s, for: 500 ms, device: vending-1, fault: reboot}]"]
    suite = read_suite(suite_file("smoke"), settings, scenario="hil")
    verdict = asyncio.run(Rig(suite, tmp_path).run())
    assert verdict.rig_failures == []
    counts = verdict.judgement.of_truths()
    assert counts[TruthClass.LOST] == 0, verdict.as_dict()["losses"]
    assert counts[TruthClass.DELIVERED] > (60 if journal else 30)
    assert verdict.judgement.of_flags() == {}
    assert {truth.device for truth in verdict.judgement.history.truths} == {one.name for one in suite.devices}


def test_check_says_that_a_suite_is_good_for_a_scenario() -> None:
    result = CliRunner().invoke(cli, ["hil", "accept", "smoke", "--scenario", "hil", "--check"])
    assert (result.exit_code, result.stdout) == (0, "smoke is good\n")
    result = CliRunner().invoke(cli, ["hil", "accept", "smoke", "--scenario", "hill", "--check"])
    assert result.exit_code == 2
    assert "did you mean `hil`" in result.stderr
