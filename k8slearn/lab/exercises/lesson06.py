"""Lesson 06, edge and level: a work queue (06.1), not one too many (06.2), and who has left (06.3)."""

from __future__ import annotations

from k8slearn.lab.exercises.choir import NOT_ONE_TOO_MANY
from k8slearn.lab.exercises.teams import WHO_HAS_LEFT
from k8slearn.lab.exercises.workqueue import QUEUE

EXERCISES = (QUEUE, NOT_ONE_TOO_MANY, WHO_HAS_LEFT)
