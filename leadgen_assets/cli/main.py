"""`leadgen`: the command line's entry. Each group of commands is in the module named after it."""

from __future__ import annotations

import logging

import typer

from leadgen_assets.cli import (
    alerts,
    backup,
    baseline,
    bench,
    chaos,
    cost,
    dagster_storage,
    dashboard,
    dev,
    diagnostics,
    doctor,
    export,
    health,
    incident,
    privacy,
    quarantine,
    report,
    sandbox,
    secrets,
    segment,
    services,
    sprint,
)
from leadgen_assets.cli.errors import told

app = typer.Typer(
    name="leadgen",
    help="Sprints of sales leads: collected, deduplicated, enriched, scored, gated, loaded into the CRM.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(sprint.app, name="sprint", help="Plan, start, watch and steer a sprint.")
sprint.app.add_typer(segment.app, name="segment", help="Change the segments of a running sprint.")
app.add_typer(report.app, name="report", help="Write, send and read reports.")
app.add_typer(services.app, name="services", help="The embedded MongoDB, Valkey and PostgreSQL.")
app.add_typer(sandbox.app, name="sandbox", help="The sandbox vendors.")
app.add_typer(backup.app, name="backup", help="Back up, verify and restore everything a sprint needs.")
app.add_typer(cost.app, name="cost", help="What a sprint costs; pause and resume buying.")
app.add_typer(dagster_storage.app, name="dagster", help="Upkeep of Dagster's own storage.")
app.add_typer(baseline.app, name="baseline", help="Sprints and runs against earlier ones.")
app.add_typer(privacy.app, name="privacy", help="Suppress, show, erase a person; enforce retention.")
app.add_typer(quarantine.app, name="quarantine", help="Records that could not become leads: look, correct, replay.")
app.add_typer(secrets.app, name="secrets", help="Credentials, encrypted at rest: put in, look, rotate, check.")
app.add_typer(alerts.app, name="alerts", help="Alerts: look, acknowledge, resolve, keep quiet, test.")
app.add_typer(incident.app, name="incident", help="Incidents: open, note, close, report.")
app.add_typer(bench.app, name="bench", help="Measure every stage, or the database alone, on this machine.")
app.command("doctor")(told(doctor.doctor))
app.command("health")(told(health.health))
app.command("diagnostics")(told(diagnostics.diagnostics))
app.command("dashboard")(told(dashboard.dashboard))
app.command("dev")(told(dev.dev))
app.command("export")(told(export.export))
app.command("chaos")(told(chaos.chaos))


def main() -> None:
    """Run the command line."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    app()


if __name__ == "__main__":
    main()
