"""What commands say that fail: of a server that is away or refuses them, and of settings and files that are wrong."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from connector.demo.deployment import CLAMART
from connector.demo.node import RabbitNode
from tests.leaks.canaries import BROKER_PASSWORD, DATABASE_PASSWORD, DGFIP_SECRET, REDIS_PASSWORD, STRAY
from tests.leaks.listings import printed

BROKER, DATABASE, REDIS = "CONNECTOR_BROKER_URL", "CONNECTOR_DATABASE_URL", "CONNECTOR_REDIS_URL"
AWAY: Final = {
    BROKER: f"amqp://exploitant:{BROKER_PASSWORD}@127.0.0.1:1//",
    REDIS: f"redis://:{REDIS_PASSWORD}@127.0.0.1:1/0",
    DATABASE: f"postgresql://exploitant:{DATABASE_PASSWORD}@127.0.0.1:1/x",
}
_OF_THE_BROKER: Final = (
    "health",
    "dead list",
    "dead show 0123456789ab",
    "dead purge --older-than 0m --yes",
    "topology declare",
    "trace nobody",
)
_WITH_A_TRY_AGAIN: Final = "dead replay --all"
"""A broker that is away is tried for two seconds, by each command in the same way."""
_OF_THE_DATABASE: Final = (
    "health",
    "registry rekey",
    "registry upgrade",
    "topology declare",
    "trace nobody",
    "tenants list",
    f"tenants show {CLAMART}",
    "tenants token check",
    f"tenants token revoke {CLAMART} --yes",
    "vendors list",
    "vendors definitions --dry-run",
    f"journal search --tenant {CLAMART}",
    f"journal person --tenant {CLAMART}",
    f"journal export --tenant {CLAMART}",
    "journal purge --yes",
)
_WRONG: Final = {
    BROKER: f"amqp://exploitant:{STRAY}@[::1:x//",
    REDIS: f"http://:{REDIS_PASSWORD}@127.0.0.1:1/0",
    "CONNECTOR_SECRET_KEY": STRAY,
    "CONNECTOR_JOURNAL_KEY": STRAY,
    "CONNECTOR_SENTRY_DSN": f"https://{STRAY}@nowhere",
    "CONNECTOR_API_PARTICULIER_URL": STRAY,
    "CONNECTOR_TOKEN_QUOTA": STRAY,
}
"""Settings that no command takes, each with a canary."""
_TENANT: Final = f'[tenants.{CLAMART}]\nname = "CCAS"\nvendors = []\n'
_FILES: Final = {
    "its member": 'token = {{ value = "{token}", env = "{token}" }}',
    "its variable": 'token = {{ env = "{token}" }}',
    "its file": 'token = {{ file = "{token}" }}',
    "its value": 'token = {{ value = "{token} {token}" }}',
    "what is no table": 'token = "{token}"',
    "what is no TOML": "token = {token}",
    "the DGFiP's variable": 'dgfip = {{ client_id = {{ value = "x" }}, client_secret = {{ env = "{secret}" }} }}',
    "the DGFiP's file": 'dgfip = {{ client_id = {{ file = "{secret}" }}, client_secret = {{ value = "x" }} }}',
    "a quota": 'quotas = {{ particulier = "{secret}" }}',
}
"""Files of a tenant, by where a secret stands in them."""
_TABLES: Final = {
    "the first row": "{siret};CCAS;;{token}\n",
    "a column": "siret;name;vendors;{secret}\n{siret};CCAS;;x\n",
    "a SIRET": "siret;name;vendors\n{token};CCAS;\n",
    "the variable's column": "siret;name;vendors;token_env\n{siret};CCAS;;{token}\n",
    "the file's column": "siret;name;vendors;token_file\n{siret};CCAS;;{token}\n",
    "a cell too many": "siret;name;vendors\n{siret};CCAS;;{token}\n",
    "a quota's column": "siret;name;vendors;quota_particulier\n{siret};CCAS;;{secret}\n",
}


def refused(node: RabbitNode) -> str:
    """Return an address at which a broker refuses the password."""
    return node.url("exploitant", STRAY)


def of_servers_away(environment: Mapping[str, str], node: RabbitNode) -> dict[str, str]:
    """Return what each command says, by what is wrong."""
    wrong = [(BROKER, refused(node), command) for command in _OF_THE_BROKER]
    wrong += [(BROKER, AWAY[BROKER], _WITH_A_TRY_AGAIN)]
    wrong += [(DATABASE, AWAY[DATABASE], command) for command in _OF_THE_DATABASE]
    return {
        f"{name} {command}": printed({**environment, name: url}, *command.split(), stdin='{"ine": "x"}')
        for name, url, command in wrong
    }


def of_wrong_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what commands say of each wrong setting, by the setting."""
    commands = (
        ("health",),
        ("dead", "list"),
        ("journal", "person", "--tenant", CLAMART),
        ("registry", "rekey"),
    )
    return {
        name: "".join(printed({**environment, name: value}, *command, stdin="{}") for command in commands)
        for name, value in _WRONG.items()
    }


def of_wrong_files(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return what an import says of each wrong file, and commands of what is no token, by what is wrong."""
    said = {}
    texts = {where: (f"{_TENANT}{text}\n", "toml") for where, text in _FILES.items()}
    texts |= {where: (text, "csv") for where, text in _TABLES.items()}
    for where, (text, form) in texts.items():
        wrong = folder / f"tenants.{form}"
        token = environment["SANDBOX_TOKEN"]
        wrong.write_text(text.format(siret=CLAMART, token=token, secret=DGFIP_SECRET), "utf-8")
        said[where] = printed(environment, "tenants", "import", str(wrong))
    for verb in ("set", "rotate"):
        said[verb] = printed(environment, "tenants", "token", verb, CLAMART, stdin=STRAY)
    return said
