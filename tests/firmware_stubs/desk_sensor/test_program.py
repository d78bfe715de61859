"""The program as such: its rules in its own interpreter, its compiled form, and what it imports."""

import ast
import subprocess
from pathlib import Path

import pytest

from tests.servers.micropython import FIRMWARE, SCRIPTS, environment, micropython, run_script
from tests.servers.requirements import need

MODULES = sorted((FIRMWARE / "desk_sensor").glob("*.py"))
# Of what ESP32's MicroPython brings, what the program uses.
_BROUGHT = {
    "binascii",
    "collections",
    "errno",
    "json",
    "machine",
    "network",
    "os",
    "random",
    "select",
    "socket",
    "struct",
    "time",
}


@pytest.mark.parametrize("script", ["check_rules.py", "check_silence.py"])
def test_the_rules_hold_in_micropython(script: str) -> None:
    checks = [
        node.name
        for node in ast.parse((SCRIPTS / script).read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("check_")
    ]
    run = run_script(script)
    assert run.returncode == 0, run.stdout + run.stderr
    assert sorted(run.stdout.split()) == sorted(checks)
    assert checks


def test_the_board_wires_each_input_and_the_main_loop_feeds_the_watchdog(tmp_path: Path) -> None:
    run = run_script("check_board.py", str(tmp_path))
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.endswith("turns 3\n")


def test_the_interpreter_is_micropython(tmp_path: Path) -> None:
    (tmp_path / "which.py").write_text("import sys\nprint(sys.implementation.name)\n")
    run = subprocess.run(
        [need("micropython"), tmp_path / "which.py"], capture_output=True, text=True, check=True, timeout=20
    )
    assert run.stdout.strip() == "micropython"


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_it_imports_what_micropython_has(module: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            imported |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])
    assert imported <= _BROUGHT | {"desk_sensor"}


def test_it_compiles_for_the_device_and_runs_compiled(tmp_path: Path) -> None:
    package = tmp_path / "desk_sensor"
    package.mkdir()
    for module in MODULES:
        subprocess.run(
            [need("mpy-cross"), "-march=xtensawin", "-o", package / f"{module.stem}.mpy", module],
            check=True,
            timeout=20,
        )
    run = subprocess.run(
        micropython("check_rules.py"),
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
