"""Makes the project's environment from the lock file, with Python's standard library alone.

Three ways, in this order: uv where there is one; Python's own venv and pip, from the hashed export of the
lock; otherwise the uv that the lock pins, downloaded and checked (`uv_wheel`). A stamp in `.venv` says for
what it was made, so that a later start only compares. Set-ups that run at once wait for each other; one that
was interrupted leaves a mark, and the next begins anew.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from app import uv_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

RUNTIME = frozenset({"build"})
WORKSHOP = RUNTIME | {"dev", "bootstrap"}
LEAST_FREE_BYTES = 50_000_000


class SetupError(Exception):
    """The set-up cannot go on; the text is one line that says why and what to do."""


@dataclass(frozen=True)
class Stamp:
    """What an environment was made for: where, by which Python, from which lock, with which groups."""

    root: str
    python: str
    lock: str
    groups: frozenset[str]

    @classmethod
    def needed(cls, root: Path, groups: frozenset[str]) -> Stamp:
        """The stamp that the environment at `root` must bear for the Python that is running."""
        lock = hashlib.sha256((root / "uv.lock").read_bytes()).hexdigest()
        return cls(str(root), f"{sys.version_info.major}.{sys.version_info.minor}", lock, groups)

    @classmethod
    def read(cls, file: Path) -> Stamp | None:
        """The stamp in a file, or None where there is none that can be read."""
        try:
            root, python, lock, groups = file.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError):
            return None
        return cls(root, python, lock, frozenset(groups.split()))

    def write(self, file: Path) -> None:
        """Write the stamp as four lines."""
        lines = [self.root, self.python, self.lock, " ".join(sorted(self.groups))]
        file.write_text("\n".join(lines), encoding="utf-8")

    def extends(self, other: Stamp) -> bool:
        """Whether the two differ in groups at most, so that one environment can grow into the other."""
        return replace(self, groups=other.groups) == other

    def serves(self, needed: Stamp) -> bool:
        """Whether an environment with this stamp will do: it may hold more groups than are needed."""
        return self.extends(needed) and self.groups >= needed.groups


@dataclass(frozen=True)
class Place:
    """A project folder and what the set-up keeps in it."""

    root: Path

    @property
    def venv(self) -> Path:
        """The environment."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """The environment's Python; a dangling link where the machine's Python has gone."""
        return self.venv / "bin" / "python"

    @property
    def stamp(self) -> Path:
        """What the environment was made for; absent while it is being made."""
        return self.venv / "akiseki-stamp"

    @property
    def state(self) -> Path:
        """The set-up's own folder: its lock, its mark of unfinished work, the downloaded uv."""
        return self.root / ".akiseki"

    @property
    def unfinished(self) -> Path:
        """The mark of a set-up that has begun and not ended."""
        return self.state / "unfinished"

    def is_ready(self, needed: Stamp) -> bool:
        """Whether the environment is there, complete and for this need."""
        stamp = Stamp.read(self.stamp)
        return stamp is not None and stamp.serves(needed) and self.python.exists()

    def can_grow(self, needed: Stamp) -> bool:
        """Whether the environment lacks packages at most: ours for the same need, or one made by hand. One that is
        linked, and not stamped for here, may be another place's, which is just being made."""
        if self.unfinished.exists() or not self.python.exists():
            return False
        stamp = Stamp.read(self.stamp)
        if stamp is None:
            return not self.venv.is_symlink() and (self.venv / "lib" / f"python{needed.python}").is_dir()
        return stamp.extends(needed)


HERE = Place(Path(__file__).resolve().parent.parent)


def enter(arguments: Sequence[str]) -> None:
    """Return inside the environment; outside, make it where it is missing and run the command in it instead.

    `test …` becomes pytest in the project's folder, free of the settings of an office that runs here;
    `setup [--dev]` ends once the environment stands.
    """
    command = arguments[0] if arguments else ""
    inside = Path(sys.prefix).resolve() == HERE.venv.resolve()
    if not (HERE.root / "uv.lock").exists() or (inside and command not in {"setup", "test"}):
        return  # where it is installed as a package, whoever installed it chose the environment
    make_ready(WORKSHOP if command == "test" or "--dev" in arguments[:2] else RUNTIME)
    python = str(HERE.python)
    if command == "setup":
        sys.exit()
    if command == "test":
        os.chdir(HERE.root)
        os.execve(python, [python, "-m", "pytest", *arguments[1:]], without_settings(os.environ))
    os.execv(python, [python, "-m", "app", *arguments])


def make_ready(groups: frozenset[str]) -> None:
    """Make the environment unless it is there; ends the process with one line where that cannot be."""
    try:
        needed = Stamp.needed(HERE.root, groups)
        if not HERE.is_ready(needed):
            set_up(HERE, needed)
    except (SetupError, uv_wheel.WheelError) as error:
        sys.exit(f"akiseki: {error}")
    except OSError as error:
        sys.exit(f"akiseki: {explain(error, HERE.root)}")
    except KeyboardInterrupt:
        sys.exit("\nakiseki: interrupted; the next start begins the set-up anew.")


def without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment variables without Akiseki's own."""
    return {name: value for name, value in environment.items() if not name.startswith("AKISEKI_")}


def set_up(place: Place, needed: Stamp) -> None:
    """Make the environment, or bring it up to date; waits where another start is at it."""
    if not os.access(place.root, os.W_OK):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES), str(place.root))
    place.state.mkdir(exist_ok=True)
    with alone(place.state / "lock"):
        if place.is_ready(needed):
            return
        say(f"Setting up {place.venv} …")
        kept = place.can_grow(needed)
        present = Stamp.read(place.stamp)
        if kept and present:
            needed = replace(needed, groups=needed.groups | present.groups)
        place.unfinished.touch()
        if place.venv.is_symlink() and not kept:
            place.venv.unlink()  # what it leads to, with its stamp, is another place's
        place.stamp.unlink(missing_ok=True)
        if not kept:
            remove(place.venv)
        install(place, needed.groups)
        needed.write(place.stamp)
        place.unfinished.unlink()
        say("Ready.")


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Hold the lock on a file; the programs started meanwhile hold it too, should this process be killed."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another start is setting up; waiting for it …")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.set_inheritable(descriptor, True)
        yield
    finally:
        os.close(descriptor)


def remove(venv: Path) -> None:
    """Take an environment away, whatever is left of it."""
    if venv.exists():
        say("Removing what is there: it is unfinished, or made for another place, Python or lock file …")
        shutil.rmtree(venv)


def install(place: Place, groups: frozenset[str]) -> None:
    """Install the locked packages and the project in the first of the three ways that works."""
    uv = shutil.which("uv")
    if uv and with_uv(place, uv, groups):
        return
    if importlib.util.find_spec("ensurepip") and with_pip(place, groups):
        return
    fetched = uv_wheel.fetch_uv(place.root / "uv.lock", place.state, say)
    if not with_uv(place, str(fetched), groups):
        uv_wheel.reach(place.root / "uv.lock")
        raise SetupError(
            "The packages could not be installed: mend what the lines above say, and start again."
        )


def with_uv(place: Place, uv: str, groups: frozenset[str]) -> bool:
    """Whether uv made the environment from the lock, on the Python that is running."""
    chosen = [f"--group={group}" for group in sorted(groups)]
    sync = [uv, "sync", "--frozen", "--inexact", "--no-default-groups", *chosen, "--python", base_python()]
    steps = [
        [*sync, "--no-install-project"],
        sync,
    ]  # the second builds the project with what the first installed
    return all(run(place, step, uv_settings(os.environ, place)) for step in steps)


def with_pip(place: Place, groups: frozenset[str]) -> bool:
    """Whether venv and pip made the environment from the export of the lock, checked against its hashes."""
    export = "tests/requirements.txt" if groups > RUNTIME else "app/requirements.txt"
    pip = [str(place.python), "-m", "pip", "--disable-pip-version-check", "install"]
    steps = [
        [base_python(), "-m", "venv", str(place.venv)],
        [*pip, "--require-hashes", "--no-deps", "-r", str(place.root / export)],
        [*pip, "--no-deps", "--no-build-isolation", "--editable", str(place.root)],
    ]
    return all(run(place, step, os.environ) for step in steps)


def run(place: Place, command: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Run one step with its output on standard error, which leaves standard output to the command itself."""
    finished = subprocess.run(
        command, cwd=place.root, env=dict(environment), stdout=sys.stderr, close_fds=False, check=False
    )
    if finished.returncode and shutil.disk_usage(place.root).free < LEAST_FREE_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(place.root))
    return finished.returncode == 0


def base_python() -> str:
    """The running Python; inside an environment, the one that this was made with."""
    return getattr(sys, "_base_executable", sys.executable)


def uv_settings(environment: Mapping[str, str], place: Place) -> dict[str, str]:
    """uv's variables: the machine's certificates, this `.venv`, no other Python, a cache it can write in."""
    usual = {"UV_NATIVE_TLS": "1", "UV_SYSTEM_CERTS": "1", "UV_LINK_MODE": "copy"}
    if not is_writable(uv_cache(environment)):
        usual["UV_CACHE_DIR"] = str(place.state / "cache")
    usual |= environment
    usual.pop("VIRTUAL_ENV", None)  # uv would warn of it
    return usual | {"UV_PYTHON_DOWNLOADS": "never", "UV_PROJECT_ENVIRONMENT": str(place.venv)}


def uv_cache(environment: Mapping[str, str]) -> Path:
    """Where uv keeps its downloads by default."""
    cache = environment.get("XDG_CACHE_HOME") or environment.get("HOME", "/nonexistent") + "/.cache"
    return Path(cache, "uv")


def is_writable(folder: Path) -> bool:
    """Whether this user can write in a folder, or make it where it is missing."""
    nearest = next(
        path for path in [folder, *folder.parents] if os.path.exists(path)
    )  # False, too, where barred
    return os.access(nearest, os.W_OK)


def explain(error: OSError, root: Path) -> str:
    """One line for what the machine refused: what happened and what to do."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"The disk is full: free about 1 GB where {root} lies, and start again."
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        at = error.filename or root
        return f"{at} cannot be written: clone Akiseki into a folder of your own and start there."
    return f"The set-up stopped: {error}."


def say(line: str) -> None:
    """Show progress, on standard error."""
    print(line, file=sys.stderr, flush=True)
