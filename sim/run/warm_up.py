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

PLANTS: Final[dict[str, Any]] = {
    "name": "warm-up-plants",
    "start": "2026-01-05",
    "horizon": "4 wk",
    "warm_up": "1 wk",
    "items": {
        "filter": {"cost": "8 USD", "price": "12 USD", "weight": "1 kg", "lots": "fefo", "shelf_life": "14 d"},
        "coolant": {"unit": "10 ml", "cost": "1.20 USD/l"},
    },
    "nodes": {
        "works": {
            "kind": "plant",
            "shifts": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "06:00", "to": "14:00"}],
            "people": {"fitters": 4},
            "maintenance": "fitters",
            "lines": {
                "line": {
                    "machines": {
                        "machine": {
                            "failures": {"every": "50 h", "repair": {"exponential": {"mean": "3 h"}}},
                            "uses": {
                                "filter": {"wear": {"shape": 2, "life": "20 h"}, "from": "shelf"},
                                "coolant": {"flow": "0.5 l /h", "step": "1 l", "missing": "run_on"}
                                | {"failure_factor": 2, "from": "tank"},
                            },
                        }
                    }
                }
            },
        },
        "shelf": {
            "kind": "shelf",
            "at": "works",
            "gateway": "box",
            "sensors": [{"kind": "rfid", "read_rate": "99%", "stuck": {"every": "5 d", "lasting": "1 d"}}],
            "people": {"by": ["fitters"]},
            "count": {"every": "1 wk"},
            "blocks_expired": True,
        },
        "tank": {
            "kind": "tank",
            "at": "works",
            "item": "coolant",
            "capacity": "100 l",
            "sensors": [{"kind": "level", "noise": "0.2 l"}],
            "leak": {"every": "5 d", "lasting": "4 d", "rate": "2 l /h", "step": "1 l"},
        },
        "maker": {"kind": "supplier", "lead_time": "2 d"},
    },
    "gateways": {"box": {"at": "works", "delay": "5 s"}},
    "lanes": [{"from": "maker", "to": ["shelf", "tank"]}],
    "demand": [{"node": "shelf", "item": "filter", "poisson": {"rate": "2 /d"}}],
    "policies": [
        {"nodes": "shelf", "items": "filter", "policy": {"kind": "base_stock", "level": 20}},
        {"nodes": "tank", "items": "coolant", "policy": {"kind": "min_max", "minimum": "40 l", "maximum": "80 l"}},
    ],
    "detection": [
        {"nodes": "tank", "items": "coolant", "rule": {"kind": "leak", "rate": "0.3 l /h", "response": "8 h"}},
        {"nodes": "shelf", "items": "filter", "rule": {"kind": "stuck_sensor"}},
    ],
}
"""What plants and devices do is code of its own, which nobody has to wait for who has none."""


def is_compiled(plants: bool = False) -> bool:
    """Whether this version, or what it needs for `plants`, has been compiled on this kind of machine, or runs so."""
    return jit.JIT_DISABLED or _note(plants).exists()


def compile_all(should_stop: Callable[[], bool] | None = None, plants: bool = False) -> None:
    """Compile everything unless that is done, half a minute of a fast core; what plants need only if that is wanted.

    `should_stop` is asked between the steps; RunInterruptedError when it says yes.
    """
    if not is_compiled():
        _compile(NETWORK, should_stop, _note())
    if plants and not is_compiled(plants):
        _compile(PLANTS, should_stop, _note(plants))


def _compile(scenario: dict[str, Any], should_stop: Callable[[], bool] | None, note: Path) -> None:
    from sim.build.network_builder import build_network
    from sim.engine import simulate_replication
    from sim.kpi.table import kpi_table
    from sim.scenario import load_scenario

    network = build_network(load_scenario(scenario))
    kpi_table(simulate_replication(network, 1, 0, traces=True, should_stop=should_stop))
    with contextlib.suppress(OSError):  # then the next run looks again, and finds what is in the cache
        note.write_text("everything was compiled for this version and processor\n", encoding="utf-8")


def _note(plants: bool = False) -> Path:
    """A file that stands for a whole cache; numba keeps code per version and processor, too."""
    versions = f"{numba.__version__}-{platform.python_version()}-{llvmlite.binding.get_host_cpu_name()}"
    return Path(numba.config.CACHE_DIR) / f"complete-{'plants-' * plants}{versions}"
