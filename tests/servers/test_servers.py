"""The servers that the tests stand on, tried themselves, and what the test run itself promises."""

import os
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser
from sqlalchemy import create_engine, inspect, make_url, text

from tests.servers import requirements
from tests.servers.postgres import PostgresServer
from tests.servers.waiting import wait_until


def run(url: str, *statements: str) -> list[object]:
    """Run statements in one transaction and return the last one's first column."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            results = [connection.execute(text(statement)) for statement in statements]
            return list(results[-1].scalars()) if results[-1].returns_rows else []
    finally:
        engine.dispose()


def test_postgresql_starts_again_after_a_kill_with_what_was_committed() -> None:
    with PostgresServer(durable=True) as server:
        url = server.create_database()
        run(url, "CREATE TABLE kept (n int)")
        for number in (1, 2):
            run(url, f"INSERT INTO kept SELECT {number}")
            server.kill9()
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(server.url("postgres").replace("+psycopg", ""))
            server.start()
        assert run(url, "SELECT n FROM kept ORDER BY n") == [1, 2]


def test_a_kill_leaves_no_backend_behind() -> None:
    with PostgresServer() as server:
        with closing(psycopg.connect(server.url("postgres").replace("+psycopg", ""))) as connection:
            backend = connection.info.backend_pid
            # An idle one would see by itself that the server is gone; this one looks up in an hour.
            connection.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 10000000000) AS n")
            server.kill9()
        wait_until(lambda: not Path(f"/proc/{backend}").exists())
        server.start()


def test_databases_from_one_template_are_separate(postgres_server: PostgresServer) -> None:
    template = postgres_server.create_database()
    run(template, "CREATE TABLE things (n int)", "INSERT INTO things VALUES (1)")
    one, two = (postgres_server.create_database(template=template) for _ in range(2))
    run(one, "INSERT INTO things VALUES (2)")
    assert run(one, "SELECT n FROM things ORDER BY n") == [1, 2]
    assert run(two, "SELECT n FROM things") == [1]
    postgres_server.drop_database(one)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(one.replace("+psycopg", ""))


def test_a_durable_server_writes_as_in_production() -> None:
    with PostgresServer(durable=True) as server:
        assert run(server.url("postgres"), "SHOW fsync") == ["on"]


def test_each_test_gets_the_schema(database_url: str) -> None:
    engine = create_engine(database_url)
    assert inspect(engine).get_table_names()
    engine.dispose()


@pytest.mark.parametrize("number", [1, 2])
def test_nothing_is_left_of_the_test_before(database_url: str, number: int) -> None:
    run(database_url, "CREATE TABLE mine (n int)", f"INSERT INTO mine SELECT {number}")  # would clash
    assert make_url(database_url).get_backend_name() in ("sqlite", "postgresql")


def test_chromium_shows_a_page(browser: Browser) -> None:
    with browser.new_context(locale="ja-JP") as context:
        page = context.new_page()
        page.set_content("<h1>空き席</h1>")
        assert page.locator("h1").inner_text() == "空き席"
        assert page.evaluate("navigator.language") == "ja-JP"


def test_a_missing_program_skips_the_test_but_fails_it_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(requirements.PROGRAMS, "mosquitto", (lambda: None, "apt install mosquitto"))
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt install mosquitto"):
        requirements.need("mosquitto")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="apt install mosquitto"):
        requirements.need("mosquitto")


def try_run(
    folder: Path, name: str, body: str, *options: str, ci: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a test file in a run of its own that has the fixtures and options of this one."""
    file = folder / name
    file.write_text(textwrap.dedent(body))
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "tests.conftest",
            "-p",
            "no:cacheprovider",
            str(file),
            *options,
        ],
        cwd=folder,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path]), "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_test_of_rules_cannot_touch_a_database(tmp_path: Path) -> None:
    body = """
        import pytest, socket, sqlite3, sqlalchemy
        @pytest.mark.parametrize("touch", [
            lambda: sqlite3.connect(":memory:"),
            lambda: sqlalchemy.create_engine("sqlite://").connect(),
            lambda: sqlalchemy.create_engine("postgresql+psycopg://127.0.0.1:1/x").connect(),
            lambda: socket.create_connection(("127.0.0.1", 1)),
        ])
        def test_rule(touch):
            with pytest.raises(AssertionError, match="must not touch a database"):
                touch()
        """
    (tmp_path / "test_other.py").write_text(textwrap.dedent(body))
    done = try_run(tmp_path, "test_rules_of_thumb.py", body, "test_other.py", "-rA").stdout
    assert "4 failed, 4 passed" in done
    assert done.count("PASSED test_rules_of_thumb.py") == 4


def test_a_skip_fails_the_run_in_ci_only_and_the_long_forms_run_when_asked_for(tmp_path: Path) -> None:
    body = """
        import pytest
        from hypothesis import settings
        def test_left_out():
            pytest.skip("for some reason")
        @pytest.mark.long
        def test_in_full():
            pass
        def test_in_brief(long):
            assert (settings().max_examples > 100) == long
        """
    brief = try_run(tmp_path, "test_some.py", body)
    assert brief.returncode == pytest.ExitCode.OK
    assert "1 passed, 1 skipped, 1 deselected" in brief.stdout
    in_ci = try_run(tmp_path, "test_some.py", body, "--long", ci="true")
    assert "2 passed, 1 skipped" in in_ci.stdout
    assert in_ci.returncode == pytest.ExitCode.TESTS_FAILED
    assert "1 skipped, and CI leaves nothing out" in in_ci.stdout
