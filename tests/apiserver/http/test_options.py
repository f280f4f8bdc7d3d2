"""What a query says, and what is wrong with it."""

import pytest

from k8slearn.api.errors import BadRequest, Invalid
from k8slearn.apiserver.http.options import options_of
from k8slearn.apiserver.http.requestinfo import RequestInfo

MATCH = "resourceVersionMatch"


def options(verb: str, **query: str) -> dict[str, object]:
    return options_of(RequestInfo(verb, "/", True), query)


def test_parameters_have_types_and_what_is_not_a_parameter_is_left_out() -> None:
    found = options("list", limit="5", labelSelector="a=b", pretty="true", watch="1", resourceVersion="")
    assert found == {"limit": 5, "labelSelector": "a=b"}
    assert options("patch", force="true") == {"force": True}
    assert options("watch", allowWatchBookmarks="false") == {"allowWatchBookmarks": False}


def test_what_cannot_be_read_is_a_bad_request() -> None:
    with pytest.raises(BadRequest, match=r'strconv.ParseInt: parsing "abc": invalid syntax'):
        options("list", limit="abc")


@pytest.mark.parametrize(
    ("verb", "query", "field", "message"),
    [
        (
            "list",
            {"resourceVersionMatch": "Exact"},
            "resourceVersionMatch",
            "unless resourceVersion is provided",
        ),
        (
            "list",
            {"resourceVersionMatch": "Exact", "resourceVersion": "0"},
            "resourceVersionMatch",
            '"exact" is forbidden',
        ),
        (
            "list",
            {"resourceVersionMatch": "X", "resourceVersion": "1"},
            "resourceVersionMatch",
            'Unsupported value: "X"',
        ),
        ("list", {"sendInitialEvents": "true"}, "sendInitialEvents", "forbidden for list"),
        ("watch", {"sendInitialEvents": "true"}, MATCH, "requires setting"),
        (
            "watch",
            {"resourceVersionMatch": "NotOlderThan"},
            "resourceVersionMatch",
            "unless sendInitialEvents",
        ),
        (
            "create",
            {"dryRun": "Some"},
            "dryRun",
            'Unsupported value: []string{"Some"}: supported values: "All"',
        ),
        ("create", {"fieldValidation": "Never"}, "fieldValidation", 'Unsupported value: "Never"'),
        ("update", {"fieldManager": "x" * 129}, "fieldManager", "may not be more than 128 bytes"),
        ("patch", {"fieldManager": "a\tb"}, "fieldManager", "printable"),
    ],
)
def test_rules(verb: str, query: dict[str, str], field: str, message: str) -> None:
    with pytest.raises(Invalid) as refused:
        options(verb, **query)
    (cause,) = refused.value.causes
    assert cause["field"] == field
    assert message in cause["message"]
