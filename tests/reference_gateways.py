"""Edge gateways of the plain reference model: when a report arrives, and which are lost during an outage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim import columns as c
from sim.plant_plan import OVERFLOW_NEWEST, Gateway
from tests.reference_devices import Report

if TYPE_CHECKING:
    from tests.reference_model import ReferenceModel

SORT_GATEWAY = 2


class ReferenceGateway:
    """Takes what sensors report and passes it on, one after the other."""

    def __init__(self, model: ReferenceModel, row: int, plan: Gateway) -> None:
        self.model, self.row, self.plan = model, row, plan
        self.node = model.plants.plan.plants[plan.plant].node
        self.chance = model.chance("uplink", plan.name)
        self.outages: list[tuple[int, int]] = []
        self.known_until_ms = 0
        self.stored: list[Report] = []
        self.lost: set[int] = set()  # numbers of messages that will not arrive, though they were due to
        self.last_arrival_ms: int | None = None

    def take(self, report: Report) -> None:
        """A sensor hands its report over."""
        model, plan = self.model, self.plan
        report.number = model.plants.next_report
        model.plants.next_report += 1
        report.device.count(c.N_MESSAGES)
        collected_ms = model.now
        while plan.poll_ms and collected_ms % plan.poll_ms:
            collected_ms += plan.poll_ms - collected_ms % plan.poll_ms
        outage_end_ms = self._outage_end(collected_ms)
        if outage_end_ms is not None:
            if len(self.stored) >= plan.capacity:
                if plan.overflow == OVERFLOW_NEWEST or not self.stored:
                    self._lose(report)
                    return
                self._lose(self.stored.pop(0))
            self.stored.append(report)
        sent_ms = collected_ms if outage_end_ms is None else outage_end_ms
        arrives_ms = max(sent_ms + plan.delay_ms, model.now + 1)
        if self.last_arrival_ms is not None:
            arrives_ms = max(arrives_ms, self.last_arrival_ms + plan.spacing_ms)
        self.last_arrival_ms = arrives_ms
        place = model.plant_place(SORT_GATEWAY, self.row)
        model.at(arrives_ms, c.PHASE_RETURN, self.node, place, lambda: self._arrives(report))

    def _outage_end(self, time_ms: int) -> int | None:
        """When the outage ends in which this instant falls, if it does."""
        every, lasting = self.plan.outage_every, self.plan.outage_lasting
        if every is None or lasting is None:
            return None
        while self.known_until_ms <= time_ms:
            begin = self.known_until_ms + self.chance.draw(every)
            end = begin + self.chance.draw(lasting)
            self.outages.append((begin, end))
            self.known_until_ms = max(end, self.known_until_ms + 1)
        for begin, end in self.outages:
            if begin <= time_ms < end:
                return end
        return None

    def _lose(self, report: Report) -> None:
        point = report.device.point
        self.lost.add(report.number)
        report.device.lose(report)
        self.model.log(self.model.phase, point.node, point.item, c.E_REPORT_LOST, 0, report.number)

    def _arrives(self, report: Report) -> None:
        if report.number in self.lost:
            return
        if report in self.stored:
            self.stored.remove(report)
        device = report.device
        device.count(c.N_DELIVERED)
        device.count(c.N_DELAY_MS, self.model.now - report.taken_ms)
        change = device.apply(report, self.plan.clock_offset_ms)
        point = device.point
        by_its_clock = report.taken_ms + self.plan.clock_offset_ms
        self.model.plants.report(point, -change, c.R_TOLD, report.number, by_its_clock)
        self.model.log(c.PHASE_RETURN, point.node, point.item, c.E_REPORT, change, report.number)
