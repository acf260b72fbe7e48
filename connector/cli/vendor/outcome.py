"""Judge a reply for the vendor that asked: answered, to be mended by the vendor, or by somebody else. Pure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from schemas.codes import CheckCode, CheckStatus, JobStatus

MENDED_BY_VENDOR: Final = frozenset(
    {
        CheckCode.UNKNOWN_CHECK,
        CheckCode.FORBIDDEN_CHECK,
        CheckCode.MISSING_PARAMETER,
        CheckCode.INVALID_PARAMETER,
        CheckCode.FRANCE_CONNECT_INVALID,
    }
)
"""Of a check: what its request has to change. The others are the operator's, the source's, or answers about the person."""
UNREADABLE: Final = "illisible"
"""In the place of a status: the reply is no reply of version 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table of answers."""

    check: str
    status: str
    code: str
    said: str = field(repr=False)
    """French: title, detail, and the member at fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The outcome of one job. Only ``rows`` may hold something of a person."""

    status: str
    codes: tuple[str, ...] = ()
    """Of the job, then of its checks; none of a check that is ``found``."""
    is_to_mend: bool = False
    """The vendor has something to change."""
    rows: tuple[Row, ...] = field(default=(), repr=False)


def outcome_of(body: bytes | str, *, chosen: bool = True) -> Outcome:
    """Return what a reply says. A reply in another form than version 1's is told as such.

    Where the checks were not ``chosen`` but all were tried, one that is not granted is no mistake.
    """
    try:
        reply = json.loads(body)
        rows = tuple(_rows(reply))
        status = str(reply["status"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        row = Row(check="", status=UNREADABLE, code="", said="Ce n'est pas une réponse de la version 1.")
        return Outcome(status=UNREADABLE, is_to_mend=True, rows=(row,))
    codes = tuple(row.code for row in rows if row.code)
    to_mend = MENDED_BY_VENDOR if chosen else MENDED_BY_VENDOR - {CheckCode.FORBIDDEN_CHECK}
    return Outcome(
        status=status,
        codes=codes,
        is_to_mend=status == JobStatus.REJECTED or not to_mend.isdisjoint(codes),
        rows=rows,
    )


def _rows(reply: dict[str, Any]) -> Iterator[Row]:
    for error in reply["errors"]:
        yield Row(
            check="",
            status=reply["status"],
            code=error["code"],
            said=_said(error["title"], error["detail"], error.get("pointer")),
        )
    for check in reply["checks"]:
        reason = check["reason"]
        if check["status"] == CheckStatus.FOUND or reason is None:
            withheld = check.get("withheld") or []
            said = f"sans {', '.join(withheld)}" if withheld else ""
            yield Row(check=check["id"], status=check["status"], code="", said=said)
        else:
            yield Row(
                check=check["id"],
                status=check["status"],
                code=reason["code"],
                said=_said(reason["title"], reason["detail"], reason.get("parameter")),
            )


def _said(title: str, detail: str, member: str | None) -> str:
    return f"{title} ({member}) : {detail}" if member else f"{title} : {detail}"
