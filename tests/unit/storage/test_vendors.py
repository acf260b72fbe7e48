"""What an operator changes of one vendor, as values."""

from types import MappingProxyType
from typing import Any

import pytest

from connector.jobs.records import Registry, Vendor
from connector.storage.registry.vendors import (
    VendorError,
    known_vendor,
    plan_vendor,
    with_reply_queue,
    without_reply_queue,
)

MILLESIME = Vendor(
    name="millesime",
    product="Millésime Action Sociale",
    publisher="Up",
    preset="millesime",
    extra_scopes=("revenu_solidarite_active",),
    reply_queues=("guichet",),
)
REGISTRY = Registry(
    revision=1, vendors=MappingProxyType({"millesime": MILLESIME}), tenants=MappingProxyType({})
)


def test_a_new_vendor_s_product_and_publisher_are_by_default_its_name() -> None:
    assert plan_vendor(REGISTRY, "arche", {"preset": "ccas"}) == Vendor(
        name="arche", product="arche", publisher="arche", preset="ccas"
    )


@pytest.mark.parametrize(
    "given",
    [
        {"preset": "millesime"},
        {"preset": "millesime", "publisher": "Up"},
        {"preset": "millesime", "extra_scopes": ("revenu_solidarite_active",)},
    ],
)
def test_a_vendor_that_is_there_with_these_values_is_not_added(given: dict[str, Any]) -> None:
    assert plan_vendor(REGISTRY, "millesime", given) is None


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"preset": "all"}, "another preset;"),
        ({"preset": "all", "product": "M"}, "another product and preset;"),
        ({"preset": "millesime", "extra_scopes": ("prime_activite",)}, "another extra_scopes;"),
    ],
)
def test_a_vendor_that_is_there_with_other_values_is_not_changed(given: dict[str, Any], what: str) -> None:
    with pytest.raises(VendorError, match=what):
        plan_vendor(REGISTRY, "millesime", given)


@pytest.mark.parametrize("name", ["", "Millesime", "2m", "m.x", "m_x", "é", "-m", "m" * 33, "m\n", "m*"])
def test_a_name_that_is_no_vendor_s_is_refused(name: str) -> None:
    with pytest.raises(VendorError, match="no vendor's name") as raised:
        plan_vendor(REGISTRY, name, {"preset": "all"})
    assert "\n" not in str(raised.value)


def test_an_empty_product_is_refused() -> None:
    with pytest.raises(VendorError, match="vendor arche: product"):
        plan_vendor(REGISTRY, "arche", {"preset": "all", "product": ""})


def test_a_reply_queue_is_added_once() -> None:
    changed = with_reply_queue(REGISTRY, "millesime", "campagnes")
    assert changed is not None
    assert changed.reply_queues == ("campagnes", "guichet")
    assert with_reply_queue(REGISTRY, "millesime", "guichet") is None


@pytest.mark.parametrize("name", ["", "Guichet", "a.b", "-a", "a" * 65, "a\n", "#", "*"])
def test_a_name_that_is_no_reply_queue_s_is_refused(name: str) -> None:
    with pytest.raises(VendorError, match="no reply queue's name"):
        with_reply_queue(REGISTRY, "millesime", name)


def test_a_reply_queue_is_removed() -> None:
    assert without_reply_queue(REGISTRY, "millesime", "guichet").reply_queues == ()
    with pytest.raises(VendorError, match="no further reply queue compta"):
        without_reply_queue(REGISTRY, "millesime", "compta")


def test_a_vendor_that_nobody_added_is_told() -> None:
    with pytest.raises(VendorError, match="no vendor arche; see"):
        known_vendor(REGISTRY, "arche")
    with pytest.raises(VendorError, match="no vendor arche"):
        with_reply_queue(REGISTRY, "arche", "guichet")
