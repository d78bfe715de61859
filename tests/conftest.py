"""Options of the test run, and where the fixtures are."""

import os

import pytest
from hypothesis import settings

from tests.servers.requirements import in_ci

pytest_plugins = [
    "tests.fixtures.guards",
    "tests.fixtures.passwords",
    "tests.fixtures.databases",
    "tests.fixtures.houses",
    "tests.fixtures.web",
    "tests.fixtures.brokers",
    "tests.fixtures.browsers",
]

# Each has a PostgreSQL, a Mosquitto and a browser of its own.
MOST_WORKERS = 4

settings.register_profile("quick", max_examples=12, deadline=None, derandomize=in_ci())
settings.register_profile("long", max_examples=2_000, deadline=None, derandomize=in_ci())


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--long", action="store_true", help="run the long forms: more examples, larger streams, real waits"
    )


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """A worker for each core where everything is asked for, and one more, since many wait for servers. What is picked,
    or measured at length, runs alone."""
    is_whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return min(1 + (os.cpu_count() or 1), MOST_WORKERS) if is_whole and not config.getoption("--long") else 0


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "long: takes minutes; left out unless --long is given")
    settings.load_profile("long" if config.getoption("--long") else "quick")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--long"):
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    items[:] = [item for item in items if not item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def long(request: pytest.FixtureRequest) -> bool:
    """Whether the long form of a test is wanted."""
    return bool(request.config.getoption("--long"))


def _skipped(config: pytest.Config) -> int:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return len(reporter.stats.get("skipped", [])) if isinstance(reporter, pytest.TerminalReporter) else 0


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if in_ci() and _skipped(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if in_ci() and (skipped := _skipped(config)):
        terminalreporter.write_line(f"FAILED: {skipped} skipped, and CI leaves nothing out", red=True)
