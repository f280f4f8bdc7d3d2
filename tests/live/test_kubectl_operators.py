"""The kinds of our own operators, by stock kubectl, while the operators run: outputs to the letter."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.live.kubectl import kubectl, needed
from tests.up import COMMAND, PATIENCE, Up

pytestmark = needed
ROOT = Path(__file__).parents[2]
CRDS = ROOT / "k8slearn" / "operators" / "crds"
EXAMPLES = ROOT / "examples" / "operators"
OPERATORS = Path(__file__).with_name("operators_all.py")
KINDS = (
    "buckets.cloud.example.com",
    "databases.example.com",
    "rotations.example.com",
    "websites.example.com",
)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Everything applied, and everything as it was asked for."""
    folder = tmp_path_factory.mktemp("operators")
    with Up(folder, "--nodes", "1", "--stages", "hollow") as running:
        kubectl(running, "apply", "-f", str(CRDS))
        kubectl(running, "wait", "--for=condition=Established", *(f"crd/{kind}" for kind in KINDS))
        for name in ("bucket", "rotation", "website"):
            kubectl(running, "apply", "--server-side", "-f", str(EXAMPLES / f"{name}.yaml"))
        with operators(running, folder):
            wait(running, "condition=Ready", "buckets/photos", "buckets/invoices", "rotations/session-key")
            wait(running, "condition=Available", "websites/bakery")
            yield running


@contextmanager
def operators(up: Up, folder: Path) -> Iterator[None]:
    command = [COMMAND, "run", str(OPERATORS), "--kubeconfig", str(up.kubeconfig)]
    env = {**os.environ, "CLOUD": str(folder / "cloud.json")}
    with (
        (folder / "operators.log").open("w") as log,
        subprocess.Popen(command, stderr=log, env=env) as process,
    ):
        try:
            yield
        finally:
            process.terminate()


def wait(up: Up, what: str, *objects: str) -> None:
    kubectl(up, "wait", f"--for={what}", f"--timeout={PATIENCE:g}s", *objects)


# --- apply -----------------------------------------------------------------------------------------


def test_applying_the_definitions_again_changes_nothing(up: Up) -> None:
    said = kubectl(up, "apply", "-f", str(CRDS)).splitlines()
    assert said == [f"customresourcedefinition.apiextensions.k8s.io/{kind} unchanged" for kind in KINDS]


def test_server_side_apply(up: Up) -> None:
    apply = ("apply", "--server-side", "-f", str(EXAMPLES / "bucket.yaml"))
    photos, invoices = "bucket.cloud.example.com/photos", "bucket.cloud.example.com/invoices"
    assert kubectl(up, *apply) == f"{photos} serverside-applied\n{invoices} serverside-applied"
    theirs = kubectl(up, *apply, "--field-manager=other", "--dry-run=server")
    assert (
        theirs
        == f"{photos} serverside-applied (server dry run)\n{invoices} serverside-applied (server dry run)"
    )
    wanted = (EXAMPLES / "bucket.yaml").read_text().replace("versioning: true", "versioning: false")
    other = ("apply", "--server-side", "--field-manager=other", "-f", "-")
    conflict = 'Apply failed with 1 conflict: conflict with "kubectl": .spec.versioning'
    assert conflict in kubectl(up, *other, given=wanted, code=1)


def test_each_writer_owns_what_it_has_said(up: Up) -> None:
    """The user the wishes, the operator its finalizer and the status; defaults are nobody's."""
    found = json.loads(kubectl(up, "get", "bkt", "photos", "-o", "json", "--show-managed-fields"))
    entries = found["metadata"]["managedFields"]
    assert {(e["manager"], e["operation"], e.get("subresource", "")): [*e["fieldsV1"]] for e in entries} == {
        ("kubectl", "Apply", ""): ["f:spec"],
        ("k8slearn", "Update", ""): ["f:metadata"],
        ("k8slearn", "Update", "status"): ["f:status"],
    }
    assert entries[0]["fieldsV1"] == {"f:spec": {"f:region": {}, "f:versioning": {}}}


# --- get -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bkt", "bucket", "buckets.cloud.example.com", "cloud"])
def test_buckets_by_all_their_names(up: Up, name: str) -> None:
    assert kubectl(up, "get", name).splitlines() == [
        "NAME  REGION  ID  READY  AGE",
        "invoices  south  bucket-1  True  <age>",
        "photos  north  bucket-2  True  <age>",
    ]


WIDE = {
    "bkt": [
        "NAME  REGION  ID  READY  POLICY  AGE",
        "invoices  south  bucket-1  True  Retain  <age>",
        "photos  north  bucket-2  True  Delete  <age>",
    ],
    "site": [
        "NAME  DESIRED  READY  AVAILABLE  IMAGE  AGE",
        "bakery  2  2  True  registry.example/web:1  <age>",
    ],
}


@pytest.mark.parametrize("name", WIDE)
def test_columns_of_less_weight_are_shown_to_who_asks_for_them(up: Up, name: str) -> None:
    assert kubectl(up, "get", name, "-o", "wide").splitlines() == WIDE[name]


def test_a_rotation_shows_when_it_was_and_when_it_will_be(up: Up) -> None:
    head, row = kubectl(up, "get", "rot").splitlines()
    assert head == "NAME  SECRET  EVERY  LAST  NEXT"
    assert re.fullmatch(r"session-key  session-key  3600  <age>  \d{4}(-\d\d){2}T\d\d(:\d\d){2}Z", row)


def test_a_website_is_among_all(up: Up) -> None:
    """And so is what the operator has made of it."""
    rows = [line.split("  ")[0] for line in kubectl(up, "get", "all").splitlines()]
    assert {"service/bakery", "deployment.apps/bakery", "website.example.com/bakery"} <= set(rows)


def test_describe_tells_what_the_operator_has_done(up: Up) -> None:
    told = kubectl(up, "describe", "bkt", "invoices")
    assert "Spec:\n  Deletion Policy:  Retain\n  Region:  south\n  Versioning:  false" in told
    assert "Message:  Bucket bucket-1 is there, and as it should be" in told
    assert "Normal  Created  <age>  bucket-controller  Created bucket bucket-1" in told


# --- explain ---------------------------------------------------------------------------------------


def test_api_resources(up: Up) -> None:
    assert kubectl(up, "api-resources", "--api-group=example.com").splitlines() == [
        "NAME  SHORTNAMES  APIVERSION  NAMESPACED  KIND",
        "databases  db  example.com/v1  true  Database",
        "rotations  rot  example.com/v1  true  Rotation",
        "websites  site  example.com/v1  true  Website",
    ]
    assert kubectl(up, "api-resources", "--categories=cloud", "-o", "name") == "buckets.cloud.example.com"


BUCKET_SPEC = """GROUP:  cloud.example.com
KIND:  Bucket
VERSION:  v1

FIELD: spec <Object>


DESCRIPTION:
  What the bucket shall be like.

FIELDS:
  deletionPolicy\t<string>
  enum: Delete, Retain
  What becomes of the data when this object is deleted.

  region\t<string>
  enum: north, south
  Where the data lies. It cannot move.

  versioning\t<boolean>
  Are earlier versions of a file kept?"""

ROTATION_SPEC = """GROUP:  example.com
KIND:  Rotation
VERSION:  v1

FIELD: spec <Object>


DESCRIPTION:
  <empty>
FIELDS:
  overlapSeconds\t<integer>
  How long the key before it is kept, for those who have not read the new one.

  periodSeconds\t<integer> -required-
  How long a key is handed out."""

PAGES = """GROUP:  example.com
KIND:  Website
VERSION:  v1

FIELD: pages <map[string]string>


DESCRIPTION:
  The pages, by file name."""


@pytest.mark.parametrize(
    ("path", "told"),
    [("bucket.spec", BUCKET_SPEC), ("rotations.spec", ROTATION_SPEC), ("site.spec.pages", PAGES)],
)
def test_explain(up: Up, path: str, told: str) -> None:
    assert re.sub(r"(?m)^ +$", "", kubectl(up, "explain", path)) == told


# --- scale -----------------------------------------------------------------------------------------


def test_a_website_is_scaled_and_its_operator_follows(up: Up) -> None:
    assert kubectl(up, "scale", "--replicas=3", "site/bakery") == "website.example.com/bakery scaled"
    wait(up, "jsonpath={.status.readyReplicas}=3", "site/bakery")
    assert kubectl(up, "get", "deployment", "bakery", "-o", "jsonpath={.status.readyReplicas}") == "3"
    apply = ("apply", "--server-side", "-f", str(EXAMPLES / "website.yaml"))
    conflict = 'conflict with "kubectl" with subresource "scale" using example.com/v1: .spec.replicas'
    assert f"error: Apply failed with 1 conflict: {conflict}" in kubectl(up, *apply, code=1)
    assert kubectl(up, *apply, "--force-conflicts") == "website.example.com/bakery serverside-applied"
    wait(up, "jsonpath={.status.readyReplicas}=2", "site/bakery")


def test_a_scale_is_held_to_the_schema(up: Up) -> None:
    assert kubectl(up, "scale", "--replicas=500", "site/bakery", code=1) == (
        'The Website "bakery" is invalid: spec.replicas: Invalid value: 500: '
        "spec.replicas in body should be less than or equal to 100"
    )


def test_what_has_no_scale(up: Up) -> None:
    said = kubectl(up, "scale", "--replicas=2", "bkt/photos", code=1)
    assert said == "Error from server (NotFound): the server could not find the requested resource"


# --- what is refused, and the end -----------------------------------------------------------------


REFUSED: list[tuple[str, str, object, str]] = [
    (
        "bkt/photos",
        "region",
        "south",
        'The Bucket "photos" is invalid: spec.region: Invalid value: "south": a bucket cannot move to another region',
    ),
    (
        "bkt/photos",
        "region",
        "west",
        'The Bucket "photos" is invalid: spec.region: Unsupported value: "west": supported values: "north", "south"',
    ),
    (
        "rot/session-key",
        "overlapSeconds",
        4000,
        'The Rotation "session-key" is invalid: spec: Invalid value: the previous key must go before the next rotation',
    ),
    (
        "site/bakery",
        "pages",
        {"index.html": None},
        'The Website "bakery" is invalid: spec.pages: Invalid value: there must be an index.html',
    ),
]


@pytest.mark.parametrize(("name", "field", "value", "said"), REFUSED)
def test_what_is_refused(up: Up, name: str, field: str, value: object, said: str) -> None:
    body = json.dumps({"spec": {field: value}})
    assert kubectl(up, "patch", name, "--type=merge", "-p", body, code=1) == said


def test_deleting_waits_for_the_operator(up: Up) -> None:
    kubectl(
        up,
        "apply",
        "--server-side",
        "-f",
        "-",
        given=(EXAMPLES / "bucket.yaml").read_text().replace("photos", "old"),
    )
    wait(up, "condition=Ready", "bkt/old")
    assert kubectl(up, "delete", "bkt", "old") == 'bucket.cloud.example.com "old" deleted'
    assert "old" not in kubectl(up, "get", "bkt")
