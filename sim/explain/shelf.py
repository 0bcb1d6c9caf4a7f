"""Why a shelf was empty: what was there, what was asked for, and what the policy provided for.

The question is put as what-if. From the instant in which the order that should have helped was placed (or, where none
was on its way, since the last receipt), the stock at hand and what came in until the request is held against the mean
demand of that time: if it would have covered the mean, demand was above it; if not, too little was there to begin with.
"""

from dataclasses import dataclass
from typing import Final

from sim import columns as c
from sim.explain.order_steps import OrderHistory
from sim.explain.run_files import RunFiles
from sim.explain.stock_paths import Instant, Level, Request, StockPath
from sim.explain.tables import BEFORE_START
from sim.explain.tree import Cause, RootCause, Statement
from sim.explain.wording import Wording, span

SURGE: Final = 1.5
"""Demand is called a surge from this multiple of its mean on."""


@dataclass(frozen=True)
class Window:
    """The time in which the shelf ran empty.

    Attributes:
        since: its beginning; `why` says what happened then.
        available: units free at its beginning, plus what was received in it.
        asked: units asked for in it, the request's own included; without `given_away`.
        given_away: units that the point gave to others of its pool in it, by stock point; they never queued.
        expected: units of mean demand in it: the mean over the rest of the run.
    """

    since: Instant
    why: str
    length_ms: int
    available: int
    asked: int
    expected: float
    mean_per_ms: float
    given_away: dict[int, int]

    @property
    def given(self) -> int:
        """Units given away in all."""
        return sum(self.given_away.values())

    @property
    def ratio(self) -> float:
        return self.asked / self.expected if self.expected > 0 else float("inf")


class Shelf:
    """Looks at one stock point of a run."""

    def __init__(self, run: RunFiles, path: StockPath, start_ms: int, words: Wording) -> None:
        self._path = path
        self._run = run
        self._words = words
        self._start_ms = start_ms
        self._end_ms = run.manifest.horizon_ms
        self._node = run.node_name(path.point)
        points = run.stock_points
        self._stocked = run.is_stocked(path.point)
        self._reorder_point = int(points["reorder_point"][path.point])
        self._order_up_to = int(points["order_up_to"][path.point])
        self._periodic = bool(points["flags"][path.point] & c.SP_PERIODIC)
        self._python = int(points["policy"][path.point]) == c.POLICY_PYTHON

    @property
    def holds_stock(self) -> bool:
        """Whether the policy means to have anything there."""
        return self._stocked and (self._order_up_to > 0 or self._python)

    def window(self, request: Request, helping: OrderHistory | None) -> Window:
        """The time before a request in which the shelf ran empty; `helping` is the order that was open then."""
        path = self._path
        placed: Instant | None = None
        if helping is not None and helping.order.time_ms != BEFORE_START:
            placed = (helping.order.time_ms, c.PHASE_ORDER)
        if placed is not None and placed < request.at and placed[0] >= self._start_ms:
            since, why = placed, f"order {helping.order.number if helping else ''} was placed"
        else:
            receipts = [one.at for one in path.levels if one.event == c.E_RECEIPT and one.at < request.at]
            since, why = (receipts[-1], "the last receipt") if receipts else ((self._start_ms, -1), "the start")
        level = path.level_at(since)
        length = max(request.time_ms - since[0], 1)
        asked = path.asked(since, request.at)
        rest_ms = self._end_ms - self._start_ms - length
        if rest_ms > length:
            mean = (path.total_asked - asked) / rest_ms
        else:
            mean = path.total_asked / max(self._end_ms - self._start_ms, 1)
        available = level.on_hand - level.waiting + path.received(since, request.at)
        at_beginning = (since[0], -1)  # an order is placed because of a gift in the same instant
        available += sum(path.given_away(at_beginning, since).values())
        given_away = path.given_away(at_beginning, request.at)
        return Window(since, why, length, available, asked, mean * length, mean, given_away)

    def describe(self, window: Window, statement: Statement) -> None:
        """Say what was there and what was asked for."""
        words = self._words
        text = (
            f"since {window.why} ({words.moment(window.since[0])}, {span(window.length_ms)} before): "
            f"{words.amount(window.available)} available, {words.amount(window.asked)} asked for"
        )
        if window.expected > 0:
            text += f", {window.ratio:.1f} x the mean of {words.mean(window.expected)} for that time"
        if window.given_away:
            text += f"; gave {self._gifts(window)}"
        statement.add(
            text,
            since_ms=window.since[0],
            available=window.available,
            asked=window.asked,
            expected=round(window.expected, 3),
            given_away=window.given,
        )

    def _gifts(self, window: Window) -> str:
        """`1 to A and 2 to B`."""
        parts = (f"{self._words.amount(n)} to {self._run.node_name(at)}" for at, n in window.given_away.items())
        return " and ".join(parts)

    def gave_away(self, request: Request, window: Window) -> list[RootCause]:
        """Gifts to the pool without which the request would have been met at once."""
        if window.given == 0 or request.on_hand - request.waiting + window.given < request.quantity:
            return []
        text = f"{self._node} gave {self._gifts(window)} in the {span(window.length_ms)} before"
        return [RootCause(Cause.GAVE_AWAY, self._node, text)]

    def causes(self, request: Request, helping: OrderHistory | None, window: Window) -> list[RootCause]:
        """Why the stock did not last until the order came; the order itself is not to blame."""
        if not request.customer and request.on_hand - request.waiting >= request.quantity:
            text = f"{self._node} keeps part of its stock for its own customers"
            return [RootCause(Cause.RESERVE, self._node, text)]
        gave = self.gave_away(request, window)
        if gave:
            return gave
        large = self._large_line(request, helping)
        if large is not None:
            return [large]
        opening = self._opening(helping, window)
        if opening is not None:
            return [opening]
        late = self._ordered_late(request, helping, window)
        if late is not None:
            return [late]
        return self.surge(window) or [self._reorder_point_low(helping, window)]

    def surge(self, window: Window) -> list[RootCause]:
        """Demand far above its mean, where the mean would have been covered; empty if that is not so."""
        if not self._is_surge(window):
            return []
        words = self._words
        text = (
            f"demand at {self._node} was {window.ratio:.1f} x its mean over {span(window.length_ms)} "
            f"({words.amount(window.asked)} instead of {words.mean(window.expected)})"
        )
        return [RootCause(Cause.DEMAND_SURGE, self._node, text)]

    @staticmethod
    def _is_surge(window: Window) -> bool:
        return window.available >= window.expected and window.ratio >= SURGE

    def _large_line(self, request: Request, helping: OrderHistory | None) -> RootCause | None:
        """The request alone took more than was there and on order for others, and far more than is usual."""
        others = [one.quantity for one in self._path.requests.values() if one is not request]
        usual = sorted(others)[len(others) // 2] if others else 0
        free = request.on_hand - request.waiting
        if helping is not None and helping.order.time_ms < request.time_ms and free <= 0:
            return None
        if free <= 0 or request.quantity < 2 * max(usual, 1):
            return None
        words = self._words
        text = (
            f"one line at {self._node} asked for {words.amount(request.quantity)}, where {words.amount(usual)} are "
            f"usual and {words.amount(free)} were there"
        )
        return RootCause(Cause.LARGE_LINE, self._node, text)

    def _opening(self, helping: OrderHistory | None, window: Window) -> RootCause | None:
        """Nothing had come in since the start but opening orders, and the stock at the start was too little."""
        first = helping is None or helping.order.time_ms <= self._start_ms
        opening = self._path.opening
        if not first or self._is_surge(window):
            return None
        received = [one for one in self._path.levels if one.event == c.E_RECEIPT and one.at[0] < window.since[0]]
        if received:
            return None
        words = self._words
        owed = f", of which {words.amount(opening.waiting)} were owed" if opening.waiting else ""
        text = f"{self._node} opened with {words.amount(opening.on_hand)}{owed}, too little until its first order came"
        return RootCause(Cause.OPENING_STOCK, self._node, text)

    def _ordered_late(self, request: Request, helping: OrderHistory | None, window: Window) -> RootCause | None:
        """The position had been at the reorder point for some time before the order was placed."""
        if self._python or helping is None:
            placed = request.at
        else:
            placed = min((helping.order.time_ms, c.PHASE_ORDER), (self._end_ms, 0))
        fallen = self._fell_to_reorder_point(placed)
        if self._python or fallen is None or placed[0] - fallen.at[0] <= 0:
            return None
        words, delay = self._words, placed[0] - fallen.at[0]
        used = self._path.asked(fallen.at, placed)
        if self._periodic and helping is None:
            text = f"{self._node} orders at reviews only: the reorder point was reached on "
            text += f"{words.moment(fallen.at[0])}, and it was not reviewed before {words.moment(request.time_ms)}"
            return RootCause(Cause.ORDERED_LATE, self._node, text)
        if used + max(window.available, 0) < window.expected and delay < 0.1 * window.length_ms:
            return None
        when = f"the reorder point was reached on {words.moment(fallen.at[0])}"
        if self._periodic:
            text = f"{self._node} orders at reviews only: {when}, the order was placed {span(delay)} later"
            return RootCause(Cause.ORDERED_LATE, self._node, text)
        text = f"{self._node} could not order for {span(delay)} (capacity or minimum order): {when}"
        return RootCause(Cause.ORDER_HELD_BACK, self._node, text)

    def _fell_to_reorder_point(self, before: Instant) -> Level | None:
        """The event with which the position fell to the reorder point for the last time before an instant.

        None when it was above it right before.
        """
        found = None
        for level in reversed(self._path.levels[: self._path.index_after(before)]):
            if level.event == c.E_ORDER and level.at == before:
                continue
            if level.position > self._reorder_point:
                break
            found = level
        return found

    def _reorder_point_low(self, helping: OrderHistory | None, window: Window) -> RootCause:
        words = self._words
        text = f"the reorder point of {words.amount(self._reorder_point)} at {self._node} is too low"
        lead_time_ms = 0
        if helping is not None:
            lead_time_ms = helping.steps.total_ms if helping.usual is None else helping.usual.total_ms
        if lead_time_ms and window.mean_per_ms > 0:
            need = words.mean(window.mean_per_ms * lead_time_ms)
            text += f": an order takes {span(lead_time_ms)}, in which {need} are asked for on average"
        if window.expected > 0 and window.ratio >= 1.1:
            text += f"; demand was {window.ratio:.1f} x its mean"
        return RootCause(Cause.REORDER_POINT, self._node, text)
