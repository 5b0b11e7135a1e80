"""Everything that deploy/ names exists: commands with their options, settings, modules, files (NFR-009)."""

from __future__ import annotations

import importlib.util
import re
import runpy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer
import yaml
from celery.bin.celery import celery
from dagster._cli import create_dagster_cli
from dagster._daemon.cli import create_dagster_daemon_cli
from dagster_webserver.cli import dagster_webserver

from leadgen_assets.cli.main import app
from leadgen_assets.cli.workplace import PROJECT
from leadgen_assets.settings import Settings
from leadgen_assets.stores.lead_schema import LEAD_INDEXES, SIDE_INDEXES
from leadgen_assets.stores.mongo import LEADS
from leadgen_assets.vault.keys import KEY
from leadgen_tests.deploy.files import COMPOSE, DEPLOY, KUBERNETES, commands, compose, objects

CLIS: dict[str, Callable[[], Any]] = {
    "leadgen": lambda: typer.main.get_command(app),
    "dagster": create_dagster_cli,
    "dagster-daemon": create_dagster_daemon_cli,
    "dagster-webserver": lambda: dagster_webserver,
    "celery": lambda: celery,
}
DOCKERFILE = (DEPLOY / "docker" / "Dockerfile").read_text()


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_is_one_that_we_have(words: list[str]) -> None:
    """deploy/compose.yaml, deploy/kubernetes: names, sub-commands and options, read by the programs' own parsers."""
    if words[0] == "with-secrets":
        words = words[1:]
    if words[0] == "python":
        compile(words[words.index("-c") + 1], "probe", "exec")
        return
    command, rest = CLIS[words[0]](), words[1:]
    if words[0] == "celery":
        assert importlib.util.find_spec(rest[rest.index("-A") + 1])
        command, rest = celery.commands[rest[2]], rest[3:]  # its first option loads the app before anything is parsed
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        command, rest = command.commands[rest[0]], rest[1:]
    known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)} | {"--help"}
    assert {each for each in rest if re.match(r"--?[a-z]", each, re.I)} <= known
    for flag in {"-I"} & set(rest):
        assert importlib.util.find_spec(rest[rest.index(flag) + 1])
    for each in rest:
        if each.endswith(".yaml"):
            assert (PROJECT / each).is_file()


def _settings_named() -> Iterator[tuple[str, str]]:
    for name, value in compose().items():
        if name == "secrets":
            yield from (("compose.yaml", each) for each in value if each.isupper())
    for each in compose()["x-leadgen"]["environment"]:
        yield "compose.yaml", each
    for file, each in objects():
        if each["kind"] == "ConfigMap":
            yield from ((file.name, name) for name in each["data"])
    texts = [COMPOSE, DEPLOY / "docker" / "Dockerfile", *DEPLOY.glob("**/*.md"), *DEPLOY.glob("*/dagster*.yaml")]
    for file in [*texts, DEPLOY / "docker" / "make-secrets", DEPLOY / "celery" / "dagster_celery_config.py"]:
        yield from (
            (file.name, each) for each in re.findall(r"\bLEADGEN_[A-Z_]+\b|\bDAGSTER_PG_URL\b", file.read_text())
        )


def test_every_setting_is_one_that_we_read() -> None:
    """interfaces.md: a misspelt setting would be ignored without a word."""
    unknown = {(file, name) for file, name in _settings_named() if name.lower() not in Settings.model_fields}
    assert {name for _, name in unknown} <= {KEY, "LEADGEN_MONGO_URI"}
    assert len(list(_settings_named())) > 20


def test_what_the_image_copies_is_there_and_is_not_ignored() -> None:
    """deploy/docker: paths of the Dockerfile, and that the build's context holds them."""
    context = [line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = [word for line in re.findall(r"^COPY (.*) \S+$", DOCKERFILE, re.M) for word in line.split()]
    assert {"leadgen_assets", "requirements/extras.txt", "workspace.yaml"} <= set(copied) <= set(context)
    installed = re.findall(r"(deploy/\S+)", "".join(re.findall(r"install (?!-d).*", DOCKERFILE)))
    for each in (*copied, *installed):
        assert (PROJECT / each).exists(), each
    assert (PROJECT / "deploy" / "secrets").name in (PROJECT / ".gitignore").read_text()


def test_workers_and_launcher_speak_through_the_same_keys() -> None:
    """deploy/celery: two files configure one queue; the one is read by whoever launches, the other by workers."""
    launcher = yaml.safe_load((DEPLOY / "celery" / "dagster.yaml").read_text())["run_launcher"]["config"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEADGEN_REDIS_URL", "redis://somewhere/0")
        worker = runpy.run_path(str(DEPLOY / "celery" / "dagster_celery_config.py"))
    assert {name: worker[name] for name in launcher["config_source"]} == launcher["config_source"]
    assert launcher["default_queue"] == worker["task_default_queue"]
    assert launcher["broker"] == launcher["backend"] == {"env": "LEADGEN_REDIS_URL"}
    assert worker["broker_url"] == worker["result_backend"] == "redis://somewhere/0"


def test_variants_of_the_instance_agree_where_they_need_not_differ() -> None:
    """deploy/*/dagster.yaml: a change of the one that everybody uses is not forgotten in the others."""
    usual: dict[str, Any] = yaml.safe_load((PROJECT / "dagster.yaml").read_text())
    for file, differs in {
        "celery/dagster.yaml": {"run_launcher", "run_monitoring", "run_retries", "code_servers"},
        "postgres/dagster.yaml": {"storage"},
        "dagster.sqlite.yaml": {"storage", "concurrency"},
    }.items():
        variant: dict[str, Any] = yaml.safe_load((DEPLOY / file).read_text())
        assert {name for name in usual.keys() | variant.keys() if usual.get(name) != variant.get(name)} <= differs, file


def test_sharded_collections_keep_their_unique_indexes() -> None:
    """deploy/kubernetes/shard.js: MongoDB allows a unique index on a sharded collection only behind its shard key; our
    shard keys are hashed ids, so no collection with another unique index may be sharded."""
    script = (KUBERNETES / "shard.js").read_text()
    sharded = re.findall(r'^  "(\w+)",$', script, re.M)
    indexes = {LEADS: LEAD_INDEXES, **SIDE_INDEXES}
    assert len(sharded) > 3
    for name in sharded:
        assert not any(index.document.get("unique") for index in indexes[name]), name
    whole = {name for name, each in indexes.items() if any(index.document.get("unique") for index in each)}
    assert LEADS in whole
    assert not whole & set(sharded)


def test_documents_name_files_that_exist() -> None:
    """deploy/**/README.md: relative links."""
    for page in (*DEPLOY.glob("**/README.md"), PROJECT / "docs" / "architecture.md"):
        for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_no_secret_is_in_a_file() -> None:
    """NFR-010: passwords come from files that git ignores, never from these."""
    for file in DEPLOY.rglob("*"):
        if file.is_file() and "secrets" not in file.relative_to(DEPLOY).parts:
            found = re.findall(r"://[^\s:/@]+:([^\s@$]+)@", file.read_text(errors="replace"))
            assert {each for each in found if each != "…"} == set(), file
