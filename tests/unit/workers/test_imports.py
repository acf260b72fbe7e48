"""What a worker process holds in memory without using it."""

import subprocess
import sys
from pathlib import Path

_HELD = """
import sys
from click.testing import CliRunner
from workers.cli import worker
ended = CliRunner().invoke(worker, [], env={"CONNECTOR_SECRET_KEY": "no key"})
assert ended.exit_code == 2, ended.output
assert "workers.app" in sys.modules
print(*sorted(sys.modules))
"""


def test_a_worker_holds_no_command_nothing_that_draws_and_no_form_of_message_that_it_does_not_read() -> None:
    said = subprocess.run(
        [sys.executable, "-c", _HELD],
        cwd=Path(__file__).parents[3],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    unused = {"rich", "pygments", "yaml", "redis", "sentry_sdk", "alembic", "connector.cli.vendors.commands"}
    assert unused & set(said.split()) == set()
