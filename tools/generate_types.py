"""Writes `k8slearn/api/types.json`: the fields of every built-in kind and their types.

Run at development time only: ``python -m tools.generate_types``. It needs ``npm`` and the package
``lightkube-models``; the core reads nothing but the file it writes.

Three sources, because none says it all: the npm package `@kubernetes/client-node` (generated from
Kubernetes' OpenAPI document) has field names and formats such as int32; `lightkube-models` knows which
fields are required and which are quantities; and the two tables below hold what only the Go sources say.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from k8slearn.api.kinds import BUILTIN

CLIENT_NODE = "@kubernetes/client-node@2.0.1"  # OpenAPI of release-1.36
TARGET = Path(__file__).parent.parent / "k8slearn" / "api" / "types.json"

# Bodies of subresources: not resources of their own, but checked like them.
BODIES = (
    "policy/v1 Eviction",
    "autoscaling/v1 Scale",
    "authentication.k8s.io/v1 TokenRequest",
    "v1 DeleteOptions",
    "v1 Status",
)

# Maps whose values are quantities (Go: ResourceList), which OpenAPI calls strings.
RESOURCE_LISTS = """allocatable allocatedResources capacity default defaultRequest hard limits max
maxLimitRequestRatio min overhead requests used podFixed consumedCapacity""".split()

# Optional scalars that are pointers in Go: their zero (0, false, "") is kept, for it differs from absence.
# A name with a dot counts in that type only.
POINTERS = """
acquireTime activeDeadlineSeconds allocateLoadBalancerNodePorts allowPrivilegeEscalation allowVolumeExpansion
appProtocol automountServiceAccountToken averageUtilization averageValue backoffLimit backoffLimitPerIndex
blockOwnerDeletion collisionCount completionMode completionTime completions defaultMode
deletionGracePeriodSeconds deletionTimestamp enableServiceLinks endPort expirationSeconds failedIndexes
failedJobsHistoryLimit fsGroup fsGroupChangePolicy holderIdentity hostUsers hostnameOverride immutable
ingressClassName internalTrafficPolicy ipFamilyPolicy ipMode lastScheduleTime lastSuccessfulTime
leaseDurationSeconds leaseTransitions loadBalancerClass localhostProfile lun managedBy manualSelector
maxFailedIndexes maxSurge maxUnavailable minAvailable minDomains minReplicas mode mountPropagation
nodeAffinityPolicy nodeTaintsPolicy optional parallelism podReplacementPolicy preemptionPolicy
privileged procMount progressDeadlineSeconds readOnlyRootFilesystem ready reclaimPolicy recursiveReadOnly
remainingItemCount
renewTime revisionHistoryLimit runAsGroup runAsNonRoot runAsUser runtimeClassName selectPolicy serving
setHostnameAsFQDN shareProcessNamespace sizeLimit stabilizationWindowSeconds startTime started
startingDeadlineSeconds successfulJobsHistoryLimit supplementalGroupsPolicy suspend terminating
terminatingReplicas terminationGracePeriodSeconds time timeAdded timeZone tolerance tolerationSeconds
trafficDistribution ttlSecondsAfterFinished unhealthyPodEvictionPolicy volumeAttributesClassName
volumeBindingMode volumeMode zone
CSIVolumeSource.fsType CSIVolumeSource.readOnly ClientIPConfig.timeoutSeconds Container.restartPolicy
DeploymentSpec.replicas Endpoint.hostname Endpoint.nodeName EndpointAddress.nodeName
HorizontalPodAutoscalerStatus.observedGeneration HostPathVolumeSource.type LocalVolumeSource.fsType
MetricTarget.value MetricValueStatus.value NetworkPolicyPort.port NetworkPolicyPort.protocol
ObjectMeta.managedFields OwnerReference.controller PersistentVolumeClaimSpec.storageClassName PodDNSConfigOption.value
Preconditions.resourceVersion Preconditions.uid ReplicaSetSpec.replicas ReplicationControllerSpec.replicas
RollingUpdateStatefulSetStrategy.partition StatefulSetSpec.replicas TypedObjectReference.namespace
discovery/v1.EndpointPort.name discovery/v1.EndpointPort.port discovery/v1.EndpointPort.protocol
CSIDriverSpec.attachRequired CSIDriverSpec.fsGroupPolicy CSIDriverSpec.nodeAllocatableUpdatePeriodSeconds
CSIDriverSpec.podInfoOnMount CSIDriverSpec.preventPodSchedulingIfMissing CSIDriverSpec.requiresRepublish
CSIDriverSpec.seLinuxMount CSIDriverSpec.serviceAccountTokenInSecrets CSIDriverSpec.storageCapacity
CustomResourceDefinitionVersion.deprecationWarning DeleteOptions.gracePeriodSeconds
DeleteOptions.orphanDependents Device.allNodes Device.allowMultipleAllocations Device.bindsToNode
Device.nodeName DeviceAttribute.bool DeviceAttribute.int DeviceAttribute.string DeviceAttribute.version
DeviceClassSpec.extendedResourceName DeviceRequestAllocationResult.adminAccess ExactDeviceRequest.adminAccess
HorizontalPodAutoscalerSpec.targetCPUUtilizationPercentage
HorizontalPodAutoscalerStatus.currentCPUUtilizationPercentage JSONSchemaProps.maxItems
JSONSchemaProps.maxLength JSONSchemaProps.maxProperties JSONSchemaProps.maximum JSONSchemaProps.minItems
JSONSchemaProps.minLength JSONSchemaProps.minProperties JSONSchemaProps.minimum JSONSchemaProps.multipleOf
JSONSchemaProps.x-kubernetes-preserve-unknown-fields ResourceSliceSpec.allNodes ResourceSliceSpec.nodeName
ResourceSliceSpec.perDeviceNodeSelection ServiceReference.path ServiceReference.port PodSpec.priority
ValidatingWebhook.timeoutSeconds MutatingWebhook.timeoutSeconds ValidationRule.optionalOldSelf
VolumeAttachmentSource.persistentVolumeName VolumeError.errorCode VolumeNodeResources.count
WebhookClientConfig.url borrowingLimitPercent lendablePercent nominalConcurrencyShares
""".split()

# Fields that Go writes as null when nothing was said: times that are no pointers, a few lists.
NULLS = """
lastHeartbeatTime lastObservedTime lastProbeTime lastTransitionTime lastUpdateTime finishedAt startedAt
core/v1.Event.eventTime core/v1.Event.firstTimestamp core/v1.Event.lastTimestamp events/v1.Event.eventTime
events/v1.Event.deprecatedFirstTimestamp events/v1.Event.deprecatedLastTimestamp VolumeError.time
TokenRequestStatus.expirationTimestamp Role.rules ClusterRole.rules CSINodeSpec.drivers
HorizontalPodAutoscalerStatus.currentMetrics
""".split()

SCALARS = {
    ("string", ""): "string",
    ("string", "byte"): "bytes",
    ("number", "int32"): "int32",
    ("number", "int64"): "int64",
    ("number", "double"): "float",
    ("boolean", ""): "bool",
    ("Date", "date-time"): "time",
    ("V1MicroTime", "date-time-micro"): "microtime",
    ("IntOrString", "int-or-string"): "intorstring",
    ("any", ""): "any",
}
CLASS = re.compile(r"([A-Z][a-z]+)?V(\d+(?:(?:alpha|beta)\d+)?)([A-Z]\w*)")


class Models:
    """The two packages, opened. `models` is the folder of client-node's generated classes."""

    def __init__(self, models: Path) -> None:
        self.models = models
        self.required, self.quantities, self.packages = _lightkube()

    def fields(self, name: str) -> list[dict[str, str]]:
        source = (self.models / f"{name}.js").read_text()
        found = re.search(r"attributeTypeMap = (\[.*?\n\]);", source, re.DOTALL)
        return json.loads(found[1]) if found else []

    def named(self, api_version: str, kind: str) -> str:
        """The class of a kind: ``CoreV1Event``, ``V1Deployment``."""
        group, _, version = api_version.rpartition("/")
        prefix = (group.split(".")[0] or "core").capitalize()
        names = (f"{prefix}{version.capitalize()}{kind}", f"{version.capitalize()}{kind}")
        return next(name for name in names if (self.models / f"{name}.js").exists())

    def field_type(self, of: str, attribute: dict[str, str]) -> str:
        """``string?``: the type of one attribute of a client-node class, and its mark."""
        name = attribute["baseName"]
        return self.spelt(of, name, attribute["type"], attribute["format"]) + self.mark(of, name)

    def spelt(self, of: str, field: str, kind: str, form: str) -> str:
        """A field's type as types.json spells it: ``string``, ``[v1.Container]``, ``{quantity}``."""
        if kind.startswith("Array<"):
            return f"[{self.spelt(of, field, kind[6:-1], form)}]"
        if kind.startswith("{"):
            plain = kind[17:-3] == "string"
            value = (
                "quantity" if plain and field in RESOURCE_LISTS else self.spelt(of, field, kind[17:-3], form)
            )
            return f"{{{value}}}"
        if f"{of}.{field}" in self.quantities:
            return "quantity"
        return SCALARS.get((kind, form)) or go_name(kind)

    def mark(self, of: str, field: str) -> str:
        """``!`` always written; ``!!`` as null if need be (``?!!``: but it is not required); ``?`` zero differs
        from absence; nothing: zero is not written."""
        names = (field, f"{of}.{field}", f"{of.rpartition('.')[2]}.{field}")
        required = f"{of}.{field}" in self.required
        if any(name in NULLS for name in names):
            return "!!" if required else "?!!"
        if required:
            return "!"
        return "?" if any(name in POINTERS for name in names) else ""


def _lightkube() -> tuple[set[str], set[str], dict[str, list[str]]]:
    """(required fields, fields that are one quantity, the API groups in which there is a type of some name).

    Fields are listed with and without the group in their name.
    """
    spec = importlib.util.find_spec("lightkube")
    folder = Path(next(iter(spec.submodule_search_locations or []))) if spec else Path()
    required, quantities = set(), set()
    packages: dict[str, list[str]] = {}
    for path in sorted((folder / "models").glob("*_v[12].py")):
        for cls in (n for n in ast.parse(path.read_text()).body if isinstance(n, ast.ClassDef)):
            group, _, version = path.stem.rpartition("_")
            packages.setdefault(f"{version}.{cls.name}", []).append(group)
            for field in (n for n in cls.body if isinstance(n, ast.AnnAssign)):
                short = f"{version}.{cls.name}.{ast.unparse(field.target)}"
                if field.value is None:
                    required |= {short, f"{group}/{short}"}
                if "resource.Quantity" in ast.unparse(field.annotation):
                    quantities |= {short, f"{group}/{short}"}
    return required, quantities, packages


def by_package(models: Models, types: dict[str, dict[str, str]]) -> dict[str, list[str]]:
    """The types of each API group, and of ``meta``."""
    found: dict[str, list[str]] = {}
    for name in types:
        group, _, short = name.rpartition("/")
        found.setdefault(group or models.packages[short][0], []).append(name)
    return dict(sorted(found.items()))


def go_name(name: str) -> str:
    """``V1Pod`` is ``v1.Pod``; a group, where two types share a name, stands before a slash."""
    found = CLASS.fullmatch(name)
    if not found:
        raise ValueError(f"no table entry for {name}")
    group, version, kind = found.groups()
    return f"{group.lower()}/v{version}.{kind}" if group else f"v{version}.{kind}"


def reached(models: Models, roots: Iterator[str]) -> dict[str, dict[str, str]]:
    """Every type that can be met below the roots."""
    types: dict[str, dict[str, str]] = {}
    todo = list(roots)
    while todo:
        name = todo.pop()
        go = go_name(name)
        if go not in types:
            fields = models.fields(name)
            types[go] = {f["baseName"]: models.field_type(go, f) for f in fields}
            found = re.findall(r"\w*V\d\w+", " ".join(f["type"] for f in fields))
            todo += [t for t in found if t != "V1MicroTime"]
    return dict(sorted(types.items()))


def generate(models: Models) -> str:
    """The text of types.json: one type a line, so that changes can be read."""
    kinds = sorted([f"{r.api_version} {r.kind}" for r in BUILTIN] + list(BODIES))
    named = {kind: models.named(*kind.split()) for kind in kinds}
    types = reached(models, iter(named.values()))
    lines = [f"  {json.dumps(n)}: {json.dumps(t, sort_keys=True)}" for n, t in types.items()]
    roots = [f"  {json.dumps(k)}: {json.dumps(go_name(n))}" for k, n in named.items()]
    packages = [f'  "{p}": "{" ".join(names)}"' for p, names in by_package(models, types).items()]
    tables = (",\n".join(roots), ",\n".join(packages), ",\n".join(lines))
    return '{{"kinds": {{\n{}\n}},\n"packages": {{\n{}\n}},\n"types": {{\n{}\n}}}}\n'.format(*tables)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", CLIENT_NODE], cwd=folder, check=True)
        archive = next(Path(folder).glob("*.tgz"))
        subprocess.run(["tar", "xzf", archive.name], cwd=folder, check=True)
        TARGET.write_text(generate(Models(Path(folder, "package", "dist", "gen", "models"))))


if __name__ == "__main__":
    main()
