"""The pinned uv: which wheel a machine takes, and that nothing but the pinned bytes is used."""

import hashlib
import io
import ssl
import urllib.error
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from app import uv_wheel
from app.bootstrap import HERE
from app.uv_wheel import Machine, Wheel, WheelError

LOCK = HERE.root / "uv.lock"


@pytest.mark.parametrize(
    ("machine", "part"),
    [
        (Machine("linux", "x86_64", (2, 36)), "manylinux_2_17_x86_64"),
        (Machine("linux", "aarch64", (2, 36)), "manylinux_2_17_aarch64"),
        (Machine("linux", "aarch64", (2, 17)), "manylinux_2_17_aarch64"),
        (Machine("linux", "armv7l", (2, 36)), "armv7l"),
        (Machine("musl", "x86_64"), "musllinux_1_1_x86_64"),
        (Machine("musl", "aarch64"), "musllinux_1_1_aarch64"),
        (Machine("macos", "arm64"), "macosx_11_0_arm64"),
    ],
)
def test_a_machine_takes_its_own_wheel(machine: Machine, part: str) -> None:
    wheel = uv_wheel.find_wheel(LOCK, machine)
    assert part in wheel.url
    assert len(wheel.sha256) == hashlib.sha256().digest_size * 2


@pytest.mark.parametrize("machine", [Machine("linux", "x86_64", (2, 12)), Machine("linux", "mips", (2, 36))])
def test_a_machine_without_a_wheel_is_told_to_install_venv(machine: Machine) -> None:
    with pytest.raises(WheelError, match="apt install python3-venv"):
        uv_wheel.find_wheel(LOCK, machine)


@pytest.mark.parametrize("libc", [(2, 16), (2, 17), (2, 18)])
def test_a_glibc_runs_wheels_up_to_its_own_version(libc: tuple[int, int]) -> None:
    assert Machine("linux", "x86_64", libc).takes("manylinux_2_17_x86_64") is (libc >= (2, 17))


def test_other_bytes_than_the_pinned_are_refused() -> None:
    pinned = Wheel(
        version="1", url="https://wheels.example/uv.whl", sha256=hashlib.sha256(b"uv").hexdigest(), size=2
    )
    assert uv_wheel.verify(b"uv", pinned) == b"uv"
    with pytest.raises(WheelError, match=r"not the file that uv\.lock pins"):
        uv_wheel.verify(b"uw", pinned)


def test_an_address_without_tls_is_refused() -> None:
    with pytest.raises(WheelError, match="not https"):
        uv_wheel.download("http://wheels.example/uv.whl", print)


def test_the_program_is_unpacked_ready_to_run(tmp_path: Path) -> None:
    archive = tmp_path / "uv.whl"
    with zipfile.ZipFile(archive, "w") as wheel:
        wheel.writestr("uv-1.data/scripts/uv", "#!/bin/sh\n")
        wheel.writestr("uv-1.data/scripts/uvx", "")
    program = tmp_path / "uv-1" / "uv"
    uv_wheel.unpack(archive, program)
    assert program.read_text(encoding="utf-8") == "#!/bin/sh\n"
    assert program.stat().st_mode & 0o777 == 0o755
    assert list(program.parent.iterdir()) == [program]


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waits that are noted instead of waited."""
    waits: list[float] = []
    monkeypatch.setattr(uv_wheel, "time", SimpleNamespace(sleep=waits.append))
    return waits


def test_a_download_is_tried_three_times(no_waiting: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    answers: Iterator[Exception | io.BytesIO] = iter(
        [ConnectionResetError(104, "reset"), urllib.error.URLError("no route"), io.BytesIO(b"uv")]
    )

    def answer(url: str, timeout: float) -> io.BytesIO:
        it = next(answers)
        if isinstance(it, Exception):
            raise it
        return it

    monkeypatch.setattr("urllib.request.urlopen", answer)
    lines: list[str] = []
    assert uv_wheel.download("https://wheels.example/uv.whl", lines.append) == b"uv"
    assert no_waiting == [2, 4]
    assert [line for line in lines if "trying again" in line] == lines


@pytest.mark.parametrize(
    ("error", "advice", "waits"),
    [
        (urllib.error.URLError(OSError(101, "Network is unreachable")), "connect to a network", [2, 4]),
        (TimeoutError("timed out"), "connect to a network", [2, 4]),
        (
            urllib.error.URLError(ssl.SSLCertVerificationError("self-signed")),
            "apt install ca-certificates",
            [],
        ),
    ],
)
def test_a_failed_download_says_what_to_do(
    no_waiting: list[float],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    advice: str,
    waits: list[float],
) -> None:
    def answer(url: str, timeout: float) -> io.BytesIO:
        raise error

    monkeypatch.setattr("urllib.request.urlopen", answer)
    with pytest.raises(WheelError, match=advice) as raised:
        uv_wheel.download("https://wheels.example/uv.whl", lambda line: None)
    assert "wheels.example" in str(raised.value)
    assert no_waiting == waits
