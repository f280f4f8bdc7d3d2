"""How kubectl words an API server's refusal for the person at the terminal.

Kubernetes: kubectl/pkg/cmd/util/helpers.go (StatusError, checkErr)
"""

from __future__ import annotations

from k8slearn.api.errors import ApiError, Invalid, NoKindMatch


def message_for(error: ApiError, source: str = "") -> str:
    """``The Deployment "web" is invalid: spec.replicas: Invalid value: ...``, or
    ``Error from server (NotFound): ...``; `source` names the file it was about.
    """
    if isinstance(error, Invalid) and error.details:
        return _invalid(error)
    if isinstance(error, NoKindMatch):
        return _no_kind(error, source)
    about = f'error when creating "{source}": ' if source else ""
    return f"Error from server ({error.reason}): {about}{error.message}"


def _no_kind(error: NoKindMatch, source: str) -> str:
    name, namespace = error.details["name"], error.details["namespace"]
    where = f' from "{source}"' if source else ""
    return (
        f'error: resource mapping not found for name: "{name}" namespace: "{namespace}"{where}: '
        f"{error.message}\nensure CRDs are installed first"
    )


def _invalid(error: Invalid) -> str:
    subject = f'The {error.details.get("kind", "object")} "{error.details.get("name", "")}" is invalid: '
    causes = [f"{c['field']}: {c['message']}" for c in error.causes]
    if len(causes) == 1:
        return subject + causes[0]
    return subject + "".join(f"\n* {cause}" for cause in causes)
