"""The broker for a machine without Mosquitto: amqtt, for trying out only.

It speaks MQTT 3.1.1 and forgets its sessions when it ends. Passwords and topics are checked as Mosquitto would
check them, so that a device that works here works there. Run as `python -m sensor_gateway.embedded_broker FILE`.
"""

import asyncio
import json
import logging
import signal
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amqtt.broker import Broker as Amqtt
from amqtt.contexts import Action
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from sensor_gateway.broker import DEVICE_GRANTS, Grant, password_matches


def covers(granted: str, topic: str) -> bool:
    """Whether a granted topic filter takes in a topic, or all that another filter would match.

    A device that may read `akiseki/v1/desk-1/config` may not subscribe to `akiseki/v1/+/config`.
    """
    have, want = granted.split("/"), topic.split("/")
    if want[0].startswith("$") and have[0] in ("#", "+"):
        return False
    for position, level in enumerate(have):
        if level == "#":
            return True
        if position >= len(want) or want[position] == "#" or level not in ("+", want[position]):
            return False
    return len(have) == len(want)


def may(user: str, action: Action, topic: str, grants: Iterable[Grant]) -> bool:
    """Whether a user may do this, by the grants of every device and the user's own."""
    access = "write" if action is Action.PUBLISH else "read"
    of_devices = [Grant(grant.access, grant.topic.replace("%u", user)) for grant in DEVICE_GRANTS]
    return any(grant.access == access and covers(grant.topic, topic) for grant in [*of_devices, *grants])


class Passwords(BaseAuthPlugin):
    """Lets in who knows a password."""

    @dataclass
    class Config:
        """User → hash of the password, as Mosquitto's file has it."""

        passwords: dict[str, str] = field(default_factory=dict)

    async def authenticate(self, *, session: Session) -> bool | None:
        hashed = self.config.passwords.get(session.username or "")
        return hashed is not None and password_matches(session.password or "", hashed)


class Topics(BaseTopicPlugin):
    """Keeps each user to its own topics."""

    @dataclass
    class Config:
        """User → grants."""

        grants: dict[str, list[Grant]] = field(default_factory=dict)

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool | None:
        if session is None or session.username is None or topic is None or action is None:
            return False
        return may(session.username, action, topic, self.config.grants.get(session.username, []))


async def serve(settings: dict[str, Any]) -> None:
    """Run until SIGTERM."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    broker = Amqtt(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"{settings['host']}:{settings['port']}"}},
            "plugins": {
                f"{Passwords.__module__}.{Passwords.__name__}": {"passwords": settings["passwords"]},
                f"{Topics.__module__}.{Topics.__name__}": {"grants": settings["grants"]},
            },
        }
    )
    await broker.start()
    await ended.wait()
    await broker.shutdown()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s: %(levelname)s: %(message)s")
    asyncio.run(serve(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
