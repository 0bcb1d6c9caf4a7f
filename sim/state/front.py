"""Save and continue: the state of a run as documented tables, and back (docs/state.md).

    save_state(twin, folder, time_ms)               a twin that stands just before `time_ms`
    load_state(network, folder, seed, replication)  a twin that goes on from there
    write_template(network, folder)                 CSV tables for somebody to fill in

Whatever is wrong with a state is a `ScenarioError` with all findings.
"""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from sim import columns as c
from sim.engine import Twin
from sim.network import Network
from sim.record.records import Recorder
from sim.scenario.findings import Finding, Place, ScenarioError
from sim.state import layout
from sim.state.check import check_tables
from sim.state.kinds import StateTable
from sim.state.load import continuing, resume_twin
from sim.state.meta import StateMeta
from sim.state.read import StateTables, read_meta, read_tables, shown, state_folder
from sim.state.readme import state_readme
from sim.state.save import own_points, save_state, unit_texts

__all__ = ["check_state", "load_state", "read_state", "save_state", "saved_seed", "saved_time_ms", "write_template"]


def read_state(network: Network, path: Path, replication: int = 0) -> StateTables:
    """The tables of a state, or of one replication of a run; ScenarioError with everything that is wrong with them."""
    tables = read_tables(network, state_folder(path, replication))
    check_tables(network, tables)
    return tables


def check_state(network: Network, path: Path, replications: Iterable[int], save_state_ms: int | None = None) -> None:
    """ScenarioError unless each of the replications can start from `path`, and saves a later state if it should."""
    for folder in dict.fromkeys(state_folder(path, number) for number in replications):
        tables = read_tables(network, folder)
        check_tables(network, tables)
        if save_state_ms is not None and save_state_ms <= tables.meta.time_ms:
            hint = "save a later one, after " + f"{tables.meta.time_ms / 86_400_000:.6g} d"
            message = "the run starts from a state that is later than the one to be saved"
            raise ScenarioError([Finding(message, hint, "", Place(shown(folder)))])


def saved_seed(path: Path) -> int | None:
    """The seed of the run whose state this is; None for an extract, or when it cannot be read."""
    findings: list[Finding] = []
    meta: StateMeta = read_meta(state_folder(path, 0), findings)
    return meta.seed if meta.kind == "saved" and not findings else None


def saved_time_ms(path: Path) -> int:
    """The instant at which a run from this state begins; the start when it does not say, or cannot be read."""
    return read_meta(state_folder(path, 0), []).time_ms


def load_state(
    network: Network,
    path: Path,
    seed: int | None = None,
    replication: int | None = None,
    *,
    folder: Path | None = None,
    events: bool = False,
) -> Twin:
    """A twin that goes on from a state; its recorder begins there, and there is no warm-up.

    Args:
        network: of the same scenario; where it differs from the saved one this is a what-if.
        path: folder of the state, or a run directory with states of its replications.
        seed, replication: None takes the state's own, with which the run goes on exactly as it would have.
        folder, events: see `Recorder`.

    ScenarioError with everything that is wrong with the state.
    """
    tables = read_state(network, path, replication or 0)
    seed = tables.meta.seed if seed is None else seed
    replication = tables.meta.replication if replication is None else replication
    network = continuing(network, tables.meta.time_ms)
    recorder = Recorder(network, seed, replication, folder, events, start_ms=tables.meta.time_ms)
    return resume_twin(network, tables, seed, replication, recorder)


# --- template ---------------------------------------------------------------------------------------------------------
def write_template(network: Network, folder: Path) -> None:
    """Write the scenario's own opening as CSV tables into `folder` (made here), for somebody to replace its figures.

    FileExistsError when the folder has something in it, OSError as the file system says.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty")
    points = own_points(network)
    units = unit_texts(network)
    on_hand, item = network.initial_on_hand[points].tolist(), network.parameter[points, c.P_ITEM].tolist()
    named = [_named(network, point) for point in points.tolist()]
    stock = [(*names, n, units[i]) for names, n, i in zip(named, on_hand, item, strict=True)]
    _write_csv(folder, layout.STOCK, ("node", "item", "on_hand", "unit"), stock)
    owed = [(*_named(network, point), n) for point, n in network.initial_owed.reshape(-1, 2).tolist()]
    _write_csv(folder, layout.WAITING, ("node", "item", "quantity"), owed)
    coming = [(*_named(network, point), n, at) for point, n, at in network.initial_on_order.reshape(-1, 3).tolist()]
    _write_csv(folder, layout.IN_TRANSIT, ("node", "item", "quantity", "arrives_ms"), coming)
    if network.item_lots.any():
        held = points[network.item_lots[network.parameter[points, c.P_ITEM]] & (network.initial_on_hand[points] > 0)]
        layers = np.column_stack([held, network.initial_on_hand[held], -network.initial_age_ms[held]]).tolist()
        rows = [(*_named(network, point), n, at) for point, n, at in layers]
        _write_csv(folder, layout.LAYERS, ("node", "item", "quantity", "received_ms"), rows)
    (folder / "README.md").write_text(state_readme(), encoding="utf-8")


def _named(network: Network, point: int) -> tuple[str, str]:
    node, item = network.parameter[point, c.P_NODE], network.parameter[point, c.P_ITEM]
    return network.node_names[node], network.item_names[item]


def _write_csv(folder: Path, table: StateTable, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    for name in names:
        table.column(name)  # the template speaks of columns that there are
    with (folder / f"{table.name}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)
