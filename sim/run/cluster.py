"""Replications on the workers of a Dask cluster.

A worker gets the plan without its network, builds that once, and simulates into a folder of its own that goes away
afterwards; the records come back as bytes and are written here, so nothing has to be shared but the program. When a
worker dies, Dask has its replications simulated again elsewhere; a replication gives one outcome, whoever made it.

A Dask cluster runs whatever code its clients send, and its workers' answers are unpickled here: use one that you trust,
and TLS (`tls://`) on a network that you do not.
"""

import functools
import hashlib
import re
import tempfile
import threading
import time
from collections.abc import Mapping
from concurrent.futures import CancelledError, Future
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, Final

from sim.errors import RunFailedError, TwinError
from sim.run.directory import RunDirectory, reason
from sim.run.plan import BuiltPlans, Outcome, Plan, ShouldStop, never, simulate_one
from sim.run.workers import SUBMITTED_PER_WORKER, Parcel, Parcels

CONNECT_SECONDS: Final = 10
PATIENCE_SECONDS: Final = 60.0
"""How long to do without any worker, or without the scheduler, before giving up."""

_ASK_SECONDS: Final = 2.0
_ADDRESS: Final = re.compile(r"((tcp|tls|ws|wss|ucx)://)?([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.%]+\]):[0-9]{1,5}")


def connect(address: str) -> "DaskCluster":
    """The cluster whose scheduler listens at `address`, such as `tcp://10.0.0.5:8786`.

    TwinError (exit code 2) when that is no address, nobody answers there, or the extra `cluster` is not installed.
    """
    if not _ADDRESS.fullmatch(address):
        raise TwinError(f"--cluster {address[:80]}: this is not the address of a scheduler; write `tcp://HOST:8786`")
    try:
        from distributed import Client
    except ImportError as error:
        raise TwinError('--cluster needs Dask, which is not installed: pip install "mro-twin[cluster]"') from error
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError, RuntimeError, TypeError) as error:
        raise TwinError(
            f"--cluster {address}: no Dask scheduler answers there ({type(error).__name__}); "
            "start one with `dask scheduler`, and workers with `dask worker`"
        ) from error
    return DaskCluster(client, address)


class DaskCluster:
    """The workers of a Dask scheduler, as `sim.run.workers.Workers`."""

    on_this_machine = False

    def __init__(self, client: Any, address: str) -> None:
        self._client, self._address = client, address
        self._executor = client.get_executor(pure=False)
        self._parcels = Parcels()
        self._threads = 0
        self._asked = -_ASK_SECONDS
        self._well = time.monotonic()

    def ahead(self) -> int:
        """Twice the cluster's threads, at least one. RunFailedError when it has had no worker for a minute."""
        now = time.monotonic()
        if now - self._asked >= _ASK_SECONDS:
            self._asked = now
            self._threads = self._count_threads()
            if self._threads:
                self._well = now
            elif now - self._well > PATIENCE_SECONDS:
                raise RunFailedError(
                    f"the cluster at {self._address} has had no worker for {PATIENCE_SECONDS:.0f} s; start some with "
                    f"`dask worker {self._address} --nthreads 1`, and go on with --resume"
                )
        return max(self._threads * SUBMITTED_PER_WORKER, 1)

    def _count_threads(self) -> int:
        if self._client.status != "running":
            return 0
        try:
            return sum(self._client.nthreads().values())
        except (OSError, TimeoutError, RuntimeError):
            return 0

    def submit(
        self, plan: Plan, replication: int, run: RunDirectory | None, should_stop: ShouldStop = never
    ) -> Future[Outcome]:
        parcel = self._parcels.of(plan)
        future: Future[Outcome] = self._executor.submit(
            simulate_remotely, program_fingerprint(), parcel, replication, run is not None
        )
        return future

    def take(self, future: Future[Outcome], replication: int, run: RunDirectory | None) -> Outcome:
        from distributed.scheduler import KilledWorker

        try:
            outcome = future.result()
        except KilledWorker as killed:
            raise RunFailedError(
                f"replication {replication} was given up: every worker that had it died (out of memory? give each "
                "worker more of it, and one thread)"
            ) from killed
        except CancelledError as lost:
            raise RunFailedError(f"the scheduler at {self._address} has gone; go on with --resume") from lost
        except ImportError as error:
            raise RunFailedError(
                f"the workers of {self._address} cannot load this program ({error}); install the same version of "
                "mro-twin there"
            ) from error
        if run is not None:
            _write(outcome.files, replication, run)
        return replace(outcome, files={})

    def close(self) -> None:
        self._executor.shutdown(wait=False)
        self._client.close(timeout=CONNECT_SECONDS)

    def abandon(self) -> None:
        """Take back what is not finished; workers in the middle of a replication notice within moments."""
        self.close()


def _write(files: Mapping[str, bytes], replication: int, run: RunDirectory) -> None:
    with run.writing(replication) as folder:
        for name, content in files.items():
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts:
                raise RunFailedError(f"replication {replication}: a worker sent a file with the name {name!r}")
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


@functools.cache
def program_fingerprint() -> str:
    """A hash of everything that decides over results: the sources of the model, here or on a worker."""
    root = Path(__file__).resolve().parent.parent.parent
    digest = hashlib.sha256()
    for package in ("sim", "policies", "device_emulators"):
        for path in sorted((root / package).rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


# --- on the worker ----------------------------------------------------------------------------------------------------
_built = BuiltPlans()
_one_at_a_time = threading.Lock()


def simulate_remotely(fingerprint: str, parcel: Parcel, replication: int, with_files: bool) -> Outcome:
    """One replication in a Dask worker; its records are in `files` of the outcome when asked for."""
    if fingerprint != program_fingerprint():
        raise RunFailedError("a worker of the cluster has another version of mro-twin; install the same one everywhere")
    should_stop = _asked_to_stop()
    with _one_at_a_time:
        plan = _built.get(parcel.key, parcel.open)
        if not with_files:
            return simulate_one(plan, replication, None, should_stop)
        with tempfile.TemporaryDirectory(prefix="mro-twin-") as folder:
            run = RunDirectory(Path(folder))
            outcome = simulate_one(plan, replication, run, should_stop)
            return replace(outcome, files=_read(run.replication_folder(replication)))


def _read(folder: Path) -> dict[str, bytes]:
    try:
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    except OSError as error:
        raise RunFailedError(f"a worker could not read what it wrote: {reason(error)}") from error


def _asked_to_stop() -> ShouldStop:
    """Whether the task that runs in this thread has been taken back, as far as its worker has heard."""
    from distributed.worker import get_worker, thread_state

    tasks, key = get_worker().state.tasks, thread_state.key

    def taken_back() -> bool:
        task = tasks.get(key)
        return task is None or task.state == "cancelled"

    return taken_back
