"""Commands in an image, as an orchestrator starts them: its user, no privilege, a read-only root, process 1."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

# /tmp is the one folder that is writable. ``exec`` all the way: the command itself is process 1 of its namespace.
_ENTER: Final = """
set -e
root=$1 mode=$2 user=$3 group=$4 folder=$5; shift 5
mount --bind "$root" "$root"
mount -o "remount,bind,$mode" "$root"
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount -t tmpfs -o mode=1777 none "$root/tmp"
exec chroot "$root" /usr/bin/setpriv --reuid "$user" --regid "$group" --clear-groups --no-new-privs \
    --bounding-set=-all /usr/bin/env --ignore-environment --chdir "$folder" "$@"
"""
_NAMESPACES: Final = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
_TIMEOUT_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Confined:
    """An image's files and how it is configured."""

    root: Path
    """Where a container of it is mounted."""
    config: Mapping[str, Any]
    """``config`` of the image, in Docker's form."""
    is_writable: bool = False

    @property
    def user(self) -> str:
        """The user and group that its programs run as."""
        return str(self.config.get("User", ""))

    def command(self, words: Sequence[str], settings: Mapping[str, str] | None = None) -> list[str]:
        """Return what runs these words in the image."""
        user, _, group = self.user.partition(":")
        mode = "rw" if self.is_writable else "ro"
        folder = self.config.get("WorkingDir") or "/"
        set_to = [*self.config.get("Env", ()), *(f"{key}={value}" for key, value in (settings or {}).items())]
        entered = ["sh", "-c", _ENTER, "sh", str(self.root), mode, user, group or user, folder]
        return [*_NAMESPACES, *entered, *set_to, *words]

    def run(self, *words: str, settings: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run words to their end."""
        return subprocess.run(
            self.command(words, settings),
            check=False,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=_TIMEOUT_SECONDS,
        )
