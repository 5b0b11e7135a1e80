"""deploy/ as its readers see it: Compose's own reader, Kubernetes' own schemas, a shell (NFR-009, NFR-010)."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from cryptography.fernet import Fernet

from leadgen_tests.deploy.files import COMPOSE, DEPLOY, KUBERNETES, OURS, compose, objects, pods

VERSIONS = ("1.29", "1.37")
READ_BY = shutil.which("docker-compose", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))


def _read(file: Path) -> subprocess.CompletedProcess[str]:
    assert READ_BY
    command = [READ_BY, "-f", str(file), "--profile", "*", "config", "-q"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.skipif(READ_BY is None, reason="docker-compose is packaged for Linux on x86_64 only")
def test_compose_reads_the_file(tmp_path: Path) -> None:
    """deploy/compose.yaml: the schema, references and interpolation, by Docker Compose itself; a mistake is seen."""
    read = _read(COMPOSE)
    assert read.returncode == 0, read.stderr
    wrong = tmp_path / "compose.yaml"
    wrong.write_text(COMPOSE.read_text().replace("secrets: [valkey_password]", "secret: [valkey_password]"))
    assert _read(wrong).returncode != 0


def test_nothing_is_published_beyond_loopback() -> None:
    """NFR-010: Dagster's web UI has no login."""
    published = [port for each in compose()["services"].values() for port in each.get("ports", [])]
    assert len(published) > 3
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_what_runs_for_long_is_looked_after() -> None:
    """NFR-006: every service that stays has a health check and comes back; the simulated vendors need none."""
    for name, service in compose()["services"].items():
        whole = {**service.get("<<", {}), **service}
        if whole.get("restart") == "unless-stopped" and name != "sandbox":
            assert whole.get("healthcheck"), name


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_accepts_every_object(version: str) -> None:
    """deploy/kubernetes: by Kubernetes' published schemas, strictly: an unknown field is a mistake."""
    for file, each in objects():
        try:
            kubernetes_validate.validate(each, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            pytest.fail(f"{file.name}: {error.message}")
    broken: dict[str, Any] = {**objects()[0][1], "speck": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, version, strict=True)


def test_objects_fit_each_other() -> None:
    """deploy/kubernetes: claims, settings and selectors name what is there, and `apply -k` takes every file but a sprint."""
    known = {(each["kind"], each["metadata"].get("name")) for _, each in objects()}
    for name, pod in pods():
        for volume in pod["spec"].get("volumes", []):
            if "persistentVolumeClaim" in volume:
                assert ("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]) in known, name
            else:
                assert volume["secret"]["secretName"] == "leadgen-secrets", name
        for container in pod["spec"]["containers"]:
            for source in container.get("envFrom", []):
                assert ("ConfigMap", source["configMapRef"]["name"]) in known, name
            mounted = {mount["name"] for mount in container["volumeMounts"]}
            templates = {"data"} if name == "valkey.yaml" else set()
            assert mounted <= {volume["name"] for volume in pod["spec"]["volumes"]} | templates, name
    labels = [pod["metadata"]["labels"] for _, pod in pods()]
    for file, each in objects():
        if each["kind"] == "Service":
            assert any(each["spec"]["selector"].items() <= pod.items() for pod in labels), file.name
    kustomization = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())
    assert {*kustomization["resources"], "kustomization.yaml", "sprint.yaml"} == {
        each.name for each in KUBERNETES.glob("*.yaml")
    }
    assert [each["name"] for each in kustomization["images"]] == [OURS]


def test_pods_have_no_more_rights_than_they_need() -> None:
    """NFR-010: what the namespace's `restricted` level asks for."""
    for name, pod in pods():
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert spec["automountServiceAccountToken"] is False, name
        for container in spec["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False, name
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}, name
            assert container["resources"]["limits"]["memory"], name


def test_secrets_reach_a_command_as_settings(tmp_path: Path) -> None:
    """NFR-010: files named like settings, and no others, become the environment; arguments stay as they are."""
    (tmp_path / "DAGSTER_PG_URL").write_text("postgresql://a b'\"$(id)\n")
    (tmp_path / "postgres_password").write_text("no setting")
    environment = {"PATH": os.environ["PATH"], "SECRETS_DIRECTORY": str(tmp_path)}
    show = [str(DEPLOY / "docker" / "with-secrets"), "sh", "-c", 'env; printf "%s|" "$@"', "-", "a b", "c"]
    done = subprocess.run(show, env=environment, capture_output=True, text=True, check=True)
    assert "DAGSTER_PG_URL=postgresql://a b'\"$(id)\n" in done.stdout
    assert "no setting" not in done.stdout
    assert done.stdout.endswith("a b|c|")


def test_secrets_are_made_once_and_fit_each_other(tmp_path: Path) -> None:
    """deploy/README.md: every secret of the compose file, random, in a folder for its owner only."""
    shutil.copytree(DEPLOY / "docker", tmp_path / "docker")
    make = [str(tmp_path / "docker" / "make-secrets")]
    subprocess.run(make, check=True)
    made = {each.name: each.read_text() for each in (tmp_path / "secrets").iterdir()}
    subprocess.run(make, check=True)
    assert {each.name: each.read_text() for each in (tmp_path / "secrets").iterdir()} == made
    assert {Path(each["file"]).name for each in compose()["secrets"].values()} == made.keys()
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    assert len(set(made.values())) == len(made)
    assert Fernet(made["LEADGEN_MASTER_KEY"]).decrypt(Fernet(made["LEADGEN_MASTER_KEY"]).encrypt(b"x")) == b"x"
    for address, password in {
        "LEADGEN_MONGO_URI": "mongo_password",
        "LEADGEN_REDIS_URL": "valkey_password",
        "DAGSTER_PG_URL": "postgres_password",
    }.items():
        assert f":{made[password]}@" in made[address]
