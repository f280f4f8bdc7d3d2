"""Requests that nobody should send, and what must be true after each of them: `make fuzz`.

Read first: `run` (the promises that are held against every answer), then `spoil` (how good requests go bad).
The good ones are those that Kubernetes was asked in `tests/fidelity`.
"""
