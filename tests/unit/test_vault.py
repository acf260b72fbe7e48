"""Tokens are sealed for one tenant, open under any of the keys, and are never shown."""

import pytest
from pydantic import SecretStr

from connector.registry.vault import Vault, VaultError, new_key

CLAMART = "26920023600017"
BOURG = "26750045200011"
TOKEN = "eyJ.a-token:with-a-colon.xyz"


def _vault(*keys: str) -> Vault:
    return Vault(SecretStr(",".join(keys)))


def test_a_token_comes_back_as_it_was() -> None:
    vault = _vault(new_key())
    sealed = vault.seal(CLAMART, TOKEN)
    assert vault.open(CLAMART, sealed) == TOKEN
    assert TOKEN not in sealed
    assert CLAMART not in sealed


def test_two_seals_of_one_token_differ() -> None:
    vault = _vault(new_key())
    assert vault.seal(CLAMART, TOKEN) != vault.seal(CLAMART, TOKEN)


def test_rotation_opens_with_the_old_key_and_seals_with_the_new_one() -> None:
    old, new = new_key(), new_key()
    sealed_before = _vault(old).seal(CLAMART, TOKEN)
    rotating = Vault(SecretStr(f"{new}, {old}"))
    assert rotating.open(CLAMART, sealed_before) == TOKEN
    assert _vault(new).open(CLAMART, rotating.seal(CLAMART, TOKEN)) == TOKEN
    with pytest.raises(VaultError):
        _vault(old).open(CLAMART, rotating.seal(CLAMART, TOKEN))


def test_another_key_does_not_open() -> None:
    right, wrong = new_key(), new_key()
    sealed = _vault(right).seal(CLAMART, TOKEN)
    with pytest.raises(VaultError) as caught:
        _vault(wrong).open(CLAMART, sealed)
    message = str(caught.value)
    assert "CONNECTOR_SECRET_KEY" in message
    assert CLAMART in message
    assert "\n" not in message
    assert not any(secret in message for secret in (right, wrong, sealed, TOKEN))


def test_a_token_sealed_for_another_tenant_is_refused() -> None:
    vault = _vault(new_key())
    with pytest.raises(VaultError) as caught:
        vault.open(BOURG, vault.seal(CLAMART, TOKEN))
    message = str(caught.value)
    assert BOURG in message
    assert TOKEN not in message
    assert "\n" not in message


@pytest.mark.parametrize("stored", ["", "not-sealed", "gAAAAA==", "é"])
def test_what_was_never_sealed_is_refused(stored: str) -> None:
    with pytest.raises(VaultError):
        _vault(new_key()).open(CLAMART, stored)


def test_a_sealed_token_that_was_altered_is_refused() -> None:
    vault = _vault(new_key())
    sealed = vault.seal(CLAMART, TOKEN)
    middle = len(sealed) // 2
    other = "A" if sealed[middle] != "A" else "B"
    with pytest.raises(VaultError):
        vault.open(CLAMART, sealed[:middle] + other + sealed[middle + 1 :])


@pytest.mark.parametrize("malformed", ["", "s3same", "é", "{key},s3same", "{key},", "s3same,{key}"])
def test_a_malformed_key_is_refused_and_not_shown(malformed: str) -> None:
    key = new_key()
    with pytest.raises(VaultError) as caught:
        Vault(SecretStr(malformed.format(key=key)))
    message = str(caught.value)
    assert message.startswith("CONNECTOR_SECRET_KEY: ")
    assert "ccas-connector registry new-key" in message
    assert "s3same" not in message
    assert key not in message
    assert "\n" not in message


def test_without_a_key_the_message_says_how_to_make_one() -> None:
    with pytest.raises(
        VaultError, match=r"^CONNECTOR_SECRET_KEY: not set; .*ccas-connector registry new-key"
    ):
        Vault(None)


def test_new_keys_are_usable_and_differ() -> None:
    first, second = new_key(), new_key()
    assert first != second
    Vault(SecretStr(f"{first},{second}"))
