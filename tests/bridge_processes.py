"""Commands of mro-twin as processes of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

_ENVIRONMENT: Final = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
LONGEST_S: Final = 60.0


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A command that runs until it is told to end, and the line of JSON that it prints when it is ready."""
    command = [sys.executable, "-m", "mro_twin", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=_ENVIRONMENT) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.terminate()
            process.wait(20)


def told(*arguments: str) -> str:
    command = [sys.executable, "-m", "mro_twin", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=_ENVIRONMENT, timeout=LONGEST_S, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
