"""Means over replications of what the books of a contract hold: capital day by day, months reconciled, titles moved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pandas as pd

from reports.invoices import start_of
from reports.run_files import DAY_MS, RunFiles, read_table

TIED_UP: Final = {"stock": "stock", "unbilled": "not yet billed", "receivable": "billed, not paid"}
"""Accounts whose balances are the supplier's capital, and what they are called."""

SIDES: Final = ("truth", "record", "bill")


@dataclass(frozen=True)
class TitleMove:
    """Title that passed for one reason: units' value at cost in major units, mean over replications."""

    kind: str
    direction: str
    moves: float
    value: float


@dataclass(frozen=True)
class ContractBooks:
    """What the section shows of one contract's books, in major units.

    Attributes:
        capital: a row per day (index: day of the run, as it ends), a column per account of TIED_UP.
        months: a row per calendar month, columns SIDES and `disputed`; the first two at the price of the bill.
        unpriced: items that were used but never billed by use, and so are not in `months`.
    """

    capital: pd.DataFrame
    months: pd.DataFrame
    unpriced: Sequence[str]
    titles: Sequence[TitleMove]

    @property
    def reconciled(self) -> bool:
        """Whether anything was billed by use, so that there is something to hold the truth against."""
        return bool(self.months.to_numpy().any())


def contract_books(run: RunFiles, names: Sequence[str]) -> Mapping[str, ContractBooks]:
    """Of the contracts named; NoRunError when a table is damaged."""
    items = run.network_table("items", ("name", "cost_milli"))
    capital, titles = _capital(run, names), _titles(run, names, items)
    months, unpriced = _months(run, names, items)
    return {name: ContractBooks(capital[name], months[name], unpriced[name], titles[name]) for name in names}


def _capital(run: RunFiles, names: Sequence[str]) -> Mapping[str, pd.DataFrame]:
    """Balances as each day ends; only days that any contract has postings on or after."""
    days = run.days
    sums = {name: np.zeros((len(days), len(TIED_UP))) for name in names}
    accounts = {account: place for place, account in enumerate(TIED_UP)}
    for folder in run.replications:
        rows = _texts(read_table(folder / "ledger.parquet", ("contract", "time_ms", "account", "minor")))
        rows = rows[rows["account"].isin(accounts) & rows["contract"].isin(names)]
        for (name, account), part in rows.groupby(["contract", "account"], sort=False):
            day = np.clip(part["time_ms"].to_numpy() // DAY_MS - days.start, 0, len(days) - 1)
            np.add.at(sums[str(name)][:, accounts[str(account)]], day, part["minor"].to_numpy(np.float64))
    scale = run.count * run.minor_per_major
    found = {}
    for name, posted in sums.items():
        busy = np.flatnonzero(posted.any(axis=1))
        table = pd.DataFrame(posted.cumsum(axis=0) / scale, index=list(days), columns=list(TIED_UP))
        found[name] = table.iloc[busy[0] :] if len(busy) else table.iloc[:0]
    return found


def _months(
    run: RunFiles, names: Sequence[str], items: pd.DataFrame
) -> tuple[Mapping[str, pd.DataFrame], Mapping[str, Sequence[str]]]:
    columns = ("contract", "from_ms", "item", "used", "recorded", "billed", "billed_minor", "disputed_minor")
    rows = pd.concat([_texts(read_table(folder / "reconciliation.parquet", columns)) for folder in run.replications])
    run.row_numbers(rows["item"], items, "reconciliation")
    scale, start = run.count * run.minor_per_major, start_of(run)
    months: dict[str, pd.DataFrame] = {}
    unpriced: dict[str, Sequence[str]] = {}
    for name in names:
        mine = rows[rows["contract"] == name]
        totals = mine.groupby("item")[["billed", "billed_minor", "used"]].sum()
        price = (totals["billed_minor"] / totals["billed"]).where(totals["billed"] > 0)
        never = totals.index[price.isna() & (totals["used"] != 0)]
        unpriced[name] = [str(items["name"].iloc[int(item)]) for item in never]
        at = mine["item"].map(price).fillna(0.0)
        money = pd.DataFrame(
            {
                "truth": mine["used"] * at,
                "record": mine["recorded"] * at,
                "bill": mine["billed_minor"],
                "disputed": mine["disputed_minor"],
            }
        )
        table = money.groupby(mine["from_ms"]).sum() / scale
        table.index = pd.Index([_month(start, int(from_ms)) for from_ms in table.index])
        months[name] = table
    return months, unpriced


def _titles(run: RunFiles, names: Sequence[str], items: pd.DataFrame) -> Mapping[str, Sequence[TitleMove]]:
    columns = ("contract", "item", "units", "kind", "from_owner", "to_owner")
    rows = pd.concat([_texts(read_table(folder / "title_moves.parquet", columns)) for folder in run.replications])
    item = run.row_numbers(rows["item"], items, "title_moves")
    rows["value"] = rows["units"] * items["cost_milli"].to_numpy()[item] / 1000.0 / run.minor_per_major / run.count
    found: dict[str, list[TitleMove]] = {name: [] for name in names}
    grouped = rows.groupby(["contract", "kind", "from_owner", "to_owner"], sort=False)["value"].agg(["size", "sum"])
    for contract, kind, giver, taker, moves, value in grouped.reset_index().itertuples(index=False, name=None):
        if contract in found:
            direction = f"still the {giver}’s" if giver == taker else f"from {giver} to {taker}"
            found[contract].append(TitleMove(kind, direction, float(moves) / run.count, float(value)))
    return found


def _texts(table: pd.DataFrame) -> pd.DataFrame:
    """Columns of texts as plain ones: those of several files do not share their words."""
    words = {name: str for name in table.columns if not pd.api.types.is_numeric_dtype(table[name])}
    return table.astype(words)


def _month(start: datetime, from_ms: int) -> str:
    return (start + timedelta(milliseconds=from_ms)).strftime("%Y-%m")
