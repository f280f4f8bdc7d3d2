"""What a learner's controller looks like: four operators, each with a kind of its own, and what they share.

Duty: show how software is run by software, with nothing that the API does not offer to everybody.
Never: import the server, or each other.
Read first: `website`, the simplest; then `bucket`, which owns something that is not in the cluster; then `rotation`,
which works by the clock; then `database`, which does all of it at once. Their definitions are YAML, in `crds/`.

Kubernetes: any operator built on controller-runtime
"""

from k8slearn.operators.bucket import BucketController
from k8slearn.operators.cloud import Cloud, CloudOnDisk
from k8slearn.operators.crds import definition, definitions
from k8slearn.operators.database import DatabaseController
from k8slearn.operators.objectstore import ObjectStore
from k8slearn.operators.rotation import RotationController
from k8slearn.operators.website import WebsiteController

__all__ = [
    "BucketController",
    "Cloud",
    "CloudOnDisk",
    "DatabaseController",
    "ObjectStore",
    "RotationController",
    "WebsiteController",
    "definition",
    "definitions",
]
