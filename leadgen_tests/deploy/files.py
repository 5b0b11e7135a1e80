"""What deploy/ holds, read once: compose services, Kubernetes objects, and the commands they run."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from leadgen_assets.cli.workplace import PROJECT

DEPLOY = PROJECT / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
KUBERNETES = DEPLOY / "kubernetes"
OURS = "leadgen"
"""Name of our image in both."""


@cache
def compose() -> dict[str, Any]:
    """The compose file as YAML has it, before Compose makes anything of it."""
    return dict(yaml.safe_load(COMPOSE.read_text()))


@cache
def objects() -> tuple[tuple[Path, dict[str, Any]], ...]:
    """Every Kubernetes object with its file; the kustomization is none."""
    found = [
        (file, each) for file in sorted(KUBERNETES.glob("*.yaml")) for each in yaml.safe_load_all(file.read_text())
    ]
    return tuple((file, each) for file, each in found if each["kind"] != "Kustomization")


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    """(file name, pod template) of everything that starts pods."""
    for file, each in objects():
        spec = each.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            yield file.name, spec["template"]


def commands() -> list[list[str]]:
    """Every command that our image is asked to run, probes included, as words."""
    found = []
    for service in compose()["services"].values():
        if service.get("image", service.get("<<", {}).get("image")) == OURS:
            found += [service["command"], _probe(service.get("healthcheck", {}).get("test", []))]
    for _, pod in pods():
        for container in pod["spec"]["containers"]:
            if container["image"] == OURS:
                probe = container.get("livenessProbe", {}).get("exec", {}).get("command", [])
                found += [container["args"], probe if probe[:2] != ["sh", "-c"] else probe[2].split()]
    return [[str(word) for word in each] for each in found if each]


def _probe(test: list[str]) -> list[str]:
    return test[1].split() if test[:1] == ["CMD-SHELL"] else test[1:]
