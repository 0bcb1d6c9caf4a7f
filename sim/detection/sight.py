"""What detection reads of a running twin: what the platform is told, and, kept apart, what is true.

All arrays are over all P stock points (lines: L) and are only read. Quantities are integer units; times are ms since
the scenario's start.
"""

from typing import Protocol

from sim.network import Int64Array


class Told(Protocol):
    """What has reached the platform by now; counters since time 0."""

    def recorded(self) -> Int64Array:
        """Stock by the record, (P,)."""

    def reported_use(self) -> Int64Array:
        """What messages and readings have taken off the record so far, (P,)."""

    def last_reading(self) -> Int64Array:
        """What the sensors showed that show how much there is, when that arrived last, (P,)."""

    def counted(self) -> Int64Array:
        """By how much counts have changed the record so far, (P,)."""

    def running_ms(self, time: int) -> Int64Array:
        """Running time of each line so far, (L,)."""

    def layers(self) -> tuple[Int64Array, Int64Array, Int64Array, Int64Array]:
        """Stock point, lot, expiry and quantity of every lot on a shelf, in order of issue; never expires: 2**62."""


class Truth(Protocol):
    """What truly is."""

    def on_hand(self) -> Int64Array:
        """Stock that is there, (P,)."""

    def leaking_since(self, time: int) -> Int64Array:
        """Start of the leak that is under way; -1: none, (P,)."""

    def stuck_since(self, time: int) -> Int64Array:
        """Since when the sensor has shown an old value; -1: it does not, (P,)."""

    def unscanned(self) -> Int64Array:
        """Units by which the record is too high because scans were missed, (P,)."""

    def missed_scans(self) -> Int64Array:
        """Scans missed so far, (P,); may begin anew at 0."""

    def expired(self) -> Int64Array:
        """Units taken off shelves as expired so far, (P,); may begin anew at 0."""

    def expired_on_shelf(self, time: int) -> Int64Array:
        """Units on shelves whose lot has expired, (P,)."""

    def surges(self) -> tuple[Int64Array, Int64Array]:
        """Instants (ascending) and stock points of all demand lines that are marked abnormal."""
