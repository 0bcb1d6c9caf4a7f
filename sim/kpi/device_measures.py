"""The measures of devices: what they count, how far the record is from the shelf, what was used, and alarms."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np

from sim import columns as c
from sim.network import Float64Array, Int64Array
from sim.record import plant_sums as p
from sim.record import usage_sums as u
from sim.record.records import Records

if TYPE_CHECKING:
    from sim.kpi.measures import StockPointMeasures

DeviceMeasure = Callable[["StockPointMeasures"], "Float64Array | Int64Array"]


class DeviceRows:
    """What devices left behind, a row per counting stock point; zeros without plants.

    Attributes:
        count: (rows, COUNT_COLUMNS).
        gap: (rows, GAP_COLUMNS).
        usage: (rows, kinds) units within the measured window.
        alarms: (rows, ALARM_COLUMNS).
    """

    def __init__(self, records: Records, rows: Int64Array | slice) -> None:
        plant, sums = records.summary.plant, records.plant_sums
        points = len(records.network.parameter[rows])
        self.count: Int64Array = np.zeros((points, c.COUNT_COLUMNS), np.int64)
        self.gap: Float64Array = np.zeros((points, c.GAP_COLUMNS))
        self.usage: Int64Array = np.zeros((points, u.USAGE_KIND_COUNT), np.int64)
        self.alarms: Int64Array = np.zeros((points, p.ALARM_COLUMNS), np.int64)
        if plant is not None:
            self.count, self.gap = plant.count[rows], plant.gap[rows]
        if sums is not None:
            self.usage, self.alarms = sums.usage[rows, u.USAGE_MEASURED :], sums.alarms[rows]


def _count(column: int) -> DeviceMeasure:
    return lambda m: m.devices.count[:, column]


def _units(column: int) -> DeviceMeasure:
    return lambda m: m.devices.count[:, column] * m.natural


def _money(column: int) -> DeviceMeasure:
    return lambda m: m.devices.count[:, column] * m.cost


def _alarms(column: int) -> DeviceMeasure:
    return lambda m: m.devices.alarms[:, column]


def _is_device(m: "StockPointMeasures") -> Int64Array:
    device: Int64Array = (m.parameter[:, c.P_FLAGS] & c.SP_DEVICE) // c.SP_DEVICE
    return device


def _is_critical(m: "StockPointMeasures") -> Int64Array:
    wanted = c.SP_DEVICE | c.SP_CRITICAL | c.SP_STOCKED
    critical: Int64Array = ((m.parameter[:, c.P_FLAGS] & wanted) == wanted).astype(np.int64)
    return critical


def _used(m: "StockPointMeasures") -> Int64Array:
    """Integer units used up: drawn or taken by mistake, less what was put back; what is lent is not used up."""
    kinds = [c.U_PERSON, c.U_MACHINE, c.U_QUEUE, c.U_WRONG]
    used: Int64Array = m.devices.usage[:, kinds].sum(axis=1) - m.devices.usage[:, c.U_PUT_BACK]
    return used


DEVICE_MEASURES: Final[dict[str, DeviceMeasure]] = {
    "device_points": _is_device,
    "critical_points": _is_critical,
    "critical_ready_ms": lambda m: m.area[:, c.A_READY] * _is_critical(m),
    "counted": _count(c.N_COUNTED),
    "counted_right": _count(c.N_COUNTED_RIGHT),
    "wrong_record_ms": lambda m: m.devices.gap[:, c.G_WRONG_MS],
    "record_gap_unit_ms": lambda m: m.devices.gap[:, c.G_UNITS] * m.natural,
    "record_gap_money_ms": lambda m: m.devices.gap[:, c.G_UNITS] * m.cost,
    "device_lines": lambda m: m.devices.count[:, c.N_PERSON_LINES] + m.devices.count[:, c.N_MACHINE_LINES],
    "refused_lines": _count(c.N_REFUSED),
    "turns": _count(c.N_TURNS),
    "jams": _count(c.N_JAMS),
    "failed_vends": _count(c.N_FAILED_VENDS),
    "wrong_items": _count(c.N_WRONG),
    "missed_scans": _count(c.N_MISSED_SCANS),
    "messages": _count(c.N_MESSAGES),
    "messages_delivered": _count(c.N_DELIVERED),
    "messages_lost": _count(c.N_LOST),
    "message_delay_ms": _count(c.N_DELAY_MS),
    "loans": _units(c.N_LOANS),
    "loans_back": _units(c.N_LOANS_BACK),
    "loans_lost": _units(c.N_LOANS_LOST),
    "put_back_units": _units(c.N_PUT_BACK),
    "expired_units": _units(c.N_EXPIRED),
    "expired_money": _money(c.N_EXPIRED),
    "expired_issued_units": _units(c.N_EXPIRED_ISSUED),
    "leaked_units": _units(c.N_LEAKED),
    "leaked_money": _money(c.N_LEAKED),
    "rejected_units": _units(c.N_REJECTED),
    "rejected_money": _money(c.N_REJECTED),
    "lines_elsewhere": _count(c.N_ELSEWHERE),
    "lines_short": _count(c.N_SHORT),
    "lines_short_by_record": _count(c.N_SHORT_BY_RECORD),
    "lines_short_by_device": _count(c.N_SHORT_BY_DEVICE),
    "used_units": lambda m: _used(m) * m.natural,
    "used_revenue": lambda m: _used(m) * m.price,
    "alarm_hits": _alarms(p.ALARM_HITS),
    "alarms_false": _alarms(p.ALARM_FALSE),
    "alarms_missed": _alarms(p.ALARM_MISSES),
    "alarm_delay_ms": _alarms(p.ALARM_DELAY_MS),
}


def record_cause_measures(m: "StockPointMeasures") -> dict[str, Float64Array]:
    """How far the record is from the shelf, a value per cause of `sim.columns.CAUSE_NAMES`."""
    gap = m.devices.gap[:, : c.CAUSES]
    return {
        "points": np.ones(c.CAUSES),
        "device_points": np.ones(c.CAUSES),
        "record_gap_unit_ms": np.asarray(m.natural @ gap, np.float64),
        "record_gap_money_ms": np.asarray(m.cost @ gap, np.float64),
    }


def rule_measures(records: Records) -> dict[str, Float64Array]:
    """What became of the alarms, a value per detection rule."""
    sums = records.plant_sums
    alarms = np.zeros((0, p.ALARM_COLUMNS)) if sums is None else sums.rule_alarms.astype(np.float64)
    names = ("alarm_hits", "alarms_false", "alarms_missed", "alarm_delay_ms")
    measures = {"points": np.ones(len(alarms)), "device_points": np.ones(len(alarms))}
    return measures | {name: alarms[:, column] for column, name in enumerate(names)}
