"""Who may come in. On loopback without a token: this machine's browsers, by the names of loopback only. With a token:
whoever shows it, as `Authorization: Bearer` or through the login page's cookie.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections import deque
from urllib.parse import parse_qs, quote, urlsplit

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

COOKIE = "leadgen_desk"
SESSION_SECONDS = 12 * 3600
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_OPEN = ("/login", "/healthz", "/static/")
_TRIES, _TRIES_SECONDS = 5, 60.0
_MOST_BYTES = 4096


class Door:
    """Judges requests. Holds a digest of the token, compares in constant time."""

    def __init__(self, token: str | None) -> None:
        self._key = hashlib.sha256(token.encode()).digest() if token else None
        self._failed: deque[float] = deque(maxlen=_TRIES)

    @property
    def is_locked(self) -> bool:
        """Whether a token is asked for."""
        return self._key is not None

    def knows(self, token: str) -> bool:
        """Whether this is the token."""
        return self._key is not None and hmac.compare_digest(hashlib.sha256(token.encode()).digest(), self._key)

    def session(self, now: float | None = None) -> str:
        """A cookie's value: until when it holds, signed with the token, which it does not reveal."""
        until = str(int((time.time() if now is None else now) + SESSION_SECONDS))
        return f"{until}.{self._signature(until)}"

    def lets_in(self, connection: HTTPConnection) -> bool:
        """Whether a request shows the token or a session that still holds."""
        if self._key is None:
            return True
        scheme, _, given = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self.knows(given.strip()):
            return True
        until, _, signature = connection.cookies.get(COOKIE, "").partition(".")
        is_ours = hmac.compare_digest(signature.encode(), self._signature(until).encode())
        return is_ours and until.isdecimal() and int(until) > time.time()

    def may_try(self) -> bool:
        """Whether a token may be tried now: a few wrong ones close the login for a minute."""
        return len(self._failed) < _TRIES or time.monotonic() - self._failed[0] > _TRIES_SECONDS

    def note_failure(self) -> None:
        """A wrong token was tried."""
        self._failed.append(time.monotonic())

    def _signature(self, until: str) -> str:
        return hmac.new(self._key or b"", f"session {until}".encode(), hashlib.sha256).hexdigest()


class AccessControl:
    """ASGI middleware: the door, the host names that count, and the origin of requests that change something."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer instead."""
        refusal = self._refusal(Request(scope)) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, request: Request) -> Response | None:
        path = request.url.path
        if not self._door.is_locked and _host_name(request) not in LOOPBACK:
            # a foreign name that was made to point here must not get at an open desk
            return PlainTextResponse("This desk is open to this machine only; use http://127.0.0.1", 421)
        if request.method not in ("GET", "HEAD") and not is_own_origin(request):
            return JSONResponse({"error": "this request comes from another site"}, 403)
        if path.startswith(_OPEN) or self._door.lets_in(request):
            return None
        if path.startswith("/api/") or path == "/metrics":
            headers = {"WWW-Authenticate": "Bearer"}
            return JSONResponse({"error": "a token is needed: Authorization: Bearer …"}, 401, headers)
        return RedirectResponse(f"/login?next={quote(local_path(str(request.url)))}", 303)


def is_own_origin(request: Request) -> bool:
    """Whether a request was made by our own pages, or by a program that is no browser."""
    origin = request.headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc == request.headers.get("host")
    return request.headers.get("sec-fetch-site", "none") in ("same-origin", "none")


def local_path(address: str) -> str:
    """Path and query of an address; the front page for what could lead elsewhere."""
    parts = urlsplit(address)
    path = parts.path or "/"
    if not path.startswith("/") or path.startswith("//") or "\\" in path:
        return "/"
    return f"{path}?{parts.query}" if parts.query else path


async def login(request: Request) -> Response:
    """The login page, and what its form sends."""
    door: Door = request.app.state.door
    following = request.query_params.get("next", "/")
    if not door.is_locked:
        return RedirectResponse("/", 303)
    if request.method == "GET":
        return _login_page(request, following)
    body = await _body(request)
    if body is None:
        return PlainTextResponse("The form is too large.", 413)
    given = parse_qs(body.decode("utf-8", "replace"))
    following = given.get("next", [following])[0]
    if not door.may_try():
        return _login_page(request, following, "Too many wrong tokens. Wait a minute, then try again.", 429)
    if not door.knows(given.get("token", [""])[0]):
        door.note_failure()
        return _login_page(request, following, "That is not the token.", 401)
    answer = RedirectResponse(local_path(following) if not urlsplit(following).netloc else "/", 303)
    answer.set_cookie(
        COOKIE, door.session(), max_age=SESSION_SECONDS, httponly=True, samesite="strict",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return answer


async def logout(request: Request) -> Response:  # noqa: ARG001
    """Forget the session."""
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


def _login_page(request: Request, following: str, problem: str = "", status: int = 200) -> Response:
    from leadgen_assets.desk.dashboard.pages import page

    return page(request, "login.html", status=status, problem=problem, following=following)


async def _body(request: Request) -> bytes | None:
    """The body; None when it is longer than a form of ours can be."""
    received = b""
    async for chunk in request.stream():
        received += chunk
        if len(received) > _MOST_BYTES:
            return None
    return received


def _host_name(request: Request) -> str:
    host = request.headers.get("host", "")
    return host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]
