"""What fails shows no canary: not its password a server that is away, nor a setting or a file what is wrong in it."""

from pathlib import Path

from connector.demo.deployment import PROGRAM
from tests.leaks.canaries import STRAYS, secrets_of
from tests.leaks.failing import (
    AWAY,
    BROKER,
    DATABASE,
    of_servers_away,
    of_wrong_files,
    of_wrong_settings,
    refused,
)
from tests.leaks.run import Host
from tests.leaks.search import found


def test_no_command_shows_a_password_of_a_server_that_is_away(host: Host) -> None:
    for what, said in of_servers_away(host.deployed.environment, host.node).items():
        assert what.split()[0] in said, what
        assert _found(host, said) == set(), what


def test_no_command_repeats_a_wrong_setting(host: Host) -> None:
    for name, said in of_wrong_settings(host.deployed.environment).items():
        assert name in said
        assert _found(host, said) == set(), name


def test_no_command_repeats_a_secret_that_stands_where_something_else_is_due(
    host: Host, tmp_path: Path
) -> None:
    for where, said in of_wrong_files(host.deployed.environment, tmp_path).items():
        assert said.startswith("ccas-connector: "), where
        assert _found(host, said) == set(), where


def test_no_program_that_cannot_start_shows_a_password(host: Host) -> None:
    urls = [*AWAY.items(), (BROKER, refused(host.node))]
    debug = ("--log-level", "DEBUG")
    workers = [host.deployed.start_worker(*debug, settings={name: url}) for name, url in urls]
    waiting, *ending = workers
    beat = host.deployed.start(*PROGRAM, "beat", "--once", *debug, settings={DATABASE: AWAY[DATABASE]})
    waiting.wait_for("broker.away")
    waiting.stop()
    for (name, _url), program in zip([*urls[1:], (DATABASE, "")], [*ending, beat], strict=True):
        assert program.wait() != 0
        assert name in "".join(program.said)
    for program in (*workers, beat):
        assert _found(host, "".join(program.said)) == set()


def _found(host: Host, said: str) -> set[str]:
    return found((*STRAYS, *secrets_of(host.deployed.environment)), said.encode())
