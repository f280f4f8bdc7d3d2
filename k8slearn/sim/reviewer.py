"""Webhooks of a simulated world: plain functions, asked and answering in the words that real ones use.

    def no_latest(request):
        images = [c["image"] for c in request["object"]["spec"]["containers"]]
        return {"allowed": all(":" in image for image in images), "status": {"message": "which version?"}}

    sim.serve("service/default/checker:443", no_latest)

They are wiring, not state: a function should say the same whenever it is asked the same, or histories will not repeat.

Kubernetes: k8s.io/api/admission/v1, k8s.io/apiextensions-apiserver (ConversionReview)
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from k8slearn.api.objects import Object
from k8slearn.apiserver.outside import Call, Reply

Answer = Callable[[Object], Object]
"""From a review's ``request`` to its ``response``. The uid is filled in, and a ``patch`` may be a list."""

JSON = (("Content-Type", "application/json"),)


class Reviewer:
    """A program that answers reviews. By default it allows everything: say only what is different."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, call: Call) -> Reply:
        review: dict[str, Any] = json.loads(call.body)
        request = review["request"]
        response = {"uid": request["uid"], **self.answer(request)}
        if review["kind"] == "AdmissionReview":
            response.setdefault("allowed", True)
            _pack(response)
        said = {"kind": review["kind"], "apiVersion": review["apiVersion"], "response": response}
        return Reply(200, json.dumps(said).encode(), JSON)


def _pack(response: Object) -> None:
    """A patch travels as JSON in base64."""
    patch = response.get("patch")
    if isinstance(patch, list):
        response["patch"] = base64.b64encode(json.dumps(patch).encode()).decode()
        response.setdefault("patchType", "JSONPatch")
        if not patch:
            del response["patch"], response["patchType"]
