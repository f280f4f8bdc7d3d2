"""OpenAPI: the types and paths of the API as documents, made from `api/types.json` and the table of kinds.

Duty: answer ``/openapi/v3`` (an index, and one document for each group and version) and ``/openapi/v2``
(everything in one). kubectl reads them for ``explain`` and to find out what the server can validate.
Never: decide anything. What these documents say is known elsewhere.
Read first: `documents`, then `components` (types), `paths` (operations), `descriptions` (where texts come from).

Kubernetes: k8s.io/kube-openapi, apiserver/pkg/server/routes/openapi.go
"""

from k8slearn.apiserver.openapi.documents import document

__all__ = ["document"]
