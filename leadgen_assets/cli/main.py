"""`leadgen`: the command line's entry. Each group of commands is in the module named after it."""

from __future__ import annotations

import logging

import typer

from leadgen_assets.cli import bench, dev, doctor, export, sandbox, segment, services, sprint
from leadgen_assets.cli.errors import told

app = typer.Typer(
    name="leadgen",
    help="Sprints of sales leads: collected, deduplicated, enriched, scored, gated, loaded into the CRM.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(sprint.app, name="sprint", help="Plan, start, watch and steer a sprint.")
sprint.app.add_typer(segment.app, name="segment", help="Change the segments of a running sprint.")
app.add_typer(services.app, name="services", help="The embedded MongoDB, Valkey and PostgreSQL.")
app.add_typer(sandbox.app, name="sandbox", help="The sandbox vendors.")
app.command("doctor")(told(doctor.doctor))
app.command("dev")(told(dev.dev))
app.command("export")(told(export.export))
app.command("bench")(told(bench.bench))


def main() -> None:
    """Run the command line."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    app()


if __name__ == "__main__":
    main()
