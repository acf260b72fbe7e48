"""Playing the situations: every program goes through each, and what it did is looked at."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from itertools import groupby
from typing import Final

from connector.demo.vendor import VendorClient
from schemas.request import VerificationRequest
from tests.clients.product import Product
from tests.clients.situations import CUT, DUPLICATE, OTHERS, RESTARTED, STORE_DOWN, Answered, answered
from tests.clients.stage import Stage
from tests.jobs import QF, RSA, job

_OTHERS: Final = 20
_WHILE_DOWN: Final = 10
_LONG_WAIT: Final = "base indisponible, nouvel essai dans 32 s"
"""Said by a program whose database has been away for half a minute, before it waits for another half."""
Each = Callable[[str, Callable[[Product], None]], None]
"""Looks at every program in a situation."""


class Play:
    """The situations in turn, as far as they are asked for: each test waits for its own alone."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._failures: dict[tuple[str, str], Exception] = {}
        self._played: set[str] = set()
        self._situations = self._play()

    def see(self, language: str, situation: str) -> None:
        """Raise what went wrong with a program in a situation, which is played first where it has not been."""
        while situation not in self._played:
            self._played.add(next(self._situations))
        if failure := self._failures.get((language, situation)):
            raise failure

    def _play(self) -> Iterator[str]:
        """Have every program go through each situation, and yield its name."""
        stage = self._stage
        with stage.vendor() as other:
            _leave_replies_of_others(stage, other)
            for product in stage.products:
                product.start_publishing()
                product.start_reading()
            self._each(OTHERS, _has_kept_what_is_not_its_own)
            yield OTHERS
            for situation, cases in groupby(answered(), key=lambda case: case.situation):
                for case in cases:
                    for product in stage.products:
                        deposit = product.deposit if case.is_deposited else product.record
                        deposit(_of(product, case.job))
                    self._each(situation, partial(_has_understood, case=case))
                yield situation
            self._each(DUPLICATE, partial(_counts_a_duplicate_once, other=other))
            yield DUPLICATE
            _take_the_stores_away(stage, other, self._each)
            yield STORE_DOWN
        _cut_before_the_confirm(stage, self._each)
        yield CUT
        _restart_the_broker(stage, self._each)
        yield RESTARTED

    def _each(self, situation: str, look: Callable[[Product], None]) -> None:
        for product in self._stage.products:
            try:
                look(product)
            except Exception as error:  # noqa: BLE001 - the programs are told apart by what goes wrong with each
                error.add_note(self._stage.account(product))
                self._failures.setdefault((product.language, situation), error)
                product.has_failed = True


def _of(product: Product, body: Mapping[str, object]) -> dict[str, object]:
    return {**body, "job_id": f"{product.prefix}-{body['job_id']}"}


def _leave_replies_of_others(stage: Stage, other: VendorClient) -> None:
    """Leave on each reply queue what its program has not asked for: replies, a rejection without a job_id, no reply."""
    for product in stage.products:
        for number in range(_OTHERS):
            theirs = job(QF, job_id=f"other-{product.prefix}-{number}")
            other.publish(theirs, reply_to=product.queue)
        other.publish(b"no JSON", reply_to=product.queue, correlation_id=f"odd-{product.prefix}")
        numbered = b'{"status": "completed", "checks": [{"id": null}]}'
        stage.put(product.queue, numbered, message_id=f"numbered-{product.prefix}")
        stage.put(product.queue, b"\xff no JSON either")
    for product in stage.products:
        while other.depth(product.queue) < _OTHERS + 3:
            pass


def _has_kept_what_is_not_its_own(product: Product) -> None:
    for number in range(_OTHERS):
        product.has_read(f"other-{product.prefix}-{number}")
    product.has_read(f"odd-{product.prefix}")
    product.has_read(f"numbered-{product.prefix}")
    product.has_said(" : illisible")
    kept = "SELECT count(*) FROM reponses WHERE fois = 1 AND length(corps) > 0"
    assert product.rows(kept) == [(_OTHERS + 3,)]
    steps = product.rows("SELECT suite, count(*) FROM suites GROUP BY suite ORDER BY suite")
    assert steps == [("autre_programme", _OTHERS + 2), ("signaler", 1)]


def _has_understood(product: Product, case: Answered) -> None:
    job_id = f"{product.prefix}-{case.job['job_id']}"
    line = product.has_read(job_id)
    assert line.rstrip("\n").endswith(f": {case.status}"), line
    assert tuple(product.next_steps(job_id)) == case.steps
    again = product.rows(
        "SELECT corps, pas_avant, deposee_le, voie FROM demandes WHERE job_id = ?", f"{job_id}:r1"
    )
    [(received_at,)] = product.rows("SELECT recue_le FROM reponses WHERE cle = ?", job_id)
    to_repeat = [check for check, _, _, step in case.steps if step == "redemander"]
    assert len(again) == bool(to_repeat)
    for body, not_before, counted_from, lane in again:
        asked = VerificationRequest.model_validate_json(body)
        assert not_before - received_at >= case.not_before_seconds
        assert counted_from == not_before
        assert [check.id or check.check for check in asked.checks] == to_repeat
        assert asked.expires_at is None
        assert lane == "batch"


def _counts_a_duplicate_once(product: Product, other: VendorClient) -> None:
    job_id = f"{product.prefix}-found"
    before = product.next_steps(job_id)
    [(body,)] = product.rows("SELECT corps FROM demandes WHERE job_id = ?", job_id)
    other.publish(body.encode(), reply_to=product.queue)
    product.has_read(job_id, times=2)
    assert product.rows("SELECT fois FROM reponses WHERE cle = ?", job_id) == [(2,)]
    # The same job_id under another body: the rejection leaves the answer to the first as it was.
    other.publish(job(RSA, job_id=job_id), reply_to=product.queue)
    product.has_said(f"reçue {job_id} : rejected")
    assert product.rows("SELECT rejet FROM reponses WHERE cle = ? ORDER BY rejet", job_id) == [(0,), (1,)]
    assert set(before) < set(product.next_steps(job_id))


def _take_the_stores_away(stage: Stage, other: VendorClient, each: Each) -> None:
    """Keep every program from its database for about a minute, while replies come."""
    jobs = {
        product.language: [job(QF, job_id=f"{product.prefix}-down-{number}") for number in range(_WHILE_DOWN)]
        for product in stage.products
    }
    with ExitStack() as away:
        for product in stage.products:
            for one in jobs[product.language]:
                product.record(one, is_published=True)
            away.enter_context(product.store_down())
            for one in jobs[product.language]:
                other.publish(one, reply_to=product.queue)
        each(STORE_DOWN, lambda product: product.has_said(_LONG_WAIT))

    def look(product: Product) -> None:
        for one in jobs[product.language]:
            product.has_read(one["job_id"])
        count = "SELECT count(*), max(fois) FROM reponses WHERE cle LIKE ?"
        assert product.rows(count, f"{product.prefix}-down-%") == [(_WHILE_DOWN, 1)]
        # It waited on its first connection, whose heartbeats went on.
        assert sum("lecture prête" in line for line in product.reader.said) == 1

    each(STORE_DOWN, look)


def _cut_before_the_confirm(stage: Stage, each: Each) -> None:
    """Let a job reach the broker and its confirm not come back, then reset the connection."""
    stage.proxy.hold_back_answers()
    for product in stage.products:
        product.record(_of(product, job(QF, job_id="cut")))

    def is_answered_and_not_confirmed(product: Product) -> None:
        job_id = f"{product.prefix}-cut"
        product.has_read(job_id)
        assert product.rows("SELECT confirmee_le FROM demandes WHERE job_id = ?", job_id) == [(None,)]

    each(CUT, is_answered_and_not_confirmed)
    stage.proxy.cut()
    stage.proxy.resume()

    def is_published_again_and_counts_once(product: Product) -> None:
        job_id = f"{product.prefix}-cut"
        product.has_published(job_id)
        product.has_read(job_id, times=2)
        assert len(product.next_steps(job_id)) == 1

    each(CUT, is_published_again_and_counts_once)


def _restart_the_broker(stage: Stage, each: Each) -> None:
    """Stop the broker, deposit jobs, and start it again."""
    stage.node.stop()
    for product in stage.products:
        product.record(_of(product, job(QF, job_id="while-away")))
    each(RESTARTED, lambda product: product.has_said("courtier indisponible"))
    stage.node.start()

    def look(product: Product) -> None:
        product.has_read(f"{product.prefix}-while-away")
        product.record(_of(product, job(RSA, job_id="afterwards")))
        product.has_read(f"{product.prefix}-afterwards")
        for program in (product.publisher, product.reader):
            assert program.stop() == 0

    each(RESTARTED, look)
