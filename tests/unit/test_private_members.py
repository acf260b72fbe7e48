"""Members of libraries that are used though they are private: an upgrade that changes one fails here."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import httpx
import pytest
from amqp.abstract_channel import AbstractChannel
from amqp.channel import Channel
from amqp.transport import _AbstractTransport

ROOT = Path(__file__).parents[2]
PRIVATE = {
    "_read_buffer": _AbstractTransport.read_frame,
    "_setup_listeners": AbstractChannel.__init__,
    "_uri_reference": httpx.URL.__init__,
    "_retry_connection": aiohttp.ClientSession._request,  # noqa: SLF001 - where it is read
}
"""Each private member of a library's that the connector uses, and where the library reads it."""
DOCUMENTED = {"_mapping", "_replace"}
"""Members of SQLAlchemy's rows and of named tuples, public in spite of their names."""
UNDOCUMENTED = {
    "callbacks": Channel._remove_tag,  # noqa: SLF001 - likewise
    "send_method": Channel.basic_cancel,
    "_callbacks": AbstractChannel.dispatch_method,
    "_on_close": Channel._setup_listeners,  # noqa: SLF001 - likewise
}
"""Members of a channel that no documentation names; those with an underscore are a subclass's own to read."""


def of_others() -> Iterator[str]:
    """Yield the private members that the code reads or sets of anything but ``self`` and ``cls``."""
    for path in (*ROOT.glob("connector/**/*.py"), *ROOT.glob("workers/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Attribute)
                and node.attr.startswith("_")
                and not node.attr.startswith("__")
            ):
                owner = node.value
                if not (isinstance(owner, ast.Name) and owner.id in {"self", "cls"}):
                    yield node.attr


def test_each_private_member_that_is_used_is_named_here() -> None:
    assert set(of_others()) == PRIVATE.keys() | DOCUMENTED


@pytest.mark.parametrize("name", PRIVATE)
def test_the_library_reads_it_where_it_did(name: str) -> None:
    assert f"self.{name}" in inspect.getsource(PRIVATE[name])


@pytest.mark.parametrize("name", UNDOCUMENTED)
def test_the_client_still_uses_what_it_does_not_document(name: str) -> None:
    assert f"self.{name}" in inspect.getsource(UNDOCUMENTED[name])
