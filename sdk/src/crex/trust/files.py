"""Files that must survive a crash whole, and key files that nobody else may read."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from crex.errors import CrexError

SECRET_MODE: Final = 0o600
# The largest key file, encrypted and of the longest key, is less than a tenth of this.
SECRET_BYTES_MAX: Final = 1 << 17
PUBLIC_MODE: Final = 0o644
_FOLDER_MODE: Final = 0o700


def make_folder(folder: Path) -> None:
    """Makes a folder that only its owner can enter, and those above it."""
    folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)


def write_whole(path: Path, data: bytes, *, mode: int = PUBLIC_MODE) -> None:
    """Writes a file so that a reader, even after a crash, finds the old content or the new, whole."""
    temporary = _write_beside(path, data, mode)
    try:
        temporary.replace(path)
    except OSError:
        temporary.unlink()
        raise
    _sync_folder(path.parent)


def write_once(path: Path, data: bytes, *, mode: int = PUBLIC_MODE) -> bool:
    """Writes a new file whole; returns false, and changes nothing, where one of that name exists."""
    temporary = _write_beside(path, data, mode)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink()
    _sync_folder(path.parent)
    return True


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Waits until no other process of this machine holds a lock, and holds it; its file stays."""
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, SECRET_MODE)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def read_secret(path: Path) -> bytes:
    """Reads a key file.

    Raises:
        CrexError: IDENTITY if it is missing, larger than `SECRET_BYTES_MAX`, or if others than its owner may
            read or write it.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise CrexError(
                    "IDENTITY",
                    f"Others than its owner can use this private key (mode {mode:04o}), so it may be known "
                    f"already. Run: chmod 600 {path} — and make a new identity if others had access to this "
                    "machine.",
                    source=str(path),
                )
            data = file.read(SECRET_BYTES_MAX + 1)
    except OSError as error:
        raise CrexError(
            "IDENTITY",
            f"The key file cannot be read ({error.strerror}). Check the folder, or make an identity with "
            "`crex init`.",
            source=str(path),
        ) from error
    if len(data) > SECRET_BYTES_MAX:
        raise CrexError(
            "IDENTITY",
            f"The file has more than {SECRET_BYTES_MAX} bytes, so it is no key file. Restore it from a "
            "backup.",
            source=str(path),
        )
    return data


def _write_beside(path: Path, data: bytes, mode: int) -> Path:
    # mkstemp makes it 0600 from the first moment; the name ends so that no reader takes it for a document.
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = error.filename or str(path)  # a full disk names no file by itself
        raise
    return temporary


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
