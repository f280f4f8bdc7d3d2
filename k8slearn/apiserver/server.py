"""The API server: answers requests about one store. Nothing else in the cluster touches the store.

It has a table of verbs, and each verb is a few lines: reads select from the store, writes run the
stages of `pipeline` and then compare-and-swap. It never waits, never retries for a client, and never
does anything that was not asked for.

Kubernetes: apiserver/pkg/endpoints/handlers and registry/generic/registry/store.go.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from k8slearn.api import errors
from k8slearn.api.clock import Clock, Dice
from k8slearn.api.kinds import Kinds, Resource
from k8slearn.api.objects import Object, make_key, revision_of
from k8slearn.api.patches import apply_patch
from k8slearn.api.requests import ObjectList, Request, WatchEvent
from k8slearn.api.selectors import FieldSelector
from k8slearn.apiserver import deletion, listing, pipeline, strategy, subresources
from k8slearn.apiserver.pipeline import Write, parse_revision
from k8slearn.apiserver.watch import HasLabels, InNamespace, Matcher, ServerWatch, bookmark
from k8slearn.store import Store
from k8slearn.store.log import INDEXED_FIELDS, Mismatch


class ApiServer:
    """Implements `k8slearn.api.requests.Transport`: a client can be handed the server itself."""

    def __init__(
        self, store: Store, clock: Clock, dice: Dice | None = None, kinds: Kinds | None = None
    ) -> None:
        self.store = store
        self.clock = clock
        self.dice = dice or Dice()
        self.kinds = kinds or Kinds()

    def handle(self, request: Request) -> Any:
        """Answer one request, or raise an ApiError and have changed nothing."""
        resource = self.kinds.named(request.resource)
        if request.subresource and request.subresource not in resource.subresources:
            raise errors.no_such_resource()
        verb = subresources.VERBS.get((request.verb, request.subresource)) or _verb(request)
        if verb is None:
            raise errors.not_allowed()
        return verb(self, resource, request)

    # --- reading ---

    def get(self, resource: Resource, request: Request) -> Object:
        if "resourceVersion" in request.options:
            listing.check_not_from_the_future(self, listing.parse(request.options))
        found = self.store.get(resource.name, request.key)
        if found is None:
            raise errors.not_found(resource.plural, resource.group, request.name)
        return found

    def select(self, resource: Resource, request: Request) -> ObjectList:
        return listing.select(self, resource, request)

    def watch(self, request: Request, bell: Callable[[], None] | None = None) -> ServerWatch:
        """Everything after ``options.resourceVersion``. Raises Expired if that has been forgotten.

        Who names no version, or asks for ``sendInitialEvents``, is first told what is there, as ADDED.
        """
        resource = self.kinds.named(request.resource)
        since = parse_revision(request.options.get("resourceVersion") or 0)
        initial: list[WatchEvent] = []
        if request.options.get("sendInitialEvents", since == 0):
            initial = self._initial_events(resource, request)
            since = self.store.revision
        since = since or self.store.revision
        topic: tuple[str, ...] = (resource.name,)
        fields = FieldSelector.parse(request.options.get("fieldSelector", ""), resource)
        for field in INDEXED_FIELDS.get(resource.name, ()):
            value = fields.exact(field)
            if value:
                topic = (resource.name, field, value)
        cursor = self.store.watch(topic, since, bell)
        return ServerWatch(cursor, resource.name, self.matchers(resource, request), initial)

    def _initial_events(self, resource: Resource, request: Request) -> list[WatchEvent]:
        matches, revision = self.matchers(resource, request), self.store.revision
        found = [o for o in self.store.list(resource.name) if all(m(o) for m in matches)]
        events = [WatchEvent("ADDED", obj, revision_of(obj)) for obj in found]
        if request.options.get("sendInitialEvents"):
            end = bookmark(resource, revision, initial_events_end=True)
            events.append(WatchEvent("BOOKMARK", end, revision))
        return events

    def matchers(self, resource: Resource, request: Request) -> list[Matcher]:
        matches: list[Matcher] = []
        if request.namespace and resource.namespaced:
            matches.append(InNamespace(request.namespace))
        if request.options.get("labelSelector"):
            matches.append(HasLabels(request.options["labelSelector"]))
        if request.options.get("fieldSelector"):
            matches.append(FieldSelector.parse(request.options["fieldSelector"], resource).matches)
        return matches

    # --- writing ---

    def create(self, resource: Resource, request: Request) -> Object:
        write = Write(request, resource, request.body)
        pipeline.run(self, write, pipeline.CREATE)
        try:
            return self.put(write, expect=0)
        except Mismatch:
            name = write.object["metadata"]["name"]
            raise errors.already_exists(resource.plural, resource.group, name) from None

    def update(self, resource: Resource, request: Request) -> Object:
        return self._replace(resource, request, self.get(resource, request), request.body)

    def patch(self, resource: Resource, request: Request) -> Object:
        """Patch what is stored now. Nobody else can write in between, so this cannot conflict,
        unless the patch itself names a resourceVersion."""
        old = self.get(resource, request)
        kind = request.options.get("patchType", "merge")
        return self._replace(resource, request, old, apply_patch(old, request.body, kind))

    def _replace(self, resource: Resource, request: Request, old: Object, body: Any) -> Object:
        write = Write(request, resource, body, old)
        pipeline.run(self, write, pipeline.stages_for(request))
        return self.put(write, expect=revision_of(old))

    def put(self, write: Write, expect: int) -> Object:
        """Store what came out of the pipeline: unless it changes nothing, or was only a rehearsal."""
        new, old = write.object, write.old
        if old is not None and pipeline.unchanged(old, new):
            return old
        if write.request.options.get("dryRun"):
            self.store.compare(write.resource.name, write.key, expect)
            return new
        if old is not None and deletion.is_finished(new):
            return self.store.delete(write.resource.name, write.key, expect)
        return self.store.put(write.resource.name, write.key, new, expect)

    def delete(self, resource: Resource, request: Request) -> Object:
        options = request.options
        deletion.check_options(options)
        obj = self.get(resource, request)
        if resource.kind == "Namespace" and request.name in strategy.IMMORTAL:
            raise errors.refused("namespaces", "", request.name, "this namespace may not be deleted")
        deletion.check_preconditions(resource, obj, options.get("preconditions") or {})
        finalizers = deletion.finalizers_after(obj, options.get("propagationPolicy"))
        grace = deletion.grace_period(resource, obj, options)
        doomed = deletion.marked(self, resource, obj, grace, finalizers)
        if pipeline.unchanged(obj, doomed):
            return doomed
        rehearsal = bool(options.get("dryRun"))
        if doomed["metadata"]["deletionGracePeriodSeconds"] or deletion.is_held(obj, finalizers):
            return (
                doomed if rehearsal else self.store.put(resource.name, request.key, doomed, revision_of(obj))
            )
        if not rehearsal:
            self.store.delete(resource.name, request.key, revision_of(obj))
        return deletion.answer(resource, doomed)

    def delete_collection(self, resource: Resource, request: Request) -> ObjectList:
        """Delete, one by one, everything that a list with the same selectors would show."""
        gone = self.select(resource, request)
        for obj in gone:
            m = obj["metadata"]
            one = Request("delete", request.resource, m.get("namespace", ""), m["name"])
            one.options = {k: v for k, v in request.options.items() if not k.endswith("Selector")}
            self.delete(resource, one)
        return gone

    # --- names ---

    def generate_name(self, resource: Resource, metadata: dict[str, Any]) -> str:
        """generateName plus five letters that nobody has yet."""
        stem, namespace = metadata["generateName"][:58], metadata.get("namespace", "")
        for attempt in range(8):
            name = stem + self.dice.suffix(self.store.revision, resource.name, stem, attempt)
            if self.store.get(resource.name, make_key(namespace, name)) is None:
                return name
        raise errors.already_exists(resource.plural, resource.group, name)


def _verb(request: Request) -> Verb | None:
    """The verb's own function; of the subresources, the status is read and written like the object itself."""
    allowed = {"": VERBS.keys(), "status": {"get", "update", "patch"}}
    return VERBS[request.verb] if request.verb in allowed.get(request.subresource, ()) else None


Verb = Callable[[ApiServer, Resource, Request], Any]

VERBS: dict[str, Verb] = {
    "get": ApiServer.get,
    "list": ApiServer.select,
    "create": ApiServer.create,
    "update": ApiServer.update,
    "patch": ApiServer.patch,
    "delete": ApiServer.delete,
    "deletecollection": ApiServer.delete_collection,
}
