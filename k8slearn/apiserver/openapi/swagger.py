"""OpenAPI v2, for clients from before v3: the same documents, all in one, in the older form.

Kubernetes: kube-openapi/pkg/builder
"""

from __future__ import annotations

from typing import Any

from k8slearn.apiserver.openapi.names import REF

OLD_REF = "#/definitions/"
JSON = "application/json"

Document = dict[str, Any]


def document(documents: list[Document]) -> Document:
    """One document of version 2 from all those of version 3."""
    paths: Document = {}
    definitions: Document = {}
    for one in documents:
        paths |= {path: _item(item) for path, item in one["paths"].items()}
        definitions |= one["components"]["schemas"]
    found = {"swagger": "2.0", "info": documents[0]["info"], "paths": dict(sorted(paths.items()))}
    older = {name: schema(definitions[name]) for name in sorted(definitions)}
    bearer = documents[0]["components"]["securitySchemes"]
    return {**found, "definitions": older, "securityDefinitions": bearer, "security": [{"BearerToken": []}]}


def schema(newer: Document) -> Document:
    """A schema without what v2 has not: defaults beside references, several types for one value."""
    older = {k: v for k, v in newer.items() if k not in ("allOf", "oneOf", "default")}
    if "$ref" in newer:
        older["$ref"] = newer["$ref"].replace(REF, OLD_REF)
    if "properties" in newer:
        older["properties"] = {field: schema(of) for field, of in newer["properties"].items()}
    for part in ("items", "additionalProperties"):
        if part in newer:
            older[part] = schema(newer[part])
    for one in newer.get("allOf", ()):
        older |= schema(one)
    return {**older, "type": "string"} if "oneOf" in newer else older


def _item(item: Document) -> Document:
    operations = {method: _operation(op) for method, op in item.items() if method != "parameters"}
    return {**operations, "parameters": [_parameter(p) for p in item["parameters"]]}


def _operation(operation: Document) -> Document:
    older = {k: v for k, v in operation.items() if k not in ("requestBody", "responses", "parameters")}
    parameters = [_parameter(p) for p in operation["parameters"]]
    body = operation.get("requestBody")
    if body:
        sent = next(iter(body["content"].values()))["schema"]
        parameters.insert(
            0, {"name": "body", "in": "body", "required": body["required"], "schema": schema(sent)}
        )
        older["consumes"] = [*body["content"]]
    responses = {code: _response(answer) for code, answer in operation["responses"].items()}
    return {**older, "parameters": parameters, "produces": [JSON], "responses": responses}


def _parameter(parameter: Document) -> Document:
    older = {k: v for k, v in parameter.items() if k != "schema"}
    return {**older, **parameter["schema"]}


def _response(answer: Document) -> Document:
    shown = next(iter(answer.get("content", {}).values()), None)
    older = {"description": answer["description"]}
    return {**older, "schema": schema(shown["schema"])} if shown else older
