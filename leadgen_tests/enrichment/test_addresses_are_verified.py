"""Verification: lists in jobs whose ids outlive the process; only "valid" is verified."""

from __future__ import annotations

import pytest

from leadgen_assets.enrichment.desk import Desk
from leadgen_assets.vendors.contracts import Found, JobState, VerificationResult
from leadgen_tests.enrichment.conftest import EmailTable, VerifierTable, frame, lead, run


def addressed(number: int, **changes: object) -> dict[str, object]:
    return lead(number, email=f"p{number}@acme.example", email_kind="personal", **changes)


def test_each_result_means_what_it_says(desk: Desk) -> None:
    """REQ-012: an invalid address is flagged and the lead is kept; catch-all is never "valid"."""
    words = list(VerificationResult)[:5]
    verifier = VerifierTable(results_of={f"p{number}@acme.example": word for number, word in enumerate(words)})
    enriched = run(frame(*(addressed(number) for number in range(5))), desk, verify=[verifier]).leads
    by_word = dict(zip(enriched.email_status.tolist(), enriched.email_verified.tolist(), strict=True))
    assert by_word["valid"] is True
    assert by_word["invalid"] is False
    assert by_word["disposable"] is False
    assert enriched.email_verified.isna().sum() == 2
    assert "email_undeliverable" in enriched["flags"][words.index(VerificationResult.INVALID)]
    assert len(enriched) == 5
    assert len(verifier.jobs) == 1


def test_a_process_that_dies_while_polling_finds_its_job_again(desk: Desk) -> None:
    """vendors.md §8.7: the id is stored before anybody polls; nothing is paid twice."""
    leads = frame(*(addressed(number) for number in range(4)))
    verifier = VerifierTable(dies_while_polling=True)
    with pytest.raises(RuntimeError):
        run(leads, desk, verify=[verifier])
    verifier.dies_while_polling = False
    enriched = run(leads, desk, verify=[verifier])
    assert len(verifier.jobs) == 1
    assert enriched.leads.email_verified.all()
    assert len(list(desk.ledger.entries(desk.sprint))) == 1
    assert desk.jobs.running() == []


def test_a_second_run_verifies_nothing_again(desk: Desk) -> None:
    """TL-05."""
    leads = frame(*(addressed(number) for number in range(4)))
    run(leads, desk, verify=[VerifierTable()])
    again = VerifierTable()
    report = run(leads, desk, verify=[again]).report
    assert again.jobs == {}
    assert (report.lines[0].cached, report.lines[0].asked) == (4, 0)


def test_a_failed_job_costs_nothing_and_the_next_verifier_is_asked(desk: Desk) -> None:
    """TL-05."""
    broken, other = VerifierTable(state=JobState.FAILED, polls=0), VerifierTable(name="hunter")
    enriched = run(frame(addressed(1)), desk, verify=[broken, other])
    assert enriched.leads.email_verified.tolist() == [True]
    assert "failed" in (enriched.report.lines[0].stopped_because or "")
    assert set(desk.ledger.by(desk.sprint, "vendor")) == {"hunter"}


def test_only_the_undecided_go_to_the_second_verifier(desk: Desk) -> None:
    """REQ-012: nothing is verified twice."""
    first = VerifierTable(results_of={"p1@acme.example": VerificationResult.UNKNOWN})
    second = VerifierTable(name="hunter")
    run(frame(addressed(1), addressed(2)), desk, verify=[first, second])
    assert list(second.jobs["job0"].values()) == ["p1@acme.example"]


def test_what_the_finder_verified_is_not_paid_for_again(desk: Desk) -> None:
    """REQ-012: verification by Hunter or NeverBounce."""
    verified = EmailTable(answer=lambda p: Found(p.ref, {"email": "a@acme.example", "email_status": "valid"}))
    verifier = VerifierTable()
    enriched = run(frame(lead(1)), desk, email=[verified], verify=[verifier])
    assert enriched.leads.email_verified.tolist() == [True]
    assert verifier.jobs == {}
