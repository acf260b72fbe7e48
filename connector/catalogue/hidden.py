"""Withholding: what a vendor's grant leaves closed is taken out of data, and said to be. Pure."""

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connector.catalogue.definition import CheckDefinition, scoped_members
from connector.catalogue.grants import Hidden
from connector.jobs.json_pointer import members_of, parts_of
from schemas.reply import CheckReply


def without(value: Any, hidden: Hidden) -> Any:
    """Return JSON data without its hidden members; in a list, without those of each item."""
    if isinstance(value, list):
        return [without(item, hidden) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: without(member, hidden[name]) if name in hidden else member
        for name, member in value.items()
        if name not in hidden or hidden[name]
    }


def absent(data: Mapping[str, Any], blocks: Iterable[str]) -> tuple[str, ...]:
    """Return those of the blocks, dotted paths, that were left out of JSON data, rather than null or in a null."""
    return tuple(
        block for block in blocks if (_lacks(data, block.split(".")) if "." in block else block not in data)
    )


def _lacks(value: Any, path: Sequence[str]) -> bool:
    if isinstance(value, list):
        return any(_lacks(item, path) for item in value)
    if not isinstance(value, dict):
        return False
    name, *rest = path
    if name not in value:
        return not rest
    return bool(rest) and _lacks(value[name], rest)


def is_hidden(pointer: str, hidden: Hidden) -> bool:
    """Tell whether a JSON Pointer leads to a hidden member, or into one."""
    for name in members_of(pointer):
        if name not in hidden:
            return False
        hidden = hidden[name]
        if not hidden:
            return True
    return False


def with_nulls(data: Any, pointers: Iterable[str]) -> Any:
    """Return JSON data with a null where each unreadable value was taken out: absent for another reason than withheld."""
    marked = copy.deepcopy(data)
    for pointer in pointers:
        holder: Any = marked
        *around, last = parts_of(pointer)
        for part in around:
            holder = _within(holder, part)
        if isinstance(holder, dict):
            holder.setdefault(last, None)
    return marked


def _within(value: Any, part: str) -> Any:
    if isinstance(value, list):
        return value[int(part)]
    return value.get(part) if isinstance(value, dict) else None


def masked(answer: CheckReply, definition: CheckDefinition, hidden: Hidden) -> CheckReply:
    """Return an answer without what is hidden of its data, and with its name among what is withheld."""
    if not hidden or answer.data is None:
        return answer
    data = with_nulls(answer.data, answer.unreadable) if answer.unreadable else answer.data
    shown = without(answer.data, hidden)
    every = (path for endpoint in definition.endpoints for path, _scope in scoped_members(endpoint.data))
    blocks = tuple(dict.fromkeys(every))
    not_sent = {*absent(data, blocks)}.difference(answer.withheld)
    withheld = tuple(path for path in absent(without(data, hidden), blocks) if path not in not_sent)
    unreadable = tuple(pointer for pointer in answer.unreadable if not is_hidden(pointer, hidden))
    return answer.model_copy(update={"data": shown, "withheld": withheld, "unreadable": unreadable})
