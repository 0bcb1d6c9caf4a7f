"""The README of a run directory, written from the same definitions as the tables themselves."""

from sim.contracts.layouts import BOOK_LAYOUTS, BookLayout
from sim.kpi.kpis import KPIS
from sim.record.arrays import ARRAY_TABLES
from sim.record.layouts import TABLES, TableLayout
from sim.record.network_tables import NETWORK_TABLES, PLANT_NETWORK_TABLES, POOL_TABLES
from sim.record.plant_arrays import PLANT_ARRAY_TABLES


def readme() -> str:
    """Markdown that explains every file and column of a run directory."""
    return "\n".join([_HEAD, *_record_tables(), *_array_tables(), _USAGE_LOG, *_network_tables(), *_kpis()]) + "\n"


_HEAD = """# A run of mro-twin

`manifest.json` says what was run; `scenario.resolved.yaml` (with `inputs/`) runs again to the same records.
`kpis.parquet` has every KPI of every replication (variant, replication, scope, key, kpi, value, unit), `summary.json`
the means over replications with the half width of their confidence intervals, `claims.json`, where there is one, what
sources claim of this variant beside them.

Times are milliseconds since the scenario's start, quantities integers in the item's own resolution (`natural_units` of
table `items` turns them into natural units). Nodes, items, stock points, lanes and routes are row numbers of the tables
in `network/`. Classes are 0 A, 1 B, 2 C. All totals and KPIs are of the time after the warm-up; orders, shipments and
series begin at time 0. A run from a saved state begins there (table `start`), without a warm-up. `state/`, where there
is one, is a state that was saved on the way; its own README explains it.

## replications/0000/ ...: what happened
"""


_USAGE_LOG = """### usage_log/ (only with contracts; replication 0, and those that `mro-twin ledger sign` was asked for)

Every row of `reports` is an entry of a Merkle log (RFC 6962), whose root is signed (Ed25519) at the end of each month
and of the run. It lets anybody find out whether what was billed was changed afterwards.

- `entries.bin`: entry 0 is a line of JSON that names the run and the columns; entry k is row k - 1 of `reports`, its
  columns as 8-byte little-endian integers.
- `leaves.bin`: SHA-256(00 || entry) of each entry, 32 bytes each.
- `stock_points.jsonl`: what the numbers of stock points stand for; a tree over these lines has its root in entry 0.
- `checkpoints.json`: number of entries, root, time and reason of each signature.
- `public_key.pem`: the half of the key that verifies. The private half is nowhere in this folder: it was made for this
  run and forgotten, or stayed in the file that was given.

Signatures differ from run to run unless the key is the same; everything else here does not. `manifest.json` notes key
and root (`usage_logs`). `mro-twin ledger verify` checks all of it, `mro-twin ledger proof` gives the entries behind a
line of an invoice with their signature, and `mro-twin ledger check` verifies such a proof with the public key alone.
"""


def _record_tables() -> list[str]:
    lines = []
    layouts: list[TableLayout | BookLayout] = [*TABLES.values(), *BOOK_LAYOUTS.values()]
    for layout in layouts:
        lines += [f"### {layout.name}.parquet", "", layout.meaning, "", "| column | unit | meaning |", "|---|---|---|"]
        lines += [f"| {column.name} | {column.unit} | {column.meaning} |" for column in layout.columns] + [""]
    return lines


def _array_tables() -> list[str]:
    lines = [f"- `{name}.parquet`: {meaning}" for name, meaning in ARRAY_TABLES.items()]
    lines += [f"- `{name}.parquet` (only with plants): {meaning}" for name, meaning in PLANT_ARRAY_TABLES.items()]
    return ["### Levels, series and histograms", "", *lines, ""]


def _network_tables() -> list[str]:
    lines = [f"- `{name}.parquet`: {meaning}" for name, meaning in NETWORK_TABLES.items()]
    lines += [f"- `{name}.parquet` (only with pools): {meaning}" for name, meaning in POOL_TABLES.items()]
    lines += [f"- `{name}.parquet` (only with plants): {meaning}" for name, meaning in PLANT_NETWORK_TABLES.items()]
    return ["## network/", "", *lines, ""]


def _kpis() -> list[str]:
    lines = ["## KPIs", "", "| kpi | unit | scopes | definition |", "|---|---|---|---|"]
    for kpi in KPIS.values():
        definition = " ".join(kpi.meaning.split())
        lines.append(f"| {kpi.name} | {kpi.unit} | {', '.join(sorted(kpi.scopes))} | {definition} |")
    return lines
