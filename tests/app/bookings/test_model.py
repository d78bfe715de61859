"""Whatever is done, in whatever order: the product's bookings are those of a plain office that obeys RULES.md."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.app.bookings.model.draws import Draws
from tests.app.bookings.model.layout import Layout
from tests.app.bookings.model.machine import Bookings
from tests.app.bookings.model.queue import Queue
from tests.house import House, copied, moved_to
from tests.servers.postgres import PostgresServer

Furnished = Callable[[], AbstractContextManager[House]]
# (examples, steps of each): some hundred steps on every change; 10,000 in the long form.
SHORT = {"sqlite": (8, 25), "postgresql": (3, 25)}
LONG = {"sqlite": (200, 50), "postgresql": (200, 50)}


class Office(Bookings, Queue, Draws, Layout):
    """Every feature that has a plain rule."""


@pytest.fixture
def on_sqlite(furnished_sqlite: House) -> Furnished:
    return lambda: copied(furnished_sqlite)


@pytest.fixture
def on_postgresql(furnished_postgresql: House, postgres_server: PostgresServer) -> Furnished:
    template = furnished_postgresql.engine.url.render_as_string(hide_password=False)

    @contextmanager
    def furnished() -> Iterator[House]:
        url = postgres_server.create_database(template=template)
        try:
            with moved_to(furnished_postgresql, url) as house:
                yield house
        finally:
            postgres_server.drop_database(url)

    return furnished


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_bookings_are_those_of_an_office_that_obeys_the_rules(
    database: str, request: pytest.FixtureRequest, long: bool
) -> None:
    examples, steps = (LONG if long else SHORT)[database]
    here = type("Here", (Office,), {"furnished": staticmethod(request.getfixturevalue(f"on_{database}"))})
    run_state_machine_as_test(
        here,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            report_multiple_bugs=False,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
