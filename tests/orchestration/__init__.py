"""Dagster's side, with everything real: sandbox over HTTP, embedded PostgreSQL, lake, runs in their own processes."""
