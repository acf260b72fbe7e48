"""A private RabbitMQ node, and the users of one."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import quote

import amqp

from connector.amqp.definitions.document import in_two
from connector.demo.authority import ServerFiles
from connector.demo.private import NodeError, PrivateServer
from connector.demo.program import ending_with_parent

_SCRIPTS: Final = Path("/usr/lib/rabbitmq/bin")
PROGRAMS_VARIABLE: Final = "RABBITMQ_PROGRAMS"
"""The environment's name for the folder of another RabbitMQ's programs."""
_CTL_TIMEOUT_SECONDS: Final = 60.0
_CONNECT_ATTEMPTS: Final = 20
"""A node without time to spare does not take every connection."""
_NOT_CONNECTED: Final = "failed to connect"
_ADVANCED: Final = """[
  {kernel, [{inet_dist_use_interface, {127,0,0,1}}]},
  {rabbit, [{consumer_disconnected_timeout, 2000}]}
].
"""
"""RabbitMQ 4.3 keeps what consumers on a node had that is gone for ten seconds and more, where nothing is said; 3.10 knows no such thing."""
_CTL_ON_LOOPBACK: Final = "-kernel inet_dist_use_interface {127,0,0,1}"


def rabbitmq_server() -> Path | None:
    """Return the program that starts a node without a service manager, or None when it is not installed."""
    # /usr/sbin/rabbitmq-server is Debian's wrapper, which insists on root or its own user.
    beside = Path(os.environ.get(PROGRAMS_VARIABLE, _SCRIPTS)) / "rabbitmq-server"
    if beside.exists():
        return beside
    found = shutil.which("rabbitmq-server")
    return Path(found) if found else None


class RabbitNode(PrivateServer):
    """A private RabbitMQ node; its name and its cookie are its own too."""

    product = "RabbitMQ"
    ends_with_parent: ClassVar[bool] = False
    """Whether it is stopped when this process ends, were it by SIGKILL."""

    def __init__(
        self,
        definitions: Mapping[str, Any] | None = None,
        settings: Sequence[str] = (),
        *,
        tls: ServerFiles | None = None,
        tls_port: int | None = None,
        has_plain_port: bool = True,
    ) -> None:
        """Make a node with ``definitions``, and with ``settings`` as further lines of its ``rabbitmq.conf``.

        With ``tls`` it also listens for AMQPS, on ``tls_port`` or on a free one, and asks no client for a certificate.
        ``has_plain_port`` False leaves AMQPS alone. All its ports are on 127.0.0.1, and the same each time it starts.
        """
        program = rabbitmq_server()
        if program is None:
            raise NodeError("rabbitmq-server is not installed")
        super().__init__(ports=4)
        self._program = program
        self._epmd: subprocess.Popen[bytes] | None = None
        self._definitions = definitions
        self._settings = settings
        self._tls = tls
        self._has_plain_port = has_plain_port
        _, self._distribution_port, self._epmd_port, free_port = self._ports
        self.tls_port = free_port if tls_port is None else tls_port
        """Where it listens for AMQPS, if it does."""

    def url(self, user: str = "guest", password: str = "guest") -> str:  # noqa: S107 - RabbitMQ's own default
        """Return the address of the node for a user."""
        return f"amqp://{user}:{password}@127.0.0.1:{self.port}//"

    def tls_url(self, user: str = "guest", password: str = "guest") -> str:  # noqa: S107 - RabbitMQ's own default
        """Return the address of the node for a user, over TLS, as RabbitMQ's URI specification writes ``/``."""
        return f"amqps://{quote(user, safe='')}:{quote(password, safe='')}@localhost:{self.tls_port}/%2F"

    def start(self) -> None:
        """Start the node and wait until it takes connections. Raises ``NodeError``."""
        epmd = shutil.which("epmd")
        if (
            self.ends_with_parent
            and epmd is not None
            and (self._epmd is None or self._epmd.poll() is not None)
        ):
            # The node would start one that outlives it.
            self._epmd = subprocess.Popen(  # noqa: S603 - Erlang's own program, on this node's port
                ending_with_parent([epmd, "-port", str(self._epmd_port), "-address", "127.0.0.1"]),
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        super().start()

    def stop(self) -> None:
        """Stop the node cleanly, and the port mapper that it started. Its data stays until it is closed."""
        super().stop()
        if epmd := shutil.which("epmd"):
            subprocess.run(  # noqa: S603 - Erlang's own program, on this node's port
                [epmd, "-port", str(self._epmd_port), "-kill"],
                env=self._environment(),
                check=False,
                capture_output=True,
            )
        if self._epmd is not None:
            self._epmd.terminate()
            self._epmd.wait()
            self._epmd = None

    def ctl(self, *arguments: str) -> str:
        """Run ``rabbitmqctl`` against this node and return what it prints. Raises ``NodeError``.

        Example: ``node.ctl("list_queues", "name", "--formatter", "json")``.
        """
        program = self._program.with_name("rabbitmqctl")
        finished = self._run(program, "--quiet", *arguments, RABBITMQ_CTL_ERL_ARGS=_CTL_ON_LOOPBACK)
        if finished.returncode != 0:
            said = f"{finished.stdout}{finished.stderr}".strip()
            raise NodeError(f"rabbitmqctl {arguments[0]} exited with {finished.returncode}: {said}")
        return finished.stdout

    def forget(self) -> None:
        """Delete what the node has kept; it does not run meanwhile."""
        shutil.rmtree(self._folder / "data", ignore_errors=True)

    def evaluate(self, expression: str) -> Any:
        """Evaluate an Erlang expression on this node; return its value, as JSON gives it. Raises ``NodeError``.

        It costs a hundredth of what ``rabbitmqctl`` does, which starts a virtual machine. Example:
        ``node.evaluate("rabbit_alarm:get_alarms()")``.
        """
        for _ in range(_CONNECT_ATTEMPTS):
            finished = self._erl_call(f'io:format("~ts", [rabbit_json:encode(begin {expression} end)]).\n')
            if _NOT_CONNECTED not in finished.stderr:
                break
        try:
            return json.loads(finished.stdout)
        except ValueError as error:
            said = f"{finished.stdout}{finished.stderr}".strip()
            raise NodeError(f"erl_call exited with {finished.returncode}: {said}") from error

    def _erl_call(self, script: str) -> "subprocess.CompletedProcess[str]":
        # Erlang's own client, on loopback; it reads the node's cookie from its folder.
        address = f"127.0.0.1:{self._distribution_port}"
        options = ("-r", "-address", address, "-fetch_stdout", "-no_result_term", "-e")
        return self._run("erl_call", *options, given=script)

    def _run(
        self, program: str | Path, *arguments: str, given: str = "", **settings: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run a program of the broker's with this node's settings. Raises ``NodeError`` where it does not end."""
        try:
            return subprocess.run(  # noqa: S603 - the broker's own programs
                [program, *arguments],
                env={**self._environment(), **settings},
                check=False,
                input=given,
                capture_output=True,
                text=True,
                encoding="utf-8",
                timeout=_CTL_TIMEOUT_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NodeError(f"{Path(program).name} {arguments[0]}: {error}") from error

    def queue_names(self) -> list[str]:
        """Return the names of the queues of every virtual host. Raises ``NodeError``."""
        return list(self.evaluate("[element(4, amqqueue:get_name(Q)) || Q <- rabbit_amqqueue:list()]"))

    def _command(self) -> Sequence[str | Path]:
        return ending_with_parent([self._program]) if self.ends_with_parent else [self._program]

    def _takes_connections(self) -> bool:
        port, ssl = (self.port, False) if self._has_plain_port else (self.tls_port, self._tls_options())
        connection = amqp.Connection(f"127.0.0.1:{port}", ssl=ssl, connect_timeout=2)
        try:
            connection.connect()
        except amqp.AccessRefused:
            # It knows its users, and guest is none of them.
            return True
        except (OSError, amqp.AMQPError):
            return False
        connection.close()
        return True

    def _tls_options(self) -> dict[str, str]:
        """Return what py-amqp is told of the server it expects."""
        return {"ca_certs": str(self._tls.authority), "server_hostname": "localhost"} if self._tls else {}

    def _listeners(self) -> Iterator[str]:
        """Yield the lines on who may connect, and how (https://www.rabbitmq.com/docs/ssl)."""
        if not self._has_plain_port:
            yield "listeners.tcp = none"
        if self._tls is not None:
            yield f"listeners.ssl.1 = 127.0.0.1:{self.tls_port}"
            yield f"ssl_options.cacertfile = {self._tls.authority}"
            yield f"ssl_options.certfile = {self._tls.certificate}"
            yield f"ssl_options.keyfile = {self._tls.key}"
            yield "ssl_options.versions.1 = tlsv1.3"
            yield "ssl_options.versions.2 = tlsv1.2"
            # A vendor proves who it is with its password.
            yield "ssl_options.verify = verify_none"
            yield "ssl_options.fail_if_no_peer_cert = false"

    def _prepare(self) -> None:
        lines = ["log.console = true", "log.file = false", "log.console.level = warning"]
        lines += [*self._listeners(), *self._settings]
        if self._definitions is not None:
            folder = self._folder / "definitions"
            folder.mkdir()
            # Imported in the order of their names.
            for number, part in enumerate(in_two(self._definitions)):
                (folder / f"{number}.json").write_text(json.dumps(part), "utf-8")
            lines.append(f"load_definitions = {folder}")
        (self._folder / "rabbitmq.conf").write_text("\n".join(lines) + "\n", "utf-8")
        (self._folder / "advanced.config").write_text(_ADVANCED, "utf-8")
        (self._folder / "enabled_plugins").write_text("[].\n", "utf-8")

    def _environment(self) -> dict[str, str]:
        folder = self._folder
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("RABBITMQ_")},
            "HOME": str(folder),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_NODENAME": f"ccas{self.port}@localhost",
            # They win over rabbitmq.conf, even where it says that there is no such port.
            **(
                {"RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1", "RABBITMQ_NODE_PORT": str(self.port)}
                if self._has_plain_port
                else {}
            ),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            # A dump holds what the node had in memory: it goes with the folder.
            "ERL_CRASH_DUMP": str(folder / "erl_crash.dump"),
        }
