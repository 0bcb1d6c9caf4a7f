"""MQTT clients for brokers by address, also for those that are reached through a relay."""

import ssl
from typing import Any

import aiomqtt

from device_emulators.faces.addresses import AddressError
from device_emulators.faces.mqtt_address import Broker


def mqtt_client(broker: Broker, name: str | None = None, **settings: Any) -> aiomqtt.Client:
    """A client that is not connected yet. AddressError: the broker's authority cannot be used.

    `name` is the one that the broker's certificate must have, when that is not the host connected to: a relay stands in
    between. `settings` are those of aiomqtt.Client.
    """
    return aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.user,
        password=broker.password,
        tls_context=broker.tls_context() if name is None else _named_context(broker, name),
        **settings,
    )


class _NamedContext(ssl.SSLContext):
    """Checks certificates for a name of its own."""

    name: str = ""

    def wrap_socket(self, *arguments: Any, **settings: Any) -> ssl.SSLSocket:
        return super().wrap_socket(*arguments, **(settings | {"server_hostname": self.name}))


def _named_context(broker: Broker, name: str) -> ssl.SSLContext | None:
    if not broker.tls:
        return None
    context = _NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.name = name
    try:
        if broker.authority is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(broker.authority)
    except (OSError, ssl.SSLError) as error:
        raise AddressError(f"{broker.authority} holds no certificates: {error.strerror or error}") from None
    return context
