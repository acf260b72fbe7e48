"""What is in an image, and what its programs do: each look returns what is wrong."""

import json
import os
import re
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from connector.demo.private import free_ports
from tests.image.build import ROOT
from tests.image.confined import Confined

PYTHON: Final = "/opt/ccas-connector/bin/python"
COMMANDS: Final = (("--version",), ("checks", "list"), ("registry", "new-key"))
# Debian gives these to everybody. Where the root is read-only, they are too, but for /tmp.
_ANYBODYS: Final = frozenset({"/tmp", "/var/tmp", "/run/lock"})  # noqa: S108 - looked at, not written to
_BUILDS: Final = re.compile(
    r"^(?:gcc|g\+\+|cpp|clang|make|binutils|python3-pip|python3-venv|.*-dev)(?:-[\d.]+)?$"
)
_INSTALLERS: Final = frozenset({"pip", "pip3", "ensurepip"})
_COMPILERS: Final = frozenset({"cc", "gcc", "make"})
_LISTING: Final = (
    "import importlib.metadata as m, json;"
    "print(json.dumps(sorted((d.metadata['Name'], d.version) for d in m.distributions())))"
)
_PINNED: Final = re.compile(r"^([A-Za-z0-9._-]+)==([^\s\\;]+)", re.MULTILINE)
_HTTP_PORT: Final = re.compile(r":\d+$")
_START_SECONDS: Final = 60.0
_END_SECONDS: Final = 30.0


def canonical(name: str) -> str:
    """Return a distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> dict[str, str]:
    """Return the version of each distribution in ``requirements.lock``."""
    return {
        canonical(name): version
        for name, version in _PINNED.findall((ROOT / "requirements.lock").read_text("utf-8"))
    }


def installed(image: Confined) -> dict[str, str]:
    """Return the version of each distribution that the image's Python finds."""
    printed = image.run(PYTHON, "-I", "-c", _LISTING).stdout
    return {canonical(name): version for name, version in json.loads(printed)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How large a file system is."""

    files: int
    size: int
    """In bytes."""


def extent(root: Path) -> Extent:
    """Return how many files there are, and what they hold."""
    sizes = [path.lstat().st_size for path in _paths(root) if not path.is_dir() or path.is_symlink()]
    return Extent(files=len(sizes), size=sum(sizes))


def wrong_distributions(image: Confined, version: str) -> Iterator[str]:
    """Yield where the image has other distributions than the lock's and the project's."""
    wanted, found = {**locked(), "ccas-connector": version}, installed(image)
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            yield f"{name}: {wanted.get(name, 'none')} is locked, {found.get(name, 'none')} is installed"


def wrong_user(image: Confined) -> Iterator[str]:
    """Yield where the image's user is root, has no number, or may write to the image's files."""
    if not re.fullmatch(r"[1-9]\d*:[1-9]\d*", image.user):
        yield f"its user is {image.user or 'root'}: must be two numbers, neither of them 0"
        return
    said = image.run("/usr/bin/id", "-u").stdout.strip()
    if said != image.user.partition(":")[0]:
        yield f"its programs run as {said}"
    user, group = map(int, image.user.split(":"))
    for path in _paths(image.root):
        status = path.lstat()
        is_its_own = status.st_uid == user or status.st_gid == group
        if (is_its_own or status.st_mode & stat.S_IWOTH) and not stat.S_ISLNK(status.st_mode):
            inside = f"/{path.relative_to(image.root)}"
            if inside not in _ANYBODYS and not inside.startswith("/dev/"):
                yield f"{inside}: its user may write there"


def wrong_packages(image: Confined) -> Iterator[str]:
    """Yield what builds programs, which an image that runs one has no use for."""
    status = (image.root / "var/lib/dpkg/status").read_text("utf-8")
    for name in re.findall(r"^Package: (.+)$", status, re.MULTILINE):
        if _BUILDS.match(name):
            yield f"{name}: is a Debian package that builds"
    for path in _paths(image.root):
        if path.name in _INSTALLERS or (path.name in _COMPILERS and not path.is_dir()):
            yield f"/{path.relative_to(image.root)}: is there"


def wrong_commands(image: Confined) -> Iterator[str]:
    """Yield which commands fail on a read-only root, and what they change on one that can be written to."""
    for words in COMMANDS:
        ended = image.run("ccas-connector", *words)
        if ended.returncode != 0 or not ended.stdout:
            yield f"ccas-connector {' '.join(words)}: ended with {ended.returncode}: {ended.stderr.strip()}"
    writable = replace(image, is_writable=True)
    before = _state(image.root)
    for words in COMMANDS:
        writable.run("ccas-connector", *words)
    after = _state(image.root)
    for path in sorted(
        before.keys() ^ after.keys() | {each for each in before if after.get(each) != before[each]}
    ):
        yield f"/{path}: was written to"


def wrong_worker(image: Confined) -> Iterator[str]:
    """Yield what a worker does otherwise than it must: answer the image's own check, and end at SIGTERM as process 1."""
    (port,) = free_ports(1)
    key = image.run("ccas-connector", "registry", "new-key").stdout.strip()
    settings = {
        "CONNECTOR_SECRET_KEY": key,
        "CONNECTOR_DATABASE_URL": "sqlite:////tmp/registry.db",
        # Nobody listens there. A worker lives all the same.
        "CONNECTOR_BROKER_URL": "amqp://nobody:nothing@127.0.0.1:9//",
    }
    check = [_HTTP_PORT.sub(f":{port}", word) for word in image.config["Healthcheck"]["Test"][1:]]
    words = image.command(["ccas-connector", "worker", "--http", str(port)], settings)
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=said, stderr=said) as started:
            try:
                yield from _alive_then_ended(image, check, started)
            finally:
                started.kill()
        said.seek(0)
        if started.returncode != 0:
            yield f"the worker ended with {started.returncode}: {said.read().decode()[-600:]}"


def _alive_then_ended(image: Confined, check: list[str], started: subprocess.Popen[bytes]) -> Iterator[str]:
    deadline = time.monotonic() + _START_SECONDS
    while image.run(*check).returncode != 0:
        if started.poll() is not None or time.monotonic() > deadline:
            yield f"{' '.join(check)}: no worker answers it"
            return
    child = int(Path(f"/proc/{started.pid}/task/{started.pid}/children").read_text("ascii"))
    if others := Path(f"/proc/{child}/task/{child}/children").read_text("ascii").split():
        yield f"the worker has started {len(others)} processes: as process 1 it would have to reap them"
    os.kill(child, signal.Signals[image.config.get("StopSignal") or "SIGTERM"])
    try:
        started.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        yield "the worker does not end at its stop signal"


def _paths(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            yield Path(folder, name)


def _state(root: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(root)): (status.st_mtime_ns, status.st_size)
        for path in _paths(root)
        for status in (path.lstat(),)
    }
