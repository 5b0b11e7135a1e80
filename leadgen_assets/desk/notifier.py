"""The one way out for messages: Slack through its client, mail and everything else through Apprise (REQ-022, OPS-07).

Nothing here raises and nothing decides whether to send: whoever sends gets an answer that says whether it arrived.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import SecretStr

from leadgen_assets.settings import Settings, VendorAccess
from leadgen_assets.stores.alerts import Severity
from leadgen_assets.vendors import registry
from leadgen_assets.vendors.governor import Governor, RateGovernor, Unlimited
from leadgen_assets.vendors.redaction import redacted
from leadgen_assets.vendors.slack import Posted, SlackClient, SlackMessage

if TYPE_CHECKING:
    from apprise import AppriseAsset, NotifyBase, NotifyFormat

_SIGNS = {"INFO": "ℹ️", "WARNING": "⚠️", "CRITICAL": "🚨", "RESOLVED": "✅"}
_PORTS = {"smtp": 25, "smtps": 465}
_log = logging.getLogger(__name__)
_said: ContextVar[list[str] | None] = ContextVar("said", default=None)


@dataclass(frozen=True)
class Message:
    """One message for any channel. Plain text; each channel escapes for itself."""

    title: str
    text: str = ""
    severity: Severity = "INFO"
    fields: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    """{label: address}"""
    footer: str = ""
    is_over: bool = False
    """Whether it tells that something bad has ended."""

    @property
    def headline(self) -> str:
        """The title with a sign for its severity."""
        return f"{_SIGNS['RESOLVED' if self.is_over else self.severity]} {self.title}".strip()

    def plain(self) -> str:
        """Text, figures, links and small print as lines."""
        lines = [self.text, *(f"{name}: {value}" for name, value in self.fields.items())]
        lines += [f"{label}: {address}" for label, address in self.links.items()]
        return "\n".join(each for each in [*lines, self.footer] if each)


@dataclass
class Notifier:
    """Sends to the webhook in `slack`, to the mail server in `smtp`, to any Apprise address."""

    slack: VendorAccess | None = None
    smtp: SecretStr | None = None
    governor: Governor = field(default_factory=Unlimited)

    @classmethod
    def of(cls, settings: Settings) -> Notifier:
        """As the settings say: SLACK_WEBHOOK_URL and SMTP_URL."""
        return cls(settings.vendor("slack"), settings.smtp_url, registry.governor(settings))

    @property
    def has_mail(self) -> bool:
        """Whether there is a mail server."""
        return self.smtp is not None and bool(self.smtp.get_secret_value())

    def post(self, message: Message) -> Posted:
        """To Slack, as blocks."""
        if self.slack is None:
            return Posted(ok=False, detail="Slack is off: SLACK_WEBHOOK_URL is not set")
        slack = self.slack
        said = SlackMessage(
            message.headline, message.text, message.fields, message.footer or message.severity, message.links
        )

        async def send() -> Posted:
            try:
                async with SlackClient(slack, self.governor) as client:
                    return await client.post(said)
            finally:
                if isinstance(self.governor, RateGovernor):
                    await self.governor.aclose()

        return _answered(lambda: _run(send), "Slack")

    def mail(
        self,
        to: Sequence[str],
        subject: str,
        text: str,
        html: str | None = None,
        attachments: Sequence[Path] = (),
    ) -> Posted:
        """One mail to all addresses, with the HTML beside the text where there is one."""
        if self.smtp is None or not self.has_mail:
            return Posted(ok=False, detail="mail is off: SMTP_URL is not set")
        if not to:
            return Posted(ok=False, detail="nobody to mail to: the roles have no address, see LEADGEN_CONTACTS")
        url = self.smtp.get_secret_value()
        return _answered(lambda: _mail(url, to, subject, text, html, attachments), "the mail server", secret=url)

    def tell(self, url: SecretStr, message: Message) -> Posted:
        """To any address that Apprise knows: Teams, PagerDuty, SMS and a hundred more."""
        secret = url.get_secret_value()
        return _answered(lambda: _tell(secret, message), "the channel", secret=secret)


def smtp_problem(url: SecretStr | None) -> str | None:
    """What is wrong with SMTP_URL; None when nothing is, or it is not set."""
    if url is None or not url.get_secret_value():
        return None
    parts = urlsplit(url.get_secret_value())
    if parts.scheme not in _PORTS or not parts.hostname:
        return "SMTP_URL: expected smtp://USER:PASSWORD@HOST:PORT?from=ADDRESS, or smtps://"
    return None


def _mail(
    url: str, to: Sequence[str], subject: str, text: str, html: str | None, attachments: Sequence[Path]
) -> Posted:
    problem = smtp_problem(SecretStr(url))
    if problem:
        return Posted(ok=False, detail=problem)
    from apprise import NotifyFormat
    from apprise.plugins.email import NotifyEmail

    parts = urlsplit(url)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    user = unquote(parts.username) if parts.username else None
    sender = options.get("from") or (user if user and "@" in user else f"leadgen@{parts.hostname}")
    port = parts.port or _PORTS[parts.scheme]
    implicit = "ssl" if parts.scheme == "smtps" else "starttls" if user or port == 587 else "insecure"
    plugin = NotifyEmail(  # type: ignore[no-untyped-call]
        host=parts.hostname,
        port=port,
        user=user,
        password=unquote(parts.password) if parts.password else None,
        smtp_host=parts.hostname,
        from_addr=f"leadgen <{sender}>",
        secure_mode={"none": "insecure"}.get(options.get("tls", ""), options.get("tls") or implicit),
        targets=[to[0]],
        cc=list(to[1:]),
        asset=_asset(),
    )
    body, form = (html, NotifyFormat.HTML) if html else (text, NotifyFormat.TEXT)
    return _by_apprise(plugin, subject, body, form, attachments, [*to, *_secrets(url)])


def _tell(url: str, message: Message) -> Posted:
    from apprise import Apprise, NotifyFormat

    plugin = Apprise.instantiate(url, asset=_asset(), suppress_exceptions=True)
    if plugin is None:
        return Posted(ok=False, detail="the channel's url is none that Apprise knows; see its list of services")
    return _by_apprise(plugin, message.title, message.plain(), NotifyFormat.TEXT, (), _secrets(url), message)


def _by_apprise(
    plugin: NotifyBase,
    title: str,
    body: str,
    form: NotifyFormat,
    attachments: Sequence[Path],
    hidden: Sequence[str],
    message: Message | None = None,
) -> Posted:
    from apprise import Apprise, NotifyType

    kinds = {"INFO": NotifyType.INFO, "WARNING": NotifyType.WARNING, "CRITICAL": NotifyType.FAILURE}
    kind = NotifyType.INFO if message is None else NotifyType.SUCCESS if message.is_over else kinds[message.severity]
    said: list[str] = []
    token = _said.set(said)
    try:
        sender = Apprise(asset=_asset())
        sender.add(plugin)
        ok = sender.notify(
            body=body,
            title=title,
            notify_type=kind,
            body_format=form,
            attach=[str(each) for each in attachments] or None,
        )
    finally:
        _said.reset(token)
    return Posted(bool(ok), "" if ok else redacted(said[-1] if said else "not accepted", hidden, {}))


def _asset() -> AppriseAsset:
    from apprise import AppriseAsset

    _listen_to_apprise()
    return AppriseAsset(app_id="leadgen", app_desc="leadgen", app_url="", async_mode=False)


def _listen_to_apprise() -> None:
    """Apprise and its HTTP library log addresses. What they say is kept for whoever is sending, and goes no further."""
    for name in ("apprise", "urllib3.connectionpool"):
        logger = logging.getLogger(name)
        if _overhear not in logger.filters:
            logger.addFilter(_overhear)


def _overhear(record: logging.LogRecord) -> bool:
    said = _said.get()
    if said is not None and record.name == "apprise" and record.levelno >= logging.WARNING:
        said.append(record.getMessage())
    # the HTTP library may serve others, too
    return record.name != "apprise" and said is None


def _secrets(url: str) -> list[str]:
    """The parts of an address that nobody should read."""
    parts = urlsplit(url)
    return [each for each in (url, parts.password, parts.username) if each]


def _answered(send: Callable[[], Posted], who: str, secret: str = "") -> Posted:  # nosec B107 # no secret
    """What `send` answers; an error of any kind is an answer too."""
    try:
        posted = send()
    except Exception as error:
        _log.debug("not sent", exc_info=not secret)
        posted = Posted(ok=False, detail=f"not sent: {type(error).__name__}")
    if not posted.ok:
        _log.warning("%s did not take a message: %s", who, posted.detail)
    return posted


def _run(send: Callable[[], Coroutine[Any, Any, Posted]]) -> Posted:
    """Run a coroutine to its end, also from inside a running loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(send())
    # A caller inside a loop cannot start another one on its thread.
    with ThreadPoolExecutor(1) as worker:
        return worker.submit(asyncio.run, send()).result()
