"""Every manifest fits the schema of its kind, names what exists, and keeps what the product needs of it."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from tests.k8s.custom import SCHEMAS

ROOT = Path(__file__).parents[2]
BASE = ROOT / "k8s" / "base"
CITY = ROOT / "k8s" / "overlays" / "city"
VERSION = kubernetes_validate.latest_version()

Manifest = dict[str, Any]


def kustomization(folder: Path) -> Manifest:
    loaded: Manifest = yaml.safe_load((folder / "kustomization.yaml").read_text())
    return loaded


def manifests(folder: Path) -> list[Manifest]:
    """Resources of a folder in its order, the overlay's JSON patches applied."""
    made: list[Manifest] = []
    told = kustomization(folder)
    for name in told["resources"]:
        path = folder / name
        if path.is_dir():
            made += copy.deepcopy(manifests(path))
        else:
            made += [doc for doc in yaml.safe_load_all(path.read_text()) if doc]
    for patch in told.get("patches", []):
        targets = [m for m in made if is_target(m, patch["target"])]
        assert targets, f"patch of nothing: {patch['target']}"
        for target in targets:
            for step in yaml.safe_load(patch["patch"]):
                replace(target, step)
    return made


def is_target(manifest: Manifest, target: Manifest) -> bool:
    return bool(manifest["kind"] == target["kind"] and manifest["metadata"]["name"] == target["name"])


def replace(manifest: Manifest, step: Manifest) -> None:
    """One JSON patch operation `replace`; the path must exist, as kustomize demands."""
    assert step["op"] == "replace"
    *way, last = step["path"].strip("/").split("/")
    place: Any = manifest
    for key in way:
        place = place[int(key)] if isinstance(place, list) else place[key]
    assert last in place, f"nothing to replace at {step['path']}"
    place[last] = step["value"]


def pod_specs(manifest: Manifest) -> list[Manifest]:
    spec = manifest.get("spec", {})
    found = [spec["template"]] if "template" in spec else []
    if manifest["kind"] == "RayCluster":
        found = [spec["headGroupSpec"]["template"], *(g["template"] for g in spec["workerGroupSpecs"])]
    return found


def validate(manifest: Manifest) -> None:
    schema = SCHEMAS.get((manifest["apiVersion"], manifest["kind"]))
    if schema is None:
        kubernetes_validate.validate(manifest, VERSION, strict=True)
        return
    jsonschema.validate(manifest["spec"], schema)
    for template in pod_specs(manifest):
        wrapped = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "wrapped"},
            "spec": {"selector": {"matchLabels": template["metadata"]["labels"]}, "template": template},
        }
        kubernetes_validate.validate(wrapped, VERSION, strict=True)


@pytest.mark.parametrize("folder", [BASE, CITY], ids=["base", "city"])
def test_each_manifest_fits_the_schema_of_its_kind(folder: Path) -> None:
    for manifest in manifests(folder):
        validate(manifest)


def test_a_misspelt_field_is_refused() -> None:
    web = next(m for m in manifests(BASE) if m["kind"] == "Deployment")
    web["spec"]["replica"] = 2
    with pytest.raises(kubernetes_validate.ValidationError):
        validate(web)

    ray = next(m for m in manifests(BASE) if m["kind"] == "RayCluster")
    ray["spec"]["workerGroupSpecs"][0]["minReplica"] = 1
    with pytest.raises(jsonschema.ValidationError):
        validate(ray)


def test_every_file_of_base_is_listed() -> None:
    files = {p.name for p in BASE.glob("*.yaml")} - {"kustomization.yaml"}

    assert files == set(kustomization(BASE)["resources"])


def test_config_and_services_named_by_pods_exist() -> None:
    made = manifests(BASE)
    maps = {m["metadata"]["name"] for m in made if m["kind"] == "ConfigMap"}
    secrets = {"paylogic-web", "paylogic-db-app"}

    for template in [t for m in made for t in pod_specs(m)]:
        for container in template["spec"]["containers"]:
            for source in container.get("envFrom", []):
                if "configMapRef" in source:
                    assert source["configMapRef"]["name"] in maps
                else:
                    assert source["secretRef"]["name"] in secrets or source["secretRef"].get("optional")
            for variable in container.get("env", []):
                key = variable.get("valueFrom", {}).get("secretKeyRef")
                assert key is None or key["name"] in secrets or key.get("optional")


def test_pods_run_without_root_and_with_equal_memory_limits() -> None:
    for template in [t for m in manifests(BASE) for t in pod_specs(m)]:
        spec = template["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        for container in spec["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            resources = container["resources"]
            assert resources["requests"]["memory"] == resources["limits"]["memory"]


def test_the_head_computes_nothing_and_ray_is_the_locked_one() -> None:
    ray = next(m for m in manifests(BASE) if m["kind"] == "RayCluster")
    locked = re.search(r"^ray(?:\[.*\])?==(\S+)", (ROOT / "requirements/base.txt").read_text(), re.MULTILINE)

    assert locked is not None
    assert ray["spec"]["rayVersion"] == locked.group(1)
    assert ray["spec"]["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"


def test_nothing_durable_is_switched_off() -> None:
    made = manifests(CITY)
    nats = next(m for m in made if m["kind"] == "ConfigMap" and m["metadata"]["name"] == "paylogic-nats")
    postgres = next(m for m in made if m["kind"] == "Cluster")

    assert "sync_interval: always" in nats["data"]["nats.conf"]
    assert postgres["spec"]["postgresql"]["parameters"]["fsync"] == "on"
    assert postgres["spec"]["minSyncReplicas"] >= 1


def test_the_web_never_gets_the_workers_password() -> None:
    web = next(
        m for m in manifests(BASE) if m["metadata"]["name"] == "paylogic-web" and m["kind"] == "Deployment"
    )
    names = {e["name"] for c in web["spec"]["template"]["spec"]["containers"] for e in c["env"]}

    assert "PAYLOGIC_WEB_DATABASE_URL" in names
    assert "PAYLOGIC_DATABASE_URL" not in names


def test_keys_of_banks_are_mounted_by_the_intake_alone_and_where_it_looks_for_them() -> None:
    holders = {}
    for manifest in manifests(CITY):
        for template in pod_specs(manifest):
            spec = template["spec"]
            volumes = {v["name"]: v["secret"] for v in spec.get("volumes", []) if "secret" in v}
            for container in spec["containers"]:
                told = {e["name"]: e.get("value") for e in container.get("env", [])}
                for mount in container.get("volumeMounts", []):
                    if volumes.get(mount["name"], {}).get("secretName") == "paylogic-counterparts":
                        assert mount["readOnly"] is True
                        assert told["PAYLOGIC_SECRETS"] == mount["mountPath"]
                        assert volumes[mount["name"]]["defaultMode"] & 0o007 == 0
                        holders[manifest["metadata"]["name"]] = spec["securityContext"]["fsGroup"]
                assert "PAYLOGIC_SECRETS" not in told or manifest["metadata"]["name"] in holders

    assert holders == {"paylogic-intake": 1000}
