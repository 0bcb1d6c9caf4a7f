"""Fault files, their plans, and what playing them does to links, devices and processes."""

import asyncio
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_emulators.faces.documents import FileError, checked, parse_document, read_document
from device_emulators.faces.host import Host
from hil.faults.kinds import KINDS, Delay, read_fault
from hil.faults.model import FaultFile, check_targets
from hil.faults.plan import Planned, make_plan
from hil.faults.player import Player
from hil.relays.condition import Condition
from tests.device_samples import all_devices, vending_machine

SETTINGS = {
    "delay": {"by": "200 ms", "jitter": "50 ms"},
    "slow": {"bytes_per_s": 1000},
    "noise": {"sigma": 2.0},
    "drift": {"per_hour": 10},
    "jump": {"by": 3},
    "clock_skew": {"by": "-90 s"},
    "late": {"by": "2 s"},
}


def faults(text: str) -> FaultFile:
    return checked(FaultFile, parse_document(text, "faults.yaml"))


def refusal(text: str) -> str:
    with pytest.raises(FileError) as caught:
        faults(text)
    return str(caught.value)


class FakeLink:
    def __init__(self) -> None:
        self.told: list[Condition] = []

    async def apply(self, condition: Condition) -> None:
        self.told.append(condition)


class FakeProcess:
    def __init__(self) -> None:
        self.done: list[str] = []

    async def stop(self) -> None:
        self.done.append("stop")

    async def kill(self) -> None:
        self.done.append("kill")

    async def start(self) -> None:
        self.done.append("start")


def play(text: str, host: Host | None = None, *times_ms: int) -> tuple[FakeLink, FakeProcess, list[object]]:
    """Plays a file on one link and one device; what the device's `turns` showed at each of the times."""
    link, process, seen = FakeLink(), FakeProcess(), []
    file = faults(text)
    hosts = {} if host is None else {host.name: host}
    player = Player(
        make_plan(file, 1_000_000), file.seed, links={"uplink": link}, hosts=hosts, processes={"gateway": process}
    )

    async def run() -> None:
        for time_ms in times_ms or (1_000_000,):
            await player.apply_until(time_ms)
            if host is not None:
                host.advance(time_ms)
                seen.append(host.reading("turns").value)

    asyncio.run(run())
    return link, process, seen


def machine() -> Host:
    return Host("vending_machine", vending_machine())


def vend(host: Host) -> None:
    host.write("slot_1_vend", True)


def test_the_example_of_the_contract_is_read(tmp_path: Path) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text(
        """
seed: 1
faults:
  - {at: 20 s, for: 30 s, link: uplink, fault: refuse}
  - {at: 60 s, for: 5 s, device: tank-1, fault: stuck, signals: [shown]}
  - {every: 10 s, for: 1 s, jitter: 2 s, link: device, fault: {delay: {by: 200 ms, jitter: 50 ms}}}
"""
    )
    plan = make_plan(checked(FaultFile, read_document(file)), 65_000)
    assert [(one.start_ms, one.end_ms, one.target) for one in plan if one.entry < 2] == [
        (20_000, 50_000, "uplink"),
        (60_000, 65_000, "tank-1"),
    ]
    delays = [one for one in plan if one.entry == 2]
    assert [one.fault for one in delays] == [Delay(by="200 ms", jitter="50 ms")] * 6
    assert all(0 <= one.start_ms - 10_000 * (place + 1) <= 2000 for place, one in enumerate(delays))


@pytest.mark.parametrize("name", KINDS)
def test_every_fault_can_be_written_and_says_what_it_is_a_fault_of(name: str) -> None:
    written = {name: SETTINGS[name]} if name in SETTINGS else name
    fault = read_fault(written)
    assert type(fault) is KINDS[name]
    signals = ", signals: [turns]" if fault.of_signals else ""
    target = {"link": "uplink", "device": "vending", "process": "gateway"}[fault.target]
    file = faults(f"faults: [{{at: 1 s, for: 2 s, {fault.target}: {target}, fault: {written}{signals}}}]")
    assert file.faults[0].target == (fault.target, target)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("at: 1 s, for: 1 s, link: a, fault: refused", "faults.0.fault: there is no fault 'refused'"),
        ("at: 1 s, for: 1 s, link: a, device: b, fault: refuse", "exactly one of link, device and process"),
        ("at: 1 s, for: 1 s, device: b, fault: refuse", "refuse is a fault of a link, not of a device"),
        ("at: 1 s, link: a, fault: refuse", "say how long refuse holds"),
        ("for: 1 s, link: a, fault: refuse", "say `at` or `every`"),
        ("every: 5 s, for: 4 s, jitter: 2 s, link: a, fault: refuse", "it would overlap itself"),
        ("every: 50 ms, for: 4 ms, link: a, fault: refuse", "at least 100 ms"),
        ("at: 1 s, for: 1 s, device: b, fault: stuck", "stuck needs `signals`"),
        ("at: 1 s, for: 1 s, device: b, fault: silent, signals: [x]", "silent takes no `signals`"),
        ("at: 1 s, for: 1 s, link: a, fault: {delay: {by: 2 d}}", "delay: by: 172800000 ms is longer"),
        ("at: 1 s, for: 1 s, link: a, fault: {slow: {bytes_per_s: 0}}", "greater than or equal to 1"),
        ("at: 1 s, for: 1 s, link: a, fault: {delay: 1, slow: 2}", "expected the name of a fault"),
        ("at: 1 s, for: 1 s, process: plc, fault: kill", "process"),
        ("at: 1 s, for: 1 s, link: a, fault: refuse, colour: red", "faults.0.colour: is not known here"),
        ("at: 1, for: 1 s, link: a, fault: refuse", "no unit of time"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(entry: str, message: str) -> None:
    found = refusal(f"seed: 1\nfaults:\n  - {{{entry}}}\n")
    assert message in found
    assert "faults.yaml:3: " in found


def test_all_findings_come_at_once() -> None:
    found = refusal("seed: -1\nfaults:\n  - {at: 1 s}\n  - {at: 1 s, for: 1 s, link: a, fault: nothing}\nmore: 1\n")
    assert found.startswith("4 findings")


@pytest.mark.parametrize(
    "text",
    ["{", "a: 1\na: 2", "- !!python/object:os.system x", "a: &a [*a]", "? [1]\n: 2", "\t- x", "a: 2026-13-45: 2"],
)
def test_malformed_files_are_refused(text: str) -> None:
    refusal(text)


def test_references_that_multiply_are_refused() -> None:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "too many values" in refusal("\n".join(lines))


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        document = parse_document(text)
    except FileError:
        return
    assert isinstance(document.data, (dict, list, str, int, float, bool, type(None)))


def test_targets_that_are_not_there_are_found() -> None:
    text = """
faults:
  - {at: 1 s, for: 1 s, link: uplnk, fault: refuse}
  - {at: 1 s, for: 1 s, device: tank-2, fault: silent}
  - {at: 1 s, for: 1 s, device: tank-1, fault: stuck, signals: [level, colour]}
  - {at: 1 s, for: 1 s, device: "*", fault: stuck, signals: [level]}
"""
    document = parse_document(text, "f")
    found = check_targets(checked(FaultFile, document), document, (), {"uplink"}, {"tank-1": ["level"]})
    assert [path for _, path in found] == [
        ("faults", 0, "link"),
        ("faults", 1, "device"),
        ("faults", 2, "signals", 1),
    ]
    with pytest.raises(FileError, match=r"f:3: faults\.0\.link: there is no link 'uplnk'; there are uplink"):
        document.refuse(found)


entries = st.builds(
    lambda at, every, lasts, jitter: (
        f"{{at: {at} ms, {f'every: {every + lasts + jitter} ms, ' if every else ''}"
        f"for: {lasts} ms, jitter: {jitter} ms, link: uplink, fault: refuse}}"
    ),
    st.integers(0, 5000),
    st.none() | st.integers(100, 5000),
    st.integers(1, 3000),
    st.integers(0, 500),
)


@settings(max_examples=40)
@given(st.lists(entries, max_size=5), st.integers(0, 2**63 - 1), st.integers(0, 20_000))
def test_a_plan_is_sorted_repeats_itself_and_no_entry_touches_another(
    written: list[str], seed: int, horizon_ms: int
) -> None:
    file = faults(f"seed: {seed}\nfaults: [{', '.join(written)}]")
    plan = make_plan(file, horizon_ms)
    assert plan == make_plan(file, horizon_ms)
    assert [one[:2] for one in plan] == sorted(one[:2] for one in plan)
    assert all(one.start_ms < horizon_ms and one.end_ms - one.start_ms == file.faults[one.entry].lasts for one in plan)
    if written:
        shorter = make_plan(file.model_copy(update={"faults": file.faults[:-1]}), horizon_ms)
        assert shorter == tuple(one for one in plan if one.entry < len(written) - 1)
    longer = make_plan(file, horizon_ms + 5000)
    assert {one[:6] for one in plan} <= {one[:6] for one in longer}
    for entry in range(len(written)):
        own = [one for one in plan if one.entry == entry]
        assert all(before.end_ms <= after.start_ms for before, after in pairwise(own))


def test_faults_of_a_link_hold_together_and_end_each_at_its_time() -> None:
    link, _, _ = play(
        """
faults:
  - {at: 10 s, for: 10 s, link: uplink, fault: ackhole}
  - {at: 15 s, for: 10 s, link: uplink, fault: {delay: {by: 1 s}}}
"""
    )
    assert link.told == [
        Condition(ackhole=True),
        Condition(ackhole=True, delay_ms=1000),
        Condition(delay_ms=1000),
        Condition(),
    ]


def test_a_fault_without_duration_begins_and_ends() -> None:
    link, process, _ = play(
        "faults: [{at: 1 s, link: uplink, fault: reset}, {at: 2 s, process: gateway, fault: restart}]"
    )
    assert link.told == [Condition(reset=True), Condition()]
    assert process.done == ["stop", "start"]


def test_the_process_starts_again_when_no_fault_keeps_it_down() -> None:
    _, process, _ = play(
        """
faults:
  - {at: 1 s, for: 5 s, process: gateway, fault: kill}
  - {at: 3 s, for: 9 s, process: gateway, fault: stop}
"""
    )
    assert process.done == ["kill", "stop", "start"]


def test_stuck_holds_what_was_shown() -> None:
    host = machine()
    _, _, seen = play("faults: [{at: 1 s, for: 5 s, device: vending, fault: stuck, signals: [turns]}]", host, 1000)
    vend(host)
    assert host.reading("turns").value == seen[0] == 0
    assert host.reading("slot_1_count").value == 1


def test_stuck_ends_and_the_truth_is_shown_with_a_new_number() -> None:
    host = machine()
    file = faults("faults: [{at: 1 s, for: 5 s, device: vending, fault: stuck, signals: [turns]}]")
    player = Player(make_plan(file, 9000), 1, links={}, hosts={"vending": host})

    async def run() -> None:
        await player.apply_until(1000)
        vend(host)
        before = host.sequence
        await player.apply_until(6000)
        assert (host.reading("turns").value, host.reading("turns").number) == (1, before + 1)
        assert player.next_ms is None

    asyncio.run(run())


def test_jump_drift_and_noise_move_numbers_within_the_range_of_the_signal() -> None:
    jumping = machine()
    play("faults: [{at: 1 s, for: 5 s, device: '*', fault: {jump: {by: 50}}, signals: [slot_1_count]}]", jumping, 1000)
    assert jumping.reading("slot_1_count").value == 3  # the capacity
    drift = "faults: [{at: 0 s, for: 2 h, device: vending, fault: {drift: {per_hour: 360}}, signals: [turns]}]"
    assert play(drift, machine(), 0, 10_000, 20_000)[2] == [0, 1, 2]
    noise = "seed: 4\nfaults: [{at: 0 s, for: 1 h, device: vending, fault: {noise: {sigma: 50}}, signals: [turns]}]"
    first = play(noise, machine(), *range(0, 60_000, 1000))[2]
    assert first == play(noise, machine(), *range(0, 60_000, 1000))[2]
    assert first != play(noise.replace("4", "5", 1), machine(), *range(0, 60_000, 1000))[2]
    assert len(set(first)) > 10
    assert 0 in first  # half of it would be negative


@pytest.mark.parametrize(("counters", "epoch"), [("kept", 1), ("lost", 2)])
def test_a_reboot_is_silent_and_empties_the_journal(counters: str, epoch: int) -> None:
    host = machine()
    vend(host)
    before = host.sequence
    file = faults(f"faults: [{{at: 1 s, for: 4 s, device: vending, fault: {{reboot: {{counters: {counters}}}}}}}]")
    player = Player(make_plan(file, 9000), 1, links={}, hosts={"vending": host})

    async def run() -> None:
        await player.apply_until(1000)
        assert host.disturbance.silent
        assert host.journal
        await player.apply_until(5000)
        assert not host.disturbance.silent
        assert host.epoch == epoch
        shown = len(host.readings())
        assert (host.sequence, len(host.journal)) == ((before, 0) if counters == "kept" else (shown, shown))

    asyncio.run(run())


def test_how_a_device_answers() -> None:
    host = machine()
    text = """
faults:
  - {at: 1 s, for: 5 s, device: vending, fault: {exception: {code: 6}}}
  - {at: 1 s, for: 5 s, device: vending, fault: {late: {by: 2 s}}}
  - {at: 2 s, for: 5 s, device: vending, fault: {late: {by: 1 s}}}
  - {at: 2 s, for: 5 s, device: vending, fault: stray}
  - {at: 2 s, for: 5 s, device: vending, fault: {clock_skew: {by: -90 s}}}
"""
    play(text, host, 3000)
    disturbance = host.disturbance
    assert (disturbance.exception, disturbance.late_ms, disturbance.stray) == (6, 3000, True)
    assert host.clock_ms == 3000 - 90_000
    host = machine()
    play(text, host, 10_000)
    assert host.disturbance == type(host.disturbance)()


def test_a_full_journal_takes_nothing_more() -> None:
    host = machine()
    play("faults: [{at: 1 s, for: 5 s, device: vending, fault: journal_full}]", host, 2000)
    before = host.journal
    vend(host)
    assert host.journal == before
    assert host.reading("turns").value == 1


def test_vends_fail_while_they_are_to() -> None:
    host = machine()
    file = faults("faults: [{at: 1 s, for: 5 s, device: '*', fault: failed_vend}]")
    player = Player(make_plan(file, 9000), 1, links={}, hosts={"vending": host})

    async def run() -> None:
        await player.apply_until(1000)
        vend(host)
        assert (host.reading("result").value, host.reading("slot_1_count").value) == ("refunded", 2)
        await player.apply_until(6000)
        vend(host)
        assert (host.reading("result").value, host.reading("slot_1_count").value) == ("vended", 1)

    asyncio.run(run())


def test_a_door_that_stands_open_is_shown_open() -> None:
    host = Host("door_sensor", all_devices()["door"])
    file = faults("faults: [{at: 1 s, for: 5 s, device: door, fault: door_open}]")
    player = Player(make_plan(file, 9000), 1, links={}, hosts={"door": host})

    async def run() -> None:
        await player.apply_until(1000)
        assert host.reading("open").value is True
        await player.apply_until(6000)
        assert host.reading("open").value is False

    asyncio.run(run())


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("link: downlink, fault: refuse", "there is no link 'downlink'"),
        ("device: tank, fault: silent", "there is no device 'tank'"),
        ("device: vending, fault: stuck, signals: [colour]", "shows no signal 'colour'"),
        ("device: vending, fault: door_open", "shows no door"),
        ("device: door, fault: failed_vend", "is not a vending machine"),
        ("process: gateway, fault: kill", "needs the gateway's command line"),
    ],
)
def test_a_plan_that_cannot_be_played_is_refused_before(entry: str, message: str) -> None:
    plan = make_plan(faults(f"faults: [{{at: 1 s, for: 1 s, {entry}}}]"), 9000)
    hosts = {"vending": machine(), "door": Host("door_sensor", all_devices()["door"])}
    with pytest.raises(ValueError, match=message):
        Player(plan, 1, links={"uplink": FakeLink()}, hosts=hosts)


def test_the_player_waits_for_the_clock_and_tells_what_it_does() -> None:
    class Clock:
        def now_ms(self) -> int:
            return round(asyncio.get_running_loop().time() * 1000) - self.began_ms

    told: list[tuple[str, bool]] = []

    def listen(planned: Planned, begins: bool) -> None:
        told.append((planned.fault.name, begins))

    async def run() -> None:
        clock = Clock()
        clock.began_ms = round(asyncio.get_running_loop().time() * 1000)
        file = faults("faults: [{at: 20 ms, for: 40 ms, link: uplink, fault: refuse}]")
        plan = make_plan(file, 9000)
        await Player(plan, 1, links={"uplink": FakeLink()}, hosts={}, listener=listen).run(clock)
        assert clock.now_ms() >= 60

    asyncio.run(run())
    assert told == [("refuse", True), ("refuse", False)]
