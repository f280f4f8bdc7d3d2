"""Expressions in objects of admission: they must compile, and say what they are asked for.

Kubernetes: pkg/apis/admissionregistration/validation/validation.go (validateCELCondition)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from k8slearn.api.errors import FieldError, invalid


def compiles(
    holder: Mapping[str, Any],
    field: str,
    path: str,
    names: Mapping[str, Any],
    *,
    kinds: tuple[str, ...] = ("bool",),
) -> Iterable[FieldError]:
    """The expression in `field`, if there is one. `kinds`: what it may evaluate to; () for anything."""
    from k8slearn.api import cel  # loaded where it is spoken

    expression = holder.get(field) or ""
    if not expression.strip():
        return
    try:
        found = cel.compile(expression, names).kind
    except cel.CelError as error:
        yield invalid(f"{path}.{field}", expression, f"compilation failed: {error}")
        return
    if kinds and found and found not in kinds:
        wanted = kinds[0] if len(kinds) == 1 else f"one of [{' '.join(kinds)}]"
        yield invalid(f"{path}.{field}", expression, f"must evaluate to {wanted} but got {found}")
