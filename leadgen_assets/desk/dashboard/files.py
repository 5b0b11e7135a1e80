"""Files of a folder, read-only: reports and data docs. Nothing outside the folder, nothing hidden, known kinds only."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response

from leadgen_assets.desk.dashboard.backing import backing
from leadgen_assets.desk.dashboard.headers import DOCUMENT_POLICY

_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".pdf": "application/pdf",
    ".css": "text/css; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
# a browser's own PDF reader needs more than a page's policy gives
_PDF_POLICY = "frame-ancestors 'none'"


def report_file(request: Request) -> Response:
    """`/reports/files/{path}`."""
    return _answer(backing(request).places.reports, request.path_params["path"], "That report is not there.")


def quality_file(request: Request) -> Response:
    """`/quality/{path}`: the data docs."""
    path = request.path_params.get("path", "")
    if not path:
        return RedirectResponse("/quality/index.html", 307)
    missing = "There are no quality pages yet: they are written when a sprint's checks have run."
    return _answer(backing(request).places.quality, path, missing)


def inside(folder: Path, path: str) -> Path | None:
    """The file of that relative path; None when it is not a file of a known kind inside the folder."""
    parts = Path(path).parts
    if not parts or Path(path).is_absolute() or "\0" in path or any(each.startswith(".") for each in parts):
        return None
    # the folder itself may be a link that is switched; what is in it may not lead outside
    root = folder.resolve()
    found = (root / path).resolve()
    is_ours = found.is_relative_to(root) and found.is_file() and found.suffix in _KINDS
    return found if is_ours else None


def _answer(folder: Path, path: str, missing: str) -> Response:
    found = inside(folder, path)
    if found is None:
        return PlainTextResponse(missing, 404)
    policy = _PDF_POLICY if found.suffix == ".pdf" else DOCUMENT_POLICY
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-cache"}
    return FileResponse(
        found, media_type=_KINDS[found.suffix], headers=headers, filename=found.name, content_disposition_type="inline"
    )
