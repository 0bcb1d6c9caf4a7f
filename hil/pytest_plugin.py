"""A pytest plugin: the rig as a fixture, on emulated devices, or on a real bench with `--bench bench.yaml`.

    @pytest.fixture
    def hil_suite():
        return "my-gateway.yaml"

    def test_a_vend_is_reported_after_an_outage(hil_bench):
        with hil_bench.broken("link", "uplink", "refuse"):
            hil_bench.device("vending").write("slot_1_vend", True)
        hil_bench.wait_for("vending", "turns", 1)

The suite is one of `mro-twin hil accept`: its devices, gateway, broker and observer are used, its faults and criteria
are not. Nothing of the twin is imported before a test asks for a fixture.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from hil.accept.suite import Suite
    from hil.bench.bench import Bench


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the plugin."""
    group = parser.getgroup("mro-twin", "hardware in the loop")
    group.addoption(
        "--bench", metavar="FILE", help="Use the real devices of this bench file in place of emulated ones."
    )
    group.addoption("--hil-suite", metavar="SUITE", help="The suite that says what is on the bench (default: smoke).")


def pytest_configure(config: pytest.Config) -> None:
    """The marker of tests that real devices cannot serve; a bench file that none can be is told once."""
    config.addinivalue_line("markers", "hil_emulated: needs emulated devices; skipped with --bench")
    if (file := config.getoption("--bench")) is not None:
        from device_emulators.faces.documents import FileError, checked, read_document
        from hil.bench.file import BenchFile

        try:
            checked(BenchFile, read_document(Path(str(file))))
        except FileError as error:
            raise pytest.UsageError(f"--bench: {error}") from None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what a real bench cannot do."""
    if config.getoption("--bench"):
        for item in items:
            if item.get_closest_marker("hil_emulated"):
                item.add_marker(pytest.mark.skip(reason="needs emulated devices; --bench has real ones"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Any:
    """A test that finds out within that the bench cannot do what it wants is skipped."""
    if "hil_bench" not in getattr(item, "fixturenames", ()):
        return (yield)
    from hil.bench.bench import NotOnBench

    try:
        return (yield)
    except NotOnBench as reason:
        pytest.skip(str(reason))


@pytest.fixture
def hil_suite(request: pytest.FixtureRequest) -> "str | Path | Suite | dict[str, Any]":
    """What is on the bench: a suite's file, the name of one that comes along, a Suite, or its content. To override."""
    return str(request.config.getoption("--hil-suite") or "smoke")


@pytest.fixture
def hil_bench(
    request: pytest.FixtureRequest, hil_suite: "str | Path | Suite | dict[str, Any]", tmp_path: Path
) -> Iterator["Bench"]:
    """The bench, made anew for every test; its logs and records are in `hil_bench.folder`."""
    from device_emulators.faces.documents import FileError
    from hil.accept.processes import RigError
    from hil.bench.bench import open_bench
    from hil.bench.file import read_bench

    try:
        suite = _suite(hil_suite)
        file = request.config.getoption("--bench")
        bench = None if file is None else read_bench(Path(str(file)), suite)
    except FileError as error:
        pytest.fail(str(error), pytrace=False)
    try:
        with open_bench(suite, tmp_path / "bench", bench) as made:
            yield made
    except RigError as error:
        pytest.fail(f"the rig failed: {error}", pytrace=False)


def _suite(given: "str | Path | Suite | dict[str, Any]") -> "Suite":
    from device_emulators.faces.documents import Document, checked
    from hil.accept.suite import Suite
    from hil.accept.suite_file import read_suite, with_devices
    from hil.suites import suite_file, suite_names

    if isinstance(given, Suite):
        return given
    if isinstance(given, dict):
        return with_devices(checked(Suite, Document("hil_suite", given)))[0]
    return read_suite(suite_file(given) if isinstance(given, str) and given in suite_names() else Path(given))
