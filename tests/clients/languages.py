"""The languages of the vendors' programs: what each needs, and how its program is built and run."""

import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from connector.demo.install import install_packages

ROOT: Final = Path(__file__).parents[2]
PROGRAMS: Final = ROOT / "schemas" / "clients"
_CACHE: Final = ROOT / ".cache" / "clients"
_JARS: Final = ("amqp-client", "sqlite-jdbc", "gson", "slf4j-api", "slf4j-nop")
_ASSEMBLIES: Final = ("RabbitMQ.Client", "Mono.Data.Sqlite", "Mono.Posix", "Mono.Security", "System.Data")
_NEWTONSOFT: Final = Path("/usr/lib/cli/Newtonsoft.Json-5.0/Newtonsoft.Json.dll")
_BUILD_SECONDS: Final = 600
"""For a compiler that shares its cores with the rest of the suite, and npm, which compiles SQLite."""


class LanguageError(Exception):
    """A program cannot be built here; the message says what is missing, or what the compiler said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One of the languages that vendors write in."""

    name: str
    packages: tuple[str, ...]
    """Debian's, with the compiler and the client library."""
    needed: tuple[Path, ...]
    """Files by which one sees that the packages are here; ``*`` is any version."""
    build: Callable[[Path], Sequence[str]]
    """Builds the program in a folder, and returns the command that runs it."""

    def command(self, folder: Path) -> Sequence[str]:
        """Build the program in an empty folder and return its command. Raises ``LanguageError``."""
        if not self._is_here():
            install_packages(self.packages, print)
        if not self._is_here():
            raise LanguageError(f"needed: sudo apt-get install {' '.join(self.packages)}")
        return self.build(folder)

    def _is_here(self) -> bool:
        return all(any(Path("/").glob(str(path.relative_to("/")))) for path in self.needed)


def _python(_folder: Path) -> Sequence[str]:
    return ["/usr/bin/python3", str(PROGRAMS / "python" / "verifier.py")]


def _java(folder: Path) -> Sequence[str]:
    jars = ":".join(f"/usr/share/java/{name}.jar" for name in _JARS)
    source = str(PROGRAMS / "java" / "Verifier.java")
    _run("javac", "-Xlint:all", "-Werror", "-encoding", "UTF-8", "-cp", jars, "-d", str(folder), source)
    return ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{folder}:{jars}", "Verifier"]


def _csharp(folder: Path) -> Sequence[str]:
    program = folder / "verifier.exe"
    references = [f"-r:{name}" for name in (*_ASSEMBLIES, _NEWTONSOFT)]
    _run(
        "mcs",
        "-warn:4",
        "-warnaserror",
        *references,
        f"-out:{program}",
        str(PROGRAMS / "csharp" / "Verifier.cs"),
    )
    return ["mono", str(program)]


def _php(_folder: Path) -> Sequence[str]:
    return ["php", str(PROGRAMS / "php" / "verifier.php")]


def _c(folder: Path) -> Sequence[str]:
    program = folder / "verifier"
    warnings = ("-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror")
    libraries = ("-lrabbitmq", "-lsqlite3", "-ljansson", "-lssl", "-lcrypto")
    _run("cc", *warnings, "-O1", "-o", str(program), str(PROGRAMS / "c" / "verifier.c"), *libraries)
    return [str(program)]


def _javascript(_folder: Path) -> Sequence[str]:
    # npm compiles SQLite, for half a minute: what it made stays for the next run.
    folder = _CACHE / "javascript"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "verifier.mjs"):
        shutil.copyfile(PROGRAMS / "javascript" / name, folder / name)
    options = ("--no-package-lock", "--no-audit", "--no-fund", "--prefix", str(folder))
    _run("env", "npm_config_debug=true", "npm", "install", *options)
    return ["node", str(folder / "verifier.mjs")]


def _run(*arguments: str) -> None:
    try:
        subprocess.run(
            arguments, check=True, capture_output=True, text=True, timeout=_BUILD_SECONDS, cwd=ROOT
        )
    except FileNotFoundError as error:
        raise LanguageError(f"{arguments[0]} is needed") from error
    except subprocess.TimeoutExpired as error:
        raise LanguageError(f"{arguments[0]} did not end within {_BUILD_SECONDS} s") from error
    except subprocess.CalledProcessError as error:
        raise LanguageError(f"{arguments[0]}:\n{error.stdout}{error.stderr}") from error


PYTHON: Final = Language(
    name="python",
    packages=("python3", "python3-pika", "sqlite3"),
    needed=(
        Path("/usr/bin/python3"),
        Path("/usr/lib/python3/dist-packages/pika"),
        Path("/usr/bin/sqlite3"),
    ),
    build=_python,
)
LANGUAGES: Final = (
    PYTHON,
    Language(
        name="java",
        packages=(
            "default-jdk-headless",
            "librabbitmq-client-java",
            "libxerial-sqlite-jdbc-java",
            "libgoogle-gson-java",
            "libslf4j-java",
        ),
        needed=(Path("/usr/bin/javac"), *(Path(f"/usr/share/java/{name}.jar") for name in _JARS)),
        build=_java,
    ),
    Language(
        name="csharp",
        packages=(
            "mono-mcs",
            "mono-runtime",
            "libmono-rabbitmq4.0-cil",
            "libmono-sqlite4.0-cil",
            "libmono-posix4.0-cil",
            "libnewtonsoft-json5.0-cil",
        ),
        needed=(
            Path("/usr/bin/mcs"),
            _NEWTONSOFT,
            *(Path("/usr/lib/mono/gac", name) for name in _ASSEMBLIES),
        ),
        build=_csharp,
    ),
    Language(
        name="php",
        packages=("php-cli", "php-amqplib", "php-sqlite3"),
        needed=(
            Path("/usr/bin/php"),
            Path("/usr/share/php/PhpAmqpLib/autoload.php"),
            Path("/etc/php/*/mods-available/pdo_sqlite.ini"),
        ),
        build=_php,
    ),
    Language(
        name="c",
        packages=("gcc", "libc6-dev", "librabbitmq-dev", "libsqlite3-dev", "libjansson-dev", "libssl-dev"),
        needed=(
            Path("/usr/bin/cc"),
            *(Path("/usr/include", name) for name in ("amqp.h", "sqlite3.h", "jansson.h", "openssl/ssl.h")),
        ),
        build=_c,
    ),
    Language(
        name="javascript",
        packages=("nodejs", "npm", "g++", "make"),
        needed=(),
        build=_javascript,
    ),
)
