"""Lesson 14, a server of one's own: who answers (14.1), the heart of an extension API server (14.2).

Each is in a file of its own; here is what the notebooks import.
"""

from __future__ import annotations

from k8slearn.lab.exercises.ferries import FERRIES, Clock, ferry, not_found
from k8slearn.lab.exercises.whoanswers import GROUP, WEATHER, WHO_ANSWERS, apiservice, parts

EXERCISES = (WHO_ANSWERS, FERRIES)

__all__ = ["EXERCISES", "GROUP", "WEATHER", "Clock", "apiservice", "ferry", "not_found", "parts"]
