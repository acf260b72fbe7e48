"""The folder of a workbench: one at a time, nobody else's, and the same port again."""

import os
import socket
import subprocess
from pathlib import Path

import pytest
from pydantic import SecretStr

from connector.demo.connection_file import (
    ConnectionFileError,
    VendorConnection,
    read_connection,
    write_connection,
    write_environment,
)
from connector.demo.deployment import CLAMART
from connector.demo.workbench import TENANTS, Wish, tenants_file
from connector.demo.workbench_folder import WorkbenchError, chosen_port, opened, server_files
from connector.sandbox.impots import CLIENT_SECRET
from connector.storage.registry.tenants_file import read_tenants_file, resolve_dgfip
from tests.modes import modes


def connection(port: int = 5671) -> VendorConnection:
    return VendorConnection(
        url=SecretStr(f"amqps://millesime:sesame@localhost:{port}/%2F"),
        host="localhost",
        port=port,
        vhost="/",
        user="millesime",
        password=SecretStr("sesame"),
        ca_file=Path("/tmp/ca.pem"),  # noqa: S108 - a name, that is not opened
        exchange="verifications",
        interactive_key="millesime.interactive",
        batch_key="millesime.batch",
        reply_queue="replies.millesime",
        reply_queues=("replies.millesime", "replies.millesime.essais"),
        api_url="http://127.0.0.1:8080",
        tenants=TENANTS,
    )


def test_a_folder_is_one_workbench_s_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "bac à sable"
    with opened(folder) as path:
        assert path.stat().st_mode & 0o777 == 0o700
        with pytest.raises(WorkbenchError, match=rf"tourne déjà \(processus {os.getpid()}\)"), opened(folder):
            pass
    with opened(folder) as path:
        assert path == folder


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("", "utf-8")
    with pytest.raises(WorkbenchError, match="autre chose qu'un bac à sable"), opened(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_folder_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(WorkbenchError, match="--folder") as refused, opened(tmp_path / "file" / "within"):
        pass
    assert "\n" not in str(refused.value)


def test_certificates_stay_from_one_start_to_the_next(tmp_path: Path) -> None:
    files, is_new = server_files(tmp_path)
    before = files.authority.read_bytes()
    again, is_new_again = server_files(tmp_path)
    assert (is_new, is_new_again) == (True, False)
    assert again.authority.read_bytes() == before


def test_the_port_is_the_one_wanted_else_the_former_else_amqps_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr("connector.demo.workbench_folder.AMQPS_PORT", port)
        assert chosen_port(tmp_path, None) != port
        with pytest.raises(WorkbenchError, match=f"port {port} .*--port 0"):
            chosen_port(tmp_path, port)
        write_connection(tmp_path / "connection.json", connection(port))
        # The vendor's program would go on calling the former one.
        with pytest.raises(WorkbenchError, match=f"port {port} "):
            chosen_port(tmp_path, None)
        assert chosen_port(tmp_path, 0) != port
    assert chosen_port(tmp_path, None) == port
    (tmp_path / "connection.json").unlink()
    assert chosen_port(tmp_path, None) == port


def test_a_connection_is_read_as_it_was_written_and_shows_no_password(tmp_path: Path) -> None:
    path = tmp_path / "connection.json"
    write_connection(path, connection())
    assert read_connection(path) == connection()
    assert modes(tmp_path) == {"connection.json": 0o600}
    assert "sesame" not in repr(connection())


def test_a_shell_takes_any_password_and_any_folder_from_the_environment_s_file(tmp_path: Path) -> None:
    folder = tmp_path / "l'été $HOME"
    folder.mkdir()
    url = "amqps://millesime:a'b$c`d@localhost:5671/%2F"
    made = connection().model_copy(update={"url": SecretStr(url), "ca_file": folder / "ca.pem"})
    write_environment(folder / "env.sh", made)
    assert modes(folder) == {"env.sh": 0o600}
    script = '. "$0"; printf "%s\\n" "$CCAS_URL" "$CCAS_AUTORITE"'
    said = subprocess.run(
        ["/bin/sh", "-c", script, str(folder / "env.sh")], capture_output=True, text=True, check=True
    )
    assert said.stdout.splitlines() == [url, str(folder / "ca.pem")]


@pytest.mark.parametrize("text", ["", "{}", '{"password": "sesame"}', "\x00"])
def test_a_file_of_something_else_is_one_line_without_what_it_holds(tmp_path: Path, text: str) -> None:
    path = tmp_path / "connection.json"
    path.write_text(text, "utf-8")
    with pytest.raises(ConnectionFileError) as refused:
        read_connection(path)
    assert "\n" not in str(refused.value)
    assert "sesame" not in str(refused.value)
    with pytest.raises(ConnectionFileError, match="illisible"):
        read_connection(tmp_path / "none.json")


def test_the_registry_has_the_vendor_and_each_tenant(tmp_path: Path) -> None:
    (tmp_path / "tenants.toml").write_text(
        tenants_file(Wish(vendor="nouveau", product='L\'"Agent" é', preset="ccas")), "utf-8"
    )
    read = read_tenants_file(tmp_path / "tenants.toml")
    assert read.vendors["nouveau"].product == 'L\'"Agent" é'
    assert read.vendors["nouveau"].preset == "ccas"
    dgfip = read.tenants[CLAMART].dgfip
    assert dgfip
    assert resolve_dgfip(CLAMART, dgfip, {}).client_secret == CLIENT_SECRET
    assert list(read.tenants) == [tenant.siret for tenant in TENANTS]
    assert [list(tenant.vendors) for tenant in read.tenants.values()] == [["nouveau"]] * 5 + [[]]
