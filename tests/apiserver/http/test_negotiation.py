"""In which form an answer is wanted."""

import pytest

from k8slearn.api.errors import NotAcceptable
from k8slearn.apiserver.http.negotiation import JSON, YAML, Form, negotiate

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PROTOBUF = "application/vnd.kubernetes.protobuf"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", Form(JSON)),
        ("*/*", Form(JSON)),
        ("application/*", Form(JSON)),
        ("application/yaml", Form(YAML)),
        (TABLE, Form(JSON, "Table")),
        (f"{TABLE},application/json", Form(JSON, "Table")),
        (f"{PROTOBUF},application/json", Form(JSON)),
        (f"{PROTOBUF};as=Table;v=v1;g=meta.k8s.io,{TABLE}", Form(JSON, "Table")),
        ("application/json;as=Table;v=v9;g=meta.k8s.io,application/json", Form(JSON)),
        ("application/json;q=0.1,application/yaml;q=0.9", Form(YAML)),
        ("application/json;stream=watch", Form(JSON)),
        ("application/json;q=nonsense", Form(JSON)),
    ],
)
def test_the_first_that_can_be_had_is_chosen(accept: str, form: Form) -> None:
    assert negotiate(accept) == form


@pytest.mark.parametrize("accept", ["text/html", PROTOBUF, "application/json;as=Table;v=v9;g=meta.k8s.io"])
def test_nothing_else_can_be_had(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        negotiate(accept)
