"""Compile everything at once on a machine's first run, instead of bit by bit in the middle of later ones.

A small network that has a bit of everything is simulated; what numba compiles for it stays in its cache on disk.
"""

import contextlib
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import llvmlite.binding
import numba

from sim import jit

NETWORK: Final[dict[str, Any]] = {
    "name": "warm-up",
    "start": "2026-01-05",
    "horizon": "4 wk",
    "warm_up": "1 wk",
    "items": {
        "filter": {"cost": "8 USD", "price": "12 USD", "volume": "2 l", "weight": "1 kg", "lots": "fifo"},
        "seal": {"cost": "3 USD", "volume": "2 l", "weight": "1 kg", "lots": "fefo", "shelf_life": "14 d"},
    },
    "nodes": {
        "shop": {"kind": "store"},
        "depot": {"kind": "warehouse"},
        "maker": {"kind": "supplier", "lead_time": {"gamma": {"mean": "5 d", "cv": 0.3}}},
    },
    "lanes": [{"from": "maker", "to": "depot"}, {"from": "depot", "to": "shop", "truck": "round"}],
    "trucks": {
        "round": {
            "base": "depot",
            "stops": [{"node": "shop", "travel_time": {"lognormal": {"mean": "2 h", "cv": 0.3}}}],
            "return": {"travel_time": "2 h"},
            "volume": "100 l",
            "weight": "50 kg",
            "timetable": {"days": ["tue", "fri"], "at": ["07:00"]},
        }
    },
    "demand": [
        {"node": "shop", "item": "filter", "poisson": {"rate": "3 /d"}, "delivery": "partial"},
        {"node": "shop", "item": "seal", "compound_poisson": {"rate": "1 /d", "size": {"geometric": {"mean": 2}}}},
        {"node": "depot", "jobs": {"rate": "1 /d", "lines": {"mean": 1.5}}},
    ],
    "policies": [
        {"nodes": "depot", "policy": {"kind": "min_max", "minimum": 30, "maximum": 60}},
        {"nodes": "shop", "policy": {"kind": "base_stock", "level": 20}},
    ],
}


def is_compiled() -> bool:
    """Whether this version has been compiled on this kind of machine, or runs uncompiled."""
    return jit.JIT_DISABLED or _note().exists()


def compile_all(should_stop: Callable[[], bool] | None = None) -> None:
    """Compile everything unless that is done: half a minute of a fast core.

    `should_stop` is asked between the steps; RunInterruptedError when it says yes.
    """
    if is_compiled():
        return
    from sim.build.network_builder import build_network
    from sim.engine import simulate_replication
    from sim.kpi.table import kpi_table
    from sim.scenario import load_scenario

    network = build_network(load_scenario(NETWORK))
    kpi_table(simulate_replication(network, 1, 0, traces=True, should_stop=should_stop))
    with contextlib.suppress(OSError):  # then the next run looks again, and finds what is in the cache
        _note().write_text("everything was compiled for this version and processor\n", encoding="utf-8")


def _note() -> Path:
    """A file that stands for a whole cache; numba keeps code per version and processor, too."""
    versions = f"{numba.__version__}-{platform.python_version()}-{llvmlite.binding.get_host_cpu_name()}"
    return Path(numba.config.CACHE_DIR) / f"complete-{versions}"
