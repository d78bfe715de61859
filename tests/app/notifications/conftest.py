"""A real mail server and a real receiver of webhooks for each test that asks."""

from collections.abc import Iterator

import pytest

from tests.servers.receivers import Mailbox, Receiver, mail_server, webhook_receiver


@pytest.fixture
def post_office() -> Iterator[Mailbox]:
    with mail_server() as box:
        yield box


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with webhook_receiver() as got:
        yield got
