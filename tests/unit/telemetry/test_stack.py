"""Of an exception, its types and places are told, never its text."""

import json
from typing import Any, cast

import pytest

from connector.checks.parsing import read_job
from connector.telemetry.stack import chain_of, place_of

PRIVATE = "S3SAME"


def raised() -> BaseException:
    """Return an exception that another caused, deep in our code."""
    try:
        try:
            read_job(cast("Any", PRIVATE))
        except Exception as error:
            raise KeyError(PRIVATE) from error
    except KeyError as error:
        return error
    raise AssertionError


def test_a_chain_is_told_by_types_and_places() -> None:
    outer, inner = chain_of(raised())
    assert (outer.module, outer.kind, inner.kind) == ("builtins", "KeyError", "TypeError")
    assert [frame.file for frame in inner.frames] == [
        "telemetry/test_stack.py",
        "connector/checks/parsing.py",
    ]
    assert [frame.is_ours for frame in inner.frames] == [False, True]
    assert inner.frames[-1].function == "read_job"
    assert PRIVATE not in repr((outer, inner))


def test_its_place_is_the_innermost_of_ours() -> None:
    with pytest.raises(TypeError) as ours:
        read_job(cast("Any", PRIVATE))
    assert place_of(chain_of(ours.value)) == "connector/checks/parsing.py:read_job"
    with pytest.raises(ValueError, match="Expecting") as theirs:
        json.loads("{")
    assert place_of(chain_of(theirs.value)) == "json/decoder.py:raw_decode"
    assert place_of(chain_of(KeyError())) == "unknown"


def test_a_chain_that_turns_in_a_circle_ends() -> None:
    one, two = KeyError(), ValueError()
    one.__cause__, two.__cause__ = two, one
    assert [thrown.kind for thrown in chain_of(one)] == ["KeyError", "ValueError"]


def test_a_group_is_told_with_its_members_and_their_causes() -> None:
    member, cause = KeyError(PRIVATE), OSError(PRIVATE)
    member.__cause__ = cause
    inner = ExceptionGroup(PRIVATE, [ValueError(PRIVATE)])
    group = ExceptionGroup(PRIVATE, [member, inner])
    group.__cause__ = RuntimeError(PRIVATE)
    chain = chain_of(group)
    assert [(thrown.kind, thrown.depth) for thrown in chain] == [
        ("ExceptionGroup", 0),
        ("KeyError", 1),
        ("OSError", 1),
        ("ExceptionGroup", 1),
        ("ValueError", 2),
        ("RuntimeError", 0),
    ]
    assert PRIVATE not in repr(chain)


def test_of_thousands_some_are_told() -> None:
    deep: BaseException = ExceptionGroup("", [KeyError()])
    for _ in range(5000):
        outer = KeyError()
        outer.__cause__, deep = deep, outer
    wide = ExceptionGroup("", [KeyError() for _ in range(5000)])
    assert [len(chain_of(error)) for error in (deep, wide)] == [10, 10]
