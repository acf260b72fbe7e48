"""What the APIs say of each kind of failure, as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from connector.sandbox.failures import Kind


@dataclass(frozen=True, slots=True)
class Text:
    """An error's texts."""

    status: int
    code: str
    """Its braces stand for the provider's digits; without any, the error is the platform's own."""
    title: str
    detail: str
    error: str
    """The word of version 2, and of an OAuth2 endpoint."""


TEXTS: Final[Mapping[Kind, Text]] = {
    Kind.QUOTA: Text(429, "00429", "Trop de requêtes", "Vous avez effectué trop de requêtes", "rate_limited"),
    Kind.BAD_ANSWER: Text(
        502,
        "{}999",
        "Erreur inconnue du fournisseur de données",
        "La réponse du fournisseur de données est invalide.",
        "invalid_response",
    ),
    Kind.UNAVAILABLE: Text(
        503,
        "{}001",
        "Service non disponible",
        "Le service du fournisseur de données est temporairement indisponible.",
        "service_unavailable",
    ),
    Kind.LATE: Text(
        504,
        "{}002",
        "Intermédiaire hors-délai",
        "Le fournisseur de données n'a pas répondu à temps.",
        "gateway_timeout",
    ),
    Kind.MAINTENANCE: Text(
        503,
        "{}020",
        "Maintenance du fournisseur de données",
        "Le fournisseur de données est en maintenance.",
        "maintenance",
    ),
    Kind.NETWORK: Text(
        502,
        "00501",
        "Erreur réseau",
        "La connexion au serveur distant a échoué. L'erreur est souvent temporaire.",
        "network_error",
    ),
    Kind.DNS: Text(
        502,
        "{}004",
        "Erreur de résolution DNS",
        "L'adresse du fournisseur de données est introuvable.",
        "network_error",
    ),
    Kind.TLS: Text(
        502,
        "{}009",
        "Erreur de connexion sécurisée (TLS) avec le fournisseur de données",
        "La connexion sécurisée avec le fournisseur de données a échoué.",
        "network_error",
    ),
    Kind.TEMPORARY: Text(
        502,
        "{}011",
        "Erreur temporaire du fournisseur de données",
        "Réessayer dans quelques instants.",
        "service_unavailable",
    ),
    Kind.PROVIDER_QUOTA: Text(
        502,
        "{}008",
        "Erreur auprès du fournisseur de données : trop de requêtes",
        "Le fournisseur de données refuse de nouvelles requêtes pour le moment.",
        "rate_limited",
    ),
    Kind.CONFLICT: Text(
        409,
        "00015",
        "Conflit",
        "Une requête identique, associée à votre jeton, est déjà en cours",
        "conflict",
    ),
}
"""Of the kinds that are answered."""
