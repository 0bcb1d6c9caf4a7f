"""The one place that knows numba: compile a hot function, and keep the compiled form on disk.

numba's own cache notices an edit of a function's file but not of the files it calls into, and then silently runs
the old code. So the cache folder's name carries a hash of every source file that holds compiled code.
With NUMBA_DISABLE_JIT=1 the same functions run as plain Python, for debugging and coverage.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
import platformdirs

F = TypeVar("F", bound=Callable[..., Any])


_CONSTANTS = ("columns.py", "model.py", "network.py", "ordering.py", "jit_tables.py")
"""Files without compiled functions whose values or rules are compiled into those of others."""
_SIGNS = (b"sim.jit import", b"policies.compilable import")
"""A file with compiled code contains one of these."""


def _source_hash() -> str:
    root = Path(__file__).resolve().parent
    devices = root.parent / "device_emulators"  # plain files there hold rules for sim to compile
    digest = hashlib.blake2b(digest_size=8)
    for folder in (root, root.parent / "policies", devices):
        for path in sorted(folder.rglob("*.py")):
            source = path.read_bytes()
            if path.parent == devices or path.name in _CONSTANTS or any(sign in source for sign in _SIGNS):
                digest.update(path.name.encode())
                digest.update(source)
    return digest.hexdigest()


def cache_folder() -> Path:
    """Where this version's compiled code is kept; MRO_TWIN_CACHE overrides the user's cache folder."""
    base = os.environ.get("MRO_TWIN_CACHE") or platformdirs.user_cache_dir("mro-twin")
    return Path(base) / f"compiled-{_source_hash()}"


numba.config.CACHE_DIR = str(cache_folder())
int64 = cast(Callable[[Any], int], np.int64)
"""For numbers passed between compiled functions: numba compiles a variant for a literal, and for each integer size."""

JIT_DISABLED = bool(numba.config.DISABLE_JIT)


def compiled(function: F) -> F:
    """Compile `function` with numba on first call, or leave it as it is when compilation is switched off."""
    decorate = numba.njit(cache=True, error_model="numpy", no_cfunc_wrapper=True)
    return decorate(function)  # type: ignore[no-any-return]
