"""One collection of objects over HTTPS, with the standard library and nothing else: to see what a watch is on the wire.

A watch is a GET whose answer has no end: one JSON document a line, for as long as both sides wish.
"""

from __future__ import annotations

import base64
import json
import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import yaml

from k8slearn.api.objects import Object, name_of

NOTES = "/api/v1/namespaces/default/configmaps"


class Collection:
    """The objects under `path`, all or those with certain labels, at the server of a kubeconfig with a token.

    Default: the file that ``KUBECONFIG`` names. Raises urllib.error.HTTPError for what the server refuses.
    """

    def __init__(self, path: str = NOTES, labels: str = "", kubeconfig: str | Path = "") -> None:
        config = yaml.safe_load(Path(kubeconfig or os.environ["KUBECONFIG"]).read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self.url = cluster["server"] + path
        self.labels = labels
        self.headers = {"Authorization": f"Bearer {user['token']}", "Content-Type": "application/json"}
        self.trust = ssl.create_default_context(cadata=authority)

    def list(self) -> dict[str, Any]:
        """Everything, as of one version."""
        with self._open("GET", self._url()) as answer:
            return json.load(answer)

    def watch(self, version: str = "", seconds: int = 1, **options: str) -> Iterator[dict[str, Any]]:
        """The events after `version`, as they come; after `seconds` the server ends the stream."""
        asked = {"watch": "true", "timeoutSeconds": str(seconds), "allowWatchBookmarks": "true", **options}
        with self._open("GET", self._url(resourceVersion=version, **asked)) as stream:
            for line in stream:
                yield json.loads(line)

    def create(self, obj: Object) -> None:
        self._open("POST", self.url, obj).close()

    def replace(self, obj: Object) -> None:
        self._open("PUT", f"{self.url}/{name_of(obj)}", obj).close()

    def delete(self, name: str) -> None:
        self._open("DELETE", f"{self.url}/{name}").close()

    def _url(self, **options: str) -> str:
        asked = {"labelSelector": self.labels, **options}
        return f"{self.url}?{urlencode({k: v for k, v in asked.items() if v})}"

    def _open(self, method: str, url: str, body: Object | None = None) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        return urlopen(Request(url, data, self.headers, method=method), context=self.trust)
