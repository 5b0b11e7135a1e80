"""Settings of Celery workers that execute Dagster runs; `dagster_celery.app` reads them from PYTHONPATH.

Everything Celery keeps in Redis is under `leadgen:celery:`, so that it shares a database with the rest.
"""

import os

broker_url = result_backend = os.environ["LEADGEN_REDIS_URL"]
broker_transport_options = result_backend_transport_options = {"global_keyprefix": "leadgen:celery:"}
broker_connection_retry_on_startup = True
result_expires = 259_200
"""Seconds: longer than any run, or Dagster would take a running one for lost."""
worker_prefetch_multiplier = 1
worker_disable_prefetch = True
"""A worker takes a run when it has a free process, so that no run waits behind another while a worker is idle."""
task_default_queue = "dagster"
task_default_priority = 5
