"""Lesson 08, rollouts: one turn of a rolling update (08.1), the version before (08.2), and whose turn it is (08.3)."""

from __future__ import annotations

from k8slearn.lab.exercises.nextsizes import NEXT_SIZES
from k8slearn.lab.exercises.undo import UNDO
from k8slearn.lab.exercises.whosnext import WHOS_NEXT

EXERCISES = (NEXT_SIZES, UNDO, WHOS_NEXT)
