"""leadgen: sprints of sales leads as Dagster assets. Wiring is in `definitions`, layers in `docs/architecture.md`."""

import gc

# Importing Dagster and Great Expectations makes millions of objects that stay: looking through them every 700 new ones,
# as Python does by itself, is a quarter of the time of each start.
gc.set_threshold(20_000, 20, 20)
