"""Lesson 15, no conductor: who is missing (15.1), whose hand it was (15.2), and from a conductor to a player (15.3)."""

from __future__ import annotations

from k8slearn.lab.exercises.recital import RECITALS
from k8slearn.lab.exercises.whocaused import WHOSE_HAND
from k8slearn.lab.exercises.whoismissing import WHO_IS_MISSING

EXERCISES = (WHO_IS_MISSING, WHOSE_HAND, RECITALS)
