"""A batch on many machines: `batch run --workers` hands out its calls through Redis, `batch work` makes them.

Needs the extras `redis` and `taskiq`. When a worker dies, the calls that it had not acknowledged go to another
one, with the same number and the same content. The workers share the platform's limits.
"""
