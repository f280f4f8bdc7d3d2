"""The one door to the store: every read and every write of the whole cluster passes here.

Duty: answer requests. A write passes a pipeline of stages (decode, prepare, default, admit,
validate) before it is stored; a read selects; a watch is a filtered cursor on the store's log.
Never: act on its own. The API server starts nothing, heals nothing, deletes no dependents: it
remembers what was asked and tells whoever watches.
Read first: `server`, then `pipeline`. Then by the question you have: `http` (how a request arrives), `authentication`
and `rbac` (who may), `admission` (the cluster's own rules), `apply` and `managedfields` (who said what), `deletion`,
`watch`, `listing`. What each kind means is looked up rather than read: `defaults`, `strategy`, `validation`,
`warnings`, `tables`.
"""

from k8slearn.apiserver.server import ApiServer

__all__ = ["ApiServer"]
