"""Who simulates replications: this process, or worker processes beside it. `sim.run.cluster` has a third answer.

All of them are `Workers`: something that takes (plan, replication) and gives a future. One lot of workers may serve
many plans, one after the other or mixed, so that comparing ten variants does not start ten pools of processes.
"""

import ctypes
import hashlib
import multiprocessing
import pickle
import signal
import threading
import time
from collections import OrderedDict
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Final, Protocol

from sim.errors import RunFailedError
from sim.run.directory import RunDirectory
from sim.run.interrupt import held_back
from sim.run.plan import BuiltPlans, Outcome, Plan, ShouldStop, check_not_stopped, never, simulate_one
from sim.scenario.kinds import know_all_policies

SUBMITTED_PER_WORKER: Final = 2  # enough to keep a worker busy, few enough to be given up quickly
_GRACE_SECONDS: Final = 10.0
_PARCELS_KEPT: Final = 8


class Workers(Protocol):
    """Somebody who simulates replications. Whoever opens it closes it, or gives it up after an error.

    Attributes:
        on_this_machine: whether what is compiled here, and what lies on this disk, is of use to them.
    """

    on_this_machine: bool

    def ahead(self) -> int:
        """How many replications to have submitted at a time, so that nobody waits for work."""

    def submit(
        self, plan: Plan, replication: int, run: RunDirectory | None, should_stop: ShouldStop
    ) -> Future[Outcome]:
        """Have a replication simulated, some time."""

    def take(self, future: Future[Outcome], replication: int, run: RunDirectory | None) -> Outcome:
        """The outcome of a finished future, its records in `run`.

        Raises what the replication raised, RunFailedError when its worker has gone.
        """

    def close(self) -> None:
        """Send them home; everything is done."""

    def abandon(self) -> None:
        """Stop them in the middle of what they do; nobody is left behind. They cannot be used again."""


def open_workers(count: int) -> Workers:
    """Workers on this machine: `count` processes, or for 1 this process itself."""
    return LocalProcesses(count) if count > 1 else ThisProcess()


class ThisProcess:
    """Simulates here and now: a replication is finished when `submit` returns."""

    on_this_machine = True

    def __init__(self) -> None:
        self._built = BuiltPlans()

    def ahead(self) -> int:
        return 1

    def submit(
        self, plan: Plan, replication: int, run: RunDirectory | None, should_stop: ShouldStop
    ) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        try:
            check_not_stopped(should_stop)
            ready = plan if plan.network is not None else self._built.get(_Same(plan), lambda: plan)
            future.set_result(simulate_one(ready, replication, run, should_stop))
        except BaseException as error:
            future.set_exception(error)
        return future

    def take(self, future: Future[Outcome], replication: int, run: RunDirectory | None) -> Outcome:
        return future.result()

    def close(self) -> None:
        """There is nobody to send home."""

    def abandon(self) -> None:
        """There is nobody to stop."""


class _Same:
    """A plan as a key: equal to itself only, and alive as long as it is one."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.plan is self.plan

    def __hash__(self) -> int:
        return id(self.plan)


# --- plans on their way to other processes ----------------------------------------------------------------------------
class Parcel:
    """A plan as bytes, made once and sent along with each of its replications.

    `key` is a hash of the content, by which a worker recognises a plan whose network it has built already.
    """

    def __init__(self, plan: Plan) -> None:
        self.content = pickle.dumps(plan.for_shipping())
        self.key = hashlib.sha256(self.content).hexdigest()

    def open(self) -> Plan:
        """The plan, in the process that received it from its own main process."""
        know_all_policies()  # a scenario with policies from a file cannot be read before that file has run here
        plan: Plan = pickle.loads(self.content)
        return plan


class Parcels:
    """The parcels made last, by plan."""

    def __init__(self) -> None:
        self._made: OrderedDict[_Same, Parcel] = OrderedDict()

    def of(self, plan: Plan) -> Parcel:
        """The parcel of a plan."""
        key = _Same(plan)
        if key not in self._made:
            while len(self._made) >= _PARCELS_KEPT:
                self._made.popitem(last=False)
            self._made[key] = Parcel(plan)
        return self._made[key]


# --- worker processes -------------------------------------------------------------------------------------------------
_worker: dict[str, Any] = {}


def _start_worker(stop: Any) -> None:
    """Ctrl-C is the main process's business, and nobody outlives it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    _worker.update(stop=stop, built=BuiltPlans())


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        signal.raise_signal(signal.SIGTERM)


def _told_to_stop() -> bool:
    return bool(_worker["stop"].value)


def _work(parcel: Parcel, replication: int, run: RunDirectory | None) -> Outcome:
    check_not_stopped(_told_to_stop)
    plan = _worker["built"].get(parcel.key, parcel.open)
    return simulate_one(plan, replication, run, _told_to_stop)


class LocalProcesses:
    """Worker processes on this machine, started when the first replication is submitted."""

    on_this_machine = True

    def __init__(self, count: int) -> None:
        # spawn: a forked copy of a process with threads (numba, pyarrow) can hang
        context = multiprocessing.get_context("spawn")
        self._count = count
        self._before = set(multiprocessing.active_children())
        self._stop = context.RawValue(ctypes.c_bool, False)  # without a lock, which a killed worker could take along
        self._pool = ProcessPoolExecutor(count, context, initializer=_start_worker, initargs=(self._stop,))
        self._parcels = Parcels()

    def ahead(self) -> int:
        return self._count * SUBMITTED_PER_WORKER

    def submit(
        self, plan: Plan, replication: int, run: RunDirectory | None, should_stop: ShouldStop = never
    ) -> Future[Outcome]:
        parcel = self._parcels.of(plan)
        try:
            with held_back():  # submitting starts processes
                return self._pool.submit(_work, parcel, replication, run)
        except BrokenProcessPool as broken:
            raise _killed() from broken

    def take(self, future: Future[Outcome], replication: int, run: RunDirectory | None) -> Outcome:
        try:
            return future.result()
        except BrokenProcessPool as broken:
            raise _killed() from broken

    def close(self) -> None:
        self._pool.shutdown()

    def abandon(self) -> None:
        """Let the workers, once told to stop, come to an end by themselves; then make them.

        A worker that is killed in the middle of sending a result leaves half of it in the pipe, and the pool waiting
        for the other half.
        """
        self._stop.value = True
        processes = set(multiprocessing.active_children()) - self._before
        self._pool.shutdown(wait=False, cancel_futures=True)
        end = time.monotonic() + _GRACE_SECONDS
        for process in processes:
            process.join(max(end - time.monotonic(), 0.0))
        for process in processes:
            if process.is_alive():
                process.terminate()
                process.join(_GRACE_SECONDS)


def _killed() -> RunFailedError:
    return RunFailedError("a worker process was killed (out of memory? try fewer workers with -j)")
