"""A small sprint with planted secrets and planted people, and everything that it and the desk have written about it."""

from __future__ import annotations

import csv
import gzip
import io
import logging
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pypdfium2
from cryptography.fernet import Fernet
from dagster import serialize_value

from leadgen_assets.settings import _SANDBOX_PATH
from leadgen_assets.stores.raw_pages import unpack
from leadgen_tests.sprint.office import Office

_ZLIB = b"\x78"
KEY = "planted+vendor&key=51cd"
"""What all vendors accept here, so that it is used a thousand times. Its URL form differs."""
SECRETS = {
    "vendors": KEY,
    "hunter": "planted-hunter-key-refused-77ab",
    "mail": "planted-mail-word-90ef",
    "dashboard": "planted-dashboard-token-12ac",
}


@dataclass(frozen=True)
class Person:
    """Somebody invented whose every trace can be told from everybody else's."""

    first: str
    last: str

    @property
    def traces(self) -> tuple[str, ...]:
        """Texts that would tell who it is, in lower case."""
        first, last = self.first.lower(), self.last.lower()
        return (f"{first} {last}", f"{first}.{last}", f"{first}-{last}", f"{first}%20{last}", f"{first}+{last}", last)

    def row(self, title: str = "Paid Media Manager") -> dict[str, str]:
        """As an export has it."""
        first, last = self.first.lower(), self.last.lower()
        return {
            "First Name": self.first, "Last Name": self.last, "Full Name": f"{self.first} {self.last}", "Current Job": title,
            "Company Name": "Brindlewick Outfitters", "Company Domain": "brindlewick.example",
            "Company Industry": "Retail", "Company Employee Count": "51-200", "Location": "Chicago, Illinois, United States",
            "LinkedIn URL Public": f"https://www.linkedin.com/in/{first}-{last}",
            "Email": f"{first}.{last}@brindlewick.example", "Email Status": "Safe",
        }  # fmt: skip


LEAD = Person("Quillonia", "Zemprastova")
SUPPRESSED = Person("Ottoline", "Vexbarrow")
UNUSABLE = Person("Thaddea", "Plinkhurst")
"""A row that cannot be a lead: a name alone is nobody."""


def settings_at(url: str, key_file: Path, dagster_home: Path) -> Mapping[str, str]:
    """Live mode against the simulated vendors. Hunter's key is refused; HubSpot's and Slack's are in the vault."""
    return {
        "LEADGEN_MODE": "live",
        **{f"{vendor.upper()}_BASE_URL": f"{url}{path}" for vendor, path in _SANDBOX_PATH.items() if vendor != "slack"},
        **dict.fromkeys(("APOLLO_API_KEY", "BRIGHTDATA_API_TOKEN", "ZOOMINFO_CLIENT_ID", "ZOOMINFO_CLIENT_SECRET",
                         "CLEARBIT_API_KEY", "NEVERBOUNCE_API_KEY", "PDL_API_KEY"), KEY),
        "HUNTER_API_KEY": SECRETS["hunter"],
        "SMTP_URL": f"smtp://desk:{SECRETS['mail']}@127.0.0.1:9?from=desk@mail.example",
        "LEADGEN_DASHBOARD_TOKEN": SECRETS["dashboard"],
        "LEADGEN_MASTER_KEY_FILE": str(key_file),
        "DAGSTER_HOME": str(dagster_home),
    }  # fmt: skip


def make_key(path: Path) -> str:
    """A master key in its file; it is a secret, too."""
    key = Fernet.generate_key().decode()
    path.touch(mode=0o600)
    path.write_text(key)
    return key


def drop_export(home: Path) -> None:
    """The planted people, in a file that the first export segment reads before all others."""
    text = io.StringIO(newline="")
    nobody = dict.fromkeys(("LinkedIn URL Public", "Email", "Company Name", "Company Domain"), "")
    rows = [LEAD.row(), SUPPRESSED.row(), {**UNUSABLE.row(), **nobody}]
    writer = csv.DictWriter(text, LEAD.row())
    writer.writeheader()
    writer.writerows(rows)
    (home / "imports" / "sales_navigator" / "segment-1-a-planted.csv").write_text(text.getvalue())


@contextmanager
def at_debug_level(log: Path) -> Iterator[tuple[io.StringIO, io.StringIO]]:
    """Everybody logs everything, to a file and to the screen. Yields what is printed."""
    log.parent.mkdir(parents=True, exist_ok=True)
    out, err = io.StringIO(), io.StringIO()
    root = logging.getLogger()
    chatty = [
        logging.getLogger(each)
        for each in ("", "httpx", "httpcore", "pymongo", "urllib3", "asyncio", "apprise", "uvicorn")
    ]
    levels = [each.level for each in chatty]
    with ExitStack() as stack:
        stack.enter_context(redirect_stdout(out))
        stack.enter_context(redirect_stderr(err))
        handlers = [logging.FileHandler(log), logging.StreamHandler(err)]
        for each in handlers:
            root.addHandler(each)
            stack.callback(root.removeHandler, each)
            stack.callback(each.close)
        for each in chatty:
            each.setLevel(logging.DEBUG)
        stack.enter_context(patch.object(root, "setLevel", lambda _: None))
        try:
            yield out, err
        finally:
            for each, level in zip(chatty, levels, strict=True):
                logging.Logger.setLevel(each, level)


def written(office: Office, root: Path) -> dict[str, str]:
    """{where: text} of everything below `root`, in the database, in Redis and at Slack."""
    texts: dict[str, str] = {}
    for where, text in _written(office, root):
        texts[where] = f"{texts.get(where, '')}\n{text}"
    return texts


def _written(office: Office, root: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(root.rglob("*")):
        if path.is_file():
            for name, content in unpacked(path):
                yield f"file {path.relative_to(root)}{name}", content
    db = office.stores.db
    for name in sorted(db.list_collection_names()):
        if not name.startswith("system."):
            yield f"collection {name}", "\n".join(_document(each) for each in db[name].find())
    runs = office.instance.get_runs()
    for run in runs:
        events = office.instance.all_logs(run.run_id)
        yield "dagster", "\n".join(map(serialize_value, (run, *events)))
    yield from _redis(office)
    yield "slack", str(office.sandbox.slack())


def unpacked(path: Path) -> Iterator[tuple[str, str]]:
    """(part, text) of a file: what is packed or compressed is opened, pages of a PDF are read."""
    content = path.read_bytes()
    if path.suffix == ".pdf":
        with closing(pypdfium2.PdfDocument(path)) as document:
            yield "", "\n".join(page.get_textpage().get_text_range() for page in document)
    elif path.suffix == ".tar":
        with tarfile.open(path) as archive:
            for member in archive:
                file = archive.extractfile(member)
                yield f"!{member.name}", _text(file.read() if file else b"")
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path) as bundle:
            for name in bundle.namelist():
                yield f"!{name}", _text(bundle.read(name))
    else:
        yield "", _text(gzip.decompress(content) if path.suffix == ".gz" else content)


def _document(content: Mapping[str, Any]) -> str:
    """With what is packed in it."""
    packed = [unpack(each) for each in content.values() if isinstance(each, bytes) and each.startswith(_ZLIB)]
    return f"{content} {packed}"


def _text(content: bytes) -> str:
    if content.startswith(b"PAR1"):
        import pandas as pd

        return str(pd.read_parquet(io.BytesIO(content)).to_dict("records"))
    return content.decode("utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8", "replace")


def _redis(office: Office) -> Iterator[tuple[str, str]]:
    client: Any = office.stores.redis
    for key in client.scan_iter():
        kind = client.type(key).decode()
        readers = {"hash": client.hgetall, "set": client.smembers, "string": client.get,
                   "list": lambda key: client.lrange(key, 0, -1), "zset": lambda key: client.zrange(key, 0, -1)}  # fmt: skip
        name = key.decode()
        where = "claims" if name.startswith("lead:") else name
        yield f"redis {where}", f"{name} {readers.get(kind, client.dump)(key)!r}"
