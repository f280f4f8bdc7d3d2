"""Lesson 12, custom resources: a schema (12.1), rules about a change (12.2), a converter that loses nothing (12.3).

Each is in a file of its own; here is what the notebooks import.
"""

from __future__ import annotations

from k8slearn.lab.exercises.cards import RULES_ABOUT_CHANGE, changed
from k8slearn.lab.exercises.orders import A_SCHEMA_FOR_ORDERS, taken
from k8slearn.lab.exercises.teahouse import definition, schema, teapot, teapots, version
from k8slearn.lab.exercises.translator import A_CONVERTER, SCHEMAS

EXERCISES = (A_SCHEMA_FOR_ORDERS, RULES_ABOUT_CHANGE, A_CONVERTER)

__all__ = [
    "EXERCISES",
    "SCHEMAS",
    "changed",
    "definition",
    "schema",
    "taken",
    "teapot",
    "teapots",
    "version",
]
