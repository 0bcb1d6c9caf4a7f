"""What can go wrong before a usage log can be signed, verified or proven."""

from sim.errors import TwinError


class UsageLogError(TwinError):
    """No such run, log, key, entry or proof, or a file that is none. Exit code 2; what does not verify is no error."""


class ProofRefusedError(TwinError):
    """The log does not fit its checkpoints, so that nothing can be proven from it. Exit code 1."""

    exit_code = 1
