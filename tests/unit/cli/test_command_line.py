"""The command line as a whole: which commands there are, and what a wrong one is answered."""

import click
from click.testing import CliRunner

from connector.cli import command_line


def test_each_command_has_its_own_name_and_says_what_it_does() -> None:
    context = click.Context(command_line)
    names = command_line.list_commands(context)
    assert "tenants" in names
    for name in names:
        command = command_line.get_command(context, name)
        assert command is not None
        assert (command.name, bool(command.get_short_help_str())) == (name, True)


def test_a_command_that_is_misspelt_is_answered_with_those_that_are_spelt_alike() -> None:
    answered = CliRunner().invoke(command_line, ["vendrs"])
    assert answered.exit_code == 2
    assert "'vendor', 'vendors'" in answered.output
