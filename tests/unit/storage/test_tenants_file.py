"""The tenants' file: what it may say, where a token may be, and messages that say where the defect is."""

from pathlib import Path

import pytest

from connector.sources.credentials import DgfipCredentials
from connector.storage.registry.tenants_file import (
    DgfipEntry,
    TenantsFile,
    TenantsFileError,
    TokenEntry,
    read_tenants_file,
    resolve_dgfip,
    resolve_token,
)

CLAMART = "26920023600017"
VENDOR = """
[vendors.millesime]
product = "Millésime Action Sociale"
publisher = "Up"
preset = "millesime"
"""
TENANT = f"""
[tenants.{CLAMART}]
name = "CCAS de Clamart"
vendors = ["millesime"]
"""
DGFIP = (
    'dgfip = { client_id = { value = "eyJ" }, client_secret = { env = "DGFIP" }, id_teleservice = "TS-1" }'
)


def _read(tmp_path: Path, text: str) -> TenantsFile:
    path = tmp_path / "tenants.toml"
    path.write_text(text, "utf-8")
    return read_tenants_file(path)


def _refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(TenantsFileError) as caught:
        _read(tmp_path, text)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'tenants.toml'}: ")
    assert "\n" not in message
    return message


def _unresolved(entry: TokenEntry, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(TenantsFileError) as caught:
        resolve_token(CLAMART, entry, environ or {})
    message = str(caught.value)
    assert message.startswith(f"tenants.{CLAMART}.token: ")
    assert "\n" not in message
    return message


def test_the_example_of_the_contract_is_read(tmp_path: Path) -> None:
    text = f"""{VENDOR}
extra_scopes = ["revenu_solidarite_active"]
{TENANT}
token = {{ env = "CCAS_CLAMART_TOKEN" }}
"""
    file = _read(tmp_path, text)
    vendor, tenant = file.vendors["millesime"], file.tenants[CLAMART]
    assert (vendor.product, vendor.publisher, vendor.preset) == (
        "Millésime Action Sociale",
        "Up",
        "millesime",
    )
    assert vendor.extra_scopes == ("revenu_solidarite_active",)
    assert (tenant.name, tenant.vendors) == ("CCAS de Clamart", ("millesime",))
    assert tenant.token is not None
    assert tenant.token.env == "CCAS_CLAMART_TOKEN"


def test_a_tenant_may_have_quotas_of_its_own(tmp_path: Path) -> None:
    line = 'quotas = { particulier = "20/s, 250/min", avis_imposition = "10/min" }'
    assert _read(tmp_path, VENDOR + TENANT + line).tenants[CLAMART].quotas == {
        "particulier": "20/s,250/min",
        "avis_imposition": "10/min",
    }
    assert _read(tmp_path, VENDOR + TENANT).tenants[CLAMART].quotas is None


def test_an_empty_file_names_nobody(tmp_path: Path) -> None:
    file = _read(tmp_path, "")
    assert not file.vendors
    assert not file.tenants


def test_a_tenant_may_have_no_token(tmp_path: Path) -> None:
    assert _read(tmp_path, VENDOR + TENANT).tenants[CLAMART].token is None


@pytest.mark.parametrize("preset", ["millesime", "sonate-opus", "ccas", "all"])
def test_the_presets_of_the_contract_are_read(preset: str, tmp_path: Path) -> None:
    text = VENDOR.replace('preset = "millesime"', f'preset = "{preset}"')
    assert _read(tmp_path, text).vendors["millesime"].preset == preset


def test_another_preset_is_refused(tmp_path: Path) -> None:
    message = _refusal(tmp_path, VENDOR.replace('preset = "millesime"', 'preset = "everything"'))
    assert "vendors.millesime.preset" in message


def test_a_scope_that_is_not_of_the_catalogue_is_refused_with_those_close_to_it(tmp_path: Path) -> None:
    message = _refusal(tmp_path, f'{VENDOR}extra_scopes = ["prime_activite", "cnaf_adress"]\n')
    assert ": vendors.millesime.extra_scopes: 'cnaf_adress' is no scope of the catalogue" in message
    assert "close to it: cnaf_adresse" in message


@pytest.mark.parametrize("name", ["Millesime", "1millesime", "mille.sime", "mille_sime", '""', "m" * 33])
def test_a_vendor_is_named_like_its_amqp_user(name: str, tmp_path: Path) -> None:
    quoted = name if name.startswith('"') else f'"{name}"'
    text = VENDOR.replace("vendors.millesime", f"vendors.{quoted}")
    assert "vendors." in _refusal(tmp_path, text)


@pytest.mark.parametrize("siret", ["26920023600018", "2692002360001", "clamart", "٢٦٩٢٠٠٢٣٦٠٠٠١٧"])
def test_a_tenant_is_named_by_a_siret(siret: str, tmp_path: Path) -> None:
    message = _refusal(tmp_path, VENDOR + TENANT.replace(CLAMART, f'"{siret}"'))
    assert f"tenants.{siret}" in message


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ('vendor = "millesime"', f"tenants.{CLAMART}.vendor"),
        ('token = "eyJ.a.token"', f"tenants.{CLAMART}.token"),
        ("token = { value = 5 }", f"tenants.{CLAMART}.token.value"),
        ("token = {}", f"tenants.{CLAMART}.token"),
        ('token = { env = "A", value = "eyJ.a.token" }', f"tenants.{CLAMART}.token"),
        ('token = { env = "A", file = "/b" }', f"tenants.{CLAMART}.token"),
        ('token = { file = "/b", value = "eyJ.a.token" }', f"tenants.{CLAMART}.token"),
        ('token = { env = "A", file = "/b", value = "eyJ.a.token" }', f"tenants.{CLAMART}.token"),
        ('dgfip = "eyJ"', f"tenants.{CLAMART}.dgfip"),
        ('dgfip = { client_id = { value = "eyJ" } }', f"tenants.{CLAMART}.dgfip.client_secret"),
        (
            'dgfip = { client_id = { value = "eyJ" }, client_secret = "eyJ" }',
            f"tenants.{CLAMART}.dgfip.client_secret",
        ),
        (
            'dgfip = { client_id = {}, client_secret = { value = "eyJ" } }',
            f"tenants.{CLAMART}.dgfip.client_id",
        ),
        (DGFIP.replace("TS-1", "TS 1"), f"tenants.{CLAMART}.dgfip.id_teleservice"),
        (DGFIP.replace("id_teleservice", "scope").replace("TS-1", ""), f"tenants.{CLAMART}.dgfip.scope"),
        (
            DGFIP.replace("id_teleservice", "scope").replace("TS-1", "RessourceTH"),
            f"tenants.{CLAMART}.dgfip.scope",
        ),
        (DGFIP.replace("id_teleservice", "teleservice"), f"tenants.{CLAMART}.dgfip.teleservice"),
        ('quotas = { everything = "20/s" }', f"tenants.{CLAMART}.quotas.everything"),
        *(
            (f'quotas = {{ particulier = "{rates}" }}', f"tenants.{CLAMART}.quotas.particulier")
            for rates in (
                "",
                "20",
                "0/s",
                "-1/s",
                "1.5/s",
                "20/h",
                "20/s,",
                "20/s;250/min",
                "20/s 250/min",
                "٢/s",
            )
        ),
    ],
)
def test_a_defect_of_a_tenant_is_said_where_it_is_and_shows_no_token(
    line: str,
    place: str,
    tmp_path: Path,
) -> None:
    message = _refusal(tmp_path, VENDOR + TENANT + line)
    assert f": {place}: " in message
    assert "eyJ" not in message


@pytest.mark.parametrize("missing", ["product", "publisher", "preset"])
def test_a_vendor_lacks_nothing(missing: str, tmp_path: Path) -> None:
    text = "\n".join(line for line in VENDOR.splitlines() if not line.startswith(missing))
    assert f"vendors.millesime.{missing}" in _refusal(tmp_path, text)


def test_an_unknown_table_is_refused(tmp_path: Path) -> None:
    assert ": vendor: " in _refusal(tmp_path, VENDOR.replace("vendors.", "vendor."))


@pytest.mark.parametrize("text", ["[vendors", 'token = "eyJ.a.token', "token = eyJ.a.token", "a = 1\na = 2"])
def test_what_is_not_toml_is_refused_and_not_shown(text: str, tmp_path: Path) -> None:
    message = _refusal(tmp_path, text)
    assert "not TOML" in message
    assert "eyJ" not in message


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tenants.toml"
    path.write_bytes(VENDOR.encode("latin-1"))
    with pytest.raises(TenantsFileError, match=r"not TOML"):
        read_tenants_file(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.toml", tmp_path):
        with pytest.raises(TenantsFileError, match=r"cannot be read"):
            read_tenants_file(path)


def test_a_token_is_had_from_each_of_its_places(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("eyJ.from.file\n", "utf-8")
    environ = {"CLAMART_TOKEN": "eyJ.from.environment\n", "OTHER": "eyJ.other"}
    in_environ = TokenEntry.model_validate({"env": "CLAMART_TOKEN"})
    in_file = TokenEntry.model_validate({"file": path})
    in_place = TokenEntry.model_validate({"value": "eyJ.in.place"})
    assert resolve_token(CLAMART, in_environ, environ) == "eyJ.from.environment"
    assert resolve_token(CLAMART, in_file, {}) == "eyJ.from.file"
    assert resolve_token(CLAMART, in_place, {}) == "eyJ.in.place"


def test_an_entry_shows_no_token() -> None:
    assert "eyJ" not in repr(TokenEntry.model_validate({"value": "eyJ.in.place"}))


def test_an_environment_variable_that_is_not_set_is_named() -> None:
    assert "CLAMART_TOKEN" in _unresolved(TokenEntry.model_validate({"env": "CLAMART_TOKEN"}))


def test_a_token_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "absent"
    assert str(path) in _unresolved(TokenEntry.model_validate({"file": path}))
    path.write_bytes(b"\xff\xfe")
    assert str(path) in _unresolved(TokenEntry.model_validate({"file": path}))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "eyJ a token",
        "eyJ\ttoken",
        "eyJ\ntoken",
        "eyJ\r\nX-Forged: 1",
        "eyJé",
        "eyJ\x00",
        "eyJ\x7f",
        "eyJ\u2028x",
    ],
)
def test_a_token_that_no_header_can_carry_is_refused_and_not_shown(token: str, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(token, "utf-8")
    refused = (
        _unresolved(TokenEntry.model_validate({"value": token})),
        _unresolved(TokenEntry.model_validate({"env": "CLAMART_TOKEN"}), {"CLAMART_TOKEN": token}),
        *([_unresolved(TokenEntry.model_validate({"file": path}))] if token.strip() == token else []),
    )
    for message in refused:
        assert "eyJ" not in message


def test_a_line_end_after_a_token_given_in_place_is_refused() -> None:
    assert "eyJ" not in _unresolved(TokenEntry.model_validate({"value": "eyJ.a.token\n"}))


def _dgfip(tmp_path: Path, line: str = DGFIP) -> DgfipEntry:
    entry = _read(tmp_path, VENDOR + TENANT + line).tenants[CLAMART].dgfip
    assert entry is not None
    return entry


def test_credentials_at_the_dgfip_are_had_from_their_places(tmp_path: Path) -> None:
    path = tmp_path / "client-id"
    path.write_text("id-from-file\n", "utf-8")
    line = DGFIP.replace('{ value = "eyJ" }', f'{{ file = "{path}" }}')
    assert resolve_dgfip(CLAMART, _dgfip(tmp_path, line), {"DGFIP": "from-environment"}) == DgfipCredentials(
        client_id="id-from-file",
        client_secret="from-environment",
        id_teleservice="TS-1",
        scope="RessourceIR",
    )


def test_what_credentials_need_not_say_has_a_default(tmp_path: Path) -> None:
    bare = DGFIP.replace(', id_teleservice = "TS-1"', "")
    credentials = resolve_dgfip(CLAMART, _dgfip(tmp_path, bare), {"DGFIP": "s"})
    assert (credentials.id_teleservice, credentials.scope) == (None, "RessourceIR")
    scoped = DGFIP.replace('id_teleservice = "TS-1"', 'scope = "RessourceIR RessourceIRDerniere"')
    assert (
        resolve_dgfip(CLAMART, _dgfip(tmp_path, scoped), {"DGFIP": "s"}).scope
        == "RessourceIR RessourceIRDerniere"
    )


def test_a_tenant_may_have_no_credentials_at_the_dgfip(tmp_path: Path) -> None:
    assert _read(tmp_path, VENDOR + TENANT).tenants[CLAMART].dgfip is None


@pytest.mark.parametrize("environ", [{}, {"DGFIP": ""}, {"DGFIP": "eyJ two"}, {"DGFIP": "eyJé"}])
def test_credentials_that_cannot_be_had_are_named_and_not_shown(
    environ: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(TenantsFileError) as caught:
        resolve_dgfip(CLAMART, _dgfip(tmp_path), environ)
    message = str(caught.value)
    assert message.startswith(f"tenants.{CLAMART}.dgfip.client_secret: the environment variable DGFIP ")
    assert "eyJ" not in message
    assert "\n" not in message


def test_an_entry_shows_no_credentials(tmp_path: Path) -> None:
    entry = _dgfip(tmp_path)
    assert "eyJ" not in repr(entry)
    assert "eyJ" not in repr(resolve_dgfip(CLAMART, entry, {"DGFIP": "eyJ"}))
