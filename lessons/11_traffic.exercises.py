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
# You take over a shop that loses people at each rollout, and let it lose none. Then you write the heart of a router: who is sent where?
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
# Right? Then compare with [the solution](../solutions/11_traffic.ipynb), and with the routers that carried your shop's requests:
# `show(k8slearn.traffic.choice)` after `import k8slearn`.
