"""Small secret files beside the data: for their owner only, made once even when several processes start."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def read_or_create(path: Path, make: Callable[[], str]) -> str:
    """The text in `path`, or what `make` returns, then stored there with mode 0600. Raises OSError."""
    if not path.exists():
        _create(path, make())
    return path.read_text(encoding="ascii").strip()


def write_private(path: Path, text: str) -> None:
    """Replace `path` in one step by a file of mode 0600 holding `text`."""
    os.replace(_private_copy(path, text), path)


def _create(path: Path, text: str) -> None:
    copy = _private_copy(path, text)
    try:
        # A hard link fails where the file exists: the first process wins and nobody reads half a key.
        os.link(copy, path)
    except FileExistsError:
        pass
    finally:
        copy.unlink()


def _private_copy(path: Path, text: str) -> Path:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return Path(name)
