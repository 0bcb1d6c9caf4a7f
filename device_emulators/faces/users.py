"""Users of a server or broker: a file of names and hashed passwords."""

import hashlib
import hmac
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from device_emulators.faces.addresses import AddressError

_COST: Final = {"n": 2**11, "r": 8, "p": 1}  # about 5 ms: a login must not hold up the loop for longer


def hashed_password(password: str, salt: bytes | None = None) -> str:
    """A password as a users file keeps it: `salt$hash`, both hexadecimal (scrypt, RFC 7914)."""
    salt = os.urandom(16) if salt is None else salt
    return f"{salt.hex()}${hashlib.scrypt(password.encode(), salt=salt, **_COST).hex()}"


def read_users(path: Path) -> dict[str, str]:
    """Names and hashed passwords of a users file, lines of `name:salt$hash`. AddressError: it is none."""
    users = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        name, _, kept = line.partition(":")
        salt, _, digest = kept.partition("$")
        try:
            whole = bool(name) and len(bytes.fromhex(salt)) >= 16 and len(bytes.fromhex(digest)) == 64
        except ValueError:
            whole = False
        if not whole:
            raise AddressError(f"{path}:{number}: expected name:salt$hash, as `mro-twin hil keys --user` writes it")
        users[name] = kept
    return users


def may_log_in(users: Mapping[str, str], name: str, password: str) -> bool:
    """Whether that is the password of that user; who is not known takes as long to be refused."""
    kept = users.get(name, f"{'00' * 16}$")
    given = hashed_password(password, bytes.fromhex(kept.partition("$")[0]))
    return hmac.compare_digest(given, kept)
