"""Lesson 08, rollouts: one turn of a rolling update (08.1), and the version before (08.2)."""

from __future__ import annotations

from k8slearn.lab.exercises.nextsizes import NEXT_SIZES
from k8slearn.lab.exercises.undo import UNDO

EXERCISES = (NEXT_SIZES, UNDO)
