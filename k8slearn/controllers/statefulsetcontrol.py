"""One look at one StatefulSet: which pods there are, which there should be, and one step towards that.

Kubernetes: pkg/controller/statefulset (stateful_set_control.go, stateful_pod_control.go)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from k8slearn.api.errors import AlreadyExists, ApiError, Conflict, NotFound
from k8slearn.api.objects import Object, dig, edit, is_deleting, key_of, name_of, owners_of, uid_of
from k8slearn.controllers.pods import is_ready, ready_for
from k8slearn.controllers.rollout import resolve
from k8slearn.controllers.statefulsetpods import (
    claim_owners,
    identity_matches,
    in_range,
    is_stale,
    new_claims,
    new_pod,
    ordinal_of,
    revision_of_pod,
    start_of,
    with_identity,
)
from k8slearn.machinery import Controller


class Roll:
    """One look at one StatefulSet: which pods there are, which there should be, and one step towards that."""

    def __init__(
        self,
        controller: Controller,
        sset: Object,
        pods: list[Object],
        current: Object,
        update: Object,
    ) -> None:
        self.client, self.events, self.cache = controller.client, controller.events, controller.cache
        self.now = controller.clock.now
        self.sset, self.spec, self.pods = sset, sset["spec"], list(pods)
        self.current, self.update = current, update
        self.ordered = self.spec.get("podManagementPolicy", "OrderedReady") == "OrderedReady"
        self.there = {ordinal_of(p): p for p in pods}
        first = start_of(sset)
        self.ordinals = range(first, first + self.spec["replicas"])
        self.condemned = [p for p in reversed(self.pods) if not in_range(sset, ordinal_of(p))]

    def turn(self) -> None:
        """Replicas first, from the bottom; then what is too much, from the top; then what is out of date."""
        if self._all(self._keep, self.ordinals):
            return
        for pod in self.condemned:
            self._own_claims(pod)
        if self._all(self._condemn, self.condemned):
            return
        if dig(self.spec, "updateStrategy", "type") != "OnDelete":
            self._update()

    def _all(self, act: Callable[[Any], bool], items: Iterable[Any]) -> bool:
        """In order: True when one has to be waited for, and nothing is done beyond it. Else all at once."""
        if self.ordered:
            return any(map(act, items))
        for item in items:
            act(item)
        return False

    # --- one pod: each answers "does the next one have to wait?" ---

    def _keep(self, ordinal: int) -> bool:
        pod = self.there.get(ordinal)
        if pod is None:
            return self._create(ordinal)
        if dig(pod, "status", "phase") in ("Failed", "Succeeded"):
            if not is_deleting(pod):
                self._delete(pod)
            return True
        if dig(pod, "status", "phase") == "Pending":
            self._create_claims(pod, ordinal)
        if self.ordered and (is_deleting(pod) or not self._is_available(pod)):
            return True
        self._own_claims(pod)
        if not identity_matches(self.sset, pod):
            self._put_right(pod)
        return False

    def _condemn(self, pod: Object) -> bool:
        if is_deleting(pod):
            return True
        if self.ordered and not self._is_available(pod) and pod is not self._first_unhealthy():
            return True
        self._delete(pod)
        return True

    def _first_unhealthy(self) -> Object | None:
        """The unhealthy pod with the lowest ordinal: the only one that may go although it is not well."""
        return next((p for p in self.pods if is_deleting(p) or not is_ready(p)), None)

    def _update(self) -> None:
        """From the top, replace what is out of date, as long as not too many are missing."""
        strategy = dig(self.spec, "updateStrategy", "rollingUpdate", default={})
        most = max(resolve(strategy.get("maxUnavailable", 1), len(self.ordinals), up=True), 1)
        missing = 0
        for ordinal in reversed(self.ordinals[strategy.get("partition", 0) :]):
            pod = self.there.get(ordinal)
            if pod is not None and revision_of_pod(pod) != name_of(self.update) and not is_deleting(pod):
                self._delete(pod)
                missing += 1
            elif pod is None or is_deleting(pod) or not self._is_available(pod):
                missing += 1
            if missing >= most:
                return

    def _is_available(self, pod: Object) -> bool:
        return ready_for(pod, self.now) >= self.spec.get("minReadySeconds", 0)

    # --- writing ---

    def _revision_for(self, ordinal: int) -> Object:
        """Below the partition, pods are made as they were."""
        strategy = self.spec.get("updateStrategy") or {}
        partition = dig(strategy, "rollingUpdate", "partition", default=0)
        rolling = strategy.get("type", "RollingUpdate") == "RollingUpdate"
        return self.current if rolling and ordinal < start_of(self.sset) + partition else self.update

    def _create(self, ordinal: int) -> bool:
        pod = new_pod(self.sset, ordinal, self._revision_for(ordinal))
        if not self._create_claims(pod, ordinal):
            return True
        try:
            made = self.client.create(pod)
        except AlreadyExists:
            return True  # we shall hear of it
        except ApiError as error:
            self._tell("create", f"Pod {name_of(pod)} in StatefulSet {name_of(self.sset)}", error)
            raise
        self._tell("create", f"Pod {name_of(pod)} in StatefulSet {name_of(self.sset)}")
        self.there[ordinal] = made
        self.pods.append(made)
        return True

    def _delete(self, pod: Object) -> None:
        what = f"Pod {name_of(pod)} in StatefulSet {name_of(self.sset)}"
        try:
            self.client.delete(pod, preconditions={"uid": uid_of(pod)})
        except (NotFound, Conflict):
            return  # another has its name by now, or nobody: we shall hear of it
        except ApiError as error:
            self._tell("delete", what, error)
            raise
        self._tell("delete", what)
        index = next(i for i, p in enumerate(self.pods) if p is pod)
        self.pods[index] = {**pod, "metadata": {**pod["metadata"], "deletionTimestamp": "now"}}

    def _put_right(self, pod: Object) -> None:
        what = f"Pod {name_of(pod)} in StatefulSet {name_of(self.sset)}"
        try:
            self.client.update(edit(with_identity(self.sset, pod)))
        except (NotFound, Conflict):
            return
        except ApiError as error:
            self._tell("update", what, error)
            raise
        self._tell("update", what)

    def _create_claims(self, pod: Object, ordinal: int) -> bool:
        """Make the claims that are not there. False when one of an earlier pod must go first."""
        for wanted in new_claims(self.sset, ordinal):
            known = self.cache.get("persistentvolumeclaims", key_of(wanted))
            if known is not None:
                if is_stale(known, pod):
                    return False
                continue
            what = f"Claim {name_of(wanted)} {{}}Pod {name_of(pod)} in StatefulSet {name_of(self.sset)}"
            wanted["metadata"]["ownerReferences"] = self._first_owners(wanted, pod)
            try:
                self.client.create(wanted)
            except AlreadyExists:
                continue
            except ApiError as error:
                self._tell("create", what.format("for "), error)
                raise
            self._tell("create", what.format(""), done="success")
        return True

    def _first_owners(self, claim: Object, pod: Object) -> list[Object]:
        return claim_owners(self.sset, claim, pod) if in_range(self.sset, ordinal_of(pod)) else []

    def _own_claims(self, pod: Object) -> None:
        """Let the claims' owners be as the retention policy wants them."""
        for wanted in new_claims(self.sset, ordinal_of(pod)):
            known = self.cache.get("persistentvolumeclaims", key_of(wanted))
            if known is None or is_deleting(known):
                continue
            owners = claim_owners(self.sset, known, pod)
            if owners != owners_of(known):
                changed = edit(known)
                changed["metadata"]["ownerReferences"] = owners
                self.client.update(changed)

    def _tell(self, verb: str, what: str, error: ApiError | None = None, done: str = "successful") -> None:
        if error is None:
            self.events.normal(self.sset, f"Successful{verb.title()}", f"{verb} {what} {done}")
        else:
            self.events.warning(self.sset, f"Failed{verb.title()}", f"{verb} {what} failed error: {error}")

    # --- status ---

    def status(self, now: float) -> dict[str, Any]:
        """What there is after this turn. A rollout that is through makes the new revision the current one."""
        wait, staying = self.spec.get("minReadySeconds", 0), [p for p in self.pods if not is_deleting(p)]
        current, update = name_of(self.current), name_of(self.update)
        counts = {
            "replicas": len(self.pods),
            "readyReplicas": sum(map(is_ready, self.pods)),
            "availableReplicas": sum(ready_for(p, now) >= wait for p in self.pods),
            "currentReplicas": sum(revision_of_pod(p) == current for p in staying),
            "updatedReplicas": sum(revision_of_pod(p) == update for p in staying),
        }
        through = {counts[f] for f in ("updatedReplicas", "readyReplicas", "replicas")} == {
            self.spec["replicas"]
        }
        if through and dig(self.spec, "updateStrategy", "type") == "RollingUpdate":
            counts["currentReplicas"], current = counts["updatedReplicas"], update
        always = ("replicas", "availableReplicas")
        return {
            "observedGeneration": self.sset["metadata"]["generation"],
            **{field: n for field, n in counts.items() if n or field in always},
            "currentRevision": current,
            "updateRevision": update,
        }
