"""The Bucket operator as a file of its own, with a cloud that is another file (`CLOUD`, or cloud.json).

In a simulation, where it is given a cloud in memory:

    CRD=k8slearn/operators/crds/buckets.yaml
    k8slearn run examples/operators/buckets.py --apply $CRD --apply examples/operators/bucket.yaml

The same against a cluster; start it twice, and one of the two waits for the other:

    kubectl apply -f $CRD
    k8slearn run examples/operators/buckets.py --kubeconfig PATH
"""

from __future__ import annotations

import os

from k8slearn.machinery import LeaderElected
from k8slearn.operators import BucketController, CloudOnDisk


class Buckets(LeaderElected, BucketController):
    lease = "default/bucket-controller"
    cloud = CloudOnDisk(os.environ.get("CLOUD", "cloud.json"))
