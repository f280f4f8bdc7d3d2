"""Lesson 02, the API server: Conflict (02.1), observedGeneration (02.2), giving up a field (02.3).

Each is in a file of its own; here is what the notebooks import.
"""

from __future__ import annotations

from k8slearn.lab.exercises.guestbook import COUNTING, visits
from k8slearn.lab.exercises.handover import HANDING_OVER, apply, only_replicas, without_replicas
from k8slearn.lab.exercises.rollout import ROLLED_OUT
from k8slearn.lab.exercises.servers import api_server, deployment

EXERCISES = (COUNTING, ROLLED_OUT, HANDING_OVER)

__all__ = ["EXERCISES", "api_server", "apply", "deployment", "only_replicas", "visits", "without_replicas"]
