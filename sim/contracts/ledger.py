"""The double-entry ledger of a contract: the supplier's books, in minor units; a debit is above 0, a credit below."""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from policies.contracts.term import TABLES
from sim.network import Int64Array

STOCK: Final = "stock"  # the supplier's units at covered stock points, at cost
CASH: Final = "cash"
COST_OF_GOODS: Final = "cost_of_goods"
SHRINKAGE: Final = "shrinkage"
UNBILLED: Final = "unbilled"
RECEIVABLE: Final = "receivable"
REVENUE: Final = "revenue."  # and the stream
PENALTY: Final = "penalty"
SERVICE: Final = "service."  # and what it is spent on
FINANCING: Final = "financing"
TIED_UP: Final = (STOCK, UNBILLED, RECEIVABLE)
"""Accounts whose balances are the supplier's capital in a contract."""

BOOK_TABLES: Final = (*TABLES, "trips", "title_moves", "invoices", "invoice_lines")
"""Tables that postings and moves rest on, by code."""


@dataclass(frozen=True)
class Ledger:
    """n postings in order of time; arrays (n,). Those of one entry stand together and add up to 0."""

    accounts: tuple[str, ...]
    streams: tuple[str, ...]
    entry: Int64Array
    time_ms: Int64Array
    account: Int64Array  # row of `accounts`
    minor: Int64Array
    stream: Int64Array  # row of `streams`, the first of which is ""
    item: Int64Array  # -1: none
    units: Int64Array
    table: Int64Array  # code of BOOK_TABLES
    first_row: Int64Array  # -1: none
    last_row: Int64Array

    def __len__(self) -> int:
        return len(self.entry)

    def of_accounts(self, *names: str) -> npt.NDArray[np.bool_]:
        """Which postings are of the accounts; a name that ends with a point is all accounts that begin with it."""
        wanted = [any(one == name or (name.endswith(".") and one.startswith(name)) for name in names)
                  for one in self.accounts]  # fmt: skip
        mask: npt.NDArray[np.bool_] = np.array(wanted, np.bool_)[self.account]
        return mask

    def total(self, *names: str, since_ms: int | None = None, until_ms: int | None = None) -> int:
        """Sum of the postings of accounts within [since, until)."""
        chosen = self.of_accounts(*names)
        if since_ms is not None:
            chosen &= self.time_ms >= since_ms
        if until_ms is not None:
            chosen &= self.time_ms < until_ms
        return int(self.minor[chosen].sum())

    def balance(self, *names: str) -> tuple[Int64Array, Int64Array]:
        """Instants at which the balance of accounts changes, and what it is from there on."""
        chosen = self.of_accounts(*names)
        time_ms, minor = self.time_ms[chosen], np.cumsum(self.minor[chosen])
        last = np.append(np.diff(time_ms) > 0, np.ones(min(len(time_ms), 1), np.bool_))
        return time_ms[last], minor[last]


@dataclass
class Journal:
    """Collects entries of one debit and one credit each."""

    _accounts: dict[str, int] = field(default_factory=dict)
    _streams: dict[str, int] = field(default_factory=lambda: {"": 0})
    _blocks: list[dict[str, Int64Array]] = field(default_factory=list)

    def add(
        self,
        debit: str,
        credit: str,
        time_ms: Int64Array,
        minor: Int64Array,
        *,
        stream: str = "",
        table: npt.ArrayLike = 0,
        item: npt.ArrayLike = -1,
        units: npt.ArrayLike = 0,
        first_row: npt.ArrayLike = -1,
        last_row: npt.ArrayLike | None = None,
    ) -> None:
        """Entries of amounts (below 0: the other way round) at instants; those of nothing are left out."""
        values: dict[str, npt.ArrayLike] = {
            "time_ms": time_ms,
            "minor": minor,
            "debit": self._accounts.setdefault(debit, len(self._accounts)),
            "credit": self._accounts.setdefault(credit, len(self._accounts)),
            "stream": self._streams.setdefault(stream, len(self._streams)),
            "item": item,
            "units": units,
            "table": table,
            "first_row": first_row,
            "last_row": first_row if last_row is None else last_row,
        }
        some = np.asarray(minor) != 0
        block = {name: np.broadcast_to(np.asarray(one, np.int64), some.shape)[some] for name, one in values.items()}
        self._blocks.append(block)

    def balance(self, *names: str) -> tuple[Int64Array, Int64Array]:
        """As of the ledger, of what has been entered so far."""
        return self.ledger().balance(*names)

    def ledger(self) -> Ledger:
        """The ledger: entries in order of time; at one instant as they were added."""
        names = ("time_ms", "minor", "debit", "credit", "stream", "item", "units", "table", "first_row", "last_row")
        empty = np.zeros(0, np.int64)
        whole = {name: np.concatenate([empty, *(block[name] for block in self._blocks)]) for name in names}
        order = np.argsort(whole["time_ms"], kind="stable")
        whole = {name: column[order] for name, column in whole.items()}
        same: dict[str, Any] = {
            name: np.repeat(whole[name], 2)
            for name in ("time_ms", "stream", "item", "units", "table", "first_row", "last_row")
        }
        return Ledger(
            accounts=tuple(self._accounts),
            streams=tuple(self._streams),
            entry=np.repeat(np.arange(len(order)), 2),
            account=np.column_stack((whole["debit"], whole["credit"])).reshape(-1),
            minor=np.column_stack((whole["minor"], -whole["minor"])).reshape(-1),
            **same,
        )
