"""Looking for canaries in what was written, in whatever form: escaped, quoted, in base64 or hexadecimal, in capitals."""

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import unquote_plus

from tests.leaks.canaries import Canary

_BASE64: Final = re.compile(rb"[A-Za-z0-9+/_-]{6,}")
_HEX: Final = re.compile(rb"(?:[0-9a-fA-F]{2}){4,}")
_UNICODE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
_QUOTE: Final = re.compile(r"\\+\"")
_BYTES: Final = re.compile(r"(?:\\x[0-9a-fA-F]{2})+")


def found(canaries: Iterable[Canary], content: bytes) -> set[str]:
    """Return which canaries are in a content, by what they stand for."""
    texts = list(map(_folded, _texts(content)))
    return {
        canary.what
        for canary in canaries
        for spelling in canary.spellings
        if any(_folded(spelling) in text for text in texts)
    }


def _folded(text: str) -> str:
    """Return a text without case and accents, as variants of an identity are sent."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()


def _texts(content: bytes) -> Iterator[str]:
    """Yield a content as it may be read: as it is, and what base64 and hexadecimal in it stand for, twice over."""
    inner = b"\n".join(_decoded(content))
    for each in (content, inner, b"\n".join(_decoded(inner))):
        text = each.decode(errors="replace")
        yield text
        # A backslash may itself be escaped, as in a text of JSON within JSON.
        plain = _unescaped(text.replace("\\\\", "\\"))
        yield plain
        yield unquote_plus(plain)


def _unescaped(text: str) -> str:
    text = _QUOTE.sub('"', _UNICODE.sub(lambda found: chr(int(found[1], 16)), text))
    return _BYTES.sub(lambda found: bytes.fromhex(found[0].replace("\\x", "")).decode(errors="replace"), text)


def _decoded(content: bytes) -> Iterator[bytes]:
    for run in _HEX.findall(content):
        yield binascii.unhexlify(run)
    for run in _BASE64.findall(content):
        for altchars in (b"+/", b"-_"):
            # It may begin within a run that is longer than it.
            for start in range(4):
                body = run[start:]
                body = body[: len(body) - (len(body) % 4 == 1)]
                try:
                    yield base64.b64decode(body + b"=" * (-len(body) % 4), altchars)
                except binascii.Error:
                    continue
