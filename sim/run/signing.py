"""Signs the usage log of a run of contracts as soon as the run is whole.

Signing comes after the replications, in the process that puts the run together: so the records, and who made them, do
not know of keys. Only replication 0 is signed here, whose invoices are shown unless somebody asks for another one's; a
copy of the reports of hundreds of replications would be of no use. `mro-twin ledger sign` signs the others.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sim.errors import TwinError
from sim.run.directory import RunDirectory
from sim.scenario import Scenario

if TYPE_CHECKING:
    from sim.usage_log.log import SignedLog
    from sim.usage_log.signing import SigningKey

SIGNED: Final = 0
"""Number of the replication that is signed at once."""


def check_key(scenario: Scenario, key_file: Path | None, writes: bool) -> "SigningKey | None":
    """The key that a run is to be signed with; None makes one for this run when it is needed.

    Read before anything is simulated, so that a wrong file is told at once.

    Raises:
        UsageLogError: the file holds no such key.
        TwinError: a key is named, and there is nothing to sign with it.
    """
    if key_file is None:
        return None
    if not scenario.contracts:
        raise TwinError(f"--sign-key {key_file}: scenario {scenario.name!r} has no `contracts`, so no usage is billed")
    if not writes:
        raise TwinError(f"--sign-key {key_file}: only a run that writes a run directory is signed")
    from sim.usage_log.signing import read_signing_key

    return read_signing_key(key_file)


def sign_whole_run(run: RunDirectory, scenario: Scenario, key: "SigningKey | None") -> "SignedLog | None":
    """Sign a run that is whole; None when there is nothing to sign, or it was signed before.

    Raises any of `sim.errors`, with the advice how to go on: the run itself is whole.
    """
    if not scenario.contracts or not (run.replication_folder(SIGNED) / "reports.parquet").is_file():
        return None
    from sim.usage_log.log import sign_run

    try:
        logs = sign_run(run.path, key, [SIGNED])
    except TwinError as error:
        error.add_note(f"the run in {run.path} is whole; only its usage log is not signed")
        error.add_note(f"`mro-twin ledger sign {run.path}` signs it")
        raise
    return logs[0] if logs else None
