"""A disk of a few megabytes, which can be filled: a tmpfs, which only root may mount."""

import errno
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final, Self

_MEGABYTES: Final = 24
_CHUNK: Final = bytes(4096)


class SmallDisk:
    """Mounted for as long as it is open; ``folder`` is a folder on it."""

    def __init__(self, user: str | None = None) -> None:
        """``user`` owns it; None: the user of this process."""
        self._root = Path(tempfile.mkdtemp(prefix="ccas-connector-disk-"))
        self._user = user
        self._filling = self._root / "filling"
        self.folder = self._root / "data"
        """Empty, as PostgreSQL wants it: what fills the disk lies beside."""

    def __enter__(self) -> Self:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={_MEGABYTES}m", "tmpfs", self._root],
            check=True,
        )
        # Whoever it belongs to has to reach it.
        self._root.chmod(0o755)
        self.folder.mkdir()
        if self._user is not None:
            shutil.chown(self.folder, self._user, self._user)
        return self

    def __exit__(self, *_exception: object) -> None:
        subprocess.run(["umount", "--lazy", self._root], check=True)
        self._root.rmdir()

    def fill(self) -> None:
        """Leave no room."""
        with self._filling.open("wb", buffering=0) as file:
            while True:
                try:
                    file.write(_CHUNK)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    return

    def free(self) -> None:
        """Give the room back."""
        self._filling.unlink()
