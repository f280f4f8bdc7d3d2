"""From a request to an answer: who asks, what is meant, do it.

**Who asks.** Clients never come here themselves. The cluster's API server has found out who they are and what
they may do; it passes their requests on and says in headers, X-Remote-User and its like, for whom. Anybody
can write such headers! They are worth something only because the connection shows a certificate that nobody
else has: the *front proxy's*, signed by a CA that signs nothing else. (Were it the CA of the cluster,
everybody with a client certificate would pass for the proxy.) That CA, and the name in the certificate, stand
in the ConfigMap kube-system/extension-apiserver-authentication. A request without the certificate is refused,
whatever it says. In a simulation `Call.as_proxy` stands for the certificate.

**May he.** The cluster's RBAC has said yes before anything came here. A cautious server asks once more, with
a SubjectAccessReview; this one does not.

Kubernetes: apiserver/pkg/authentication/request/headerrequest, sample-apiserver/pkg/registry
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import unquote

from k8slearn.api import errors
from k8slearn.api.clock import Clock, Dice
from k8slearn.api.errors import ApiError
from k8slearn.api.formats import dns_subdomain
from k8slearn.api.objects import Object, dig
from k8slearn.api.patches import apply_patch
from k8slearn.api.resources import Resource
from k8slearn.api.selectors import LabelSelector
from k8slearn.apiserver.http import HttpRequest, answers
from k8slearn.apiserver.http.negotiation import Form, negotiate
from k8slearn.apiserver.http.requestinfo import RequestInfo, request_info
from k8slearn.apiserver.outside import Call, Reply
from k8slearn.extension import documents
from k8slearn.extension.kinds import read_place, station_object, weather_object
from k8slearn.extension.stations import Station, Stations

PATCHES = {"application/merge-patch+json": "merge", "application/json-patch+json": "json"}
JSON = (("Content-Type", "application/json"),)


class WeatherServer:
    """Implements k8slearn.apiserver.outside.Program. `path`: the file of its stations."""

    def __init__(self, clock: Clock, path: str = ":memory:", dice: Dice | None = None) -> None:
        self.clock = clock
        self.dice = dice or Dice()
        self.stations = Stations(path)

    def __call__(self, call: Call) -> Reply:
        """Answer one request. Of a watch, what has happened so far."""
        http = read(call)
        try:
            if http.segments and http.segments[0] in ("healthz", "livez", "readyz"):
                return Reply(200, b"ok", (("Content-Type", "text/plain"),))
            user = identify(call, http)
            return self._answer(http, user)
        except ApiError as error:
            return refusal(error)
        except ValueError as error:  # a revision that is no number, a patch that is no JSON
            return refusal(errors.BadRequest(str(error)))

    def _answer(self, http: HttpRequest, user: str) -> Reply:
        info = request_info(http)
        row = documents.resource(info.version, info.resource) if info.is_resource else None
        if row is None:
            found = None if info.is_resource else documents.document(http.segments)
            if found is None:
                raise errors.no_such_resource()
            return Reply(200, answers.encode(found), JSON)
        if info.verb not in row.verbs or info.subresource:
            raise errors.not_allowed()
        form = negotiate(http.headers.get("accept", ""), stream=info.verb == "watch")
        if info.verb == "watch":
            return Reply(200, b"".join(line for _, line in self.events(http)), JSON)
        value = VERBS[info.verb](self, row, info, http, user)
        shown = self._shown(row, value, form, http)
        return Reply(201 if info.verb == "create" else 200, answers.encode(shown, form.media_type), JSON)

    def _shown(self, row: Resource, value: Object, form: Form, http: HttpRequest) -> Object:
        if form.shape != "Table" or value["kind"] == "Status":
            return value
        objects = value.get("items", [value])
        include = http.query.get("includeObject", "Metadata")
        return documents.table(row, objects, value["metadata"], self.clock.now, include)

    # --- reading ---

    def view(self, row: Resource, station: Station) -> Object:
        """What a kind and version show of a station."""
        if row.kind == "Weather":
            return weather_object(station, row.version, self.clock.now)
        return station_object(station, row.version)

    def get(self, row: Resource, info: RequestInfo, http: HttpRequest, user: str) -> Object:
        return self.view(row, self._find(row, info))

    def _find(self, row: Resource, info: RequestInfo) -> Station:
        found = self.stations.get(info.namespace, info.name)
        if found is None:
            raise errors.not_found(row.plural, row.group, info.name)
        return found

    def list(self, row: Resource, info: RequestInfo, http: HttpRequest, user: str) -> Object:
        items = [self.view(row, station) for station in self._meant(info, http)]
        metadata = {"resourceVersion": str(self.stations.revision)} if row.kind == "Station" else {}
        return {
            "kind": f"{row.kind}List",
            "apiVersion": row.api_version,
            "metadata": metadata,
            "items": items,
        }

    def _meant(self, info: RequestInfo, http: HttpRequest) -> Sequence[Station]:
        return list(filter(meant(info, http), self.stations.all(info.namespace)))

    def events(self, http: HttpRequest, since: int | None = None) -> Iterator[tuple[int, bytes]]:
        """(revision, line) of what a watch is told: what is there, if it names no revision; then what has happened."""
        info = request_info(http)
        row = documents.resource(info.version, info.resource)
        assert row is not None
        if since is None:
            since = int(http.query.get("resourceVersion") or 0)
        changes = self.stations.changes(since, info.namespace)
        if since == 0:
            changes = [("ADDED", station) for station in self.stations.all(info.namespace)]
        form = negotiate(http.headers.get("accept", ""), stream=True)
        is_meant = meant(info, http)
        for kind, station in changes:
            if is_meant(station):
                shown = self._shown(row, self.view(row, station), form, http)
                yield station.revision, answers.encode({"type": kind, "object": shown})

    # --- writing ---

    def create(self, row: Resource, info: RequestInfo, http: HttpRequest, user: str) -> Object:
        body = _object(http.body)
        name = dig(body, "metadata", "name", default="")
        if self.stations.get(info.namespace, name) is not None:
            raise errors.already_exists(row.plural, row.group, name)
        uid = self.dice.uid("station", info.namespace, name, self.stations.revision)
        new = Station(info.namespace, name, 0, 0, 0, user, "{}", "{}", uid, self.clock.now)
        return self._keep(row, new, body, http)

    def update(self, row: Resource, info: RequestInfo, http: HttpRequest, user: str) -> Object:
        return self._keep(row, self._find(row, info), _object(http.body), http)

    def patch(self, row: Resource, info: RequestInfo, http: HttpRequest, user: str) -> Object:
        old = self._find(row, info)
        kind = PATCHES.get(http.headers.get("content-type", "").partition(";")[0])
        if kind is None:
            raise errors.UnsupportedMediaType(f"this server takes no patches but {', '.join(PATCHES)}")
        patched = apply_patch(self.view(row, old), json.loads(http.body), kind)
        return self._keep(row, old, patched, http)

    def _keep(self, row: Resource, station: Station, body: Object, http: HttpRequest) -> Object:
        """Turn an object of one version into a row. Raises Invalid, Conflict."""
        place, said = read_place(body.get("spec"), row.version), body.get("metadata") or {}
        broken = [errors.invalid("metadata.name", station.name, why) for why in dns_subdomain(station.name)]
        if isinstance(place, list) or broken:
            found = place if isinstance(place, list) else []
            raise errors.invalid_object(row.kind, row.group, station.name, broken + found)
        if said.get("resourceVersion", str(station.revision)) != str(station.revision):
            why = (
                "the object has been modified; please apply your changes to the latest version and try again"
            )
            raise errors.conflict(row.plural, row.group, station.name, why)
        labels, annotations = (json.dumps(said.get(field) or {}) for field in ("labels", "annotations"))
        new = station._replace(
            latitude=place[0], longitude=place[1], height=place[2], labels=labels, annotations=annotations
        )
        if "dryRun" not in http.query and new != station:
            new = self.stations.put(new)
        return self.view(row, new)

    def delete(self, row: Resource, info: RequestInfo, http: HttpRequest, user: str) -> Object:
        gone = self.stations.delete(self._find(row, info))
        details = {"name": gone.name, "group": row.group, "kind": row.plural, "uid": gone.uid}
        head = {"kind": "Status", "apiVersion": "v1", "metadata": {}}
        return {**head, "status": "Success", "details": details}

    def deletecollection(self, row: Resource, info: RequestInfo, http: HttpRequest, user: str) -> Object:
        found = self.list(row, info, http, user)
        for station in self._meant(info, http):
            self.stations.delete(station)
        return found


VERBS: dict[str, Any] = {
    verb: getattr(WeatherServer, verb)
    for verb in ("get", "list", "create", "update", "patch", "delete", "deletecollection")
}


def read(call: Call) -> HttpRequest:
    """A call, as whoever receives it sees it."""
    path, _, query = call.target.partition("?")
    headers: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    for name, value in call.headers:
        headers.setdefault(name.lower(), value)
        repeated.setdefault(name.lower(), []).append(value)
    return HttpRequest(call.method, unquote(path), query, headers, call.body, repeated=repeated)


def identify(call: Call, http: HttpRequest) -> str:
    """The user for whom the cluster's API server asks. Raises Unauthorized if it is not the one who asks."""
    user = http.headers.get("x-remote-user", "")
    if not call.as_proxy or not user:
        raise errors.Unauthorized("Unauthorized")
    return user


def refusal(error: ApiError) -> Reply:
    return Reply(error.code, answers.encode(error.status()), JSON)


def _object(body: bytes) -> Object:
    found = json.loads(body)
    if not isinstance(found, dict) or not isinstance(found.get("metadata"), dict):
        raise errors.BadRequest("the body is not an object with metadata")
    return found


def meant(info: RequestInfo, http: HttpRequest) -> Callable[[Station], bool]:
    """Is a station what a request is about: by its name, by its labels? Raises BadRequest."""
    selector = LabelSelector.parse(http.query.get("labelSelector", ""))

    def is_meant(station: Station) -> bool:
        return info.name in ("", station.name) and selector.matches(json.loads(station.labels))

    return is_meant
