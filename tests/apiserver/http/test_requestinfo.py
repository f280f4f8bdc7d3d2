"""What a URL means."""

import pytest

from k8slearn.apiserver.http.messages import HttpRequest
from k8slearn.apiserver.http.requestinfo import request_info

CASES = """
GET    /api/v1/pods                                   list              pods
GET    /api/v1/namespaces/a/pods                      list              pods          ns=a
GET    /api/v1/namespaces/a/pods?watch=true           watch             pods          ns=a
GET    /api/v1/namespaces/a/pods?watch=0              list              pods          ns=a
GET    /api/v1/watch/namespaces/a/pods/b              watch             pods          ns=a name=b
GET    /api/v1/namespaces/a/pods/b/log                get               pods          ns=a name=b sub=log
POST   /api/v1/namespaces/a/pods/b/binding            create            pods          ns=a name=b sub=binding
DELETE /api/v1/namespaces/a/pods                      deletecollection  pods          ns=a
DELETE /api/v1/namespaces/a/pods/b                    delete            pods          ns=a name=b
GET    /api/v1/namespaces                             list              namespaces
GET    /api/v1/namespaces/a                           get               namespaces    ns=a name=a
PUT    /api/v1/namespaces/a/finalize                  update            namespaces    ns=a name=a sub=finalize
PUT    /api/v1/namespaces/a/status                    update            namespaces    ns=a name=a sub=status
PATCH  /apis/apps/v1/namespaces/a/deployments/b/scale patch             deployments   ns=a name=b sub=scale group=apps
HEAD   /apis/apps/v1/deployments                      list              deployments   group=apps
""".strip().splitlines()


@pytest.mark.parametrize("line", CASES)
def test_resource_urls(line: str) -> None:
    method, url, verb, resource, *rest = line.split()
    path, _, query = url.partition("?")
    want = dict(pair.split("=") for pair in rest)
    info = request_info(HttpRequest(method, path, query))
    assert info.is_resource
    assert (info.verb, info.resource, info.version) == (verb, resource, "v1")
    found = {"ns": info.namespace, "name": info.name, "sub": info.subresource, "group": info.group}
    assert {k: v for k, v in found.items() if v} == want


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/version", "/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1"]
)
def test_everything_else_is_known_by_its_path(path: str) -> None:
    info = request_info(HttpRequest("GET", path))
    assert (info.verb, info.path, info.is_resource) == ("get", path, False)
