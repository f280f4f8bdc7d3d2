"""Lesson 11, traffic: a rollout that drops no request (11.1), the router's choice (11.2), an autoscaler's
arithmetic (11.3, 11.4).

Each is in a file of its own, with what it is made of beside it; here is what the notebooks import.
"""

from __future__ import annotations

from k8slearn.lab.exercises.endings import LEAVES, READY, STARTS, ending, slice_of
from k8slearn.lab.exercises.fairly import FAIRLY
from k8slearn.lab.exercises.scalingrules import LIMITS, WISH, Pod
from k8slearn.lab.exercises.shop import SHOP, tried
from k8slearn.lab.exercises.smoothly import SMOOTHLY

EXERCISES = (SMOOTHLY, FAIRLY, WISH, LIMITS)

__all__ = ["EXERCISES", "LEAVES", "READY", "SHOP", "STARTS", "Pod", "ending", "slice_of", "tried"]
