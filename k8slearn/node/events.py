"""What a kubelet tells people about pods: every event it knows, word for word, as a table.

Kubernetes: pkg/kubelet/events/event.go, and wherever the kubelet records one
"""

from __future__ import annotations

from typing import Any

from k8slearn.api.objects import Object
from k8slearn.machinery.recorder import Recorder

Happened = tuple[str, dict[str, Any]]  # a name in EVENTS, and what goes into its text

#: name -> type, reason, message. Placeholders: those of `containers.words`, and what the stage adds.
EVENTS: dict[str, tuple[str, str, str]] = {
    "Pulling": ("Normal", "Pulling", 'Pulling image "{image}"'),
    "Pulled": (
        "Normal",
        "Pulled",
        'Successfully pulled image "{image}" in {took} ({altogether} including waiting). Image size: {size} bytes.',
    ),
    "Refreshed": (
        "Normal",
        "Pulled",
        'Successfully pulled image "{image}" in 200ms (200ms including waiting). Image size: {size} bytes.',
    ),
    "Present": (
        "Normal",
        "Pulled",
        'Container image "{image}" already present on machine and can be accessed by the pod',
    ),
    "Created": ("Normal", "Created", "Container created"),
    "Started": ("Normal", "Started", "Container started"),
    "Killing": ("Normal", "Killing", "Stopping container {container}"),
    "StartupFailed": ("Normal", "Killing", "Container {container} failed startup probe, will be restarted"),
    "LivenessFailed": ("Normal", "Killing", "Container {container} failed liveness probe, will be restarted"),
    "ResizeRestart": ("Normal", "Killing", "Container {container} resize requires restart"),
    "Unhealthy": ("Warning", "Unhealthy", "{probe} probe failed: {problem}"),
    "InspectFailed": ("Warning", "InspectFailed", "{invalid}"),
    "InvalidImageName": ("Warning", "Failed", "Error: InvalidImageName"),
    "NeverPull": (
        "Warning",
        "ErrImageNeverPull",
        'Container image "{image}" is not present with pull policy of Never',
    ),
    "ErrImageNeverPull": ("Warning", "Failed", "Error: ErrImageNeverPull"),
    "PullFailed": ("Warning", "Failed", 'Failed to pull image "{image}": {why}'),
    "ErrImagePull": ("Warning", "Failed", "Error: ErrImagePull"),
    "PullBackOff": ("Normal", "BackOff", 'Back-off pulling image "{image}"'),
    "ImagePullBackOff": ("Warning", "Failed", "Error: ImagePullBackOff"),
    "BackOff": (
        "Warning",
        "BackOff",
        "Back-off restarting failed container {container} in pod {pod}_{namespace}({uid})",
    ),
}


def tell(recorder: Recorder, pod: Object, happened: list[Happened]) -> None:
    for event, words in happened:
        kind, reason, text = EVENTS[event]
        record = recorder.normal if kind == "Normal" else recorder.warning
        record(pod, reason, text.format(**words))
