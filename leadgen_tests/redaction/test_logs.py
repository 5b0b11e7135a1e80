"""Whoever logs, by whatever logger, handler or level, and however a program ends (NFR-010, NFR-011)."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from uvicorn.logging import AccessFormatter

from leadgen_assets.redaction import logs
from leadgen_assets.settings import Settings

SECRET = "planted-hunter-key-77ab"
PERSON = "ann.planted@example.com"


@pytest.fixture
def heard() -> Iterator[io.StringIO]:
    """What a handler on the root logger prints, after the settings were read, at level DEBUG."""
    Settings(_env_file=None, hunter_api_key=SECRET, leadgen_mongo_uri="mongodb://me:planted-word@127.0.0.1/")
    stream = io.StringIO()
    handler, root = logging.StreamHandler(stream), logging.getLogger()
    handler.addFilter(lambda record: not record.name.startswith("pymongo"))  # heartbeats of other tests' clients
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield stream
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


@pytest.mark.parametrize("name", ["", "dagster", "library.made.later", "leadgen_assets.vendors.http"])
def test_any_logger_is_clean(name: str, heard: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """NFR-010: in the message, in its arguments, in nested ones, in the stack; the rest is told."""
    logger = logging.getLogger(name)
    monkeypatch.setattr(logger, "propagate", True)  # servers of other tests may have configured it
    monkeypatch.setattr(logger, "isEnabledFor", lambda _: True)
    logger.info("asked with %s for %s, %d times", SECRET, {"who": PERSON}, 3)
    logger.warning(f"planted-word and {PERSON}")
    try:
        raise ValueError(f"could not log in with {SECRET}") from KeyError("planted-word")
    except ValueError:
        logger.exception("broken")
    said = heard.getvalue()

    assert "asked with … for {'who': '…'}, 3 times" in said
    assert "could not log in with …" in said
    assert "Traceback" in said
    assert not [each for each in (SECRET, PERSON, "planted-word") if each in said]


def test_a_message_that_does_not_fit_its_arguments_is_clean_too(
    heard: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    """NFR-010: logging prints the arguments of a message that it cannot build."""
    logging.getLogger("x").error("only %d", SECRET)
    out, err = capfd.readouterr()
    assert SECRET not in heard.getvalue() + out + err


def test_access_logs_keep_their_form(heard: io.StringIO) -> None:
    """OPS-01: uvicorn's formatter reads the arguments one by one."""
    record = logging.getLogger("uvicorn.access").makeRecord(
        "uvicorn.access", logging.INFO, "", 0, '%s - "%s %s HTTP/%s" %d',
        ("127.0.0.1:1", "GET", f"/?token={SECRET}", "1.1", 200), None,
    )  # fmt: skip
    assert SECRET not in AccessFormatter("%(request_line)s %(status_code)s", use_colors=False).format(record)
    assert record.args[1] == "GET"  # type: ignore[index]


class _Refusing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(401)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Silent."""


def test_http_at_debug_level_tells_neither_addresses_nor_headers(heard: io.StringIO) -> None:
    """NFR-010: a real call, everything set to DEBUG."""
    server = HTTPServer(("127.0.0.1", 0), _Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name in ("httpx", "httpcore", "httpcore.http11", "httpcore.connection"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        url = f"http://127.0.0.1:{server.server_port}/v2?q={PERSON}"
        with httpx.Client(trust_env=False) as client:
            assert client.get(url, headers={"x-api-key": SECRET}).status_code == 401
    finally:
        server.shutdown()
        server.server_close()
        for name in ("httpx", "httpcore", "httpcore.http11", "httpcore.connection"):
            logging.getLogger(name).setLevel(logging.NOTSET)
    assert heard.getvalue() == ""


def test_the_database_driver_at_debug_level_tells_no_documents(heard: io.StringIO, database: object) -> None:
    """NFR-011: pymongo logs whole commands, and a name is nothing that a pattern knows."""
    database["notes"].insert_one({"full_name": "Ann Planted"})  # type: ignore[index]
    assert "Planted" not in heard.getvalue()
    database["notes"].drop()  # type: ignore[index]


def test_installing_twice_changes_nothing() -> None:
    """Whoever reads the settings installs it, many times a run."""
    logs.install()
    first = logging.getLogRecordFactory()
    logs.install()
    assert logging.getLogRecordFactory() is first


@pytest.mark.parametrize("how", ["main", "thread"])
def test_a_program_that_ends_with_an_error_nobody_caught_is_clean(how: str, tmp_path: Path) -> None:
    """NFR-010: the stack on standard error, in a process of its own as in life."""
    program = (
        "import threading\n"
        "from leadgen_assets.settings import Settings\n"
        "key = Settings(_env_file=None).hunter_api_key.get_secret_value()\n"
        "def fail(): raise RuntimeError(f'refused: {key}')\n"
        f"{'fail()' if how == 'main' else 'threading.Thread(target=fail).start()'}\n"
    )
    (tmp_path / "program.py").write_text(program)
    done = subprocess.run(
        [sys.executable, str(tmp_path / "program.py")], capture_output=True, text=True, check=False, cwd=tmp_path,
        env={"HUNTER_API_KEY": SECRET, "PYTHONPATH": str(Path(__file__).parents[2]), "LEADGEN_HOME": str(tmp_path)},
    )  # fmt: skip
    assert "RuntimeError: refused: …" in done.stderr
    assert SECRET not in done.stderr + done.stdout
