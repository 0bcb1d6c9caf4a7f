"""Ed25519 keys (RFC 8032) that sign checkpoints as signed notes; the only place that knows the library for it.

A signed note (C2SP signed-note, as in Go's golang.org/x/mod/sumdb/note) is a text, a blank line, and a line
`— <name> <base64 of key id || signature>`. The key id is the first 4 bytes of SHA-256(name || 0A || 01 || public key).
"""

import base64
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sim.usage_log.errors import UsageLogError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_NAME: Final = "mro-twin/usage-log"
KEY_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64
_ALGORITHM: Final = b"\x01"
_MOST_PEM_BYTES: Final = 1 << 14
_HOW_TO_MAKE: Final = "`openssl genpkey -algorithm ed25519 -out key.pem` makes one"


@dataclass(frozen=True)
class PublicKey:
    """The half of a key that everybody may know. `raw`: 32 bytes; `name`: the signer's, in signed notes."""

    raw: bytes
    name: str = KEY_NAME

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the key in hex, to be compared by eye or over the telephone."""
        return sha256(self.raw).hexdigest()

    @property
    def key_id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + _ALGORITHM + self.raw).digest()[:4]

    def verifies(self, text: str, signature: str) -> bool:
        """Whether `signature` (base64 of key id || signature) is this key's over `text`."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            data = base64.b64decode(signature, validate=True)
            canonical = base64.b64encode(data).decode() == signature
            if not canonical or len(data) != 4 + _SIGNATURE_BYTES or data[:4] != self.key_id:
                return False
            Ed25519PublicKey.from_public_bytes(self.raw).verify(data[4:], text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True

    def to_pem(self) -> bytes:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        return Ed25519PublicKey.from_public_bytes(self.raw).public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )


class SigningKey:
    """The secret half. It is never written to a file, nor shown."""

    def __init__(self, private: "Ed25519PrivateKey", name: str = KEY_NAME) -> None:
        self._private = private
        self.public = PublicKey(private.public_key().public_bytes_raw(), name)

    @staticmethod
    def generate() -> "SigningKey":
        """A new key from the machine's own source of randomness."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return SigningKey(Ed25519PrivateKey.generate())

    def sign(self, text: str) -> str:
        """The signature over a text: base64 of key id || signature. The same text gives the same signature."""
        return base64.b64encode(self.public.key_id + self._private.sign(text.encode())).decode()

    def __repr__(self) -> str:
        return f"SigningKey(public {self.public.fingerprint[:16]})"


def is_shared(file: Path) -> bool:
    """Whether the file of a private key can be read by others than its owner, where files have such rights."""
    try:
        return os.name == "posix" and file.is_file() and bool(file.stat().st_mode & 0o077)
    except OSError:
        return False


def read_signing_key(file: Path) -> SigningKey:
    """The Ed25519 private key in a PEM file without a password; UsageLogError says what is wrong with it."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    data = _read_pem(file)
    try:
        key = load_pem_private_key(data, password=None)
    except TypeError:
        raise UsageLogError(f"{file}: the key is protected with a password; give one without") from None
    except (ValueError, UnsupportedAlgorithm):
        hint = "this is a public key" if b"PUBLIC KEY" in data else _HOW_TO_MAKE
        raise UsageLogError(f"{file} holds no private key in PEM form ({hint})") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageLogError(f"{file}: the key is not one of Ed25519 ({_HOW_TO_MAKE})")
    return SigningKey(key)


def read_public_key(file: Path) -> PublicKey:
    """The Ed25519 public key in a PEM file; UsageLogError says what is wrong with it."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    data = _read_pem(file)
    if b"PRIVATE KEY" in data:
        raise UsageLogError(f"{file} holds a private key; name the file with the public one, and keep this one secret")
    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        raise UsageLogError(f"{file} holds no public key in PEM form") from None
    if not isinstance(key, Ed25519PublicKey):
        raise UsageLogError(f"{file}: the key is not one of Ed25519")
    return PublicKey(key.public_bytes_raw())


def _read_pem(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(_MOST_PEM_BYTES)
    except OSError as error:
        raise UsageLogError(f"the key {file} cannot be read: {error.strerror or error}") from error
