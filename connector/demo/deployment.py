"""A whole connector on one machine: a registry, in a temporary folder unless told otherwise, the sandbox, and workers."""

import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Final, Self

from connector.catalogue import CATALOGUE
from connector.catalogue.presets import PRESETS
from connector.clock import utc_now
from connector.demo.program import Process, Program, start_process
from connector.sandbox.tokens import SandboxToken, issue_token
from connector.vault import new_key

CLAMART: Final = "26920023600017"
"""A tenant of both vendors, with a token for everything and credentials for tax notices."""
BOURG: Final = "26750045200011"
"""A tenant of sonate-opus alone, whose token lacks the scope of the RSA."""
VIEUX: Final = "26690027300019"
"""A tenant of millesime whose token has expired."""
SANS_JETON: Final = "26330582300019"
"""A tenant of millesime without a token."""

_ADDED: Final = {
    "millesime": [
        scope
        for scope in PRESETS["all"].scopes
        if scope not in (*PRESETS["millesime"].scopes, *PRESETS["millesime"].declined)
    ],
    "sonate-opus": ["revenu_solidarite_active"],
}
"""What this operator adds to each vendor's form: to millesime's, all that the form does not decline."""
_TENANTS: Final = f"""\
[tenants.{CLAMART}]
name = "CCAS de Clamart"
vendors = ["millesime", "sonate-opus"]
token = {{ env = "SANDBOX_TOKEN" }}
dgfip = {{ client_id = {{ value = "clamart" }}, client_secret = {{ value = "sandbox" }}, id_teleservice = "T-1" }}

[tenants.{BOURG}]
name = "CCAS du Bourg"
vendors = ["sonate-opus"]
token = {{ env = "SANDBOX_TOKEN_QF" }}

[tenants.{VIEUX}]
name = "CCAS du Vieux-Port"
vendors = ["millesime"]
token = {{ env = "SANDBOX_TOKEN_EXPIRED" }}

[tenants.{SANS_JETON}]
name = "CCAS sans jeton"
vendors = ["millesime"]
"""
PROGRAM: Final = (sys.executable, "-m", "workers")
"""The console script, whichever way the package is installed."""


class DeploymentError(Exception):
    """A command of the deployment failed; the message says which, and what it said."""


class Deployment:
    """The registry and the sandbox of a broker; workers are started on it."""

    def __init__(
        self,
        broker_url: str,
        sandbox_options: Sequence[str] = (),
        *,
        preset: str | None = None,
        database_url: str | None = None,
        tenants_file: str | None = None,
    ) -> None:
        """Both vendors work with ``preset``; without it, each with its own form and what the operator adds.

        ``tenants_file`` is the text of another file than the one of these two vendors and their tenants.
        """
        self._broker_url = broker_url
        self._tenants_file = tenants_file or _vendors(preset) + _TENANTS
        self._database_url = database_url
        self._sandbox_options = sandbox_options
        self._stack = ExitStack()
        """Closes what was started."""
        self.environment: dict[str, str] = {}
        """A worker's settings."""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._set_up(stack)
            self._stack = stack.pop_all()
        return self

    def _set_up(self, stack: ExitStack) -> None:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ccas-connector-")))
        self.sandbox = stack.enter_context(
            Program(
                [*PROGRAM, "sandbox", "--port", "0", *self._sandbox_options], os.environ, self._start_process
            ),
        )
        url = self.sandbox.wait_for("sandbox ready on ").split("ready on ")[1].split()[0]
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR_")},
            **_tokens(),
            "CONNECTOR_BROKER_URL": self._broker_url,
            "CONNECTOR_API_PARTICULIER_URL": url,
            "CONNECTOR_DGFIP_URL": url,
            "CONNECTOR_DATABASE_URL": self._database_url or f"sqlite:///{folder / 'registry.db'}",
            "CONNECTOR_SECRET_KEY": new_key(),
            # The sandbox has none unless told; what is about quotas sets its own.
            "CONNECTOR_TOKEN_QUOTA": "0",
            "CONNECTOR_EGRESS_QUOTA": "0",
            "CONNECTOR_FRANCE_CONNECT_QUOTA": "0",
        }
        (folder / "tenants.toml").write_text(self._tenants_file, "utf-8")
        if self._database_url is not None:
            self.command("registry", "upgrade")
        self.command("tenants", "import", str(folder / "tenants.toml"))

    def __exit__(self, *_exception: object) -> None:
        self._stack.close()

    def command(self, *arguments: str) -> str:
        """Run a command of the connector and return what it prints. Raises ``DeploymentError``."""
        with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
            process = self._start_process(
                [*PROGRAM, *arguments], self.environment, output.fileno(), errors.fileno()
            )
            status = process.wait()
            output.seek(0)
            errors.seek(0)
            if status != 0:
                raise DeploymentError(f"{' '.join(arguments)}: {errors.read().strip()}")
            return output.read()

    def start_worker(self, *options: str, settings: Mapping[str, str] | None = None) -> Program:
        """Start a worker, which is not ready yet."""
        return self.start(*PROGRAM, "worker", *options, settings=settings)

    def start(self, *arguments: str, settings: Mapping[str, str] | None = None) -> Program:
        """Start a program with the settings of a worker."""
        return Program(arguments, {**self.environment, **(settings or {})}, self._start_process)

    def _start_process(
        self, arguments: Sequence[str], environment: Mapping[str, str], output: int, errors: int
    ) -> Process:
        """Start each of the deployment's programs."""
        return start_process(arguments, environment, output, errors)

    def worker(self, *options: str, settings: Mapping[str, str] | None = None) -> Program:
        """Start a worker and wait until it takes jobs."""
        program = self.start_worker(*options, settings=settings)
        program.wait_for("worker.ready")
        return program


def _vendors(preset: str | None) -> str:
    added = {} if preset else _ADDED
    return f"""\
[vendors.millesime]
product = "Millésime Action Sociale"
publisher = "Up"
preset = "{preset or "millesime"}"
extra_scopes = {json.dumps(added.get("millesime", []))}

[vendors.sonate-opus]
product = "Sonate Opus"
publisher = "Arpège"
preset = "{preset or "sonate-opus"}"
extra_scopes = {json.dumps(added.get("sonate-opus", []))}

"""


def _tokens() -> dict[str, str]:
    every = frozenset(PRESETS["all"].scopes)
    quotient = frozenset(CATALOGUE["quotient_familial"].scopes)
    later, before = utc_now() + timedelta(days=30), utc_now() - timedelta(days=1)
    return {
        "SANDBOX_TOKEN": issue_token(SandboxToken(name="clamart", scopes=every, expires_at=later)),
        "SANDBOX_TOKEN_QF": issue_token(SandboxToken(name="bourg", scopes=quotient, expires_at=later)),
        "SANDBOX_TOKEN_ONE_SCOPE": issue_token(
            SandboxToken(name="bourg", scopes=frozenset(["cnaf_quotient_familial"]), expires_at=later)
        ),
        "SANDBOX_TOKEN_REVOKED": issue_token(
            SandboxToken(name="port", scopes=every, expires_at=later, is_revoked=True)
        ),
        "SANDBOX_TOKEN_EXPIRED": issue_token(SandboxToken(name="vieux", scopes=every, expires_at=before)),
    }
