"""Chooses volumes together with the node: what is bound must be within reach, what is not gets a volume there.

A claim whose class waits for its first consumer is bound here: to a free volume that the node reaches, or, by the
annotation ``selected-node``, to one that is made for it. The pod is bound when all its claims are.

Kubernetes: pkg/scheduler/framework/plugins/volumebinding (volume_binding.go, binder.go)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from k8slearn.api.objects import Key, Object, annotations_of, dig, key_of, name_of, uid_of
from k8slearn.api.volumes import reference, requested
from k8slearn.scheduler.events import NODES, ClusterEvent
from k8slearn.scheduler.framework import CycleState, Plugin, Reasons, Wait
from k8slearn.scheduler.handle import Handle
from k8slearn.scheduler.nodeinfo import NodeInfo, PodInfo
from k8slearn.scheduler.volumes import (
    CLAIMS,
    CLASSES,
    NO_PROVISIONER,
    SELECTED_NODE,
    VOLUMES,
    PodClaims,
    allows,
    claims_in,
    class_of,
    has_claims,
    is_bound,
    matching_volume,
    reaches,
    sort_claims,
    trouble_with_claims,
)

UNBOUND = "pod has unbound immediate PersistentVolumeClaims"
OUT_OF_REACH = "node(s) had volume node affinity conflict"
NO_VOLUME = "node(s) didn't find available persistent volumes to bind"
NO_SUCH_VOLUME = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"
TIMED_OUT = "binding volumes: context deadline exceeded"
BOUND_BY_US = "pv.kubernetes.io/bound-by-controller"

Plan = dict[Key, str]  # claim -> the volume that it gets; "" if one is to be made


class VolumeBinding(Plugin):
    name = "VolumeBinding"
    needs = (CLAIMS, VOLUMES, CLASSES)
    events = (
        *NODES,
        *(
            f"{kind}/{action}"
            for kind in ("PersistentVolumeClaim", "PersistentVolume", "StorageClass")
            for action in ("Add", "Update")
        ),
    )

    def __init__(self, bind_timeout_seconds: float = 600) -> None:
        self.timeout = bind_timeout_seconds

    def looks_at(self, pod: PodInfo, handle: Any) -> Any:
        return None if has_claims(pod) else ()

    # --- the decision ---

    def pre_filter(self, pod: PodInfo, state: CycleState) -> Reasons:
        state.filtering = PodClaims()
        if not has_claims(pod):
            return None
        trouble = trouble_with_claims(pod, state.handle)
        if trouble:
            return trouble
        state.filtering = sort_claims(claims_in(pod, state.handle), state.handle)
        return UNBOUND if state.filtering.immediate else None

    def filter(self, pod: PodInfo, node: NodeInfo, state: CycleState) -> Reasons:
        claims: PodClaims = state.filtering
        reasons, machine = [], node.node or {}
        bound = [state.handle.get(VOLUMES, claim["spec"]["volumeName"]) for claim in claims.bound]
        if not all(reaches(volume, machine) for volume in bound if volume is not None):
            reasons.append(OUT_OF_REACH)
        if claims.delayed and self._plan(pod, claims, machine, state.handle) is None:
            reasons.append(NO_VOLUME)
        if None in bound:
            reasons.append(NO_SUCH_VOLUME)
        return reasons or None

    def _plan(self, pod: PodInfo, claims: PodClaims, node: Object, handle: Handle) -> Plan | None:
        """A volume for each claim that has none, the smallest claims first; None if it cannot be done here."""
        promised = {
            v for key, plan in handle.memory(self.name).items() if key != pod.key for v in plan.values()
        }
        plan: Plan = {}
        for claim in sorted(claims.delayed, key=requested):
            selected = annotations_of(claim).get(SELECTED_NODE)
            taken = promised | set(plan.values())
            free = (v for v in handle.list(VOLUMES) if name_of(v) not in taken)
            volume = None if selected else matching_volume(claim, free, node)
            if volume is not None:
                plan[key_of(claim)] = name_of(volume)
            elif (selected and selected != name_of(node)) or not _can_be_made(claim, node, handle):
                return None
            else:
                plan[key_of(claim)] = ""
        return plan

    # --- carrying it out ---

    def reserve(self, pod: PodInfo, node: str, handle: Handle) -> Reasons:
        if not has_claims(pod):
            return None
        claims, info = sort_claims(claims_in(pod, handle), handle), handle.snapshot.get(node)
        plan = self._plan(pod, claims, (info.node if info else None) or {}, handle)
        if plan is None:
            return NO_VOLUME
        if plan:
            handle.memory(self.name)[pod.key] = plan
        return None

    def unreserve(self, pod: PodInfo, node: str, handle: Handle) -> None:
        handle.memory(self.name).pop(pod.key, None)

    def post_bind(self, pod: PodInfo, node: str, handle: Handle) -> None:
        self.unreserve(pod, node, handle)

    def pre_bind(self, pod: PodInfo, node: str, handle: Handle) -> Wait | str | None:
        """Ask for what was planned, and wait until it is done. An error if that has become impossible."""
        plan: Mapping[Key, str] = handle.memory(self.name).get(pod.key, {})
        if not plan:
            return None
        if handle.snapshot.get(node) is None:
            return f'binding volumes: failed to get node "{node}": node "{node}" not found'
        done = True
        for key, volume in plan.items():
            claim = handle.get(CLAIMS, key)
            if claim is None:
                return f'binding volumes: failed to check binding: could not find v1.PersistentVolumeClaim "{key}"'
            if not is_bound(claim):
                done = False
                self._ask_for(claim, volume, node, handle)
        return None if done else Wait(self.timeout, TIMED_OUT)

    def _ask_for(self, claim: Object, volume: str, node: str, handle: Handle) -> None:
        """Once: what has been asked for already is not asked for again."""
        if not volume:
            if annotations_of(claim).get(SELECTED_NODE) != node:
                handle.client.patch(claim, patch={"metadata": {"annotations": {SELECTED_NODE: node}}})
            return
        known = handle.get(VOLUMES, volume)
        if known is not None and dig(known, "spec", "claimRef", "uid") != uid_of(claim):
            metadata: dict[str, Any] = {"resourceVersion": known["metadata"]["resourceVersion"]}
            if not dig(known, "spec", "claimRef"):
                metadata["annotations"] = {BOUND_BY_US: "yes"}
            handle.client.patch(known, patch={"metadata": metadata, "spec": {"claimRef": reference(claim)}})

    def helps(self, pod: PodInfo, event: ClusterEvent, handle: Any) -> bool:
        """Of claims, only its own."""
        if event.resource == "PersistentVolumeClaim":
            return key_of(event.object) in {key_of(c) for c in claims_in(pod, handle)}
        return True


def _can_be_made(claim: Object, node: Object, handle: Handle) -> bool:
    found = class_of(claim, handle)
    return found is not None and found["provisioner"] not in ("", NO_PROVISIONER) and allows(found, node)
