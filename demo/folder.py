"""The folder that a demo writes to: always a new one, for old documents would be taken for its own."""

from __future__ import annotations

from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Final

from demo.story import DemoFailed

_DEFAULT: Final = Path("build") / "demo"


def make_folder(wanted: Path | None, began: datetime) -> Path:
    """Makes the folder.

    Args:
        wanted: The folder that was asked for; nothing: a new one below build/demo, named by the time.
        began: When the demo began.

    Raises:
        DemoFailed: It cannot be made, or holds something already.
    """
    try:
        if wanted is None:
            return _new(began)
        wanted.mkdir(parents=True, exist_ok=True)
        if any(wanted.iterdir()):
            raise DemoFailed(
                f"--out {wanted}: the folder is not empty. The demo verifies every document that it finds, "
                "and would take old ones for its own. Name a new folder, or leave --out away."
            )
    except (FileExistsError, NotADirectoryError) as error:
        raise DemoFailed(f"--out {wanted}: {error.filename} is a file. Name a folder.") from error
    except OSError as error:
        raise DemoFailed(
            f"The folder {wanted or _DEFAULT} cannot be made ({error.strerror}). Name one with --out where "
            "you may write."
        ) from error
    return wanted


def _new(began: datetime) -> Path:
    name = began.strftime("%Y%m%d-%H%M%S")
    _DEFAULT.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        folder = _DEFAULT / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise AssertionError("there is always a next number")
