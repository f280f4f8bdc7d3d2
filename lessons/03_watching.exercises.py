# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 03 · Exercises
#
# You write what stands at the beginning of every controller: the part that knows what is there. First the comparison, then
# the whole loop. Each is tried in many cases, from the smallest on; the first that fails is told to you.
#
# Under each check you find what a right answer gets. Run the cell, and you see what yours gets. Stuck?
# `hint("03.1")` helps, three times.

# %%
from k8slearn.lab import check, hint, replay, show

# %% [markdown]
# ## 03.1 · What changed while I was away?
#
# You come back after a 410. `known` is what you knew, name → object; `found` is the list, as it is now. Say what must have
# happened, for those who listen to you: pairs of a type and an object, such as `("ADDED", new)` or `("DELETED", old)`.
#
# It is **right** when everything that differs is told, and nothing that does not. An object is the same one as before if
# it has the same `metadata.uid`; it has changed if it has another `metadata.resourceVersion`. And if somebody deleted it and made
# another of the same name? Then two things have happened.

# %% tags=["hole"]
def changes(known, found):
    """What has happened between the two: a list of (type, object)."""
    now = {obj["metadata"]["name"]: obj for obj in found}
    ### BEGIN SOLUTION
    ### HOLE: what is gone, what is new, what has changed? Return a list.
    told = [("DELETED", old) for name, old in known.items() if not same(old, now.get(name))]
    for name, new in now.items():
        if name not in known or not same(known[name], new):
            told.append(("ADDED", new))
        elif version(new) != version(known[name]):
            told.append(("MODIFIED", new))
    return told

def same(old, new):
    return new is not None and old["metadata"]["uid"] == new["metadata"]["uid"]

def version(obj):
    return obj["metadata"]["resourceVersion"]
    ### END SOLUTION

# %% tags=["check"]
check("03.1", changes)

# %% [markdown]
# ## 03.2 · Follow
#
# Now the loop. `follow` is one run of it: list if need be, then watch **until the stream ends**, and return the version from which
# the next run can go on, or None, if that has to begin with a list. `known` is yours to keep up to date (name → object).
#
# `api` gives you what comes over the wire, and nothing else:
#
# - `api.list()` is `{"metadata": {"resourceVersion": "7"}, "items": [...]}`;
# - `api.watch("7")` is a stream of events such as `{"type": "ADDED", "object": {...}}`. The types are `ADDED`, `MODIFIED`,
#   `DELETED`, `BOOKMARK` (its object has a `metadata.resourceVersion`, and no name), and `ERROR`, which here
#   is always a 410, and the last one.
#
# It is **right** when in the end you know what is there, whatever happened; when nothing is told to you twice; and when you list
# only at the beginning and after a 410. You need neither `try` nor a loop around it all.

# %% tags=["hole"]
def follow(api, known, version):
    """One run: keep `known` up to date until the stream ends. Returns the version to go on from, or None."""
    ### BEGIN SOLUTION
    ### HOLE: no version? Then list. Then watch from there, event by event.
    if version is None:
        answer = api.list()
        known.clear()
        known.update({obj["metadata"]["name"]: obj for obj in answer["items"]})
        version = answer["metadata"]["resourceVersion"]
    for event in api.watch(version):
        obj = event["object"]
        if event["type"] == "ERROR":
            return None
        version = obj["metadata"]["resourceVersion"]
        if event["type"] == "DELETED":
            known.pop(obj["metadata"]["name"], None)
        elif event["type"] != "BOOKMARK":
            known[obj["metadata"]["name"]] = obj
    return version
    ### END SOLUTION

# %% tags=["check"]
check("03.2", follow)

# %% [markdown]
# Right? Then let it loose on a server with sockets and certificates. `Collection` has the same two verbs, over HTTPS; your
# function need not know.

# %%
from k8slearn.live.collection import Collection
from k8slearn.lab.deskworld import note
from k8slearn.live import start

with start(nodes=0):
    kitchen, known = Collection(labels="room=kitchen"), {}
    version = follow(kitchen, known, None)
    kitchen.create(note("tea"))
    kitchen.create(note("milk"))
    kitchen.delete("tea")
    version = follow(kitchen, known, version)
list(known)

# %% [markdown]
# Then compare with [the solution](../solutions/03_watching.ipynb), and go on to
# [04 · The control loop](../notebooks/04_the_control_loop.ipynb).
