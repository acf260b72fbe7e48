"""The limiter of several processes, in Redis or Valkey: one script, run there as one step."""

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from math import ceil
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from connector.limits.limiter import (
    AHEAD_SECONDS,
    CATCH_UP_SECONDS,
    SPREAD_SECONDS,
    URGENT_SECONDS,
    Bound,
    Demand,
    LimiterError,
    ServerHint,
    Slot,
)

_PREFIX: Final = "ccas-connector:quota:"


class RedisLimiter:
    """``Limiter`` of every process that shares a server, by the server's clock."""

    def __init__(self, redis: Redis) -> None:
        script = files("connector.limits").joinpath("grant.lua").read_text("utf-8")
        self._grant = redis.register_script(script)

    async def grant(self, demands: Sequence[Demand], hints: Mapping[str, ServerHint]) -> list[Slot]:
        """Return a slot for each demand. Raises ``LimiterError``."""
        asked = {
            "demands": [[demand.is_urgent, [_bound(bound) for bound in demand.bounds]] for demand in demands],
            "hints": [_hint(key, hint) for key, hint in hints.items()],
            "urgent": _ms(URGENT_SECONDS),
            "catch_up": _ms(CATCH_UP_SECONDS),
            "ahead": _ms(AHEAD_SECONDS),
            "spread": _ms(SPREAD_SECONDS),
        }
        try:
            slots = await self._grant(args=[json.dumps(asked, separators=(",", ":"))])
        except (RedisError, OSError) as error:
            raise LimiterError(type(error).__name__) from error
        return [
            Slot(ms / 1000, is_reserved=bool(ours)) for ms, ours in zip(slots[::2], slots[1::2], strict=True)
        ]


def _bound(bound: Bound) -> list[Any]:
    rates = [[rate.calls, rate.batch_calls, _ms(rate.span_seconds)] for rate in bound.quota]
    return [_PREFIX + bound.key, rates]


def _hint(key: str, hint: ServerHint) -> list[Any]:
    return [
        _PREFIX + key,
        _ms(hint.hold_seconds),
        _ms(hint.spacing_seconds),
        _ms(hint.spacing_for_seconds),
    ]


def _ms(seconds: float) -> int:
    return ceil(seconds * 1000)
