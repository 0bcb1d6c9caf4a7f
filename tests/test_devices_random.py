"""What holds of devices whatever happens to them."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from device_emulators.edge_gateway import (
    NO_ARRIVAL,
    EdgeGateway,
    EdgeGatewayConfig,
    Overflow,
    arrives_at,
    collected_at,
    sent_at,
)
from device_emulators.measuring import Gauge
from device_emulators.rfid_shelf import RfidShelf, RfidShelfConfig
from device_emulators.signals import RefusedError
from device_emulators.tank import Tank, TankConfig
from device_emulators.weighing_shelf import WeighingShelf, WeighingShelfConfig
from tests.device_samples import vending_machine, words

WORD = st.floats(0.0, 1.0, exclude_max=True)
SMALL = st.integers(0, 6)
DEEDS = st.tuples(st.sampled_from(["fill", "vend", "reset", "count", "wait"]), st.integers(1, 3), SMALL)


@given(
    st.lists(DEEDS, max_size=40),
    st.lists(WORD, max_size=30),
    st.sampled_from([0, 100]),
)
def test_slots_stay_within_their_capacity_and_nothing_appears(deeds, chances, turn_ms):
    slots = (("gloves", 3), ("drill", 2), ("gloves", 5))
    machine = vending_machine(*chances, slots=slots, jam=0.1, fail=0.2, wrong=0.3, refund=0.5, turn_ms=turn_ms)
    machine._journal_length = 1000
    filled = 6
    for deed, slot, units in deeds:
        if deed == "fill":
            filled += machine.fill(slot, units)
        elif deed == "count":
            machine.write(f"slot_{slot}_count", min(units, slots[slot - 1][1]))
        elif deed == "reset":
            machine.write(f"slot_{slot}_reset", True)
        elif deed == "wait":
            machine.advance(machine.now_ms + 40 * units)
        else:
            try:
                machine.write(f"slot_{slot}_vend", True)
            except RefusedError:
                signals = machine.read()
                assert signals["busy"] or signals[f"slot_{slot}_jammed"] or not signals[f"slot_{slot}_count"]
        given_out = sum(entry.what in ("vended", "wrong item") for entry in machine.journal)
        stock = [machine.stock(number) for number in (1, 2, 3)]
        assert filled - given_out == sum(stock)
        for units_there, (_, capacity), number in zip(stock, slots, (1, 2, 3), strict=True):
            assert 0 <= units_there <= capacity
            assert 0 <= machine.read()[f"slot_{number}_count"] <= capacity


@given(st.lists(st.tuples(st.sampled_from(["fill", "draw", "leak", "wait"]), st.integers(0, 60)), max_size=40))
def test_a_tank_balances(deeds):
    tank = Tank("tank", TankConfig(100, leak_step=3), words())
    tank._journal_length = 10_000
    for deed, number in deeds:
        if deed == "fill":
            tank.fill(number)
        elif deed == "draw":
            tank.draw(number)
        elif deed == "leak":
            tank.leak(number * 1000)
        else:
            tank.advance(tank.now_ms + number * 100_000)
        moved = {what: sum(e.value for e in tank.journal if e.what == what) for what in ("filled", "drawn", "leaked")}
        assert tank.units == moved["filled"] - moved["drawn"] - moved["leaked"]
        assert 0 <= tank.units <= 100
        assert tank.read()["drawn_total"] == moved["drawn"]


@given(st.lists(st.tuples(st.booleans(), SMALL), max_size=30), st.lists(WORD, max_size=60))
def test_perfect_shelves_show_what_lies_there_and_others_never_less_than_nothing(deeds, chances):
    gauge = Gauge(resolution_mg=300, noise_mg=5000.0, drift_mg_per_day=-10.0, tare_mg=3000.0)
    scale, tags = (
        WeighingShelf("s", WeighingShelfConfig(750), words(*chances)),
        RfidShelf("r", RfidShelfConfig(), words()),
    )
    bad_scale = WeighingShelf("b", WeighingShelfConfig(750, gauge), words(*chances))
    bad_tags = RfidShelf("t", RfidShelfConfig(0.7, 0.3), words(*chances))
    there = 0
    for put, units in deeds:
        there += units if put else -min(units, there)
        for shelf in (scale, tags, bad_scale, bad_tags):
            shelf.put(units) if put else shelf.take(units)
        assert scale.units == tags.tags == scale.read()["units"] == tags.read()["units"] == there
        assert bad_scale.read()["units"] >= 0
        assert bad_tags.read()["units"] >= 0


GATEWAYS = st.builds(
    EdgeGatewayConfig,
    poll_ms=st.sampled_from([0, 7, 20]),
    delay_ms=st.integers(1, 30),
    spacing_ms=st.integers(0, 20),
    capacity=st.integers(1, 4),
    overflow=st.sampled_from(Overflow),
)
GAPS = st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["take", "take", "take", "up", "down"])), max_size=40)


@given(GATEWAYS, GAPS)
def test_a_gateway_forwards_in_order_and_only_a_full_store_loses(config, gaps):
    gateway = EdgeGateway("gateway", config)
    gateway._journal_length = 10_000
    arrived = []
    for gap, deed in gaps:
        gateway.advance(gateway.now_ms + gap)
        if deed == "take":
            gateway.take("shelf", {"units": gap})
        else:
            gateway.set_uplink(deed == "up")
        assert gateway.read()["stored"] <= config.capacity
        arrived += gateway.arrived()
    gateway.set_uplink(True)
    gateway.advance(gateway.now_ms + 10_000)
    arrived += gateway.arrived()
    numbers = [one.number for one in arrived]
    lost = [entry.value for entry in gateway.journal if entry.what == "lost"]
    assert numbers == sorted(numbers)
    assert sorted(numbers + lost) == list(range(1, gateway.read()["taken"] + 1))
    assert_only_a_full_store_loses(gateway)
    for before, after in itertools.pairwise(arrived):
        assert after.arrives_ms >= before.arrives_ms + config.spacing_ms
    assert all(one.arrives_ms > one.taken_ms for one in arrived)


def assert_only_a_full_store_loses(gateway):
    """By its journal: whatever is lost was one too many."""
    kept = 0
    for entry in gateway.journal:
        if entry.what == "stored":
            kept += 1
        elif entry.what == "lost":
            assert kept == gateway.config.capacity + 1
            kept -= 1
        elif entry.what == "uplink up":
            kept = 0
        else:
            assert kept <= gateway.config.capacity


@given(
    st.sampled_from([0, 7, 20]),
    st.integers(1, 30),
    st.integers(0, 20),
    st.lists(st.integers(0, 40), max_size=20),
    st.tuples(st.integers(0, 300), st.integers(1, 100)),
)
def test_a_gateway_follows_the_rules_that_the_flow_follows(poll_ms, delay_ms, spacing_ms, gaps, outage):
    """Messages go by the same instants as `collected_at`, `sent_at` and `arrives_at` say, through an outage too."""
    gateway = EdgeGateway("gateway", EdgeGatewayConfig(poll_ms, delay_ms, spacing_ms))
    from_ms, to_ms = outage[0], outage[0] + outage[1]
    taken = [sum(gaps[: number + 1]) for number in range(len(gaps))]
    before, expected = NO_ARRIVAL, []
    for time in taken:
        before = arrives_at(time, sent_at(collected_at(time, poll_ms), from_ms, to_ms), delay_ms, before, spacing_ms)
        expected.append(before)
    happenings = sorted([(time, 1) for time in taken] + [(from_ms, 0), (to_ms, 0)])
    for time, is_message in happenings:
        gateway.advance(time)
        if is_message:
            gateway.take("shelf", {"units": 1})
        else:
            gateway.set_uplink(time == to_ms)
    gateway.advance(10_000)
    assert [one.arrives_ms for one in gateway.arrived()] == expected
