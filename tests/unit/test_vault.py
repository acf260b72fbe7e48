"""Tokens are sealed for one tenant, open under any of the keys, and are never shown."""

import pytest
from cryptography.fernet import Fernet
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from connector.jobs.records import SecretField
from connector.sources.credentials import DgfipCredentials
from connector.storage.replies.reply_memory import purpose_of
from connector.vault import Vault, VaultError, new_key

CLAMART = "26920023600017"
BOURG = "26750045200011"
TOKEN = "eyJ.a-token:with-a-colon.xyz"


def _vault(*keys: str) -> Vault:
    return Vault(SecretStr(",".join(keys)))


def test_a_token_comes_back_as_it_was() -> None:
    vault = _vault(new_key())
    sealed = vault.seal(CLAMART, SecretField.TOKEN, TOKEN)
    assert vault.open(CLAMART, SecretField.TOKEN, sealed) == TOKEN
    assert TOKEN not in sealed
    assert CLAMART not in sealed


def test_two_seals_of_one_token_differ() -> None:
    vault = _vault(new_key())
    assert vault.seal(CLAMART, SecretField.TOKEN, TOKEN) != vault.seal(CLAMART, SecretField.TOKEN, TOKEN)


def test_rotation_opens_with_the_old_key_and_seals_with_the_new_one() -> None:
    old, new = new_key(), new_key()
    sealed_before = _vault(old).seal(CLAMART, SecretField.TOKEN, TOKEN)
    rotating = Vault(SecretStr(f"{new}, {old}"))
    assert rotating.open(CLAMART, SecretField.TOKEN, sealed_before) == TOKEN
    assert (
        _vault(new).open(CLAMART, SecretField.TOKEN, rotating.seal(CLAMART, SecretField.TOKEN, TOKEN))
        == TOKEN
    )
    with pytest.raises(VaultError):
        _vault(old).open(CLAMART, SecretField.TOKEN, rotating.seal(CLAMART, SecretField.TOKEN, TOKEN))


def test_another_key_does_not_open() -> None:
    right, wrong = new_key(), new_key()
    sealed = _vault(right).seal(CLAMART, SecretField.TOKEN, TOKEN)
    with pytest.raises(VaultError) as caught:
        _vault(wrong).open(CLAMART, SecretField.TOKEN, sealed)
    message = str(caught.value)
    assert "CONNECTOR_SECRET_KEY" in message
    assert CLAMART in message
    assert "\n" not in message
    assert not any(secret in message for secret in (right, wrong, sealed, TOKEN))


def test_a_token_sealed_for_another_tenant_is_refused() -> None:
    vault = _vault(new_key())
    with pytest.raises(VaultError) as caught:
        vault.open(BOURG, SecretField.TOKEN, vault.seal(CLAMART, SecretField.TOKEN, TOKEN))
    message = str(caught.value)
    assert BOURG in message
    assert TOKEN not in message
    assert "\n" not in message


KEY = new_key()
CREDENTIALS = DgfipCredentials(client_id="id", client_secret="dgfip-sesame").as_secret()
_ADVERSE = st.text(alphabet=st.sampled_from("ab:/\0{269deferral"), max_size=12)
_PURPOSES = st.one_of(
    st.sampled_from(["deferral", "journal"]),
    st.builds(
        purpose_of,
        st.sampled_from(["a", "a-b", "millesime"]),
        st.from_regex(r"[a1._:-]{1,4}", fullmatch=True),
    ),
)
_TENANT_SECRETS = st.tuples(st.sampled_from([CLAMART, BOURG]), st.sampled_from(SecretField))
_OWNERS = st.one_of(_PURPOSES, _TENANT_SECRETS)
Owner = str | tuple[str, SecretField]


def _sealed(owner: Owner, content: str) -> bytes:
    vault = _vault(KEY)
    if isinstance(owner, str):
        return vault.seal_for(owner, content.encode())
    return vault.seal(*owner, content).encode()


def _opened(owner: Owner, sealed: bytes) -> str | None:
    vault = _vault(KEY)
    try:
        if isinstance(owner, str):
            return vault.open_for(owner, sealed).decode()
        return vault.open(*owner, sealed.decode())
    except VaultError:
        return None


def _former(siret: str, secret: str) -> bytes:
    """Return a tenant's secret as it was sealed before it named its field."""
    return Fernet(KEY).encrypt(f"{siret}:{secret}".encode())


@settings(deadline=None)  # no test measures time
@given(sealed_for=_OWNERS, opened_for=_OWNERS, content=_ADVERSE)
def test_what_is_sealed_opens_for_its_own_purpose_alone(
    sealed_for: Owner, opened_for: Owner, content: str
) -> None:
    sealed = _sealed(sealed_for, content)
    assert _opened(sealed_for, sealed) == content
    assert _opened(opened_for, sealed) == (content if sealed_for == opened_for else None)


@settings(deadline=None)  # no test measures time
@given(opened_for=_OWNERS, secret=_ADVERSE)
def test_a_secret_of_the_former_form_opens_for_its_tenant_and_its_kind_alone(
    opened_for: Owner, secret: str
) -> None:
    """The form does not name the field: a token is told from credentials, which are a JSON object."""
    kinds = {SecretField.DGFIP} if secret.startswith("{") else {SecretField.TOKEN, SecretField.NEXT_TOKEN}
    may_open = isinstance(opened_for, tuple) and opened_for[0] == CLAMART and opened_for[1] in kinds
    assert _opened(opened_for, _former(CLAMART, secret)) == (secret if may_open else None)


def test_the_dgfips_credentials_are_never_a_token() -> None:
    """Column for column, they would be sent to API Particulier."""
    vault = _vault(KEY)
    for sealed in (
        vault.seal(CLAMART, SecretField.DGFIP, CREDENTIALS),
        _former(CLAMART, CREDENTIALS).decode(),
    ):
        assert vault.open(CLAMART, SecretField.DGFIP, sealed) == CREDENTIALS
        for held_as in (SecretField.TOKEN, SecretField.NEXT_TOKEN):
            with pytest.raises(VaultError, match="was sealed for another tenant or purpose") as caught:
                vault.open(CLAMART, held_as, sealed)
            assert "sesame" not in str(caught.value)


@pytest.mark.parametrize("purpose", ["", "a\0b", "\0a", "26920023600017:a", "A", "/a"])
def test_a_purpose_that_could_be_read_as_another_is_a_defect(purpose: str) -> None:
    with pytest.raises(ValueError, match="purpose"):
        _vault(KEY).seal_for(purpose, b"content")


def test_a_secret_of_the_former_form_is_to_be_sealed_again() -> None:
    vault = _vault(KEY)
    former, now = (
        vault.sealed_under(_former(CLAMART, TOKEN)),
        vault.sealed_under(_sealed((CLAMART, SecretField.TOKEN), TOKEN)),
    )
    assert former is not None
    assert now is not None
    assert (former.key, former.is_current, now.is_current) == (vault.key_names[0], False, True)
    message = vault.sealed_under(vault.seal_for("deferral", TOKEN.encode()))
    assert message is not None
    assert message.is_current


@pytest.mark.parametrize("stored", ["", "not-sealed", "gAAAAA==", "é"])
def test_what_was_never_sealed_is_refused(stored: str) -> None:
    with pytest.raises(VaultError):
        _vault(new_key()).open(CLAMART, SecretField.TOKEN, stored)


def test_a_sealed_token_that_was_altered_is_refused() -> None:
    vault = _vault(new_key())
    sealed = vault.seal(CLAMART, SecretField.TOKEN, TOKEN)
    middle = len(sealed) // 2
    other = "A" if sealed[middle] != "A" else "B"
    with pytest.raises(VaultError):
        vault.open(CLAMART, SecretField.TOKEN, sealed[:middle] + other + sealed[middle + 1 :])


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
