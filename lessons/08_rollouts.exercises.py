# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 08 · Exercises
#
# The arithmetic of a rollout, the way back, and the order of those who are not alike. Each function is tried in many histories, from the smallest on; the first
# that fails is told to you, line by line.
#
# Under each check you find what a right answer gets. Run the cell, and you see what yours gets. Stuck?
# `hint("08.1")` helps, three times.

# %%
from k8slearn.lab import check, hint, replay, show

# %% [markdown]
# ## 08.1 · One turn of a rollout
#
# Once for each change, the Deployment controller works out two numbers: how many pods the old ReplicaSet may keep, and how many the
# new one should have. Of both you know how many pods they ask for (`size`) and how many of these are `available`.
#
# It is **right** when there are never more pods than `wanted + surge`; when it never takes away a pod that is needed for
# `wanted - unavailable` available ones; and when in the end all are new, if that is possible at all. If a version never
# comes up, the old pods stay.
#
# One thing is good to know: of a ReplicaSet that shrinks, those pods go first that are not available.

# %%
from k8slearn.lab.exercises.nextsizes import Pods

old, new = Pods(size=4, available=4), Pods(size=0, available=0)

# %% tags=["hole"]
def next_sizes(wanted, surge, unavailable, old, new):
    """(how many the old one keeps, how many the new one gets)"""
    ### BEGIN SOLUTION
    ### HOLE: how much room is there for new ones? How many of the old ones can be spared?
    room = max(wanted + surge - old.size - new.size, 0)
    more = min(new.size + room, wanted)
    broken = old.size - old.available
    spare = max(old.available + new.available - (wanted - unavailable), 0)
    return max(old.size - broken - spare, 0), more
    ### END SOLUTION

# %% [markdown]
# Try it by hand first, if you like. Room for one more, and nobody can be spared yet:

# %%
next_sizes(4, 1, 0, old, new)

# %% tags=["check"]
check("08.1", next_sizes)

# %% [markdown]
# ## 08.2 · The version before
#
# `kubectl rollout undo`, by hand: `undo(client, key)` puts the version before the present one back. It is **right** when the Deployment asks
# for that version and everything else is as it was; and when its pods come from the ReplicaSet which that version had.
#
# `client.get(resource, key)` returns a copy that you may edit; `client.list(resource)` returns all, not to be edited (`edit(obj)`
# makes a copy); `client.update(obj)` writes. `revision(obj)` is the number that the controller has noted, in a ReplicaSet or, of the
# present one, in the Deployment. A number is never used twice: a version that comes back gets a new one.

# %%
from k8slearn.api.objects import edit, is_controlled_by
from k8slearn.lab.exercises.undo import revision

show(revision)

# %% tags=["hole"]
def undo(client, key):
    """Put the version before the present one back."""
    deployment = client.get("deployments", key)
    ### BEGIN SOLUTION
    ### HOLE: which ReplicaSet has the version before? What of it belongs into the Deployment?
    mine = [rs for rs in client.list("replicasets") if is_controlled_by(rs, deployment)]
    earlier = [rs for rs in mine if revision(rs) < revision(deployment)]
    template = edit(max(earlier, key=revision)["spec"]["template"])
    del template["metadata"]["labels"]["pod-template-hash"]
    deployment["spec"]["template"] = template
    client.update(deployment)
    ### END SOLUTION

# %% tags=["check"]
check("08.2", undo)

# %% [markdown]
# ## 08.3 · Whose turn is it?
#
# A StatefulSet, ordered, in the middle of an update. `pods` are those that are there, by number: each has a `version` ("old" or "new"), is
# `ready` or not, and may be `leaving`. What is the next move? `("create", number, version)`, `("delete", number)`, or `None`: wait.
#
# It is **right** when pods come from 0 upwards, each when all before it are ready; when what is too much goes from the top; when the old
# ones are exchanged from the top down to the `partition`, one at a time, and only while all are well; and when below the partition
# everybody stays old, even one that has to be made again. You are asked after each change.

# %%
from k8slearn.lab.exercises.whosnext import Pod

pods = {0: Pod("old"), 1: Pod("old"), 2: Pod("new", ready=False)}

# %% tags=["hole"]
def next_move(replicas, partition, pods):
    """("create", number, version), ("delete", number), or None: nothing to do now."""
    ### BEGIN SOLUTION
    ### HOLE: upwards, who is missing or not well? From the top, who is too much? Then, who is old?
    for number in range(replicas):
        if number not in pods:
            return ("create", number, "old" if number < partition else "new")
        if pods[number].leaving or not pods[number].ready:
            return None
    for number in sorted(pods, reverse=True):
        if number >= replicas:
            return None if pods[number].leaving else ("delete", number)
    for number in reversed(range(partition, replicas)):
        if pods[number].version == "old":
            return ("delete", number)
    ### END SOLUTION

# %% [markdown]
# Number 2 has just come and is not ready. So who goes next? Nobody yet:

# %%
next_move(3, 0, pods)

# %% tags=["check"]
check("08.3", next_move)

# %% [markdown]
# Right? Then compare with [the solution](../solutions/08_rollouts.ipynb), and go on to
# [09 · The scheduler](../notebooks/09_the_scheduler.ipynb).
