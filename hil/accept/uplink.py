"""What is behind the uplink: the broker or the HTTP server that the gateway sends to, and the observer of it."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from device_emulators.faces.mqtt_address import Broker
from device_emulators.faces.sparkplug import NAMESPACE
from hil.accept.brokers import OwnBroker, make_broker
from hil.accept.history import Report
from hil.accept.observers import MOST_REPORTS, Answer, HostState, HttpObserver, MqttObserver, Reading
from hil.accept.paths import TopicPattern
from hil.accept.processes import LOOPBACK, RigError
from hil.accept.suite import Suite
from hil.relays.record import Clock
from hil.relays.relay import Relay

OBSERVER_BACK_S: Final = 15.0


class Uplink:
    """Where the gateway sends to. `broker` is how a client logs in there (None: it is HTTP); `own` is the broker that
    the rig runs; `target` is where the relay leads to."""

    def __init__(self, observer: MqttObserver | HttpObserver, target: tuple[str, int]) -> None:
        self.observer = observer
        self.target = target
        self.broker: Broker | None = None
        self.own: OwnBroker | None = None

    @property
    def reports(self) -> Sequence[Report]:
        """What has come so far."""
        return self.observer.reports

    @property
    def came(self) -> asyncio.Event:
        """Set whenever something comes."""
        return self.observer.came

    @property
    def failure(self) -> str | None:
        """Why the observer has not seen everything; None: it has."""
        if isinstance(self.observer, MqttObserver) and self.observer.lost_broker_ms is not None:
            return "the observer has lost the broker"
        return f"more than {MOST_REPORTS} readings came; the rig keeps no more" if self.observer.too_many else None


async def open_uplink(
    suite: Suite, folder: Path, extractor: Reading, clock: Clock, stack: contextlib.AsyncExitStack
) -> Uplink:
    """Start the observer, and the broker if it is ours, until the stack ends. RigError, OSError: that cannot be."""
    if suite.observer.http is not None:
        listening = HttpObserver(extractor, clock)
        await listening.start()
        stack.push_async_callback(listening.stop)
        return Uplink(listening, (LOOPBACK, listening.port))
    own: OwnBroker | None = None
    broker = suite.broker.address
    if broker is None:
        own = make_broker(suite.broker.kind, folder)
        stack.push_async_callback(own.stop)
        await own.start()
        broker = Broker(LOOPBACK, own.port)
    answers = [
        Answer(TopicPattern(one.topic), TopicPattern(one.reply_topic), one.reply) for one in suite.observer.answers
    ]
    layout, state = suite.observer.sparkplug, None
    if layout is not None and layout.host is not None:
        state = HostState(f"{NAMESPACE}/STATE/{layout.host}", time.time_ns() // 1_000_000)
    observer = await _observe(broker, extractor, clock, answers, state, stack)
    uplink = Uplink(observer, (broker.host, broker.port))
    uplink.broker, uplink.own = broker, own
    return uplink


async def _observe(
    broker: Broker,
    extractor: Reading,
    clock: Clock,
    answers: Sequence[Answer],
    state: HostState | None,
    stack: contextlib.AsyncExitStack,
) -> MqttObserver:
    import aiomqtt

    from hil.mqtt import mqtt_client

    will = None if state is None else aiomqtt.Will(state.topic, state.payload(online=False), qos=1, retain=True)
    observer = MqttObserver(mqtt_client(broker, keepalive=10, will=will), extractor, clock, answers, state)
    stack.push_async_callback(observer.stop)
    try:
        await observer.start()
    except (aiomqtt.MqttError, OSError) as error:
        raise RigError(f"the broker {broker} cannot be reached: {error}") from None
    return observer


class BrokerBehindLink:
    """The rig's broker: when it starts again, the observer must be there before the gateway can send."""

    def __init__(self, broker: OwnBroker, uplink: Relay, observer: MqttObserver) -> None:
        self._broker, self._uplink, self._observer = broker, uplink, observer

    async def stop(self) -> None:
        self._uplink.target_ready.clear()
        await self._broker.stop()

    async def kill(self) -> None:
        self._uplink.target_ready.clear()
        await self._broker.kill()

    async def start(self) -> None:
        """Start it and let the uplink pass when the observer has subscribed again. RigError: it does not."""
        await self._broker.start()
        try:
            await asyncio.wait_for(self._observer.ready.wait(), OBSERVER_BACK_S)
        except TimeoutError:
            raise RigError("the observer did not come back to the broker") from None
        self._uplink.target_ready.set()
