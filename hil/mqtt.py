"""MQTT clients for brokers by address, also for those that are reached through a relay."""

from dataclasses import replace
from typing import Any

import aiomqtt

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
        tls_context=replace(broker, certified_as=name or broker.certified_as).tls_context(),
        **settings,
    )
