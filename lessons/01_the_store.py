# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 01 · The store
#
# *Two people change the same object at the same moment. Who wins? And does the other one ever find out?*
#
# Everything a cluster knows is in one place, and that place is simpler than most people think: a list that only
# grows. In this lesson you write to it, read from it, and try to lose something.

# %%
from k8slearn.api import edit
from k8slearn.lab import predict, show, store_log
from k8slearn.store import Store

# %% [markdown]
# ## One list
#
# Here is an empty store, and a small object to put into it.

# %%
store = Store()

def note(name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}, "data": data}

def write(obj, expect=None):
    return store.put("configmaps", "default/" + obj["metadata"]["name"], obj, expect)

def read(name):
    return edit(store.get("configmaps", "default/" + name))  # a copy of our own

# %%
numbers = predict("01 which numbers")
numbers

# %%
write(note("tea", at="four"))
write(note("milk", fresh="no"))
write(note("tea", at="five"))
for name in ("tea", "milk"):
    print(name, "has resourceVersion", read(name)["metadata"]["resourceVersion"])

# %%
numbers.reveal()

# %% [markdown]
# Here is the list itself, each write one **entry**. Click on an entry: on the left you see what it changed, on the
# right what was there after it. Nothing else is stored; what *is* follows from what *happened*.

# %%
tape = store_log(store)
tape.log()

# %% [markdown]
# So a `resourceVersion` is no time, and it does not belong to the object: it is the number of the store's last write
# to it. Which of two states of *one kind of object* is newer can be read off these numbers (since v1.35 the API
# promises that they may be compared as numbers). Between different kinds, do not: a real cluster may keep some of
# them in another etcd, which counts for itself.

# %% [markdown]
# ## Losing something
#
# Ada wants tea at six. Grace wants two cups. Both read the note, think, and write it back.

# %%
lost = predict("01 the lost update")
lost

# %%
ada, grace = read("tea"), read("tea")
ada["data"]["at"] = "six"
grace["data"]["cups"] = "2"
write(ada)
write(grace)
read("tea")["data"]

# %%
lost.reveal()

# %% [markdown]
# Ada's tea is at five, and nobody told her. No server was broken, no message was lost; two honest people did what they
# were told. It is called a **lost update**, and no amount of being quick prevents it.
#
# What does: saying *what one has read*. Then the store can compare before it swaps.

# %%
from k8slearn.store.log import Mismatch

ada, grace = read("tea"), read("tea")
ada["data"]["at"] = "six"
grace["data"]["cups"] = "3"
write(ada, expect=int(ada["metadata"]["resourceVersion"]))
try:
    write(grace, expect=int(grace["metadata"]["resourceVersion"]))
except Mismatch as refusal:
    print("refused:", refusal)

# %% [markdown]
# That is all there is to **compare-and-swap**: *write this, if what is there is still what I have read*. Grace knows now
# that she has to look again. (Through the API server the same thing is called `409 Conflict`; lesson 02 meets it.)
# `expect=0` means that there must be nothing yet: so two people cannot create the same object.
#
# It is also why nobody locks an object in Kubernetes. Nobody waits for somebody who went home with the key.

# %% [markdown]
# ## Reading along
#
# A watch on this store is a **cursor**: a place in the list. Ada reads from the beginning, Grace from behind @3.

# %%
slow = predict("01 a slow reader")
slow

# %%
ada = store.watch(("configmaps",), 0)
grace = store.watch(("configmaps",), 3)
readers = store_log(store, ada=ada, grace=grace)
readers.log()

# %% [markdown]
# Ada takes what is there, one entry at a time. Grace is busy. Run the cell, and look at the panel above.

# %%
while entry := ada.take():
    print(f"@{entry.revision} {entry.type:<8} {entry.key} {dict(entry.object['data'])}")
print("ada is", ada.lag, "behind, grace", grace.lag)

# %%
slow.reveal()

# %% [markdown]
# Nobody pushes anything at anybody. Therefore a slow reader hurts nobody but itself, a lost connection is no
# tragedy (whoever comes back says where he was), and a thousand readers cost little more than one.

# %% [markdown]
# ## Break it: forgetting
#
# A list that only grows fills every disk. So from time to time the store forgets what is old: it is **compacted**.
# The objects stay. What goes is the way they became what they are.

# %%
store.compact(5)
read("milk")["data"], grace.lag

# %% [markdown]
# Milk was written at @2, and it is still there. But Grace was at @3, and what she should read next is gone:

# %% tags=["raises-exception"]
grace.take()

# %% [markdown]
# That is the famous `410`. The store does not pretend: rather than skip something in silence, it says
# *you have missed something*. Grace has to read everything once, as it is now, and go on from there. Lesson 03 is about
# doing that well. Ada, who has read everything, does not notice at all.

# %%
readers.log()

# %% [markdown]
# ## A whole cluster reads along
#
# Now the same list in a whole control plane. Every player you know from lesson 00 is a reader with a place of its own.
# Step, and watch a write appear on the right and the readers come after it, one by one, in any order they like.

# %%
from k8slearn import Simulation
from k8slearn.lab import studio
from k8slearn.lab.exercises.lesson02 import deployment

sim = Simulation(nodes=2)
sim.create(deployment(replicas=2))
sim.run(until=lambda sim: sim.store.count("pods") == 2)
world = studio(sim)
world.show("log", "map")

# %% [markdown]
# ## Read the real thing
#
# This is the write that ran above, and this is the reader.

# %%
show(Store.put)

# %%
from k8slearn.store import Cursor

show(Cursor.take)

# %% [markdown]
# ## Pull the plug
#
# So far all of it lived in memory. The same list can be kept in one file. A program writes to it, and dies without
# a word in the middle of its work: no goodbye, nothing closed, nothing tidied up.

# %%
import subprocess
import sys
import tempfile
from pathlib import Path

file = Path(tempfile.mkdtemp()) / "cluster.db"
program = """
import os, sys
from k8slearn.store.disk import DiskStore
disk = DiskStore(sys.argv[1])
for cup in range(1000):
    disk.put("configmaps", "default/tea", {"metadata": {"name": "tea", "namespace": "default"}, "data": {"cup": str(cup)}})
    if cup == 41: os._exit(9)
"""
subprocess.run([sys.executable, "-c", program, str(file)]).returncode

# %% [markdown]
# It had been told forty-two times that its write was done. Here is the file, opened with nothing but SQLite, and then
# as a store again:

# %%
import sqlite3

book = sqlite3.connect(file)
for row in book.execute("SELECT revision, type, key, object FROM log ORDER BY revision DESC LIMIT 3"):
    print(*row)
book.close()

# %%
from k8slearn.store.disk import DiskStore

disk = DiskStore(file)
again = disk.watch(("configmaps",), 40)  # a reader comes back, and was at @40
disk.revision, [entry.object["data"]["cup"] for entry in iter(again.take, None)]

# %% [markdown]
# Every write that was answered is there, the count goes on where it stopped, and a reader who comes back with his number
# misses nothing. That is what "the control plane has no state but the store" means: kill everything else whenever
# you like.

# %% [markdown]
# ## With kubectl
#
# A control plane can stand beside this notebook, on a file of its own, for the real `kubectl`. (If you have none, the
# next cells say so; nothing below depends on them.)

# %% tags=["nbval-ignore-output"]
from k8slearn.lab import kubectl
from k8slearn.live import start

plane = start(nodes=0, store=str(file.with_name("live.db")))
kubectl("create configmap tea --from-literal=at=four")

# %% [markdown]
# We stop it, start another on the same file, and ask. In a cell, `!` runs a command as in a terminal:

# %% tags=["nbval-ignore-output"]
plane.stop()
plane = start(nodes=0, store=str(file.with_name("live.db")))
# !kubectl get configmap tea --output=jsonpath="{.data}"

# %%
plane.stop()

# %% [markdown]
# ## What the real one does
#
# The store is **etcd**, and all that you have seen is its: one revision for all keys, compare-and-swap (a transaction that
# compares a key's `mod_revision`), watches from a revision, compaction. A `resourceVersion` *is* that revision. The API
# server asks etcd to compact what is older than five minutes, every five minutes. Two things are more:
# etcd is mostly three or five machines that agree on each entry before they say "done", and the API server reads each
# kind's part of the log once, and serves its many watchers from memory.
#
# **Exercises:** [01 · Exercises](../exercises/01_the_store.ipynb)
# · **Next:** [02 · The API server](02_the_api_server.ipynb)
