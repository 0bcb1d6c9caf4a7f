"""Runs a gateway as a program: settings from a file, until it is asked to end."""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from device_emulators.faces.documents import FileError
from hil.gateways.settings import Settings, read_settings


def run_gateway(run: Callable[[Settings], Coroutine[Any, Any, None]], arguments: Sequence[str]) -> int:
    """Exit code 0 when asked to end by SIGTERM or Ctrl-C, 2 for bad settings."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("mqtt").setLevel(logging.ERROR)  # it warns of many messages under way, which is meant
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # it dumps packets when a request fails
    logging.getLogger("asyncua").setLevel(logging.ERROR)  # it tells of every request
    if len(arguments) != 1:
        print("usage: python -m hil.gateways.NAME CONFIG", file=sys.stderr)
        return 2
    try:
        settings = read_settings(Path(arguments[0]))
    except FileError as error:
        print(error, file=sys.stderr)
        return 2
    asyncio.run(_until_asked(run(settings)))
    return 0


async def _until_asked(coroutine: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(coroutine)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task
