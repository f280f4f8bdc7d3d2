"""Kubernetes' own kinds, one row each: what ``kubectl api-resources`` prints.

Of several versions of a kind, the one named first is the one that is stored.
Kubernetes: the storage of each API group (pkg/registry/*/rest)
"""

from __future__ import annotations

from collections.abc import Iterator

from k8slearn.api.resources import VERBS, Resource


def _rows(group: str, version: str, table: str) -> Iterator[Resource]:
    """Rows of ``Kind plural scope [short,...] [subresource,...] [category,...] [verb,...]``; ``-`` is nothing."""
    for line in table.strip().splitlines():
        kind, plural, scope, *lists = (line.split() + ["-"] * 7)[:7]
        short, sub, categories, verbs = (tuple(w for w in words.split(",") if w != "-") for words in lists)
        yield Resource(group, version, kind, plural, scope == "ns", short, sub, categories, verbs or VERBS)


BUILTIN: tuple[Resource, ...] = (
    *_rows(
        "",
        "v1",
        """
        Pod                    pods                    ns       po      attach,binding,ephemeralcontainers,eviction,exec,log,portforward,proxy,resize,status  all
        Service                services                ns       svc     proxy,status         all
        ConfigMap              configmaps              ns       cm
        Secret                 secrets                 ns
        Endpoints              endpoints               ns       ep
        Event                  events                  ns       ev
        LimitRange             limitranges             ns       limits
        PersistentVolumeClaim  persistentvolumeclaims  ns       pvc     status
        PodTemplate            podtemplates            ns
        ReplicationController  replicationcontrollers  ns       rc      scale,status         all
        ResourceQuota          resourcequotas          ns       quota   status
        ServiceAccount         serviceaccounts         ns       sa      token
        Namespace              namespaces              cluster  ns      finalize,status      -    create,delete,get,list,patch,update,watch
        Node                   nodes                   cluster  no      proxy,status
        PersistentVolume       persistentvolumes       cluster  pv      status
        Binding                bindings                ns       -       -                    -    create
        ComponentStatus        componentstatuses       cluster  cs      -                    -    get,list
        """,  # noqa: E501
    ),
    *_rows(
        "apps",
        "v1",
        """
        ControllerRevision  controllerrevisions  ns
        DaemonSet           daemonsets           ns  ds      status        all
        Deployment          deployments          ns  deploy  scale,status  all
        ReplicaSet          replicasets          ns  rs      scale,status  all
        StatefulSet         statefulsets         ns  sts     scale,status  all
        """,
    ),
    *_rows(
        "batch",
        "v1",
        """
        CronJob  cronjobs  ns  cj  status  all
        Job      jobs      ns  -   status  all
        """,
    ),
    *_rows("autoscaling", "v2", "HorizontalPodAutoscaler horizontalpodautoscalers ns hpa status all"),
    *_rows("autoscaling", "v1", "HorizontalPodAutoscaler horizontalpodautoscalers ns hpa status all"),
    *_rows("policy", "v1", "PodDisruptionBudget poddisruptionbudgets ns pdb status"),
    *_rows("discovery.k8s.io", "v1", "EndpointSlice endpointslices ns"),
    *_rows("coordination.k8s.io", "v1", "Lease leases ns"),
    *_rows("scheduling.k8s.io", "v1", "PriorityClass priorityclasses cluster pc"),
    *_rows(
        "networking.k8s.io",
        "v1",
        """
        Ingress        ingresses        ns       ing     status
        IngressClass   ingressclasses   cluster
        NetworkPolicy  networkpolicies  ns       netpol
        IPAddress      ipaddresses      cluster  ip
        ServiceCIDR    servicecidrs     cluster  -       status
        """,
    ),
    *_rows(
        "storage.k8s.io",
        "v1",
        """
        StorageClass           storageclasses           cluster  sc
        CSIDriver              csidrivers               cluster
        CSINode                csinodes                 cluster
        CSIStorageCapacity     csistoragecapacities     ns
        VolumeAttachment       volumeattachments        cluster  -    status
        VolumeAttributesClass  volumeattributesclasses  cluster  vac
        """,
    ),
    *_rows(
        "rbac.authorization.k8s.io",
        "v1",
        """
        Role                roles                ns
        RoleBinding         rolebindings         ns
        ClusterRole         clusterroles         cluster
        ClusterRoleBinding  clusterrolebindings  cluster
        """,
    ),
    *_rows("events.k8s.io", "v1", "Event events ns ev"),
    *_rows(
        "admissionregistration.k8s.io",
        "v1",
        """
        MutatingAdmissionPolicy           mutatingadmissionpolicies          cluster  -  -       api-extensions
        MutatingAdmissionPolicyBinding    mutatingadmissionpolicybindings    cluster  -  -       api-extensions
        MutatingWebhookConfiguration      mutatingwebhookconfigurations      cluster  -  -       api-extensions
        ValidatingAdmissionPolicy         validatingadmissionpolicies        cluster  -  status  api-extensions
        ValidatingAdmissionPolicyBinding  validatingadmissionpolicybindings  cluster  -  -       api-extensions
        ValidatingWebhookConfiguration    validatingwebhookconfigurations    cluster  -  -       api-extensions
        """,
    ),
    *_rows(
        "apiextensions.k8s.io",
        "v1",
        "CustomResourceDefinition customresourcedefinitions cluster crd,crds status api-extensions",
    ),
    *_rows("apiregistration.k8s.io", "v1", "APIService apiservices cluster - status api-extensions"),
    *_rows(
        "certificates.k8s.io",
        "v1",
        "CertificateSigningRequest certificatesigningrequests cluster csr approval,status",
    ),
    *_rows("node.k8s.io", "v1", "RuntimeClass runtimeclasses cluster"),
    *_rows(
        "flowcontrol.apiserver.k8s.io",
        "v1",
        """
        FlowSchema                  flowschemas                  cluster  -  status
        PriorityLevelConfiguration  prioritylevelconfigurations  cluster  -  status
        """,
    ),
    *_rows(
        "resource.k8s.io",
        "v1",
        """
        DeviceClass            deviceclasses           cluster
        ResourceClaim          resourceclaims          ns       -  status
        ResourceClaimTemplate  resourceclaimtemplates  ns
        ResourceSlice          resourceslices          cluster
        """,
    ),
    *_rows(
        "authentication.k8s.io",
        "v1",
        """
        SelfSubjectReview  selfsubjectreviews  cluster  -  -  -  create
        TokenReview        tokenreviews        cluster  -  -  -  create
        """,
    ),
    *_rows(
        "authorization.k8s.io",
        "v1",
        """
        LocalSubjectAccessReview  localsubjectaccessreviews  ns       -  -  -  create
        SelfSubjectAccessReview   selfsubjectaccessreviews   cluster  -  -  -  create
        SelfSubjectRulesReview    selfsubjectrulesreviews    cluster  -  -  -  create
        SubjectAccessReview       subjectaccessreviews       cluster  -  -  -  create
        """,
    ),
)
