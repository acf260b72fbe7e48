"""The broker's address: what TLS is made with, and what is refused."""

import pytest

from connector.settings.broker_address import BrokerAddress, broker_address


def test_an_address_in_clear_stays_as_it_is() -> None:
    uri = "amqp://user:word@127.0.0.1:5672/ccas"
    assert broker_address(uri) == BrokerAddress(uri, ssl=False)


def test_tls_expects_the_certificate_of_the_host() -> None:
    address = broker_address("amqps://user:word@rabbit.test:5671//")
    assert address.url == "amqps://user:word@rabbit.test:5671//"
    assert address.ssl == {"server_hostname": "rabbit.test"}


def test_tls_takes_the_files_of_its_options() -> None:
    address = broker_address("amqps://rabbit.test/v?cacertfile=/ca.pem&certfile=/c.pem&keyfile=/c.key")
    assert address.url == "amqps://rabbit.test/v"
    assert address.ssl == {
        "server_hostname": "rabbit.test",
        "ca_certs": "/ca.pem",
        "certfile": "/c.pem",
        "keyfile": "/c.key",
    }


@pytest.mark.parametrize("uri", ["amqps:///v", "amqps://h/v?verify=verify_none", "amqp://h/v?heartbeat=1"])
def test_what_would_not_be_heeded_is_refused(uri: str) -> None:
    with pytest.raises(ValueError, match="has "):
        broker_address(uri)


def test_the_password_is_not_shown() -> None:
    assert "word" not in repr(broker_address("amqps://user:word@rabbit.test//"))
