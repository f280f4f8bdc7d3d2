"""CEL, the language of rules: in schemas of custom kinds, in admission policies, in conditions of webhooks.

Parsing and evaluating is celpy's (the `cel-python` package). What Kubernetes adds is ours: younger syntax (`syntax`),
optional values (`optionals`), more functions (`functions`, `nouns`), and a look at names and types before anything is
evaluated (`checker`).
Never: touch anything but the values it is given. An expression always says the same about the same values.
Read first: `expression`.

Kubernetes: apiserver/pkg/cel (environment, library), github.com/google/cel-go
"""

try:
    from k8slearn.api.cel.expression import CelError, Expression, compile  # noqa: A004 (Python's own is not meant)
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError("expressions in CEL need cel-python: pip install 'k8slearn[live]'") from missing
from k8slearn.api.cel.values import MISSING, optional_of

__all__ = ["MISSING", "CelError", "Expression", "compile", "optional_of"]
