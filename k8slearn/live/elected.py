"""``--leader-elect``: the controllers of a file, each of them behind an election it knows nothing of."""

from __future__ import annotations

from k8slearn.cluster import Component
from k8slearn.machinery import Controller, LeaderElected


def elected(operators: list[Component], namespace: str) -> list[Component]:
    """The same, each with a Lease of its own name. Those that hold elections anyway keep their own.

    Raises ValueError for what is no class, and so cannot be extended.
    """
    return [_elected(each, namespace) for each in operators]


def _elected(operator: Component, namespace: str) -> Component:
    if not (isinstance(operator, type) and issubclass(operator, Controller)):
        raise ValueError(
            f"--leader-elect: {operator!r} in OPERATORS is no class of controllers; let it extend "
            "k8slearn.machinery.LeaderElected itself, and say which lease"
        )
    if issubclass(operator, LeaderElected):
        return operator
    name = operator().full_name
    said = {"lease": f"{namespace}/{name}", "name": name, "__doc__": operator.__doc__}
    return type(operator.__name__, (LeaderElected, operator), said | {"__module__": operator.__module__})
