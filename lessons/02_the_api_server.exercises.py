# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 02 · Exercises
#
# Three short functions that people get wrong in production. Each is tried in many cases, from the smallest on; the
# first that fails is told to you, line by line.
#
# Under each check you find what a right answer gets. Run the cell, and you see what yours gets. Stuck?
# `hint("02.1")` helps, three times.

# %%
from k8slearn.api.errors import Conflict
from k8slearn.client import Client
from k8slearn.lab import check, hint, replay, show

# %% [markdown]
# ## 02.1 · Count me in
#
# A guest book is a ConfigMap with a number in it. Whoever comes adds one. Many people come at once.

# %%
from k8slearn.lab.exercises.lesson02 import api_server, visits

show(visits(3))

# %% [markdown]
# It is **right** when everybody is counted exactly once, however often somebody else is quicker; when nothing
# that others write is lost; and when an error that no second try can mend gets out.
#
# `client.get` returns a copy that you may edit and hand to `client.update`.

# %% tags=["hole"]
def count_in(client):
    """Add one to the count, whoever else is writing."""
    ### BEGIN SOLUTION
    ### HOLE: read the book, add one, write it back; and again, when somebody was quicker
    while True:
        book = client.get("configmaps", "default/visits")
        book["data"]["count"] = str(int(book["data"]["count"]) + 1)
        try:
            return client.update(book)
        except Conflict:
            continue
    ### END SOLUTION

# %% [markdown]
# Try it by hand first, if you like:

# %%
client = Client(api_server())
client.create(visits(3))
count_in(client)
client.get("configmaps", "default/visits")["data"]

# %% tags=["check"]
check("02.1", count_in)

# %% [markdown]
# ## 02.2 · Is it rolled out?
#
# You have changed a Deployment, and want to know when all of its pods are new and serving. You ask again and again,
# and look at nothing but the object. It is **right** when the answer is right at every moment of a real rollout.
#
# Four numbers of the status will help: `observedGeneration`, `replicas` (all pods), `updatedReplicas` (those of the
# newest template) and `availableReplicas`. Any of them may be missing.

# %% tags=["hole"]
def rolled_out(deployment):
    """Is everything as the newest spec asks, True or False?"""
    spec, status = deployment["spec"], deployment.get("status") or {}
    ### BEGIN SOLUTION
    ### HOLE: is this status about the newest spec? And are all pods new, and do they serve?
    if status.get("observedGeneration", 0) < deployment["metadata"]["generation"]:
        return False
    names = ("replicas", "updatedReplicas", "availableReplicas")
    return all(status.get(name, 0) == spec["replicas"] for name in names)
    ### END SOLUTION

# %% tags=["check"]
check("02.2", rolled_out)

# %% [markdown]
# ## 02.3 · Hand over a field
#
# Your team has applied a Deployment with `replicas: 3`. From now on an autoscaler shall decide on that number.
# `mine` is the configuration in your team's file. It is **right** when in the end the autoscaler owns `spec.replicas`,
# your team owns the rest, and the number of replicas did not change, not for a moment.

# %%
from k8slearn.lab.exercises.lesson02 import apply, only_replicas, without_replicas

show(apply)

# %% tags=["hole"]
def hand_over(client, mine):
    """Give spec.replicas to the manager "autoscaler"."""
    live = client.get("deployments", "default/web")
    ### BEGIN SOLUTION
    ### HOLE: two times apply: who has to hold the field before the team lets go of it?
    apply(client, only_replicas(live["spec"]["replicas"]), manager="autoscaler")
    apply(client, without_replicas(mine), manager="team")
    ### END SOLUTION

# %% tags=["check"]
check("02.3", hand_over)

# %% [markdown]
# Right? Then compare with [the solution](../solutions/02_the_api_server.ipynb), and go on to
# [03 · Watching](../notebooks/03_watching.ipynb).
