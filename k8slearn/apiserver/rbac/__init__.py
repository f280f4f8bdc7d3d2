"""Who may do what: role-based access control.

Duty: say yes or no to "may this user do that?", from the roles and bindings in the store; keep people from granting
what they do not have; let those who may act as somebody else. Knows nothing of HTTP and of where users come from.
Read first: `rules` (what one rule allows), `authorizer` (who has which rules), then `policy.yaml` (what a fresh
cluster has), `escalation`, `impersonation`, `node`.

Kubernetes: plugin/pkg/auth/authorizer/{rbac,node}, pkg/registry/rbac
"""

from k8slearn.apiserver.rbac.authorizer import Attributes, Authorizer, forbidden
from k8slearn.apiserver.rbac.bootstrap import bootstrap_objects
from k8slearn.apiserver.rbac.escalation import check_escalation
from k8slearn.apiserver.rbac.impersonation import impersonate

__all__ = ["Attributes", "Authorizer", "bootstrap_objects", "check_escalation", "forbidden", "impersonate"]
