"""The set-up: when an environment will do, how starts share it, and what is said where it cannot go on."""

import errno
import multiprocessing
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from app import bootstrap
from app.bootstrap import RUNTIME, WORKSHOP, Place, Stamp

NEEDED = Stamp(root="/office", python="3.11", lock="aa", groups=RUNTIME)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A project folder with a lock file and an environment whose Python exists."""
    (tmp_path / "uv.lock").write_text("version = 1\n", encoding="utf-8")
    place = Place(tmp_path)
    place.python.parent.mkdir(parents=True)
    place.python.symlink_to(sys.executable)
    return place


@pytest.mark.parametrize(
    ("present", "serves"),
    [
        (NEEDED, True),
        (replace(NEEDED, groups=WORKSHOP), True),
        (replace(NEEDED, groups=frozenset()), False),
        (replace(NEEDED, lock="bb"), False),
        (replace(NEEDED, python="3.13"), False),
        (replace(NEEDED, root="/elsewhere"), False),
    ],
)
def test_an_environment_serves_the_same_place_python_and_lock_with_at_least_the_groups(
    present: Stamp, serves: bool
) -> None:
    assert present.serves(NEEDED) is serves


def test_an_environment_grows_by_groups_only() -> None:
    assert NEEDED.extends(replace(NEEDED, groups=WORKSHOP))
    assert not NEEDED.extends(replace(NEEDED, lock="bb"))


def test_a_written_stamp_reads_back(tmp_path: Path) -> None:
    NEEDED.write(tmp_path / "stamp")
    assert Stamp.read(tmp_path / "stamp") == NEEDED


@pytest.mark.parametrize("text", ["", "/office\n3.11", "a\nb\nc\nd\ne"])
def test_a_stamp_that_is_cut_off_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "stamp").write_text(text, encoding="utf-8")
    assert Stamp.read(tmp_path / "stamp") is None


def test_an_environment_is_ready_once_stamped(place: Place) -> None:
    needed = Stamp.needed(place.root, RUNTIME)
    assert not place.is_ready(needed)
    needed.write(place.stamp)
    assert place.is_ready(needed)


def test_another_lock_file_makes_it_unready(place: Place) -> None:
    Stamp.needed(place.root, RUNTIME).write(place.stamp)
    (place.root / "uv.lock").write_text("version = 2\n", encoding="utf-8")
    assert not place.is_ready(Stamp.needed(place.root, RUNTIME))


def test_a_python_that_has_gone_makes_it_unready(place: Place) -> None:
    needed = Stamp.needed(place.root, RUNTIME)
    needed.write(place.stamp)
    place.python.unlink()
    place.python.symlink_to("/nonexistent/python3")
    assert not place.is_ready(needed)


def test_an_environment_made_by_hand_is_kept_where_its_python_is_the_same(place: Place) -> None:
    needed = Stamp.needed(place.root, RUNTIME)
    (place.venv / "lib" / "python3.0").mkdir(parents=True)
    assert not place.can_grow(needed)
    (place.venv / "lib" / f"python{needed.python}").mkdir()
    assert place.can_grow(needed)


def test_an_unfinished_environment_is_not_kept(place: Place) -> None:
    needed = Stamp.needed(place.root, RUNTIME)
    needed.write(place.stamp)
    assert place.can_grow(replace(needed, groups=WORKSHOP))
    place.state.mkdir()
    place.unfinished.touch()
    assert not place.can_grow(replace(needed, groups=WORKSHOP))


@pytest.mark.parametrize("is_stamped", [True, False])
def test_an_environment_that_is_only_linked_stays_whole_where_it_lies(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_stamped: bool
) -> None:
    needed = Stamp.needed(place.root, RUNTIME)
    (place.venv / "lib" / f"python{needed.python}").mkdir(parents=True)
    other = Place(tmp_path / "other")
    other.root.mkdir()
    place.venv.rename(other.venv)
    if is_stamped:
        replace(needed, root=str(other.root)).write(other.stamp)
    place.venv.symlink_to(other.venv)
    before = sorted(other.venv.rglob("*"))

    def install(at: Place, _groups: frozenset[str]) -> None:
        assert not at.venv.exists()
        at.venv.mkdir()

    monkeypatch.setattr(bootstrap, "install", install)
    bootstrap.set_up(place, needed)
    assert sorted(other.venv.rglob("*")) == before
    assert Stamp.read(place.stamp) == needed


def hold(file: Path, entered: Path, seconds: float) -> None:
    with bootstrap.alone(file):
        entered.touch()
        time.sleep(seconds)


def test_two_starts_take_turns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entered = tmp_path / "entered"
    other = multiprocessing.get_context("spawn").Process(target=hold, args=(tmp_path / "lock", entered, 0.5))
    other.start()
    while not entered.exists():
        time.sleep(0.01)
    began = time.monotonic()
    with bootstrap.alone(tmp_path / "lock"):
        waited = time.monotonic() - began
    other.join()
    assert waited > 0.2
    assert "waiting" in capsys.readouterr().err


def test_uv_is_held_to_this_environment_and_python(place: Place) -> None:
    given = {"HOME": str(place.root), "VIRTUAL_ENV": "/other", "UV_PYTHON_DOWNLOADS": "automatic"}
    settings = bootstrap.uv_settings(given, place)
    assert settings["UV_PROJECT_ENVIRONMENT"] == str(place.venv)
    assert settings["UV_PYTHON_DOWNLOADS"] == "never"
    assert "VIRTUAL_ENV" not in settings
    assert "UV_CACHE_DIR" not in settings


def test_what_the_user_chose_for_uv_stands(place: Place) -> None:
    settings = bootstrap.uv_settings({"HOME": "/nonexistent", "UV_LINK_MODE": "hardlink"}, place)
    assert settings["UV_LINK_MODE"] == "hardlink"


@pytest.mark.parametrize("environment", [{}, {"HOME": "/proc/1/nowhere"}, {"XDG_CACHE_HOME": "/proc/1"}])
def test_without_a_home_to_write_in_uv_keeps_its_cache_in_the_project(
    place: Place, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: str(path).startswith(str(place.root)))
    assert bootstrap.uv_settings(environment, place)["UV_CACHE_DIR"] == str(place.state / "cache")


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, "The disk is full"),
        (errno.EDQUOT, "The disk is full"),
        (errno.EROFS, "/office/.akiseki cannot be written: clone"),
        (errno.EACCES, "/office/.akiseki cannot be written: clone"),
    ],
)
def test_a_refusal_of_the_machine_says_what_to_do(number: int, advice: str) -> None:
    error = OSError(number, os.strerror(number), "/office/.akiseki")
    assert bootstrap.explain(error, Path("/office")).startswith(advice)


def test_the_tests_run_without_the_office_s_settings() -> None:
    kept = bootstrap.without_settings({"AKISEKI_DATABASE_URL": "sqlite://", "PATH": "/bin"})
    assert kept == {"PATH": "/bin"}


def test_a_start_inside_the_environment_makes_nothing() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "app", "--help"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=bootstrap.HERE.root,
    )
    assert answer.stdout.startswith("Usage: akiseki")
    assert answer.stderr == ""
