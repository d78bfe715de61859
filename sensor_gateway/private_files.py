"""Files that hold secrets."""

from __future__ import annotations

import os
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all.

    What root writes belongs to whom the file belonged before, else to the folder's owner: the account that runs
    Mosquitto gave up being root, and reads its files again while it runs.
    """
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        if os.geteuid() == 0:
            owner = (path if path.exists() else path.parent).stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        file.write(text)
    new.replace(path)
