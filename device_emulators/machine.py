"""A machine, or a line: whether it runs, its running hours, what it has made, and its stop."""

from collections.abc import Callable
from typing import Final

from pydantic import Field
from pydantic.dataclasses import dataclass

from device_emulators.device import STRICT, Device, DeviceState, Draw
from device_emulators.signals import RefusedError, SignalType

STOPPED: Final = "stopped"
RUNNING: Final = "running"
STARVED: Final = "starved"
DOWN: Final = "down"
RUN_STATES: Final = (STOPPED, RUNNING, STARVED, DOWN)


@dataclass(frozen=True, config=STRICT)
class MachineConfig:
    """How fast a machine works, and how finely it counts its time."""

    cycle_ms: int = Field(default=0, ge=0, description="running time per part; 0: parts are not counted")
    scrap: float = Field(default=0.0, ge=0, le=1, description="share of parts that are scrap")
    hours_step_ms: int = Field(default=36_000, ge=1, description="step of the running hours shown, ms")


@dataclass(config=STRICT)
class MachineState(DeviceState):
    """What it does, and since when."""

    run_state: str = STOPPED
    ran_ms: int = Field(default=0, ge=0)  # up to the last stop
    running_from_ms: int = 0
    serviced_at_ms: int = Field(default=0, ge=0)  # of running time
    cycles: int = Field(default=0, ge=0)
    scrapped: int = Field(default=0, ge=0)
    starts: int = Field(default=0, ge=0)
    breakdowns: int = Field(default=0, ge=0)


class Machine(Device[MachineState]):
    """Runs, waits for material (starved), stands still (stopped), or is broken (down).

    Running time and parts go on only while it runs; a cycle that a stop interrupts is finished after the next start.
    Words of `draw`: one per part, for whether it is scrap.
    """

    def __init__(self, name: str, config: MachineConfig, draw: Draw | None = None) -> None:
        super().__init__(name, MachineState(), draw)
        self.config = config
        self._declare(
            "run_state",
            SignalType.TEXT,
            "",
            "what it does",
            choices=RUN_STATES,
            read=lambda: self._state.run_state,
        )
        self._declare_number("running_ms", "ms", "running time in all, in steps", lambda: self._shown_ms(0))
        self._declare_number(
            "since_service_ms",
            "ms",
            "running time since the last service, in steps",
            lambda: self._shown_ms(self._state.serviced_at_ms),
        )
        self._declare_number("parts", "", "good parts so far", lambda: self._state.cycles - self._state.scrapped)
        self._declare_number("scrap", "", "scrapped parts so far", lambda: self._state.scrapped)
        self._declare_number("starts", "", "starts so far", lambda: self._state.starts)
        self._declare_number("breakdowns", "", "breakdowns so far", lambda: self._state.breakdowns)
        self._command("start", "start running", self._start)
        self._command("stop", "stop at once", self._stop)
        self._command("serviced", "it was serviced: the time since service counts from 0", self._serviced)

    def _declare_number(self, name: str, unit: str, description: str, read: Callable[[], int]) -> None:
        self._declare(name, SignalType.INT, unit, description, low=0, read=read)

    @property
    def run_state(self) -> str:
        return self._state.run_state

    def next_time(self) -> int | None:
        state, config = self._state, self.config
        if state.run_state != RUNNING:
            return None
        ran_ms = self._ran_ms()
        steps = [_step_after(ran_ms, config.hours_step_ms), self._service_step_after(ran_ms)]
        if config.cycle_ms:
            steps.append((state.cycles + 1) * config.cycle_ms)
        return state.running_from_ms + min(steps) - state.ran_ms

    def starve(self, starved: bool) -> None:
        """Material is missing, or there again; a machine that does not run is not concerned."""
        if starved and self._state.run_state == RUNNING:
            self._halt(STARVED)
        elif not starved and self._state.run_state == STARVED:
            self._run()

    def break_down(self) -> None:
        """It breaks, and cannot be started until it is repaired."""
        if self._state.run_state != DOWN:
            self._state.breakdowns += 1
            self._halt(DOWN)

    def repair(self) -> None:
        """It is repaired, and stands still until somebody starts it."""
        if self._state.run_state == DOWN:
            self._halt(STOPPED)

    def _start(self) -> None:
        if self._state.run_state == DOWN:
            raise RefusedError(f"{self.name} is down")
        if self._state.run_state == STOPPED:
            self._state.starts += 1
            self._run()

    def _stop(self) -> None:
        if self._state.run_state in (RUNNING, STARVED):
            self._halt(STOPPED)

    def _serviced(self) -> None:
        self._note("serviced", value=self._shown_ms(self._state.serviced_at_ms))
        self._state.serviced_at_ms = self._ran_ms()

    def _run(self) -> None:
        self._state.run_state, self._state.running_from_ms = RUNNING, self.now_ms
        self._note(RUNNING)

    def _halt(self, run_state: str) -> None:
        self._state.ran_ms = self._ran_ms()
        self._state.run_state = run_state
        self._note(run_state)

    def _wake(self) -> None:
        """A step of running time is over, or a part is done."""
        state, cycle_ms = self._state, self.config.cycle_ms
        if cycle_ms and self._ran_ms() >= (state.cycles + 1) * cycle_ms:
            scrap = self.config.scrap > 0 and self._word() < self.config.scrap
            state.cycles += 1
            state.scrapped += scrap
            self._note("scrap" if scrap else "part", value=state.cycles)

    def _ran_ms(self) -> int:
        state = self._state
        return state.ran_ms + (self.now_ms - state.running_from_ms if state.run_state == RUNNING else 0)

    def _service_step_after(self, ran_ms: int) -> int:
        serviced = self._state.serviced_at_ms
        return serviced + _step_after(ran_ms - serviced, self.config.hours_step_ms)

    def _shown_ms(self, from_ms: int) -> int:
        """Running time from some running time on, as far as it is whole steps."""
        step = self.config.hours_step_ms
        return (self._ran_ms() - from_ms) // step * step

    def _problem(self, state: MachineState) -> str:
        if state.run_state not in RUN_STATES:
            return "run_state must be one of " + ", ".join(RUN_STATES)
        if state.scrapped > state.cycles:
            return "scrapped must be at most cycles"
        running_ms = state.now_ms - state.running_from_ms if state.run_state == RUNNING else 0
        ran_ms, cycle_ms = state.ran_ms + running_ms, self.config.cycle_ms
        if running_ms < 0 or ran_ms < state.serviced_at_ms:
            return "it cannot have been started or serviced later than now"
        if cycle_ms and state.cycles != ran_ms // cycle_ms:
            return f"cycles must be {ran_ms // cycle_ms} after {ran_ms} ms of running"
        return ""


def _step_after(ran_ms: int, step_ms: int) -> int:
    return (ran_ms // step_ms + 1) * step_ms
