"""What can go wrong when a shortage is to be explained."""

from sim.errors import TwinError


class ExplainError(TwinError):
    """The question cannot be answered as it was asked: no such run, node, item or short line. Exit code 2."""


class ReplayDiffersError(TwinError):
    """Simulating a replication again did not give the records of the run. Exit code 3."""

    exit_code = 3


class NothingShortError(TwinError):
    """Everything asked for was met at once: an answer rather than a failure. Exit code 0."""

    exit_code = 0
