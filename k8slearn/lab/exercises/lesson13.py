"""Lesson 13, operators: nobody invited twice (13.1), a bucket that does not leak (13.2), by the clock (13.3)."""

from __future__ import annotations

from k8slearn.lab.exercises.cheapcloud import NO_LEAK
from k8slearn.lab.exercises.doors import BY_THE_CLOCK
from k8slearn.lab.exercises.parties import INVITE_ONCE

EXERCISES = (INVITE_ONCE, NO_LEAK, BY_THE_CLOCK)
