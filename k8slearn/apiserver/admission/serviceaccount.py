"""ServiceAccount: every pod acts as somebody, and is handed the token to prove it.

Kubernetes: plugin/pkg/admission/serviceaccount/admission.go
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from k8slearn.api.objects import Object, annotations_of, dig
from k8slearn.apiserver.admission.plugin import CREATE, UPDATE, Plugin, forbidden, forbidden_early

if TYPE_CHECKING:
    from k8slearn.apiserver.pipeline import Write
    from k8slearn.apiserver.server import ApiServer

MIRROR = "kubernetes.io/config.mirror"  # marks the picture of a pod that a kubelet runs on its own account
VOLUME = "kube-api-access-"
MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
TOKEN_SECONDS = 3607  # an hour, and a little more that tells such tokens from others


class ServiceAccount(Plugin):
    name = "ServiceAccount"
    kinds = frozenset(["pods"])
    operations = frozenset([CREATE])

    def admit(self, server: ApiServer, write: Write) -> None:
        pod = write.object
        if MIRROR in annotations_of(pod):
            return
        name = _name_account(pod)
        account = server.store.get("serviceaccounts", f"{write.request.namespace}/{name}")
        if account is None:
            where = f"{write.request.namespace}/{name}"
            why = f'error looking up service account {where}: serviceaccount "{name}" not found'
            raise forbidden_early(write, why)
        if _wants_token(pod, account):
            _mount_token(pod, VOLUME + server.dice.suffix(server.lot, "token", write.key))
        if not pod["spec"].get("imagePullSecrets") and account.get("imagePullSecrets"):
            pod["spec"]["imagePullSecrets"] = [{**secret} for secret in account["imagePullSecrets"]]

    def validate(self, server: ApiServer, write: Write) -> None:
        if MIRROR in annotations_of(write.object):
            _check_mirror(write)


class ServiceAccountName(Plugin):
    """The part of it that a simulation has: a name, and no questions asked."""

    name = "ServiceAccount"
    kinds = frozenset(["pods"])
    operations = frozenset([CREATE, UPDATE])

    def admit(self, server: ApiServer, write: Write) -> None:
        _name_account(write.object)


def _name_account(pod: Object) -> str:
    spec = pod["spec"]
    name: str = spec.get("serviceAccountName") or spec.get("serviceAccount") or "default"
    spec["serviceAccountName"] = spec["serviceAccount"] = name
    return name


def _wants_token(pod: Object, account: Object) -> bool:
    said = [o.get("automountServiceAccountToken") for o in (pod["spec"], account)]
    return next((answer for answer in said if answer is not None), True)


def _mount_token(pod: Object, fresh_name: str) -> None:
    """Mount the token into every container that has nothing else in its place."""
    spec = pod["spec"]
    volumes = [v["name"] for v in spec.get("volumes") or () if v.get("name", "").startswith(VOLUME)]
    name = volumes[0] if volumes else fresh_name
    bare = [
        container
        for where in ("initContainers", "containers")
        for container in spec.get(where) or ()
        if all(mount.get("mountPath") != MOUNT_PATH for mount in container.get("volumeMounts") or ())
    ]
    for container in bare:
        mount = {"name": name, "readOnly": True, "mountPath": MOUNT_PATH}
        container["volumeMounts"] = [*(container.get("volumeMounts") or ()), mount]
    if bare and not volumes:
        spec["volumes"] = [*(spec.get("volumes") or ()), {"name": name, "projected": token_volume()}]


def token_volume() -> Object:
    """What a pod needs to talk to the API server: a token, the authority to trust, its own namespace."""
    namespace = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    return {
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": TOKEN_SECONDS, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": namespace}]}},
        ],
        "defaultMode": 0o644,
    }


def _check_mirror(write: Write) -> None:
    """A kubelet may show what it runs, and gains no access by it."""
    spec = write.object["spec"]
    if spec.get("serviceAccountName"):
        raise forbidden(write, "a mirror pod may not reference service accounts")
    volumes = spec.get("volumes") or []
    if any("secret" in v for v in volumes):
        raise forbidden(write, "a mirror pod may not reference secrets")
    sources = [s for v in volumes for s in dig(v, "projected", "sources", default=[])]
    if any("serviceAccountToken" in s for s in sources):
        raise forbidden(write, "a mirror pod may not use ServiceAccountToken volume projections")
