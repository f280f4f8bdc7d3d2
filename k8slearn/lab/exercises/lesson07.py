"""Lesson 07, owners: a ReplicaSet controller (07.1), and the bug in a garbage collector (07.2)."""

from __future__ import annotations

from k8slearn.lab.exercises.leaves import COLLECTOR
from k8slearn.lab.exercises.replicasets import REPLICASETS

EXERCISES = (REPLICASETS, COLLECTOR)
