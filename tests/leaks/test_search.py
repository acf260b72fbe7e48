"""The search finds each canary in each form in which it could be written."""

import base64
import json
from urllib.parse import quote_plus

import pytest

from connector.storage.journal.keys import new_key as new_journal_key
from connector.vault import new_key
from tests.leaks.canaries import PERSON, REFERENCES, STRAYS, secrets_of
from tests.leaks.search import found
from tests.tokens import jwt

ENVIRONMENT = {
    "SANDBOX_TOKEN": jwt(uid="sesame-token"),
    "CONNECTOR_SECRET_KEY": new_key(),
    "CONNECTOR_JOURNAL_KEY": new_journal_key(),
}
FORMS = {
    "as it is": str,
    "in capitals": str.upper,
    "escaped in JSON": lambda text: json.dumps({"x": text}),
    "escaped in JSON within JSON": lambda text: json.dumps({"x": json.dumps({"x": text})}),
    "as Python shows bytes": lambda text: repr(text.encode()),
    "quoted for an address": lambda text: f"?x={quote_plus(text)}&y",
    "in base64": lambda text: base64.b64encode(b"a" + text.encode()).decode(),
    "in base64 within base64": lambda text: base64.b64encode(
        base64.urlsafe_b64encode(text.encode())
    ).decode(),
    "in hexadecimal": lambda text: text.encode().hex(),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_the_search_finds_each_canary_in_each_form(form: object) -> None:
    assert callable(form)
    for canary in (*PERSON, *REFERENCES, *STRAYS, *secrets_of(ENVIRONMENT)):
        for spelling in canary.spellings:
            assert found([canary], f"before {form(spelling)} after".encode()) == {canary.what}, canary.what
    assert found(PERSON, b"nothing of anybody, sexe and code_pays named") == set()
