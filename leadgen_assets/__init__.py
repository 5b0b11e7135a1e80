"""leadgen: sprints of sales leads as Dagster assets. Wiring is in `definitions`, layers in `docs/architecture.md`."""
