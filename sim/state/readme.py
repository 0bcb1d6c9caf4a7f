"""The README of a state folder, written from the same list as its tables."""

from sim.state.layout import reference

_HEAD = """# The state of a supply network at an instant

A run starts from this folder with `mro-twin run SCENARIO --from-state FOLDER`. A table is a file of its name that ends
in `.parquet`, `.csv` or `.xlsx`. Quantities are whole numbers in the item's own unit: of an item with the unit
`0.1 kg`, 25 means 2.5 kg. Instants are milliseconds since the scenario's start, or dates such as `2026-03-01` and
`2026-03-01T06:30`.

With a `state.json` of kind `saved` this is the state of a run, which goes on from it as if it had never stopped; all
tables are needed then. Without that file it is an extract of a plant's own system, taken at the scenario's start: only
`stock` is needed, with the columns `node`, `item` and `on_hand`; `in_transit`, `waiting` and `layers` may come with it.
Trucks are at their bases then, every stock point is reviewed at once, and demand begins afresh. To start an extract
later than the scenario, add a `state.json` with `{"kind": "extract", "time_ms": ...}`.

"""


def state_readme() -> str:
    """Markdown that explains every file and column."""
    return _HEAD + "\n".join(reference())
