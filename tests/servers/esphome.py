"""ESPHome in an environment of its own: it pins other versions of what the product uses.

The first use installs what `esphome.txt` locks (170 MB, from the package index) into the user's cache; later ones take
a moment. The lock is renewed by `uv pip compile --universal --generate-hashes --no-header --no-annotate
--python-version 3.11 -o tests/servers/esphome.txt -` with `esphome==…` as its input.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.servers.requirements import leave_out

_LOCK = Path(__file__).with_name("esphome.txt")
_SECONDS = 540


@cache
def find_or_install_esphome() -> Path:
    """The program. Where it cannot be installed the test is skipped with the reason; in CI it fails."""
    made_of = _LOCK.read_bytes() + sys.version.encode()
    folder = _cache() / f"esphome-{hashlib.sha256(made_of).hexdigest()[:16]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    whole = folder / "whole"
    with open(folder.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several workers one installs
        if not whole.exists():
            shutil.rmtree(folder, ignore_errors=True)
            _install(folder)
            whole.touch()
    return folder / "bin" / "esphome"


def _cache() -> Path:
    """Outside the repository: a new clone need not install again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "akiseki"


def _install(folder: Path) -> None:
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
    environment = {"UV_NATIVE_TLS": "1", "UV_SYSTEM_CERTS": "1", **os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    environment.pop("VIRTUAL_ENV", None)
    python = str(folder / "bin" / "python")
    for step in (
        [uv, "venv", "--quiet", "--python", getattr(sys, "_base_executable", sys.executable), str(folder)],
        [uv, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", str(_LOCK)],
    ):
        run = subprocess.run(
            step, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        if run.returncode:
            leave_out(f"ESPHome cannot be installed, it needs the package index: {run.stderr.strip()[-500:]}")
