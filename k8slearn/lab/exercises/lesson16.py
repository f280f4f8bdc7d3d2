"""Lesson 16, tens of thousands: who hears of a change (16.1), and a ranking that asks little (16.2).

Each is in a file of its own; here is what the notebooks import.
"""

from __future__ import annotations

from k8slearn.lab.exercises.cheapranking import CHEAP_RANKING
from k8slearn.lab.exercises.whohears import WHO_HEARS, selects

EXERCISES = (WHO_HEARS, CHEAP_RANKING)

__all__ = ["EXERCISES", "selects"]
