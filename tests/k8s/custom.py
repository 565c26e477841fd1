"""Schemas of the two custom resources we use, cut down to the fields we set: a misspelt field fails.

Pod templates inside them are validated as the pod template of a Deployment by the Kubernetes schema itself.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def closed(properties: Schema, required: list[str]) -> Schema:
    """An object that may hold only these fields."""
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


TEXT: Schema = {"type": "string", "minLength": 1}
COUNT: Schema = {"type": "integer", "minimum": 0}
WORDS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
QUANTITIES: Schema = closed({"cpu": TEXT, "memory": TEXT}, ["cpu", "memory"])
RESOURCES: Schema = closed({"requests": QUANTITIES, "limits": QUANTITIES}, ["requests", "limits"])
VOLUME: Schema = closed({"size": {"type": "string", "pattern": r"^\d+(Gi|Ti)$"}}, ["size"])

_WORKERS: Schema = closed(
    {
        "groupName": TEXT,
        "replicas": COUNT,
        "minReplicas": COUNT,
        "maxReplicas": COUNT,
        "rayStartParams": WORDS,
        "template": {"type": "object"},
    },
    ["groupName", "replicas", "minReplicas", "maxReplicas", "rayStartParams", "template"],
)

RAY_CLUSTER: Schema = closed(
    {
        "rayVersion": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
        "enableInTreeAutoscaling": {"type": "boolean"},
        "autoscalerOptions": closed(
            {
                "upscalingMode": {"enum": ["Default", "Conservative", "Aggressive"]},
                "idleTimeoutSeconds": COUNT,
            },
            [],
        ),
        "headGroupSpec": closed(
            {"rayStartParams": WORDS, "template": {"type": "object"}}, ["rayStartParams", "template"]
        ),
        "workerGroupSpecs": {"type": "array", "items": _WORKERS, "minItems": 1},
    },
    ["rayVersion", "headGroupSpec", "workerGroupSpecs"],
)

_ROLE: Schema = closed(
    {
        "name": TEXT,
        "ensure": {"enum": ["present", "absent"]},
        "login": {"type": "boolean"},
        "superuser": {"const": False},
        "passwordSecret": closed({"name": TEXT}, ["name"]),
    },
    ["name", "ensure", "login", "superuser", "passwordSecret"],
)

POSTGRES_CLUSTER: Schema = closed(
    {
        "instances": {"type": "integer", "minimum": 1},
        "imageName": TEXT,
        "primaryUpdateStrategy": {"enum": ["unsupervised", "supervised"]},
        "minSyncReplicas": COUNT,
        "maxSyncReplicas": COUNT,
        "storage": VOLUME,
        "walStorage": VOLUME,
        "resources": RESOURCES,
        "bootstrap": closed(
            {
                "initdb": closed(
                    {
                        "database": TEXT,
                        "owner": TEXT,
                        "encoding": TEXT,
                        "localeCollate": TEXT,
                        "localeCType": TEXT,
                    },
                    ["database", "owner"],
                )
            },
            ["initdb"],
        ),
        "managed": closed({"roles": {"type": "array", "items": _ROLE, "minItems": 1}}, ["roles"]),
        "postgresql": closed({"parameters": WORDS}, ["parameters"]),
    },
    ["instances", "storage", "postgresql"],
)

SCHEMAS: dict[tuple[str, str], Schema] = {
    ("ray.io/v1", "RayCluster"): RAY_CLUSTER,
    ("postgresql.cnpg.io/v1", "Cluster"): POSTGRES_CLUSTER,
}
