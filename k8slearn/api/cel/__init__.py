"""CEL, the language of rules: in schemas of custom kinds, in admission policies, in conditions of webhooks.

Parsing and evaluating is celpy's (the `cel-python` package). What Kubernetes adds is ours: optional fields (`.?field`,
`orValue`), more functions (`functions`), and a look at the names before anything is evaluated (`checker`).
Never: touch anything but the values it is given. An expression always says the same about the same values.
Read first: `expression`.

Kubernetes: apiserver/pkg/cel (environment, library), github.com/google/cel-go
"""

from k8slearn.api.cel.expression import CelError, Expression, compile  # noqa: A004 (Python's own is not meant here)

__all__ = ["CelError", "Expression", "compile"]
