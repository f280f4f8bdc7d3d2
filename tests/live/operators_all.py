"""The three operators of the house in one process, with a cloud that is the file `CLOUD`."""

from __future__ import annotations

import os

from k8slearn.operators import BucketController, CloudOnDisk, RotationController, WebsiteController


class Buckets(BucketController):
    cloud = CloudOnDisk(os.environ["CLOUD"])


OPERATORS = [Buckets, RotationController, WebsiteController]
