"""What the runs share: a broker whose users' passwords are canaries, a sandbox that knows the person, a registry."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.demo.node import RabbitNode
from connector.storage.journal.keys import new_key
from tests.brokers import import_definitions, reset
from tests.deployments import Deployment
from tests.leaks.canaries import BROKER_PASSWORD, DGFIP_ID, DGFIP_SECRET, REDIS_PASSWORD
from tests.leaks.cases import write_cases
from tests.leaks.paths import RATIONED, REFUSED
from tests.leaks.run import Host
from tests.sandbox_tokens import issue
from tests.servers.redis_node import RedisNode

USER = "exploitant"
_TENANTS = """\
[tenants.{refused}]
name = "CCAS refusé"
vendors = ["millesime"]
token = {{ value = "{refused_token}" }}
dgfip = {{ client_id = {{ value = "{id}" }}, client_secret = {{ value = "{secret}" }} }}

[tenants.{rationed}]
name = "CCAS rationné"
vendors = ["millesime"]
token = {{ value = "{rationed_token}" }}
quotas = {{ particulier = "1/min" }}
"""


_BROKER_USER = {
    "users": [{"name": USER, "password": BROKER_PASSWORD, "tags": ["administrator"]}],
    "permissions": [{"user": USER, "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}],
}


def open_host(node: RabbitNode) -> Iterator[Host]:
    """Yield what runs share, on a node that nobody else uses."""
    import_definitions(node, _BROKER_USER)
    with tempfile.TemporaryDirectory() as name, RedisNode(REDIS_PASSWORD) as redis:
        folder = Path(name)
        write_cases(folder / "cases")
        options = ["--cases", str(folder / "cases"), "--fail", "dsnj=503"]
        with Deployment(node.url(), options, preset="all") as deployed:
            tokens = {"refused": issue("refused", is_revoked=True), "rationed": issue("rationed")}
            text = _TENANTS.format(
                refused=REFUSED,
                refused_token=tokens["refused"],
                id=DGFIP_ID,
                secret=DGFIP_SECRET,
                rationed=RATIONED,
                rationed_token=tokens["rationed"],
            )
            (folder / "tenants.toml").write_text(text, "utf-8")
            deployed.command("tenants", "import", str(folder / "tenants.toml"))
            deployed.environment |= {
                "CONNECTOR_JOURNAL_KEY": new_key(),
                **{f"SANDBOX_TOKEN_{name.upper()}": token for name, token in tokens.items()},
            }
            yield Host(node=node, redis=redis, deployed=deployed, user=USER, password=BROKER_PASSWORD)


@pytest.fixture(scope="package")
def host(lent_node: RabbitNode) -> Iterator[Host]:
    reset(lent_node)
    yield from open_host(lent_node)
