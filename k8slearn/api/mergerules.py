"""Which parts of an object are one thing, and which lists are really maps: the table behind both merges.

Strategic merge patch and server-side apply ask the same question: when two people speak of the same list, do
they mean the whole list, or the items in it? The answers differ in a few places only, so they stand in one table.

Kubernetes: the ``patchStrategy``, ``patchMergeKey``, ``listType``, ``listMapKey``, ``mapType`` and ``structType``
tags in staging/src/k8s.io/api/*/*/types.go, as the OpenAPI document of v1.36 shows them.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple


class Rule(NamedTuple):
    """How one field merges.

    relation: for server-side apply: "atomic" (one thing), "set", "map" (a list whose items have keys), "granular".
    keys: the fields that tell the items of a "map" apart.
    patch: for strategic merge patch: "merge" or "replace".
    patch_key: the one field that tells items apart there; "" where the items are plain values.
    """

    relation: str
    keys: tuple[str, ...] = ()
    patch: str = "merge"
    patch_key: str = ""


# Field, relation and keys. Strategic merge goes by the first key unless a third word says otherwise:
# ``replace``, or the key. A name is that of the Go struct; ``group/v1.Name`` where one name is not enough.
FIELDS = """
ObjectMeta.finalizers                            set
ObjectMeta.ownerReferences                       map:uid
PodSpec.containers                               map:name
PodSpec.initContainers                           map:name
PodSpec.ephemeralContainers                      map:name
PodSpec.volumes                                  map:name
PodSpec.hostAliases                              map:ip
PodSpec.imagePullSecrets                         map:name
PodSpec.resourceClaims                           map:name
PodSpec.schedulingGates                          map:name
PodSpec.topologySpreadConstraints                map:topologyKey,whenUnsatisfiable
PodSpec.nodeSelector                             atomic                             merge
Container.env                                    map:name
Container.ports                                  map:containerPort,protocol
Container.volumeDevices                          map:devicePath
Container.volumeMounts                           map:mountPath
EphemeralContainer.env                           map:name
EphemeralContainer.ports                         map:containerPort,protocol
EphemeralContainer.volumeDevices                 map:devicePath
EphemeralContainer.volumeMounts                  map:mountPath
ResourceRequirements.claims                      map:name                           replace
ContainerRestartRuleOnExitCodes.values           set                                replace
PodStatus.conditions                             map:type
PodStatus.podIPs                                 map:ip
PodStatus.hostIPs                                atomic                             ip
PodStatus.resourceClaimStatuses                  map:name
ContainerStatus.allocatedResourcesStatus         map:name
ContainerStatus.volumeMounts                     map:mountPath
ResourceStatus.resources                         map:resourceID                     replace
NodeAllocatableResourceClaimStatus.containers    set                                replace
ServiceSpec.ports                                map:port,protocol
ServiceSpec.selector                             atomic                             merge
ServiceStatus.conditions                         map:type
ServiceAccount.secrets                           map:name
ReplicationControllerSpec.selector               atomic                             merge
ReplicationControllerStatus.conditions           map:type
NamespaceStatus.conditions                       map:type
NodeSpec.podCIDRs                                set
NodeStatus.addresses                             map:type
NodeStatus.conditions                            map:type
PersistentVolumeClaimStatus.conditions           map:type
PersistentVolumeSpec.claimRef                    granular
ComponentStatus.conditions                       map:type
DaemonSetStatus.conditions                       map:type
DeploymentStatus.conditions                      map:type
ReplicaSetStatus.conditions                      map:type
StatefulSetStatus.conditions                     map:type
JobStatus.conditions                             atomic                             type
PodFailurePolicyOnExitCodesRequirement.values    set                                replace
UncountedTerminatedPods.failed                   set                                replace
UncountedTerminatedPods.succeeded                set                                replace
HorizontalPodAutoscalerStatus.conditions         map:type
PodDisruptionBudgetSpec.selector                 atomic                             replace
PodDisruptionBudgetStatus.conditions             map:type
Endpoint.addresses                               set                                replace
Scheduling.nodeSelector                          atomic                             merge
CSIDriverSpec.volumeLifecycleModes               set                                replace
CSINodeSpec.drivers                              map:name
ServiceCIDRStatus.conditions                     map:type
ResourceClaimStatus.devices                      map:driver,device,pool,shareID     replace
ResourceClaimStatus.reservedFor                  map:uid
AllocatedDeviceStatus.conditions                 map:type                           replace
MutatingWebhookConfiguration.webhooks            map:name
ValidatingWebhookConfiguration.webhooks          map:name
MutatingWebhook.matchConditions                  map:name
ValidatingWebhook.matchConditions                map:name
MutatingAdmissionPolicySpec.matchConditions      map:name
ValidatingAdmissionPolicySpec.matchConditions    map:name
ValidatingAdmissionPolicySpec.variables          map:name
ValidatingAdmissionPolicyStatus.conditions       map:type                           replace
ValidatingAdmissionPolicyBindingSpec.validationActions  set                         replace
CertificateSigningRequestStatus.conditions       map:type                           replace
CustomResourceDefinitionStatus.conditions        map:type                           replace
APIServiceStatus.conditions                      map:type
JSONSchemaProps.x-kubernetes-validations         map:rule
FlowSchemaStatus.conditions                      map:type
PriorityLevelConfigurationStatus.conditions      map:type
NonResourcePolicyRule.nonResourceURLs            set                                replace
NonResourcePolicyRule.verbs                      set                                replace
ResourcePolicyRule.apiGroups                     set                                replace
ResourcePolicyRule.namespaces                    set                                replace
ResourcePolicyRule.resources                     set                                replace
ResourcePolicyRule.verbs                         set                                replace
"""

# Structs that are one thing wherever they stand: whoever applies a part of one owns all of it.
ATOMIC_STRUCTS = frozenset(
    """
    ConfigMapKeySelector EndpointAddress EndpointPort FileKeySelector LabelSelector LocalObjectReference
    MatchResources NamedRuleWithOperations NodeSelector NodeSelectorTerm ObjectFieldSelector ObjectReference
    OwnerReference ParamKind ParamRef ResourceFieldSelector RoleRef ScopeSelector SecretKeySelector
    SecretReference ServiceBackendPort TopologySelectorTerm TypedLocalObjectReference Variable
    rbac/v1.Subject v1.CrossVersionObjectReference
    """.split()
)

# What an item's key says when the item does not.
KEY_DEFAULTS = {"ContainerPort": {"protocol": "TCP"}, "ServicePort": {"protocol": "TCP"}}

# Structs that are not pointers in Go: they are there (perhaps empty) even when nobody mentioned them, so nobody
# ever adds them. A name alone counts in every struct but those after a minus sign.
ALWAYS_THERE = frozenset(
    """
    metadata spec status strategy updateStrategy scaleTargetRef jobTemplate template
    clientConfig current metric describedObject lastState state involvedObject source deprecatedSource regarding
    kubeletEndpoint daemonEndpoints nodeInfo preference loadBalancer podAffinityTerm backend roleRef target
    conditions priorityLevelConfiguration limitResponse
    Container.resources EphemeralContainer.resources PersistentVolumeClaimSpec.resources
    IngressServiceBackend.port NetworkPolicySpec.podSelector
    -ReplicationControllerSpec.template
    """.split()
)

GRANULAR, ATOMIC_LIST = Rule("granular"), Rule("atomic", patch="replace")


@cache
def _fields() -> dict[str, Rule]:
    return {name: _rule(*rest) for name, *rest in map(str.split, FIELDS.strip().splitlines()) if name}


def _rule(relation: str, patch: str = "") -> Rule:
    relation, _, keys = relation.partition(":")
    split = tuple(keys.split(",")) if keys else ()
    if patch in ("merge", "replace"):
        return Rule(relation, split, patch)
    return Rule(relation, split, "merge", patch or (split[0] if split else ""))


def rule_of(struct: str, field: str, spelt: str) -> Rule:
    """The rule for a field; `struct` and `spelt`, the field's type, as types.json spells them."""
    if found := _fields().get(f"{struct.rpartition('.')[2]}.{field}"):
        return found
    spelt = spelt.rstrip("!?")
    if spelt[0] == "[":
        return ATOMIC_LIST
    return (
        Rule("atomic") if spelt in ATOMIC_STRUCTS or spelt.rpartition(".")[2] in ATOMIC_STRUCTS else GRANULAR
    )


def is_always_there(struct: str, field: str) -> bool:
    """Is this struct-typed field no pointer in Go?"""
    name = f"{struct.rpartition('.')[2]}.{field}"
    return (field in ALWAYS_THERE and f"-{name}" not in ALWAYS_THERE) or name in ALWAYS_THERE
