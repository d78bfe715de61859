"""The demo's own folder: never anybody's data, never shared by two demos at once."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MARK = "akiseki-demo"


class FolderError(RuntimeError):
    """The folder cannot be used; the message says what to do."""


@contextmanager
def demo_folder(given: Path | None) -> Iterator[Path]:
    """The folder `given`, cleared of an earlier demo; or a new one, which goes at the end unless something failed.

    Raises FolderError where the folder holds anything but a demo, or another demo runs in it.
    """
    if given is None:
        folder = Path(tempfile.mkdtemp(prefix="akiseki-demo-"))
        with _claimed(folder):
            yield folder
        shutil.rmtree(folder)
        return
    with _claimed(given):
        yield given.resolve()


@contextmanager
def _claimed(folder: Path) -> Iterator[None]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    mark = folder / MARK
    if not mark.exists() and any(folder.iterdir()):
        raise FolderError(f"{folder} is not empty. The demo wants an empty folder: akiseki demo --data NEW")
    with mark.open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise FolderError(f"Another demo runs in {folder}. Stop it, or choose another folder.") from None
        for left in folder.iterdir():
            if left.is_dir():
                shutil.rmtree(left)
            elif left != mark:
                left.unlink()
        yield
