"""What a tenant's support is to do, in one sentence: the first rule that holds says it. Pure."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from connector.amqp.topology import lane_queue
from connector.cli.status.facts import Facts, LetterKind
from connector.clock import spell
from connector.limits.breaker import provider_of
from connector.storage.journal.record import Record
from schemas.codes import CheckCode

NOTHING: Final = "Nothing is wrong that can be seen here"
_REFUSED: Final = {
    CheckCode.TOKEN_INVALID: "the API does not know its token",
    CheckCode.TOKEN_REVOKED: "its token was revoked",
    CheckCode.TOKEN_EXPIRED: "its token has expired",
}
_MAINTENANCE: Final = CheckCode.PROVIDER_MAINTENANCE
Rule = Callable[[Facts], str | None]


def advice_of(facts: Facts) -> tuple[bool, str]:
    """Return whether all is well as far as can be seen, and the sentence."""
    for rule in _RULES:
        sentence = rule(facts)
        if sentence is not None:
            return False, sentence
    return True, _all_is_well(facts)


def _broker(facts: Facts) -> str | None:
    return None if facts.broker else f"{facts.broker_cause}. Nobody is answered until it is back."


def _lanes(facts: Facts) -> str | None:
    lanes = facts.untaken_lanes
    if not lanes:
        return None
    if not facts.workers:
        return "No worker is alive: start one, ccas-connector worker; its last log lines say why it ended."
    return f"No worker takes jobs of the lane {lanes[0]}: start one, ccas-connector worker --lane {lanes[0]}."


def _queues(facts: Facts) -> str | None:
    lanes = facts.broker.lanes.items() if facts.broker else ()
    gone = [lane_queue(lane) for lane, count in lanes if count is None]
    return f"The queue {gone[0]} does not exist: ccas-connector topology declare." if gone else None


def _address(facts: Facts) -> str | None:
    if not any(worker.sees.is_address_paused for worker in facts.workers):
        return None
    return (
        "No call goes from this address, for any tenant: the API has refused too many. Set right the tokens of which the logs say "
        "token.refused; calls go on by themselves."
    )


def _grants(facts: Facts) -> str | None:
    if facts.tenant.vendors:
        return None
    return "No vendor may ask in its name: add it to its vendors in the tenants' file, then ccas-connector tenants import."


def _token(facts: Facts) -> str | None:
    tenant = facts.tenant
    setting = f"ccas-connector tenants token set {tenant.siret}"
    if tenant.sealed_token is None:
        return f"It has no token: have the CCAS ask for one at DataPass, then {setting}."
    expires_at = tenant.token_expires_at
    if expires_at is not None and expires_at <= facts.now:
        since = spell(facts.now - expires_at)
        return f"Its token expired {since} ago: have the CCAS renew it at DataPass, then {setting}."
    return None


def _suspended(facts: Facts) -> str | None:
    whole = [one for one in facts.suspended if one.check is None]
    if not whole:
        return None
    one = whole[0]
    why = _REFUSED.get(CheckCode(one.code), f"too many calls were refused ({one.code})")
    return (
        f"It is suspended until {_clock(one.until)} UTC, since {why}: set another one, "
        f"ccas-connector tenants token set {facts.tenant.siret}, which ends the suspension."
    )


def _refused(facts: Facts) -> str | None:
    last = next(iter(_made(facts)), None)
    if last is None or last.outcome not in _REFUSED:
        return None
    why = _REFUSED[CheckCode(last.outcome)]
    return f"The last call was refused, since {why}: set another one, ccas-connector tenants token set {facts.tenant.siret}."


def _scope(facts: Facts) -> str | None:
    lacking = {one.check for one in facts.suspended if one.check and one.code == CheckCode.INSUFFICIENT_SCOPE}
    newest: dict[str, str] = {}
    for record in _made(facts):
        newest.setdefault(record.check, record.outcome)
    lacking |= {check for check, outcome in newest.items() if outcome == CheckCode.INSUFFICIENT_SCOPE}
    if not lacking:
        return None
    return (
        f"Its token lacks the scope of {', '.join(sorted(lacking))}: have the CCAS extend its habilitation at DataPass; "
        f"ccas-connector tenants token check {facts.tenant.siret} shows what it has."
    )


def _replies(facts: Facts) -> str | None:
    broker = facts.broker
    if broker is None:
        return None
    gone = sorted(name for name, count in broker.replies.items() if count is None)
    if gone:
        return f"The reply queue {gone[0]} does not exist: ccas-connector topology declare, then dead replay --all."
    kept = [one for one in broker.letters if one.kind is LetterKind.REPLIES]
    if not kept:
        return None
    return (
        f"{kept[0].count} replies are kept for {kept[0].vendor} since {kept[0].where} takes no more ({kept[0].reason}): have the "
        "vendor's program read it, then ccas-connector dead replay --all --queue undeliverable."
    )


def _unknown_lane(facts: Facts) -> str | None:
    letters = facts.broker.letters if facts.broker else ()
    found = [one for one in letters if one.kind is LetterKind.UNKNOWN_LANE]
    if not found:
        return None
    vendor, where = found[0].vendor, found[0].where or "another key"
    return (
        f"{vendor} publishes jobs under {where}, which no worker takes: have its integrator publish under {vendor}.interactive or "
        f"{vendor}.batch, then ccas-connector dead replay --all --lane interactive (or batch)."
    )


def _rejected(facts: Facts) -> str | None:
    if not facts.rejected:
        return None
    one = max(facts.rejected, key=lambda rejected: rejected.last_at)
    return (
        f"{one.count} jobs of {one.vendor} were rejected within the hour ({', '.join(one.codes)}), the last at "
        f"{_clock(one.last_at)} UTC: each reply names the member that is wrong; tell the vendor's integrator."
    )


def _providers(facts: Facts) -> str | None:
    if not facts.held_back:
        return None
    one = facts.held_back[0]
    name = provider_of(one.breaker)
    if one.code == _MAINTENANCE:
        return f"{name} is in maintenance, by its own word; it is asked again by itself after {_clock(one.until)} UTC."
    return (
        f"{name} does not answer ({one.code}); it is asked again by itself from {_clock(one.until)} UTC on."
    )


def _beat(facts: Facts) -> str | None:
    if facts.never_scheduled:
        return "Scheduled work was never done: start ccas-connector beat, which checks tokens and warns before they expire."
    if facts.beat_late_by is None:
        return None
    late = spell(facts.beat_late_by)
    return f"Scheduled work has been due for {late}: start ccas-connector beat, which checks tokens and warns before they expire."


_RULES: Final[Sequence[Rule]] = (
    _broker,
    _lanes,
    _queues,
    _address,
    _grants,
    _token,
    _suspended,
    _refused,
    _scope,
    _replies,
    _unknown_lane,
    _rejected,
    _providers,
    _beat,
)
"""What keeps everybody from being answered, then this tenant, then some of its checks, then its vendors, then what mends itself."""


def _all_is_well(facts: Facts) -> str:
    last = next(iter(_made(facts)), None)
    if facts.calls is None:
        return f"{NOTHING}; calls are not, since CONNECTOR_JOURNAL_KEY is not set."
    if last is None:
        return f"{NOTHING}; no call was made in its name for a day: have the vendor look whether it publishes its jobs."
    return f"{NOTHING}; the last call, {spell(facts.now - last.at)} ago, ended {last.outcome}."


def _made(facts: Facts) -> Iterator[Record]:
    """Yield the calls of the present token, the newest first."""
    since = facts.tenant.token_set_at
    for record in facts.calls.last if facts.calls else ():
        if since is None or record.at >= since:
            yield record


def _clock(instant: str) -> str:
    return instant[11:16]
