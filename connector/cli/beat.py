"""``ccas-connector beat``: the scheduled work."""

import sys

import click

from connector.cli.options import LOG_LEVEL, failing_cleanly, settings_or_exit


@click.command()
@click.option("--once", is_flag=True, help="Run what is due, and end.")
@LOG_LEVEL
def beat(once: bool, log_level: str) -> None:  # noqa: FBT001 - click passes flags by name
    """Run the scheduled work.

    Checks every token and purges the journal once a day, tries tokens that wait every few minutes, and compares the
    API's nomenclature of errors once a week (see: ccas-connector checks drift).

    Warns, in its logs, 60, 30, 7 and 1 days before a token expires, once each, and of one that is refused, once a
    day, whoever restarts and however many of it run. Asks the API twice a second at most, and needs no broker.

    SIGTERM or Ctrl-C end it at once: what was not done is due when it starts again.

    Example: ccas-connector beat
    """
    import asyncio
    import signal

    import structlog
    from sqlalchemy.exc import SQLAlchemyError

    from connector.bootstrap.beat import build_beat
    from connector.bootstrap.egress import open_transport
    from connector.events import Event
    from connector.storage.causes import database_cause
    from connector.storage.database import DatabaseError
    from connector.telemetry.logs import configure_logs, log_loop_error
    from connector.telemetry.opening import log_clear_addresses, open_telemetry

    settings = settings_or_exit(is_program=True)
    telemetry = open_telemetry(settings)
    configure_logs(settings.log_format, log_level, telemetry.observer)
    log_clear_addresses(settings)
    ended_by: list[int] = []

    async def until_told() -> None:
        running = asyncio.current_task()
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(log_loop_error)

        def end(signum: int) -> None:
            ended_by.append(signum)
            if running is not None:
                running.cancel()

        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(signum, end, signum)
        transport = open_transport(settings)
        try:
            built = build_beat(settings, transport, telemetry=telemetry)
            structlog.get_logger(__name__).info(Event.BEAT_READY)
            await (built.run_due() if once else built.run())
        except asyncio.CancelledError:
            return
        except SQLAlchemyError as error:
            raise DatabaseError(f"CONNECTOR_DATABASE_URL: cannot be used: {database_cause(error)}") from None
        finally:
            await transport.aclose()

    with failing_cleanly():
        asyncio.run(until_told())
    sys.exit(128 + ended_by[0] if once and ended_by else 0)
