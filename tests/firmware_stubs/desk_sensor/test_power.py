"""The power fails in the middle of a write: what was kept is there, whole, and in order."""

import time
from contextlib import suppress
from pathlib import Path

import pytest

from sensor_gateway.servers import start_server
from tests.firmware_stubs.desk_sensor.desk import Desk, Heard
from tests.servers.micropython import environment, micropython, run_script
from tests.servers.waiting import wait_until


@pytest.mark.parametrize("segments", [32, 2])
def test_on_littlefs_a_power_cut_at_any_write_or_erasure_costs_nothing_that_was_kept(segments: int) -> None:
    run = run_script("check_flash.py", str(segments), seconds=110)
    assert run.returncode == 0, run.stdout[-2_000:] + run.stderr[-2_000:]
    assert int(run.stdout.split()[-1]) > 30


def test_a_record_half_written_or_damaged_costs_that_reading_and_no_other(tmp_path: Path) -> None:
    run = run_script("check_torn.py", str(tmp_path / "flash"))
    assert run.returncode == 0, run.stdout + run.stderr


def test_what_a_broker_confirmed_is_kept_for_a_minute_and_told_again(tmp_path: Path) -> None:
    run = run_script("check_again.py", str(tmp_path / "flash"))
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.endswith("the bound holds\n")


def test_a_program_killed_while_it_writes_keeps_what_it_had_written(tmp_path: Path, long: bool) -> None:
    flash, output = tmp_path / "flash", tmp_path / "kept"
    first = 0
    for life in range(200 if long else 12):
        output.unlink(missing_ok=True)
        command = micropython("run_store.py", str(flash), str(first))
        process = start_server(command, output=output, environment=environment())
        wait_until(lambda: output.stat().st_size > 0)
        time.sleep(life % 12 * 0.004)
        process.kill()
        process.wait()
        lines = output.read_text().splitlines()
        kept = int(lines[-1])
        there = [int(line) for line in run_script("run_store.py", str(flash), "--read").stdout.split()]
        oldest = there[0]
        assert there == list(range(oldest, oldest + len(there)))
        assert there[-1] >= kept - 1
        assert oldest == first or len(there) >= 31 * 100
        first = there[-1] + 1


def test_a_desk_that_loses_power_while_offline_tells_both_lives(desk: Desk) -> None:
    desk.proxy.refuses = True
    listener = desk.listener()
    first = desk.busy_device(300, "--blind")
    wait_until(lambda: "all taken" in first.log)
    kept = len(list(desk.flash.iterdir()))
    first.kill9()
    desk.proxy.refuses = False
    desk.busy_device(10)
    heard = Heard.until(listener, lambda heard: len({boot for boot, _ in heard.readings}) == 2)
    with suppress(TimeoutError):
        while True:
            heard.take(listener.receive(1).payload)
    by_boot = {boot: sorted(seq for one, seq in heard.readings if one == boot) for boot, _ in heard.readings}
    before, after = sorted(by_boot.values(), key=len, reverse=True)
    assert kept
    assert before == list(range(len(before)))
    assert len(before) >= 300 - 32  # what was still in memory is the price of few writes to flash
    assert after == list(range(10))
