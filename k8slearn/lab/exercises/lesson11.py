"""Lesson 11, traffic: a rollout that drops no request (11.1), and the router's choice (11.2).

Each is in a file of its own; here is what the notebooks import.
"""

from __future__ import annotations

from k8slearn.lab.exercises.fairly import FAIRLY, LEAVES, READY, STARTS, ending, slice_of
from k8slearn.lab.exercises.smoothly import SHOP, SMOOTHLY, tried

EXERCISES = (SMOOTHLY, FAIRLY)

__all__ = ["EXERCISES", "LEAVES", "READY", "SHOP", "STARTS", "ending", "slice_of", "tried"]
