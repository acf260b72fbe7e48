"""What the manifests may say of KEDA's objects and of Prometheus's operator: Kubernetes' own schemas do not know them.

The names are those of https://keda.sh/docs/latest/reference/scaledobject-spec/ and
https://prometheus-operator.dev/docs/api-reference/api/, as far as the manifests use them.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final


def _closed(required: Mapping[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
        "additionalProperties": False,
    }


_TEXT: Final = {"type": "string", "minLength": 1}
_COUNT: Final = {"type": "integer", "minimum": 1}
_LABELS: Final = {"type": "object", "additionalProperties": _TEXT}
_METADATA: Final = _closed({"name": _TEXT, "labels": _LABELS})


def _some(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item, "minItems": 1}


def _object(version: str, kind: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return _closed(
        {"apiVersion": {"const": version}, "kind": {"const": kind}, "metadata": _METADATA, "spec": spec}
    )


_QUEUE: Final = _closed(
    {
        "protocol": {"enum": ["amqp", "http", "auto"]},
        "queueName": _TEXT,
        "mode": {"enum": ["QueueLength", "MessageRate"]},
        # KEDA takes texts alone here.
        "value": {"type": "string", "pattern": "^[0-9]+$"},
    }
)
_TRIGGER: Final = _closed(
    {"type": {"const": "rabbitmq"}, "metadata": _QUEUE, "authenticationRef": _closed({"name": _TEXT})}
)
SCHEMAS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "ScaledObject": _object(
            "keda.sh/v1alpha1",
            "ScaledObject",
            _closed(
                {
                    "scaleTargetRef": _closed({"name": _TEXT}),
                    "minReplicaCount": _COUNT,
                    "maxReplicaCount": _COUNT,
                    "fallback": _closed({"failureThreshold": _COUNT, "replicas": _COUNT}),
                    "triggers": _some(_TRIGGER),
                }
            ),
        ),
        "TriggerAuthentication": _object(
            "keda.sh/v1alpha1",
            "TriggerAuthentication",
            _closed(
                {"secretTargetRef": _some(_closed({"parameter": _TEXT, "name": _TEXT, "key": _TEXT}))},
            ),
        ),
        "PodMonitor": _object(
            "monitoring.coreos.com/v1",
            "PodMonitor",
            _closed(
                {
                    "jobLabel": _TEXT,
                    "selector": _closed({"matchLabels": _LABELS}),
                    "podMetricsEndpoints": _some(
                        _closed({"port": _TEXT, "path": _TEXT, "interval": {"pattern": "^[0-9]+s$"}})
                    ),
                }
            ),
        ),
    }
)
