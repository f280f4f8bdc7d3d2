"""What every controller shares: informers feed keys into a queue, reconcile works them off.

Duty: the one loop. Everything in the cluster that acts is a `Controller` and runs on this machinery.
Never: know any kind of object; know what time it is (it is given a clock); wait.
Read first: `controller`, then `informer`, `workqueue`, `manager`.
"""

from k8slearn.machinery.around import Around
from k8slearn.machinery.cache import Cache
from k8slearn.machinery.controller import LOOK_AGAIN, Controller, Done
from k8slearn.machinery.expectations import Expectations
from k8slearn.machinery.informer import Informer
from k8slearn.machinery.leaderelection import LeaderElected, Replica
from k8slearn.machinery.manager import Manager, Move
from k8slearn.machinery.workqueue import WorkQueue

__all__ = [
    "LOOK_AGAIN",
    "Around",
    "Cache",
    "Controller",
    "Done",
    "Expectations",
    "Informer",
    "LeaderElected",
    "Manager",
    "Move",
    "Replica",
    "WorkQueue",
]
