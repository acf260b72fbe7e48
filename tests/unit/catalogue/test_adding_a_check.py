"""A step that is forgotten when a check is added is noticed: *How to add a check*, in ``connector/README.md``."""

from connector.catalogue import CATALOGUE
from connector.catalogue.definition import Source
from connector.catalogue.grants import grant_of
from connector.jobs.records import Vendor
from connector.sandbox.pings import PINGS
from connector.sources.pings import ping_name

WITHOUT_A_PING = {
    "dss/allocation_enfant_handicape",
    "dss/allocation_rentree_scolaire",
    "gip_mds/service_civique",
}
"""The server has none for these, by its public configuration."""
OUTSIDE_THE_FORM_OF_A_CCAS = {
    "allocation_enfant_handicape",
    "allocation_rentree_scolaire",
    "avis_imposition",
    "immatriculation_vehicule",
    "participation_familiale_eaje",
    "service_civique",
    "service_national",
    "statut_sportif",
}
"""Checks that the habilitation form of a CCAS does not ask for: an operator adds their scopes."""


def test_the_ping_of_each_endpoint_is_known_or_known_to_be_absent() -> None:
    endpoints = [
        endpoint
        for check in CATALOGUE.values()
        for endpoint in check.endpoints
        if endpoint.source is Source.API_PARTICULIER
    ]
    without = {
        endpoint.path.split("/", 2)[2].rpartition("/")[0] for endpoint in endpoints if not ping_name(endpoint)
    }
    assert without == WITHOUT_A_PING


def test_the_sandbox_has_each_ping_that_is_sent() -> None:
    names = {ping_name(endpoint) for check in CATALOGUE.values() for endpoint in check.endpoints}
    assert names - {None} == PINGS.keys()


def test_each_check_is_of_the_form_of_a_ccas_or_known_to_be_outside_it() -> None:
    vendor = Vendor(name="arche", product="A", publisher="E", preset="ccas")
    assert CATALOGUE.keys() - grant_of(vendor).hidden.keys() == OUTSIDE_THE_FORM_OF_A_CCAS
