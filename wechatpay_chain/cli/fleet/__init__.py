"""A batch on many machines: `batch run --workers` hands its calls out through Redis, `batch work` makes them.

Needs the extras `redis` and `taskiq`. A worker that dies loses nothing: what it had not acknowledged goes to another
one, with the same number and the same content. The workers share the platform's limits.
"""
