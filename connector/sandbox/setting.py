"""What a sandbox answers with, and the day that it believes it is."""

import hmac
import re
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from connector.clock import Clock, paris_day, utc_now
from connector.errors import OperatorError
from connector.sandbox.calls import Calls
from connector.sandbox.cases import Cases
from connector.sandbox.failures import Failing
from connector.sandbox.france_connect import FranceConnect
from connector.sandbox.quotas import Quotas

_PARIS: Final = ZoneInfo("Europe/Paris")
_TOKEN: Final = re.compile("[!-~]{16,512}")
_CLOSED: Final = (
    "these routes are closed: the sandbox listens beyond this machine, and has no --control-token-file"
)
_UNKNOWN: Final = "these routes need the token of --control-token-file: Authorization: Bearer ..."


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlAccess:
    """Who may use the sandbox's own routes: whoever reaches it, whoever has a token, or nobody."""

    is_local: bool = True
    """Only this machine reaches the sandbox: without a token, its routes are anybody's there."""
    token: str | None = field(default=None, repr=False)

    def refusal(self, authorization: str | None) -> tuple[int, str] | None:
        """Return the HTTP status and the reason for which a call is refused; None where it is let in."""
        if self.token is None:
            return None if self.is_local else (403, _CLOSED)
        scheme, _, given = (authorization or "").partition(" ")
        # Headers that are no UTF-8 come with halves of surrogate pairs.
        is_right = hmac.compare_digest(given.strip().encode(errors="surrogateescape"), self.token.encode())
        return None if is_right and scheme.lower() == "bearer" else (401, _UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """The setting that every group of routes is given."""

    cases: Cases
    france_connect: FranceConnect = field(default_factory=lambda: FranceConnect({}))
    latency_seconds: float = 0.0
    clock: Clock = utc_now
    """Judges the tokens, the failures and the quotas."""
    ahead: timedelta = timedelta(0)
    """What the rules of parameters add to the clock."""
    is_v2_withdrawn: bool = False
    """Answer 410 for the tax notice of version 2, as production does since 8 January 2024."""
    failing: Failing = field(default_factory=Failing)
    quotas: Quotas | None = None
    calls: Calls = field(default_factory=Calls)
    control: ControlAccess = field(default_factory=ControlAccess)

    def today(self) -> date:
        """Return the day in Paris that the rules of parameters count from."""
        return paris_day(self.clock() + self.ahead)


class ControlTokenError(OperatorError):
    """A file holds no token for the control routes; the message says what to do, and nothing of what it holds."""


def read_control_token(path: Path) -> str:
    """Return the token that a file holds. Raises ``ControlTokenError``."""
    try:
        token = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ControlTokenError(f"{path}: cannot be read ({type(error).__name__})") from None
    if not _TOKEN.fullmatch(token):
        raise ControlTokenError(
            f"{path}: holds no token of 16 characters or more without spaces; make one with: ccas-connector registry new-key "
            "--output FILE"
        )
    return token


def ahead_to(day: date, now: datetime) -> timedelta:
    """Return how far the clock is to be set ahead, or back, so that ``now`` is noon in Paris on ``day``."""
    return datetime.combine(day, time(12), _PARIS) - now
