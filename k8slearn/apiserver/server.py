"""The API server: answers requests about one store. Nothing else in the cluster touches the store.

It has a table of verbs, and each verb is a few lines: reads select from the store, writes run the
stages of `pipeline` and then compare-and-swap. It never waits, never retries for a client, and never
does anything that was not asked for.

Kubernetes: apiserver/pkg/endpoints/handlers and registry/generic/registry/store.go.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from k8slearn.api import errors
from k8slearn.api.clock import Clock, Dice
from k8slearn.api.kinds import Kinds, Resource
from k8slearn.api.objects import Object, make_key, revision_of
from k8slearn.api.patches import apply_patch, check_options
from k8slearn.api.requests import ObjectList, Request, WatchEvent
from k8slearn.api.selectors import FieldSelector
from k8slearn.api.versions import convert, convert_all
from k8slearn.apiserver import deletion, listing, pipeline, strategy, subresources
from k8slearn.apiserver.admission import SIMULATED, Plugin
from k8slearn.apiserver.aggregation import elsewhere
from k8slearn.apiserver.aggregation.discovery import Catalogue
from k8slearn.apiserver.apply import apply
from k8slearn.apiserver.authentication.authenticator import Authenticator
from k8slearn.apiserver.extensions import Extensions, check_not_terminating
from k8slearn.apiserver.outside import Outside, nobody
from k8slearn.apiserver.pipeline import Write, parse_revision
from k8slearn.apiserver.rbac import Attributes, Authorizer, forbidden
from k8slearn.apiserver.watch import HasLabels, InNamespace, Matcher, ServerWatch, bookmark
from k8slearn.store import Store
from k8slearn.store.log import INDEXED_FIELDS, Mismatch


class ApiServer:
    """Implements `k8slearn.api.requests.Transport`: a client can be handed the server itself."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        dice: Dice | None = None,
        kinds: Kinds | None = None,
        admission: tuple[Plugin, ...] = SIMULATED,
    ) -> None:
        self.store = store
        self.clock = clock
        self.dice = dice or Dice()
        self.extensions = Extensions(self, kinds or Kinds())
        self.admission = admission
        #: Watchers hear that a pod is going before they hear that it is gone. Lessons are spared the double news.
        self.announces_deletion = False
        self.kubelets: Kubelets | None = None  # whoever knows what containers print
        self.outside: Outside = nobody  # whom it can ask
        self.catalogue = Catalogue(self)  # of what other servers serve
        self.turn: object = None  # set by whoever answers one request several times: see `lot`
        self.manages_fields = False  # keep managedFields at every write, not only for those who apply
        self.authorizer = Authorizer(store)
        self.authenticator = Authenticator(self)
        self.signing_key = self.dice.uid("service-account.key").encode()  # of the tokens of service accounts

    @property
    def kinds(self) -> Kinds:
        """Every kind that can be asked for now: the built-in ones, and those that are defined."""
        return self.extensions.kinds

    @property
    def lot(self) -> object:
        """What one roll of the dice has in common with no other: the revision, or the turn of the request.

        A request that had to wait for somebody else gets the same names and uids when it is answered again.
        """
        return self.store.revision if self.turn is None else self.turn

    def handle(self, request: Request) -> Any:
        """Answer one request, or raise an ApiError and have changed nothing."""
        kinds = self.kinds
        resource = kinds.named(request.resource)
        if isinstance(resource, elsewhere.Elsewhere):
            return elsewhere.forward(self, resource, request)
        if request.subresource and request.subresource not in resource.subresources:
            if resource.kind == "APIService" and request.subresource in elsewhere.LOOKS:
                return elsewhere.look(self, request)
            raise errors.no_such_resource()
        answer = _verb(resource, request)(self, resource, request)
        stored = kinds.stored(resource)
        if stored is resource and not (resource.definition and resource.definition.has_several_versions):
            return answer
        return _shown(answer, stored, resource)

    # --- reading ---

    def get(self, resource: Resource, request: Request) -> Object:
        if "resourceVersion" in request.options:
            wanted = parse_revision(request.options["resourceVersion"] or 0)
            listing.check_not_from_the_future(self, wanted)
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
        matches = self.selectors(resource, request)
        if request.namespace and resource.namespaced:
            matches.insert(0, InNamespace(request.namespace))
        stored = self.kinds.stored(resource)
        seen_as = None if stored is resource else partial(convert, source=stored, target=resource)
        return ServerWatch(cursor, resource.name, matches, initial, seen_as)

    def _initial_events(self, resource: Resource, request: Request) -> list[WatchEvent]:
        now = listing.select(
            self, resource, Request("list", resource, request.namespace, options=_selection(request))
        )
        events = [WatchEvent("ADDED", obj, revision_of(obj)) for obj in now]
        if request.options.get("sendInitialEvents"):
            end = bookmark(resource, now.revision, initial_events_end=True)
            events.append(WatchEvent("BOOKMARK", end, now.revision))
        return events

    def selectors(self, resource: Resource, request: Request) -> list[Matcher]:
        """What an object must be like to be meant by a request. Raises BadRequest."""
        found: list[Matcher] = []
        if request.options.get("labelSelector"):
            found.append(HasLabels(request.options["labelSelector"]))
        if request.options.get("fieldSelector"):
            found.append(FieldSelector.parse(request.options["fieldSelector"], resource).matches)
        return found

    # --- writing ---

    def create(self, resource: Resource, request: Request) -> Object:
        return self._insert(Write(request, resource, request.body))

    def _insert(self, write: Write) -> Object:
        check_not_terminating(write.resource)
        self.run(write, pipeline.CREATE)
        if write.request.verb != "create":
            self._authorize_create(write)
        write.request.created = True
        resource = write.resource
        try:
            return self.put(write, expect=0)
        except Mismatch:
            name = write.object["metadata"]["name"]
            raise errors.already_exists(resource.plural, resource.group, name) from None

    def update(self, resource: Resource, request: Request) -> Object:
        """Replace what is stored. Of a few kinds, an object that is not there yet is made."""
        try:
            old = self.get(resource, request)
        except errors.NotFound:
            self.run(Write(request, resource, request.body), pipeline.READ)
            if request.subresource or resource.kind not in strategy.CREATED_BY_UPDATE:
                raise
            return self._insert(Write(request, resource, request.body))
        return self._replace(resource, request, old, request.body)

    def patch(self, resource: Resource, request: Request) -> Object:
        """Patch what is stored now. Nobody else can write in between, so this cannot conflict,
        unless the patch itself names a resourceVersion."""
        check_options(request.options)
        kind = request.options.get("patchType", "merge")
        if kind == "apply":
            return self._apply(resource, request)
        old = self.get(resource, request)
        shown = convert(old, self.kinds.stored(resource), resource)
        return self._replace(resource, request, old, apply_patch(shown, request.body, kind, resource))

    def _apply(self, resource: Resource, request: Request) -> Object:
        """Server-side apply: the only patch that may create what it is applied to."""
        stored = self.kinds.stored(resource)
        old = self.store.get(resource.name, request.key)
        if old is None and request.subresource:
            raise errors.not_found(resource.plural, resource.group, request.name)
        shown = convert(old, stored, resource) if old is not None else None
        body = apply(self, resource, request, shown)
        if old is None:
            return self._insert(Write(request, resource, body))
        return self._replace(resource, request, old, body)

    def _authorize_create(self, write: Write) -> None:
        """To make an object by an update or a patch takes the permission to create one, too."""
        request, resource = write.request, write.resource
        if not self.store.list("clusterroles"):
            return  # a cluster in which nobody has said who may do what
        what = (request.namespace, resource.group, resource.version, resource.plural, "", request.name)
        asked = Attributes(request.user, "create", *what)
        allowed, reason = self.authorizer.authorize(asked)
        if not allowed:
            raise forbidden(asked, reason)

    def _replace(self, resource: Resource, request: Request, old: Object, body: Any) -> Object:
        write = Write(request, resource, body, old)
        self.run(write, pipeline.stages_for(write))
        return self.put(write, expect=revision_of(old))

    def run(self, write: Write, stages: tuple[pipeline.Stage, ...]) -> None:
        pipeline.run(self, write, stages)

    def put(self, write: Write, expect: int) -> Object:
        """Store what came out of the pipeline: unless it changes nothing, or was only a rehearsal."""
        new, old = write.object, write.old
        if old is not None and pipeline.unchanged(old, new):
            return old
        if write.request.options.get("dryRun"):
            self.store.compare(write.resource.name, write.key, expect)
            return new
        if old is not None and deletion.is_finished(new):
            self.store.delete(write.resource.name, write.key, expect)
            return new  # as it was asked for, at the version that nobody will see
        return self.store.put(write.resource.name, write.key, new, expect)

    # --- names ---

    def generate_name(self, resource: Resource, metadata: dict[str, Any]) -> str:
        """generateName plus five letters that nobody has yet."""
        stem, namespace = metadata["generateName"][:58], metadata.get("namespace", "")
        for attempt in range(8):
            name = stem + self.dice.suffix(self.lot, resource.name, stem, attempt)
            if self.store.get(resource.name, make_key(namespace, name)) is None:
                return name
        raise errors.already_exists(resource.plural, resource.group, name)


def _selection(request: Request) -> dict[str, Any]:
    return {k: v for k, v in request.options.items() if k.endswith("Selector")}


def _verb(resource: Resource, request: Request) -> Verb:
    """The function that answers; of the subresources, the status is read and written like the object itself."""
    if request.subresource:
        found = subresources.VERBS.get((request.verb, request.subresource))
        if found is None and request.subresource == "status" and request.verb in ("get", "update", "patch"):
            return VERBS[request.verb]
    else:
        table = VIRTUAL if resource.is_virtual else VERBS
        found = table.get(request.verb) if request.verb in resource.verbs else None
    if found is None:
        raise errors.not_allowed()
    return found


def _shown(answer: Any, stored: Resource, resource: Resource) -> Any:
    """What is stored in one version, as the version that was asked for shows it."""
    if isinstance(answer, ObjectList):
        answer[:] = convert_all(answer, stored, resource)
        return answer
    is_object = isinstance(answer, dict) and answer.get("kind") == stored.kind
    return convert(answer, stored, resource) if is_object else answer


Verb = Callable[[ApiServer, Resource, Request], Any]
#: (pod, container, previous, now) -> what it has printed
Kubelets = Callable[[Object, str, bool, float], "list[tuple[float, str]] | None"]

VERBS: dict[str, Verb] = {
    "get": ApiServer.get,
    "list": ApiServer.select,
    "create": ApiServer.create,
    "update": ApiServer.update,
    "patch": ApiServer.patch,
    "delete": deletion.delete,
    "deletecollection": deletion.delete_collection,
}

VIRTUAL: dict[str, Verb] = {"create": subresources.send, "list": ApiServer.select, "get": ApiServer.get}
"""Of kinds that are never stored: they are sent, answered, and forgotten. A list of them is empty."""
