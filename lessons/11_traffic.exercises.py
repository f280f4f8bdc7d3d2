# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 11 · Exercises
#
# You take over a shop that loses people at each rollout, and let it lose none. Then you write the heart of a
# router, who is sent where, and that of an autoscaler: how many should there be?
#
# Under each check you find what a right answer gets. Run the cell, and you see what yours gets. Stuck?
# `hint("11.1")` helps, three times.

# %%
from k8slearn.lab import check, hint, replay, show
from k8slearn.lab.exercises.lesson11 import LEAVES, READY, SHOP, STARTS, ending, slice_of, tried

# %% [markdown]
# ## 11.1 · A rollout that drops no request
#
# So the shop is deployed today. Its program needs three seconds until it answers, and six seconds for each answer: it searches a
# large catalogue. When it is told to stop, it takes nobody new, and finishes what it has begun, if one lets it.

# %%
show(SHOP)

# %% [markdown]
# And this is a rollout of today. Five hundred requests a second, and people wait for ten seconds at most:

# %%
tried("{}")

# %% [markdown]
# Write what is to be laid over the `spec`. You may say how the rollout goes (`strategy`), and how a pod begins and ends (in `template`). The
# program, its size and the number of replicas stay as they are: money is short.
#
# It is **right** when no request is lost, in several rollouts, even if the routers' tables are up to two seconds old.

# %% tags=["hole"]
CARE = """
### BEGIN SOLUTION
### HOLE: strategy: rollingUpdate; and in template: spec: what a pod needs at its beginning and at its end
strategy:
  rollingUpdate:
    maxSurge: 3
    maxUnavailable: 0
template:
  spec:
    terminationGracePeriodSeconds: 30
    containers:
    - name: web
      readinessProbe:
        httpGet: {path: /, port: 8080}
        periodSeconds: 1
      lifecycle:
        preStop:
          sleep: {seconds: 5}
### END SOLUTION
"""

# %%
tried(CARE)

# %% tags=["check"]
check("11.1", CARE)

# %% [markdown]
# Not right yet? `replay().show("traffic")` begins when the first ones have been lost.
#
# ## 11.2 · Who is sent where?
#
# A router has the EndpointSlices of a Service. Here are two, with all that there is in one:

# %%
slices = [slice_of(ending(1, **READY), ending(2, **LEAVES)), slice_of(ending(3, **STARTS), ending(4))]
show(slices)

# %% [markdown]
# First: **who may be sent something?** Those that are `ready`. If there is none, those that are `terminating` and still `serving`. A
# condition that nobody has written counts like this: `ready` is true, `serving` is what `ready` is, `terminating` is false. The same
# address may stand in two slices, and is one endpoint. (It is enough to return the addresses.)

# %% tags=["hole"]
def usable(slices):
    """The addresses that may be sent something, each once."""
    ### BEGIN SOLUTION
    ### HOLE: look at endpoint.get("conditions") of each endpoint of each slice; endpoint["addresses"][0] is its address
    ready, leaving = set(), set()
    for one in slices:
        for endpoint in one["endpoints"]:
            said = endpoint.get("conditions") or {}
            address = endpoint["addresses"][0]
            is_ready = said.get("ready", True)
            if is_ready:
                ready.add(address)
            elif said.get("terminating", False) and said.get("serving", is_ready):
                leaving.add(address)
    return sorted(ready or leaving)
    ### END SOLUTION

# %% [markdown]
# Then: **which one?** A request of `client` comes in second `now`. `luck` is a big number that chance has drawn for it. If `sticky` is not
# 0, a client that comes back within so many seconds *after its last request* gets the same endpoint again, as long as that may be sent
# something. `kept` is a dict that is yours: what you put in is there the next time.
#
# It is **right** when only those are chosen that may be; when, without `sticky`, all get about as many; when a client keeps its
# endpoint for as long as it should, and no longer; and when the answer is `None` if there is nobody.

# %% tags=["hole"]
def pick(slices, client, now, luck, sticky, kept):
    """The address that this request is sent to, or None."""
    ### BEGIN SOLUTION
    ### HOLE: the one it had, if it counts still; else any. And remember it
    found = usable(slices)
    if not found:
        return None
    address = found[luck % len(found)]
    if sticky:
        before, last = kept.get(client, (None, 0))
        if before in found and now - last <= sticky:
            address = before
        kept[client] = address, now
    return address
    ### END SOLUTION

# %%
[pick(slices, "ann", 0, luck, 0, {}) for luck in range(6)]

# %% tags=["check"]
check("11.2", pick)

# %% [markdown]
# ## 11.3 · How many should there be?
#
# The autoscaler's rule is short: as many as there would have to be for each to use `target`. But some pods have not been
# measured, and some are only starting. It is **right** when you say what the real one says:
#
# 1. Take the pods that are ready and measured: how much do they use on average, as a share of the target? Above 1 there
#    should be more pods, below 1 fewer. If nothing is known, leave it as it is.
# 2. For the others take *what would change least*. Not measured: as if it used nothing when there should be more,
#    and just the target when there should be fewer. Not ready: as if it used nothing when there should be more; when there
#    should be fewer, leave it out.
# 3. Work out the share once more, with them. If it is within a tenth of 1, or has turned to the other side of 1, leave it as
#    it is. Otherwise there should be (share × pods that you have counted), rounded up.

# %%
from math import ceil

from k8slearn.lab.exercises.lesson11 import Pod

pods = [Pod(used=160), Pod(used=180), Pod(used=None), Pod(used=240, ready=False)]
pods

# %% tags=["hole"]
def wanted(pods, target):
    """How many pods there should be. used: None if it has not been measured."""
    ### BEGIN SOLUTION
    ### HOLE: the share of those you know; what you assume of the others; the share with them
    known = [pod.used for pod in pods if pod.ready and pod.used is not None]
    if not known:
        return len(pods)
    share = sum(known) / len(known) / target
    missing = [0 if share > 1 else target for pod in pods if pod.used is None]
    starting = [0 for pod in pods if not pod.ready and share > 1]
    counted = known + missing + starting
    again = sum(counted) / len(counted) / target
    if abs(again - 1) <= 0.1 or (again > 1) != (share > 1):
        return len(pods)
    return ceil(again * len(counted))
    ### END SOLUTION

# %% [markdown]
# The two that we know use too much; with the other two, who might use nothing, there is no need to act. So these four stay
# four.

# %%
wanted(pods, target=100)

# %% tags=["check"]
check("11.3", wanted)

# %% [markdown]
# ## 11.4 · And how far may it go?
#
# A wish is not yet a size. `past` are earlier wishes: `[(when, how many), ...]`. It is **right** when you go where the real
# one goes, if nobody has written a `behavior`:
#
# * to the *highest* wish of the last 300 seconds, this one included;
# * at most to twice the size that there is, or to four, if that is more;
# * and never out of the bounds `least` and `most`.

# %% tags=["hole"]
def limited(now, current, wish, past, least, most):
    """How many pods there are to be now."""
    ### BEGIN SOLUTION
    ### HOLE: what was wished for of late; how fast; between which bounds
    recent = [count for when, count in past if when > now - 300]
    size = max([wish, *recent])
    fastest = max(2 * current, 4)
    return max(least, min(size, fastest, most))
    ### END SOLUTION

# %% tags=["check"]
check("11.4", limited)

# %% [markdown]
# Right? Then compare with [the solution](../solutions/11_traffic.ipynb), and with those who do it in this cluster:
# `k8slearn.traffic.choice` and `k8slearn.controllers.replicacalculator`.
