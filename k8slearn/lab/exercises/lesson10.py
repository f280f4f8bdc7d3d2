"""Lesson 10, the node: when is it started again (10.1), which probes (10.2), who has to go (10.3)."""

from __future__ import annotations

from k8slearn.lab.exercises.asking import ASKING
from k8slearn.lab.exercises.evicting import EVICTING
from k8slearn.lab.exercises.restarting import RESTART

EXERCISES = (RESTART, ASKING, EVICTING)
