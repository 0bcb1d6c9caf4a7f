"""The key figures of devices: is the stock where it is wanted, is the record right, and what goes wrong.

They have rows only in networks with devices, those of vending machines, loans, leaks and so on only where there are
such things, and only for keys with stock points of devices. `plant` is the scope of a plant's devices (key: its node),
`record_cause` that of the reasons why the record differs from the shelf.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from sim.kpi.kpis import HOUR_MS, MONEY, NODE_SCOPES, Group, kpi, ratio
from sim.network import Float64Array, Network
from sim.plant_plan import DEVICE_VENDING, SENSOR_SCAN, DevicePoint

DEVICE_SCOPES: Final = NODE_SCOPES | {"plant", "item", "class"}
DAYS_30_MS: Final = 30 * 86_400_000


def has_devices(network: Network) -> bool:
    """Whether there is any device."""
    return network.plant_plan is not None and len(network.plant_plan.devices) > 0


def _any_device(has: Callable[[DevicePoint], bool]) -> Callable[[Network], bool]:
    """Of networks in which some device has something."""
    return lambda network: network.plant_plan is not None and any(map(has, network.plant_plan.devices))


_vends = _any_device(lambda one: one.device == DEVICE_VENDING)
_scans = _any_device(lambda one: one.sensor == SENSOR_SCAN)
_reports = _any_device(lambda one: one.gateway >= 0)
_lends = _any_device(lambda one: one.loan is not None)
_leaks = _any_device(lambda one: one.leak_every is not None)
_inspects = _any_device(lambda one: one.inspection is not None)


def of_devices(of: Group, values: Float64Array) -> Float64Array:
    """The values, NaN for keys without a device."""
    return np.where(of("device_points") > 0, values, np.nan)


# --- is it there ------------------------------------------------------------------------------------------------------
@kpi("share", DEVICE_SCOPES | {"stock"}, has_devices)
def availability(of: Group) -> Float64Array:
    """Share of time in which critical items were in stock at the point of use, mean over these (equal weights)."""
    return ratio(of("critical_ready_ms"), of("critical_points") * of.measured_ms)


@kpi("lines", DEVICE_SCOPES, has_devices)
def short_lines(of: Group) -> Float64Array:
    """Lines of people and machines at devices that were not met in full at once."""
    return of_devices(of, of("lines_short"))


@kpi("share", DEVICE_SCOPES, has_devices)
def short_line_rate(of: Group) -> Float64Array:
    """Those / lines of people and machines at devices."""
    return ratio(of("lines_short"), of("device_lines"))


@kpi("lines", DEVICE_SCOPES, has_devices)
def short_by_record(of: Group) -> Float64Array:
    """Short lines where the record was above the reorder point and the shelf was not: short by the record alone."""
    return of_devices(of, of("lines_short_by_record"))


@kpi("lines", DEVICE_SCOPES, has_devices)
def short_by_device(of: Group) -> Float64Array:
    """Short lines because of a jam, a failed vend, a wrong product or a wrong item."""
    return of_devices(of, of("lines_short_by_device"))


@kpi("lines", DEVICE_SCOPES, has_devices)
def met_elsewhere(of: Group) -> Float64Array:
    """Lines of machines met by another stock point of the plant than their own; counted at their own."""
    return of_devices(of, of("lines_elsewhere"))


@kpi("lines", DEVICE_SCOPES, has_devices)
def refused_lines(of: Group) -> Float64Array:
    """Draws refused: by somebody who may not, or above what one may draw in a shift; no demand."""
    return of_devices(of, of("refused_lines"))


# --- is the record right ----------------------------------------------------------------------------------------------
@kpi("share", DEVICE_SCOPES | {"stock"}, has_devices)
def inventory_accuracy(of: Group) -> Float64Array:
    """Counts at which the record was equal to the shelf / counts."""
    return ratio(of("counted_right"), of("counted"))


@kpi("counts", DEVICE_SCOPES, has_devices)
def counts(of: Group) -> Float64Array:
    """Items counted, one for each count of an item at a device."""
    return of_devices(of, of("counted"))


@kpi("share", DEVICE_SCOPES | {"stock"}, has_devices)
def record_right(of: Group) -> Float64Array:
    """Share of time in which the record was equal to the shelf, mean over items at devices."""
    return of_devices(of, 1.0 - ratio(of("wrong_record_ms"), of("device_points") * of.measured_ms))


@kpi("units", DEVICE_SCOPES | {"stock", "record_cause"}, has_devices)
def record_error(of: Group) -> Float64Array:
    """Units by which the record differed from the shelf, without sign, time mean; by cause: that cause alone."""
    return of_devices(of, of("record_gap_unit_ms") / of.measured_ms)


@kpi(MONEY, DEVICE_SCOPES | {"record_cause"}, has_devices)
def record_error_value(of: Group) -> Float64Array:
    """The same at purchase cost."""
    return of_devices(of, of("record_gap_money_ms") / of.measured_ms)


@kpi("scans", DEVICE_SCOPES, _scans)
def missed_scans(of: Group) -> Float64Array:
    """Draws and returns that were not scanned."""
    return of_devices(of, of("missed_scans"))


@kpi("reports", DEVICE_SCOPES, _reports)
def lost_reports(of: Group) -> Float64Array:
    """Messages that a gateway lost because its store was full."""
    return of_devices(of, of("messages_lost"))


@kpi("h", DEVICE_SCOPES, _reports)
def report_delay(of: Group) -> Float64Array:
    """Mean time from taking a message to its arrival at the platform, of those that arrived."""
    return ratio(of("message_delay_ms"), of("messages_delivered")) / HOUR_MS


# --- what goes wrong at devices ---------------------------------------------------------------------------------------
@kpi("jams", DEVICE_SCOPES, _vends)
def jams(of: Group) -> Float64Array:
    """Slots of vending machines that jammed."""
    return of_devices(of, of("jams"))


@kpi("vends", DEVICE_SCOPES, _vends)
def failed_vends(of: Group) -> Float64Array:
    """Turns at which nothing came out, noticed by the machine or not."""
    return of_devices(of, of("failed_vends"))


@kpi("draws", DEVICE_SCOPES, has_devices)
def wrong_items(of: Group) -> Float64Array:
    """Draws at which another item left, by mistake of a person or a machine; counted at the item asked for."""
    return of_devices(of, of("wrong_items"))


@kpi("units", DEVICE_SCOPES, has_devices)
def put_back(of: Group) -> Float64Array:
    """Units drawn that came back because they were not needed."""
    return of_devices(of, of("put_back_units"))


@kpi("units", DEVICE_SCOPES, _lends)
def loans(of: Group) -> Float64Array:
    """Units lent."""
    return of_devices(of, of("loans"))


@kpi("units", DEVICE_SCOPES, _lends)
def loans_back(of: Group) -> Float64Array:
    """Lent units that came back fit for use."""
    return of_devices(of, of("loans_back"))


@kpi("units", DEVICE_SCOPES, _lends)
def loans_lost(of: Group) -> Float64Array:
    """Lent units that never came back, or worn out."""
    return of_devices(of, of("loans_lost"))


# --- what is lost -----------------------------------------------------------------------------------------------------
@kpi("units", DEVICE_SCOPES, has_devices)
def expired(of: Group) -> Float64Array:
    """Units taken off because they had expired."""
    return of_devices(of, of("expired_units"))


@kpi(MONEY, DEVICE_SCOPES, has_devices)
def expired_value(of: Group) -> Float64Array:
    """The same at purchase cost."""
    return of_devices(of, of("expired_money"))


@kpi("units", DEVICE_SCOPES, has_devices)
def expired_issued(of: Group) -> Float64Array:
    """Units given out although they had expired."""
    return of_devices(of, of("expired_issued_units"))


@kpi("units", DEVICE_SCOPES, _inspects)
def rejected(of: Group) -> Float64Array:
    """Units that inspection rejected."""
    return of_devices(of, of("rejected_units"))


@kpi(MONEY, DEVICE_SCOPES, _inspects)
def rejected_value(of: Group) -> Float64Array:
    """The same at purchase cost."""
    return of_devices(of, of("rejected_money"))


@kpi("units", DEVICE_SCOPES, _leaks)
def leaked(of: Group) -> Float64Array:
    """Units that leaked away."""
    return of_devices(of, of("leaked_units"))


@kpi(MONEY, DEVICE_SCOPES, _leaks)
def leaked_value(of: Group) -> Float64Array:
    """The same at purchase cost."""
    return of_devices(of, of("leaked_money"))


# --- what is used -----------------------------------------------------------------------------------------------------
@kpi("per 30 d", frozenset({"item", "stock"}), has_devices)
def usage_per_30d(of: Group) -> Float64Array:
    """Units used at devices per 30 days: drawn or taken by mistake, less what was put back; loans are no use."""
    return of_devices(of, of("used_units") * DAYS_30_MS / of.measured_ms)


@kpi(MONEY, DEVICE_SCOPES, has_devices)
def usage_value_per_30d(of: Group) -> Float64Array:
    """The same at list price."""
    return of_devices(of, of("used_revenue") * DAYS_30_MS / of.measured_ms)
