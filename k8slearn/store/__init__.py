"""etcd in miniature: one append-only log, revisions, compare-and-swap, watches that are cursors.

Duty: remember every write in order, and hand out what was written since any revision.
Never: know what a Pod is; validate; talk to anybody but the API server.
Read first: `log` (what is remembered), then `cursor` (how it is watched); `index` finds what is there in order,
`disk` keeps it all in a file, and `compaction` says when to forget.
"""

from k8slearn.store.cursor import Cursor, Topic
from k8slearn.store.log import Entry, Mark, Store

__all__ = ["Cursor", "Entry", "Mark", "Store", "Topic"]
