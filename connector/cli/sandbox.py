"""``ccas-connector sandbox``: a local API Particulier, and tokens for it."""

from pathlib import Path

import click

from connector.cli.options import fail


@click.group(invoke_without_command=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one."
)
@click.option(
    "--cases",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of cases in the official YAML format, instead of those shipped.",
)
@click.option(
    "--latency",
    default=0.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Seconds before each answer.",
)
@click.pass_context
def sandbox(context: click.Context, host: str, port: int, cases: Path | None, latency: float) -> None:
    """Serve a local API Particulier, until it is interrupted.

    Example: ccas-connector sandbox --port 8080 --latency 0.1
    """
    if context.invoked_subcommand is not None:
        return
    import asyncio
    import contextlib
    import signal

    from connector.catalogue import CATALOGUE
    from connector.sandbox.cases import SHIPPED, CasesError, load_cases
    from connector.sandbox.server import Sandbox, operation_of, serve

    try:
        loaded = load_cases(cases or SHIPPED, [operation_of(check) for check in CATALOGUE.values()])
    except CasesError as error:
        fail(str(error))
    served = Sandbox(cases=loaded, latency_seconds=latency)

    async def until_told() -> None:
        serving = asyncio.ensure_future(
            serve(
                served, host, port, lambda url: click.echo(f"sandbox ready on {url} with {len(loaded)} cases")
            ),
        )
        for signum in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(signum, serving.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await serving

    try:
        asyncio.run(until_told())
    except OSError as error:
        fail(f"cannot listen on {host}:{port} ({error.strerror})")


@sandbox.command()
@click.option("--scope", "scopes", multiple=True, help="A scope of the token; repeat it. Default: all.")
@click.option("--name", default="sandbox", show_default=True, help="The habilitation's name.")
@click.option("--days", default=540, show_default=True, help="Days until it expires; negative: it has.")
@click.option("--revoked", is_flag=True, help="The sandbox answers that it was revoked.")
def token(scopes: tuple[str, ...], name: str, days: int, revoked: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Print a token that the sandbox accepts, or refuses in the way asked for.

    Example: ccas-connector sandbox token --scope cnaf_quotient_familial
    """
    from datetime import timedelta

    from connector.catalogue import CATALOGUE
    from connector.clock import utc_now
    from connector.sandbox.tokens import SandboxToken, issue_token

    every = {scope for check in CATALOGUE.values() for scope in check.scopes}
    click.echo(
        issue_token(
            SandboxToken(
                name=name,
                scopes=frozenset(scopes or every),
                expires_at=utc_now() + timedelta(days=days),
                is_revoked=revoked,
            ),
        ),
    )
