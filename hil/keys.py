"""Certificates and users for a test bench: OPC UA applications, a TLS broker, and who may log in.

OPC UA certificates sign themselves, as plants exchange them one by one; the broker's is signed by a small authority of
the bench, whose certificate MQTT clients are told to trust (`ca.pem`).
"""

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from device_emulators.faces.users import hashed_password, read_users

SERVER_URI: Final = "urn:mro-twin:server"
CLIENT_URI: Final = "urn:mro-twin:client"
_BITS: Final = 2048  # Basic256Sha256 takes 2048 to 4096
_NAMES: Final = ("opcua-server", "opcua-client", "broker", "ca")


class KeysError(ValueError):
    """Keys cannot be made like that; the message says why."""


@dataclass(frozen=True)
class _Pair:
    certificate: x509.Certificate
    key: RSAPrivateKey


def make_keys(folder: Path, hosts: Sequence[str] = ("localhost", "127.0.0.1"), days: int = 825) -> list[Path]:
    """Write certificates (`NAME.pem`) and private keys (`NAME-key.pem`, for their owner only); returns the files.

    `hosts` are names and addresses under which server and broker are reached. KeysError: there are keys already.
    """
    files = {name: (folder / f"{name}.pem", folder / f"{name}-key.pem") for name in _NAMES}
    if there := [path.name for pair in files.values() for path in pair if path.exists()]:
        raise KeysError(f"{folder} has {', '.join(there)} already: remove them or name another folder")
    if not 1 <= days <= 36_500:
        raise KeysError(f"certificates are valid for 1 to 36500 days, not {days}")
    alternatives = [_alternative(host) for host in hosts]
    authority = _authority(days)
    pairs = {
        "ca": authority,
        "broker": _signed("mro-twin broker", alternatives, days, authority),
        "opcua-server": _application("mro-twin server", SERVER_URI, alternatives, days),
        "opcua-client": _application("mro-twin client", CLIENT_URI, alternatives, days),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, pair in pairs.items():
        certificate, key = files[name]
        certificate.write_bytes(pair.certificate.public_bytes(serialization.Encoding.PEM))
        _write_private(key, _pem(pair.key))
    return [path for pair in files.values() for path in pair]


def set_user(path: Path, name: str, password: str) -> None:
    """Put a name and its password into a users file, in place of an older entry; only the password's hash is kept."""
    if not name or ":" in name or not name.isprintable():
        raise KeysError(f"a user's name is printable and has no colon: {name!r}")
    if not password:
        raise KeysError("the password is empty")
    users = read_users(path) if path.exists() else {}
    users[name] = hashed_password(password)
    text = "".join(f"{one}:{kept}\n" for one, kept in users.items())
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    _write_private(fresh, text.encode())
    fresh.replace(path)


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    if not host or not host.isascii() or any(character.isspace() or character in "/:@" for character in host):
        raise KeysError(f"{host!r} is neither the name of a host nor an address")
    return x509.DNSName(host)


def _authority(days: int) -> _Pair:
    key = generate_private_key(65537, _BITS)
    name = _name("mro-twin bench authority")
    builder = _begun(name, name, key, days)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs=True), critical=True)
    return _Pair(builder.sign(key, hashes.SHA256()), key)


def _signed(common_name: str, alternatives: Sequence[x509.GeneralName], days: int, authority: _Pair) -> _Pair:
    key = generate_private_key(65537, _BITS)
    builder = _begun(_name(common_name), authority.certificate.subject, key, days)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    builder = builder.add_extension(issuer, critical=False)
    return _Pair(builder.sign(authority.key, hashes.SHA256()), key)


def _application(common_name: str, uri: str, alternatives: Sequence[x509.GeneralName], days: int) -> _Pair:
    """A certificate as OPC UA Part 6, 6.2.2 wants it: its URI names the application, its usages are all stated."""
    key = generate_private_key(65537, _BITS)
    name = _name(common_name)
    builder = _begun(name, name, key, days)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    names = [x509.UniformResourceIdentifier(uri), *alternatives]
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    builder = builder.add_extension(_usage(signs=True, ciphers=True), critical=True)
    both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    builder = builder.add_extension(x509.ExtendedKeyUsage(both), critical=False)
    return _Pair(builder.sign(key, hashes.SHA256()), key)


def _begun(subject: x509.Name, issuer: x509.Name, key: RSAPrivateKey, days: int) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=issuer,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - timedelta(hours=1),  # clocks of a bench differ
        not_valid_after=now + timedelta(days=days),
    )
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)


def _usage(signs: bool, ciphers: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=ciphers,
        key_encipherment=ciphers,
        data_encipherment=ciphers,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs and not ciphers,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem(key: RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
