"""What became of every job, in Jepsen's words: a value, made of what was seen."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from connector.cli.tables import print_table

_NAMED: Final = 5
"""Jobs that the table names of each class, so that one can be looked for in the logs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenReply:
    """One reply, as published: a second delivery of the same message is not a second one."""

    job_id: str | None
    """None in the answer to a message that could not be read."""
    status: str
    possible_duplicate: bool
    codes: tuple[str, ...] = ()
    """The codes of the job's errors and of its checks' reasons, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMessage:
    """A message found in a queue when all was over."""

    queue: str
    job_id: str | None = None
    """None where the message does not tell, or could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Jobs by what became of them.

    ``answered_once``, ``answered_more_than_once``, ``undeliverable``, ``dead``, ``unfinished`` and ``lost``
    share out ``published``: a job is in the first that holds.
    """

    published: frozenset[str]
    """The broker has confirmed them."""
    answered_once: frozenset[str]
    answered_more_than_once: frozenset[str]
    undeliverable: frozenset[str]
    """Their answer is kept in ``connector.undeliverable``."""
    dead: frozenset[str]
    """They are kept in ``connector.dead``."""
    unfinished: frozenset[str]
    """They are still in a queue, and nothing else is known of them."""
    lost: frozenset[str]
    """They are nowhere. A job stuck in a message that does not tell its ``job_id`` counts here too."""

    unmarked_duplicates: frozenset[str]
    """Of those answered more than once, where more than one reply is not marked ``possible_duplicate``.

    Which of the replies was the first is not asked: replies keep no order.
    """
    unexplained_duplicates: frozenset[str]
    """Of those, the jobs that their vendor published once: a job published again may be answered again."""
    marked: frozenset[str]
    """Answered with a reply that is marked ``possible_duplicate``: a delivery of theirs was interrupted."""
    answered_and_undeliverable: frozenset[str]
    answered_and_dead: frozenset[str]
    """Answered, and kept in ``connector.dead`` besides."""
    unexpected: int
    """Replies to no job that was published."""
    republished: frozenset[str]
    """Published again by their vendor, since no confirm had come."""
    stuck: Mapping[str, int]
    """Messages still in a queue, by queue; none is named that is empty."""
    by_status: Mapping[str, int]
    """Answered jobs by their status; one that was answered with several counts under all, as ``a+b``."""

    @property
    def answered(self) -> frozenset[str]:
        """Jobs with a reply at least."""
        return self.answered_once | self.answered_more_than_once

    @classmethod
    def of(
        cls,
        published: Collection[str],
        replies: Iterable[SeenReply],
        *,
        undeliverable: Iterable[KeptMessage] = (),
        dead: Iterable[KeptMessage] = (),
        stuck: Collection[KeptMessage] = (),
        republished: Iterable[str] = (),
    ) -> Self:
        """Class ``published`` by what was seen of each, in whichever order it was seen."""
        every = frozenset(published)
        again = every.intersection(republished)
        answers: dict[str, list[SeenReply]] = {}
        unexpected = 0
        for reply in replies:
            if reply.job_id in every:
                answers.setdefault(reply.job_id, []).append(reply)
            else:
                unexpected += 1
        answered = frozenset(answers)
        several = frozenset(job_id for job_id, given in answers.items() if len(given) > 1)
        unmarked = frozenset(job_id for job_id in several if _unmarked(answers[job_id]) > 1)
        in_undeliverable, in_dead, in_stuck = (_jobs(every, kept) for kept in (undeliverable, dead, stuck))
        return cls(
            published=every,
            answered_once=answered - several,
            answered_more_than_once=several,
            undeliverable=in_undeliverable - answered,
            dead=in_dead - answered - in_undeliverable,
            unfinished=in_stuck - answered - in_undeliverable - in_dead,
            lost=every - answered - in_undeliverable - in_dead - in_stuck,
            unmarked_duplicates=unmarked,
            unexplained_duplicates=unmarked - again,
            marked=frozenset(job_id for job_id, given in answers.items() if _unmarked(given) < len(given)),
            answered_and_undeliverable=answered & in_undeliverable,
            answered_and_dead=answered & in_dead,
            unexpected=unexpected,
            republished=again,
            stuck=dict(sorted(Counter(message.queue for message in stuck).items())),
            by_status=dict(sorted(Counter(_statuses(given) for given in answers.values()).items())),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return every count, in JSON's types; ``stuck`` counts messages, ``stuck_in`` says where they are."""
        return {
            **{name: len(jobs) for name, jobs in self._classes().items()},
            "unexpected": self.unexpected,
            "stuck": sum(self.stuck.values()),
            "stuck_in": dict(self.stuck),
            "by_status": dict(self.by_status),
        }

    def print(self, title: str) -> None:
        """Print the account as a table, with a few jobs of each class by name."""
        rows = [(_words(name), str(len(jobs)), _some(jobs)) for name, jobs in self._classes().items()]
        rows.append(("unexpected", str(self.unexpected), ""))
        rows.append(("stuck", str(sum(self.stuck.values())), _counts(self.stuck)))
        rows.append(("by status", str(sum(self.by_status.values())), _counts(self.by_status)))
        print_table(("", "count", "which"), rows, title)

    def _classes(self) -> dict[str, frozenset[str]]:
        return {
            "published": self.published,
            "answered_once": self.answered_once,
            "answered_more_than_once": self.answered_more_than_once,
            "undeliverable": self.undeliverable,
            "dead": self.dead,
            "unfinished": self.unfinished,
            "lost": self.lost,
            "unmarked_duplicates": self.unmarked_duplicates,
            "unexplained_duplicates": self.unexplained_duplicates,
            "answered_and_undeliverable": self.answered_and_undeliverable,
            "answered_and_dead": self.answered_and_dead,
            "republished": self.republished,
        }


def _jobs(published: frozenset[str], kept: Iterable[KeptMessage]) -> frozenset[str]:
    return published.intersection(message.job_id for message in kept if message.job_id is not None)


def _unmarked(replies: Iterable[SeenReply]) -> int:
    return sum(not reply.possible_duplicate for reply in replies)


def _statuses(replies: Iterable[SeenReply]) -> str:
    return "+".join(sorted({reply.status for reply in replies}))


def _words(name: str) -> str:
    return name.upper() if name == "lost" else name.replace("_", " ")


def _some(jobs: frozenset[str]) -> str:
    return ", ".join(sorted(jobs)[:_NAMED]) + (", …" if len(jobs) > _NAMED else "")


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in counts.items())
