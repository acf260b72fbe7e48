"""The whole set-up on the machine of a vendor's integrator: a broker over TLS, the sandbox, a worker.

The vendor has the user, the rights and the limits that ``vendors definitions`` gives it in production, and the worker
connects over TLS too: there is no port in clear.
"""

import json
import queue
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

from pydantic import SecretStr

from connector.amqp.topology import REQUESTS, reply_queue
from connector.catalogue import CATALOGUE
from connector.demo.connection_file import (
    SandboxTenant,
    VendorConnection,
    write_connection,
    write_environment,
)
from connector.demo.deployment import BOURG, CLAMART, SANS_JETON, VIEUX, Deployment
from connector.demo.node import RabbitNode
from connector.demo.program import Process, Program, ending_with_parent
from connector.demo.workbench_folder import chosen_port, opened, passwords_of, server_files
from connector.documents.examples import example_job
from connector.files import write_private
from connector.jobs.records import Lane

TRIALS: Final = "essais"
"""The name of a further reply queue: what tries the connector out takes no reply of the vendor's program's."""
REVOQUE: Final = "26130055500016"
AUTRE: Final = "26380185500010"
TENANTS: Final = (
    SandboxTenant(siret=CLAMART, name="CCAS de Clamart", shows="tout est ouvert"),
    SandboxTenant(
        siret=BOURG,
        name="CCAS du Bourg",
        shows="jeton au seul quotient familial : withheld, insufficient_scope",
    ),
    SandboxTenant(siret=VIEUX, name="CCAS du Vieux-Port", shows="jeton expiré : token_expired"),
    SandboxTenant(siret=REVOQUE, name="CCAS du Phare", shows="jeton révoqué : token_revoked"),
    SandboxTenant(siret=SANS_JETON, name="CCAS sans jeton", shows="aucun jeton : token_missing"),
    SandboxTenant(
        siret=AUTRE, name="CCAS d'un autre éditeur", shows="fermé à cet éditeur : forbidden_tenant"
    ),
)
_TOKENS: Final[Mapping[str, str]] = {
    CLAMART: "SANDBOX_TOKEN",
    BOURG: "SANDBOX_TOKEN_ONE_SCOPE",
    VIEUX: "SANDBOX_TOKEN_EXPIRED",
    REVOQUE: "SANDBOX_TOKEN_REVOKED",
}
_DGFIP: Final = 'dgfip = { client_id = { value = "clamart" }, client_secret = { value = "sandbox" }, id_teleservice = "T-1" }'
_WORKER: Final = "connector"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The options of a workbench."""

    vendor: str
    product: str
    preset: str
    port: int | None = None
    """None: the one before; 0: any that is free."""
    api_options: Sequence[str] = ()
    """Of ``ccas-connector sandbox``."""


class Workbench:
    """All of it, running. Entering raises ``WorkbenchError``, ``NodeError``, ``ProgramError`` or ``DeploymentError``."""

    def __init__(self, folder: Path, wish: Wish, say: Callable[[str], None]) -> None:
        self._wish = wish
        self._say = say
        self._ended: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._given_folder = folder
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.folder = stack.enter_context(opened(self._given_folder))
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stack.close()

    def wait(self) -> str:
        """Wait until a part ends by itself, and return which."""
        return self._ended.get()

    def _start(self, stack: ExitStack) -> None:
        port = chosen_port(self.folder, self._wish.port)
        files, is_new = server_files(self.folder)
        self._say("autorité de certification : " + ("créée" if is_new else "celle du démarrage précédent"))
        self._say("fausse API et registre …")
        deployment = _Deployment(
            "amqps://localhost", self._wish.api_options, tenants_file=tenants_file(self._wish)
        )
        stack.enter_context(deployment)
        definitions = self._definitions(deployment)
        self._say("courtier RabbitMQ (une dizaine de secondes) …")
        node = stack.enter_context(_Node(definitions, tls=files, tls_port=port, has_plain_port=False))
        passwords = passwords_of(self.folder)
        deployment.environment["CONNECTOR_BROKER_URL"] = (
            f"{node.tls_url(_WORKER, passwords[_WORKER])}?cacertfile={quote(str(files.authority))}"
        )
        self._say("worker …")
        worker = stack.enter_context(deployment.worker())
        self.connection = self._connection(node, passwords[self._wish.vendor], deployment)
        write_connection(self.folder / "connection.json", self.connection)
        write_environment(self.folder / "env.sh", self.connection)
        job = example_job(CATALOGUE["quotient_familial"])
        write_private(self.folder / "demande.json", json.dumps(job, indent=2, ensure_ascii=False) + "\n")
        self._watch("courtier RabbitMQ", node.wait)
        self._watch("fausse API", lambda: _keep(deployment.sandbox, self.folder / "api.log"))
        self._watch("worker", lambda: _keep(worker, self.folder / "worker.log"))

    def _definitions(self, deployment: Deployment) -> Mapping[str, object]:
        """Return what the broker imports, as an operator would write it."""
        deployment.command("vendors", "reply-queue", "add", self._wish.vendor, TRIALS)
        path = self.folder / "definitions.json"
        deployment.command(
            "vendors", "definitions", f"--out={path}", f"--passwords={self.folder / 'passwords.json'}"
        )
        read: dict[str, object] = json.loads(path.read_text("utf-8"))
        return read

    def _connection(self, node: RabbitNode, password: str, deployment: Deployment) -> VendorConnection:
        vendor = self._wish.vendor
        return VendorConnection(
            url=SecretStr(node.tls_url(vendor, password)),
            host="localhost",
            port=node.tls_port,
            vhost="/",
            user=vendor,
            password=SecretStr(password),
            ca_file=self.folder / "ca.pem",
            exchange=REQUESTS,
            interactive_key=f"{vendor}.{Lane.INTERACTIVE}",
            batch_key=f"{vendor}.{Lane.BATCH}",
            reply_queue=reply_queue(vendor),
            reply_queues=(reply_queue(vendor), reply_queue(vendor, TRIALS)),
            api_url=deployment.environment["CONNECTOR_API_PARTICULIER_URL"],
            tenants=TENANTS,
        )

    def _watch(self, part: str, until_its_end: Callable[[], None]) -> None:
        def watch() -> None:
            until_its_end()
            self._ended.put(part)

        threading.Thread(target=watch, daemon=True).start()


class _Node(RabbitNode):
    """A node that does not outlive the workbench."""

    ends_with_parent = True


class _Deployment(Deployment):
    """A deployment whose programs a terminal's Ctrl-C does not reach: they are stopped in their order."""

    def _start_process(
        self, arguments: Sequence[str], environment: Mapping[str, str], output: int, errors: int
    ) -> Process:
        return subprocess.Popen(  # noqa: S603 - programs of this project
            ending_with_parent(arguments),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )


def tenants_file(wish: Wish) -> str:
    """Return the registry's file: the vendor, and a tenant for each thing to see."""
    tables = [
        f"[vendors.{wish.vendor}]",
        f"product = {json.dumps(wish.product, ensure_ascii=False)}",
        'publisher = "bac à sable"',
        f"preset = {json.dumps(wish.preset, ensure_ascii=False)}",
    ]
    for tenant in TENANTS:
        vendors = [] if tenant.siret == AUTRE else [wish.vendor]
        tables += [
            f"[tenants.{tenant.siret}]",
            f"name = {json.dumps(tenant.name, ensure_ascii=False)}",
            f"vendors = {json.dumps(vendors, ensure_ascii=False)}",
        ]
        if tenant.siret in _TOKENS:
            tables.append(f'token = {{ env = "{_TOKENS[tenant.siret]}" }}')
        if tenant.siret == CLAMART:
            tables.append(_DGFIP)
    return "\n".join(tables) + "\n"


def _keep(program: Program, log: Path) -> None:
    """Write what a program says to a file, new at each start, until its end."""
    with log.open("w", encoding="utf-8") as file:
        log.chmod(0o600)
        for line in program.lines():
            file.write(line)
            file.flush()
