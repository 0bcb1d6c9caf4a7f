"""The pytest plugin, by runs of pytest on tests as a user writes them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]

CONFTEST = """
import pytest

@pytest.fixture
def hil_suite():
    return {
        "name": "mine", "duration": "1 min", "poll": "200 ms", "broker": {"kind": "auto"},
        "devices": [{"name": "vending", "type": "vending_machine"}, {"name": "tank", "type": "tank"}],
        "gateway": {"stop_within": "2 s"},
    }
"""


@pytest.fixture
def runner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = -p hil.pytest_plugin --strict-markers")
    return pytester


def test_devices_links_gateway_and_reports(runner: pytest.Pytester) -> None:
    runner.makeconftest(CONFTEST)
    runner.makepyfile(
        """
        import pytest
        from device_emulators.signals import SignalError

        def test_a_write_is_reported_also_after_an_outage(hil_bench):
            tank = hil_bench.device("tank")
            tank.write("low_level", 33)
            assert tank.read("low_level") == 33
            assert hil_bench.wait_for("tank", "low_level", 33).number > 0
            before = len(hil_bench.reports)
            with hil_bench.broken("link", "uplink", "refuse"):
                hil_bench.device("vending").write("slot_1_vend", True)
            assert hil_bench.wait_for("vending", "turns", 1, after=before).value == 1
            hil_bench.device("tank").act(lambda tank: tank.write("low_level", 34))
            hil_bench.wait_for("tank", "low_level", 34)
            with hil_bench.broken("device", "tank", "silent"), hil_bench.broken("process", "gateway", "kill"):
                pass
            assert set(hil_bench.places) >= {"modbus_port", "mqtt_url"}

        def test_what_does_not_come_is_told(hil_bench):
            with pytest.raises(AssertionError, match="no report of low_level of tank = 99 within 0.5 s"):
                hil_bench.wait_for("tank", "low_level", 99, within_s=0.5)
            with pytest.raises(SignalError):
                hil_bench.device("tank").read("colour")
            with pytest.raises(ValueError, match="is a fault of a link"), hil_bench.broken("device", "tank", "refuse"):
                pass
            with pytest.raises(LookupError, match="there is no device 'nope'; there are tank, vending"):
                hil_bench.device("nope")
            for kind, fault, known in (
                ("link", "refuse", "device, uplink"), ("device", "silent", "tank, vending"),
                ("process", "kill", "broker, gateway"),
            ):
                with pytest.raises(LookupError, match=f"there is no {kind} 'nope'; there are {known}"):
                    with hil_bench.broken(kind, "nope", fault):
                        pass
        """
    )
    runner.runpytest_subprocess("-q").assert_outcomes(passed=2)


@contextmanager
def emulated(kind: str, *face: str) -> Iterator[dict[str, Any]]:
    """A device of another process, in place of a real one; gives where it is."""
    command = [sys.executable, "-m", "mro_twin", "emulate", kind, *face, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
            process.stdout.read()


def test_the_same_tests_on_a_bench(runner: pytest.Pytester) -> None:
    runner.makeconftest(CONFTEST)
    runner.makepyfile(
        """
        import pytest
        from device_emulators.signals import SignalError

        def test_a_write(hil_bench):
            hil_bench.device("tank").write("low_level", 33)
            assert hil_bench.device("tank").read("low_level") == 33
            hil_bench.device("vending").write("slot_1_par", 2)
            assert hil_bench.device("vending").read("slot_1_par") == 2
            for name in ("tank", "vending"):
                with pytest.raises(SignalError):
                    hil_bench.device(name).read("colour")
            assert hil_bench.is_real

        def test_that_acts(hil_bench):
            hil_bench.device("tank").act(lambda tank: None)

        def test_that_means_a_link_that_no_bench_has(hil_bench):
            with pytest.raises(LookupError, match="there is no link 'devcie'; there are device, uplink"):
                with hil_bench.broken("link", "devcie", "refuse"):
                    pass

        def test_that_breaks_a_link(hil_bench):
            with hil_bench.broken("link", "device", "refuse"):
                pass

        @pytest.mark.hil_emulated
        def test_that_needs_emulated_devices(hil_bench):
            pass
        """
    )
    with (
        emulated("tank", "--opcua", "opc.tcp://127.0.0.1:0") as tank,
        emulated("vending_machine", "--modbus", ":0") as vending,
    ):
        addresses = {
            "tank": {"address": tank["opcua"]["url"], "node": "tank-1"},
            "vending": {"address": f"modbus://127.0.0.1:{vending['modbus']['port']}/1"},
        }
        runner.path.joinpath("bench.yaml").write_text(json.dumps({"devices": addresses}))
        runner.runpytest_subprocess("-q", "--bench", "bench.yaml").assert_outcomes(passed=2, skipped=3)


@pytest.mark.parametrize(
    ("bench", "message"),
    [
        ("{devices: {tank: {address: 'modbus://127.0.0.1:1/1'}}}", "'vending' is not on the bench"),
        ("{devices: {x: {address: 'modbus://127.0.0.1:1/1'}}}", "the suite has no device 'x'"),
        (
            """{connect_within: 100 ms, broker: {kind: embedded},
                devices: {tank: {address: 'modbus://127.0.0.1:1'}, vending: {address: 'modbus://127.0.0.1:1/2'}}}""",
            "rig failed: nobody answers at modbus://127.0.0.1:1",
        ),
    ],
)
def test_a_bench_that_cannot_be_is_told(runner: pytest.Pytester, bench: str, message: str) -> None:
    runner.makeconftest(CONFTEST)
    runner.makepyfile("def test_anything(hil_bench): pass")
    runner.path.joinpath("bench.yaml").write_text(bench)
    result = runner.runpytest_subprocess("-q", "--bench", "bench.yaml")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*{message}*"])


@pytest.mark.parametrize(
    ("bench", "message"),
    [
        ("{devices: {tank: {address: 'http://127.0.0.1'}}}", "not an address of Modbus"),
        ("{devices: {tank: {address: 'modbus://127.0.0.1', node: x}}}", "`node` is for opc.tcp://"),
        ("nonsense", "bench.yaml"),
    ],
)
def test_a_bad_bench_file_is_one_usage_error(runner: pytest.Pytester, bench: str, message: str) -> None:
    runner.makepyfile("def test_one(hil_bench): pass\ndef test_two(hil_bench): pass")
    runner.path.joinpath("bench.yaml").write_text(bench)
    result = runner.runpytest_subprocess("-q", "--bench", "bench.yaml")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.stderr.str().count("--bench: 1 finding:") == 1
    assert message in result.stderr.str()
    assert "Traceback" not in result.stderr.str()


def test_without_its_fixtures_nothing_of_the_twin_is_imported(runner: pytest.Pytester) -> None:
    runner.makepyfile(
        """
        import sys

        def test_imports():
            heavy = ("asyncua", "pymodbus", "aiomqtt", "device_emulators", "hil.accept", "pydantic", "numba")
            assert [name for name in sys.modules if name.startswith(heavy)] == []
        """
    )
    runner.runpytest_subprocess("-q").assert_outcomes(passed=1)
