"""Reports, data docs and the runbook, read-only."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadgen_assets.desk.dashboard.files import inside
from leadgen_assets.desk.dashboard.runbook import runbook_html
from leadgen_tests.desk.dashboard.conftest import Desk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a report, beside a secret."""
    reports = tmp_path / "reports"
    (reports / "2026").mkdir(parents=True)
    (reports / "2026" / "final.html").write_text("<p>final</p>")
    (reports / "final.pdf").write_bytes(b"%PDF-1.7")
    (reports / ".hidden.html").write_text("hidden")
    (reports / "notes.txt").write_text("notes")
    (tmp_path / "secret.html").write_text("secret")
    (reports / "link.html").symlink_to(tmp_path / "secret.html")
    return reports


def test_a_file_of_the_folder_is_found(folder: Path) -> None:
    """OPS-06: reports open in a browser."""
    assert inside(folder, "2026/final.html") == (folder / "2026" / "final.html").resolve()


@pytest.mark.parametrize(
    "path",
    [
        "../secret.html",
        "2026/../../secret.html",
        "/etc/hosts.html",
        ".hidden.html",
        "notes.txt",
        "link.html",
        "2026",
        "",
        "a\0.html",
    ],
)
def test_nothing_else_is(folder: Path, path: str) -> None:
    """Issue: path traversal safe: nothing outside, nothing hidden, known kinds only."""
    assert inside(folder, path) is None


def test_documents_run_no_script(desk: Desk, folder: Path) -> None:
    """Issue: strict CSP; a report carries its style inside, and nothing else."""
    answer = desk.client.get("/reports/files/2026/final.html")
    assert answer.text == "<p>final</p>"
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["content-disposition"].startswith("inline")
    assert desk.client.get("/reports/files/final.pdf").headers["content-type"] == "application/pdf"
    for path in ("..%2Fsecret.html", "%2e%2e/secret.html", "link.html", "gone.html"):
        assert desk.client.get(f"/reports/files/{path}").status_code == 404, path


def test_data_docs_are_served_also_after_they_were_built_anew(desk: Desk) -> None:
    """REQ-009: the site is a link that is switched; before the first one there is a word about it."""
    quality = desk.home / "quality"
    assert desk.client.get("/quality/index.html").status_code == 404
    for build in ("one", "two"):
        (quality / "builds" / build).mkdir(parents=True)
        (quality / "builds" / build / "index.html").write_text(build)
        fresh = quality / f".{build}"
        fresh.symlink_to(quality / "builds" / build, target_is_directory=True)
        fresh.replace(quality / "site")
        assert desk.client.get("/quality/index.html").text == build
    assert desk.client.get("/quality").headers["location"] == "/quality/index.html"


def test_the_runbook_has_the_anchors_that_alerts_point_to(tmp_path: Path) -> None:
    """Issue: alert → runbook section. Raw HTML of the file stays text."""
    path = tmp_path / "runbook.md"
    path.write_text(
        "# Runbook\n\n## Error rate\n\n<script>x</script>\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n## Error rate\n"
    )
    html = runbook_html(path) or ""
    assert '<h2 id="error-rate">' in html
    assert '<h2 id="error-rate-1">' in html
    assert "<script" not in html
    assert 'role="region"' in html
    assert runbook_html(tmp_path / "gone.md") is None


def test_the_projects_runbook_is_served(desk: Desk) -> None:
    """Issue: the runbook is served, too."""
    answer = desk.client.get("/runbook")
    assert answer.status_code == 200
    assert "<h1 id=" in answer.text
