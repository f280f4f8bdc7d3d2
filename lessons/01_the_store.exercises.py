# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 01 · Exercises
#
# You write the two halves of a store: the one that writes, and the one that reads on. Each is a few lines, and
# each is tried in many cases, from the smallest on. The first that fails is told to you.
#
# Under each check you find what a right answer gets. Run the cell, and you see what yours gets. Stuck?
# `hint("01.1")` helps, three times.

# %%
from k8slearn.lab import check, hint, show
from k8slearn.lab.exercises.lesson01 import Entry, Mismatch

show(Entry)

# %% [markdown]
# ## 01.1 · Compare and swap
#
# A log is a list of such entries, oldest first, and `put` is the only way to write to it. It is **right** when
#
# - each write gets the next revision of the *whole log*, the first one 1, and `put` returns it;
# - `expect` is what the writer has read: the revision of the key's last entry, or 0 if the key must be new. If
#   that is not how things are, `put` raises `Mismatch`, and the log stays as it was;
# - with `expect=None` it writes anyhow.

# %% tags=["hole"]
def put(log, key, value, expect=None):
    """Write `value` under `key`, and return the revision of that write."""
    ### BEGIN SOLUTION
    ### HOLE: compare what is expected with what is there; then append an Entry
    current = max((entry.revision for entry in log if entry.key == key), default=0)
    if expect is not None and expect != current:
        raise Mismatch(f"{key} is at @{current}, not at @{expect}")
    revision = len(log) + 1
    log.append(Entry(revision, key, value))
    return revision
    ### END SOLUTION

# %% [markdown]
# Try it by hand first, if you like:

# %%
log = []
put(log, "tea", "at four", expect=0)
put(log, "milk", "no", expect=0)
put(log, "tea", "at five", expect=1)
log

# %% tags=["check"]
check("01.1", put)

# %% [markdown]
# ## 01.2 · A reader's place
#
# Somebody wants to hear of every write of one key, comes by now and then, and brings along nothing but a number:
# his **place**, the revision up to which he has heard of everything. `compacted` is the revision up to
# which the log has forgotten everything (0: nothing is forgotten); those entries are no longer in `log`.
#
# `read_on` returns two things: the entries he has not heard of, and his new place. It is **right** when he hears of
# everything once, and when it raises `Expired` if, and only if, something behind his place is forgotten.

# %%
from k8slearn.api.errors import Expired

# %% tags=["hole"]
def read_on(log, key, place, compacted):
    """The entries of `key` behind `place`, and the place of somebody who has heard of them."""
    ### BEGIN SOLUTION
    ### HOLE: is he too late? If not: what is new to him, and where does he stand now?
    if place < compacted:
        raise Expired(f"too old: {place} ({compacted})")
    news = [entry for entry in log if entry.revision > place and entry.key == key]
    return news, log[-1].revision if log else place
    ### END SOLUTION

# %%
read_on(log, "tea", place=1, compacted=0)

# %% tags=["check"]
check("01.2", read_on)

# %% [markdown]
# That was a watch. What a client does with an `Expired` is lesson 03.
#
# Right? Then compare with [the solution](../solutions/01_the_store.ipynb), and go on to
# [02 · The API server](../notebooks/02_the_api_server.ipynb).
