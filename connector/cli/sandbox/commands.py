"""``ccas-connector sandbox``: a local API Particulier that fails on demand."""

from datetime import datetime, timedelta
from pathlib import Path

import click

from connector.cli.options import DAY, fail
from connector.cli.sandbox.tokens import france_connect_token, token
from connector.cli.sandbox.up import up


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
@click.option(
    "--today",
    type=DAY,
    metavar="YYYY-MM-DD",
    help="Day that the sandbox believes it is when it starts, at noon in Paris; its parameters are judged by it, "
    "the expiry of tokens is not. Default: the real day.",
)
@click.option(
    "--v2-withdrawn", is_flag=True, help="Answer 410 for the tax notice of version 2, as production."
)
@click.option(
    "--fail",
    "failures",
    multiple=True,
    metavar="PROVIDER=KIND[,...]",
    help="Let a provider (dss, cnous, ..., dgfip, france_connect; * is every one) fail in one of the ways 429, "
    "502, 503, 504, maintenance, network, dns, tls, temporary, provider-quota, conflict (of calls identical to one in "
    "flight: see --latency), reset, timeout, with for=SECONDS, times=CALLS, retry_in=SECONDS, and after=SECONDS that a "
    "timeout hangs; repeat it. POST /sandbox/failures does the same while it runs.",
)
@click.option(
    "--quota",
    metavar="CALLS/s|CALLS/min",
    help="What a token may call of version 3 and later, for instance 20/s or 250/min. Default: no limit.",
)
@click.option(
    "--control-token-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File with the token that the routes /sandbox/... then ask for. Without one they are this machine's alone: a "
    "sandbox that listens beyond it closes them.",
)
@click.pass_context
def sandbox(  # noqa: PLR0913, PLR0917 - one argument per option
    context: click.Context,
    host: str,
    port: int,
    cases: Path | None,
    latency: float,
    today: datetime | None,
    v2_withdrawn: bool,  # noqa: FBT001 - click passes flags by name
    failures: tuple[str, ...],
    quota: str | None,
    control_token_file: Path | None,
) -> None:
    """Serve a local API Particulier, and API Impôt particulier, until interrupted.

    Example: ccas-connector sandbox --port 8080 --latency 0.1 --quota 20/s --fail dss=maintenance,retry_in=5,for=30
    """
    if context.invoked_subcommand is not None:
        return
    import asyncio
    import contextlib
    import signal

    from connector.clock import utc_now
    from connector.errors import OperatorError
    from connector.sandbox.cases import SHIPPED, load_cases
    from connector.sandbox.failure_forms import read_option
    from connector.sandbox.france_connect import load_france_connect
    from connector.sandbox.impots import OPERATIONS
    from connector.sandbox.particulier import operations
    from connector.sandbox.quotas import Quota, Quotas
    from connector.sandbox.server import serve
    from connector.sandbox.setting import ControlAccess, Sandbox, ahead_to, read_control_token
    from connector.settings.addresses import is_loopback

    try:
        loaded = load_cases(cases or SHIPPED, [*operations(), *OPERATIONS])
        france_connect = load_france_connect(cases or SHIPPED)
        wanted = [read_option(text) for text in failures]
        quotas = None if quota is None else Quotas(Quota.read(quota))
        control = ControlAccess(
            is_local=is_loopback(host),
            token=None if control_token_file is None else read_control_token(control_token_file),
        )
    except OperatorError as error:
        fail(str(error))
    served = Sandbox(
        cases=loaded,
        france_connect=france_connect,
        latency_seconds=latency,
        ahead=ahead_to(today.date(), utc_now()) if today else timedelta(0),
        is_v2_withdrawn=v2_withdrawn,
        quotas=quotas,
        control=control,
    )
    for failure in wanted:
        served.failing.start(failure, served.clock())

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


sandbox.add_command(token)
sandbox.add_command(france_connect_token)
sandbox.add_command(up)
