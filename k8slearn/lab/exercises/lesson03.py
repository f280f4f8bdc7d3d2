"""Lesson 03, watching: what changed while nobody listened (03.1), list and watch (03.2)."""

from __future__ import annotations

from k8slearn.lab.exercises.reflector import FOLLOWING
from k8slearn.lab.exercises.relist import AWAY

EXERCISES = (AWAY, FOLLOWING)
