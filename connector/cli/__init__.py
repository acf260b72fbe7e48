"""The command line. Each command is imported when it is run, and imports what it needs then."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Final

import click

_MODULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "beat": "beat",
        "checks": "checks.commands",
        "datapass": "datapass",
        "dead": "dead.commands",
        "demo": "demo",
        "health": "health.commands",
        "journal": "journal.commands",
        "registry": "registry.commands",
        "sandbox": "sandbox.commands",
        "schemas": "schemas",
        "status": "status.commands",
        "tenants": "tenants.commands",
        "topology": "topology",
        "trace": "trace",
        "vendor": "vendor.commands",
        "vendors": "vendors.commands",
    }
)
"""Where each command is, under its own name."""


class CommandLine(click.Group):
    """The commands of ``_MODULES``, and those that are added.

    As in https://click.palletsprojects.com/en/stable/complex/#lazily-loading-subcommands: a worker needs none of them.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        return sorted({*_MODULES, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; None where there is none of that name."""
        if cmd_name not in self.commands and cmd_name in _MODULES:
            module = import_module(f"{__name__}.{_MODULES[cmd_name]}")
            self.add_command(getattr(module, cmd_name))
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the words name. Where there is none, the error names those that are spelt alike."""
        names = self.list_commands(ctx)
        if args[0] not in names:
            for name in names:
                self.get_command(ctx, name)
        return super().resolve_command(ctx, args)


@click.group(
    cls=CommandLine, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(package_name="ccas-connector")
def command_line() -> None:
    """Answer French social-work software over RabbitMQ from API Particulier, with each CCAS's own token.

    Settings are environment variables prefixed CONNECTOR_; see deploy/README.md.
    """
