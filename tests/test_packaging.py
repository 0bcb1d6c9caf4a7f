"""What people install: the wheel holds the scenarios, and nobody else claims our import names."""

import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOP_LEVEL_PACKAGES = {"device_emulators", "hil", "mro_twin", "policies", "reports", "scenarios", "sim"}


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of the files in a wheel built from a copy of the tree (building leaves files beside the sources)."""
    work = tmp_path_factory.mktemp("wheel")
    tree = work / "tree"
    tree.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (tree / name).write_bytes((ROOT / name).read_bytes())
    for package in TOP_LEVEL_PACKAGES:
        for path in (ROOT / package).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                target = tree / path.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run([*pip, "--wheel-dir", str(work), str(tree)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = work.glob("mro_twin-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_wheel_contains_every_module_and_every_scenario_file(wheel_names: set[str]) -> None:
    data = {".yaml", ".csv", ".parquet", ".xlsx", ".md"}
    for package in TOP_LEVEL_PACKAGES:
        for path in (ROOT / package).rglob("*"):
            wanted = path.suffix == ".py" or path.name == "py.typed" or (package == "scenarios" and path.suffix in data)
            wanted |= path.parent.name in ("templates", "maps", "suites")  # of pages, of devices, of gateway tests
            if wanted and "__pycache__" not in path.parts:
                assert path.relative_to(ROOT).as_posix() in wheel_names
    assert any(name.startswith("scenarios/") and name.endswith(".yaml") for name in wheel_names)


def test_wheel_contains_nothing_but_our_packages(wheel_names: set[str]) -> None:
    outside = {name.split("/")[0] for name in wheel_names} - TOP_LEVEL_PACKAGES
    assert [name for name in outside if not name.endswith(".dist-info")] == []


def test_every_device_is_held_to_be_pure() -> None:
    """The import contract lists them: all modules beside the emulator and the folder of faces."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (pure,) = (one for one in contracts if one["name"].startswith("Policies and devices are pure"))
    devices = {path.stem for path in (ROOT / "device_emulators").glob("*.py")} - {"__init__", "emulator"}
    assert set(pure["source_modules"]) == {"policies"} | {f"device_emulators.{name}" for name in devices}


def test_our_top_level_names_belong_to_our_distribution_alone() -> None:
    owners = metadata.packages_distributions()
    assert {name: set(owners.get(name, ())) for name in TOP_LEVEL_PACKAGES} == {
        name: {"mro-twin"} for name in TOP_LEVEL_PACKAGES
    }


def test_lock_file_pins_every_dependency_by_hash_and_names_no_index() -> None:
    lock = (ROOT / "requirements.txt").read_text()
    assert "://" not in lock
    assert not any(line.lstrip().startswith(("--index", "--extra-index", "--find-links")) for line in lock.splitlines())
    blocks = lock.replace("\\\n", " ").splitlines()
    pinned = {}
    for block in blocks:
        if block and not block.startswith("#"):
            name, version = block.split()[0].split("==")
            assert "--hash=sha256:" in block, f"{name} has no hash"
            pinned[name.lower().replace("_", "-").replace(".", "-")] = version
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {spec.split(">")[0].split("=")[0].lower().replace("_", "-").replace(".", "-") for spec in wanted}
    assert names <= pinned.keys()


def test_installed_command_is_ours() -> None:
    (entry,) = (e for e in metadata.entry_points(group="console_scripts") if e.name == "mro-twin")
    assert entry.value == "mro_twin.cli:main"
