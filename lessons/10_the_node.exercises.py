# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 10 · Exercises
#
# Three decisions of a kubelet, and you make them: is it started again, what is it asked, and who has to go?
#
# Under each check you find what a right answer gets. Run the cell, and you see what yours gets. Stuck?
# `hint("10.1")` helps, three times.

# %%
from k8slearn.lab import check, hint, replay

# %% [markdown]
# ## 10.1 · Once more?
#
# A container has ended. You know the restart policy of its pod (`"Always"`, `"OnFailure"` or `"Never"`), the exit code, how often it has been
# started again since it last ran well (`crashes`), and how many seconds it ran this time.
#
# Return how many seconds to wait until it is started again, `0` for at once, or `None`: it is left alone. It is **right** when you decide as the
# kubelet does, over many histories. They were really lived, on a machine, and you are held against what the kubelet there did.

# %% tags=["hole"]
def pause(policy, code, crashes, ran):
    """Seconds until it is started again; None: never."""
    ### BEGIN SOLUTION
    ### HOLE: is it started again, and when?
    if policy == "Never" or (policy == "OnFailure" and code == 0):
        return None
    if crashes == 0 or ran > 600:
        return 0
    return min(10 * 2 ** (crashes - 1), 300)
    ### END SOLUTION

# %% [markdown]
# Look at a history yourself, if you like. Each line is an end: the exit code, the crashes so far, how long it ran, and how long the kubelet
# paused.

# %%
from k8slearn.lab.exercises.restarting import Run, ends

ends("Always", (Run(5, 1), Run(5, 1), Run(5, 0), Run(900, 1), Run(5, 1)))

# %% tags=["check"]
check("10.1", pause)

# %% [markdown]
# ## 10.2 · Which probe?
#
# A program that you cannot change. This is known of it:
#
# - It takes up to **90 seconds** to start. Sometimes it is up after five. Sometimes its start hangs.
# - Now and then it is too busy to answer, for up to **12 seconds**. That is harmless.
# - Sometimes it **hangs** for good. Then it does not obey SIGTERM either.
#
# Write its probes; it answers on `/`, port 8080. They are **right** when nothing is restarted needlessly; when every hang has ended within
# **60 seconds**, that is: the container is really gone; when a start that hangs has ended within **180 seconds**; and when nobody is sent to it
# before it answers, or more than **20 seconds** after it has begun to hang.

# %% tags=["hole"]
PROBES = """
### BEGIN SOLUTION
### HOLE: startupProbe, livenessProbe, readinessProbe: the right ones, with the right patience
startupProbe:
  httpGet: {path: /, port: 8080}
  periodSeconds: 5
  failureThreshold: 24
livenessProbe:
  httpGet: {path: /, port: 8080}
  periodSeconds: 5
  failureThreshold: 5
readinessProbe:
  httpGet: {path: /, port: 8080}
  periodSeconds: 5
  failureThreshold: 2
### END SOLUTION
"""

# %% [markdown]
# Try it. Here it starts in 40 seconds, and hangs 100 seconds after it was started:

# %%
from k8slearn.lab.exercises.asking import tried

tried(PROBES, starts_in=40, hangs=100)

# %% tags=["check"]
check("10.2", PROBES)

# %% [markdown]
# Not right yet? The report tells the shortest life, and `replay()` lets you walk through it.
#
# ## 10.3 · Who has to go?
#
# The machine has no memory left, and pods have to go, one after the other, until there is enough. You are the sort key: the pod
# whose key is smallest goes first.
#
# A pod `t` has a `t.name`, what it has `t.requested` and what it has `t.used` (both in Mi), a `t.priority`, and its quality of service,
# `t.qos`: `"BestEffort"`, `"Burstable"` or `"Guaranteed"`. It is **right** when they go in the order in which the kubelet would take them.

# %% tags=["hole"]
def first_to_go(t):
    """The smaller, the sooner."""
    ### BEGIN SOLUTION
    ### HOLE: a tuple: what counts first, what counts among equals, ...
    return t.used <= t.requested, t.priority, t.requested - t.used
    ### END SOLUTION

# %% tags=["check"]
check("10.3", first_to_go)

# %% [markdown]
# Right? Then compare with [the solution](../solutions/10_the_node.ipynb), and with what our kubelet does: `k8slearn/node/eviction.py`.
#
# Now look once more at what you have written for 10.3, and at a pod of your own that requests nothing. Where in the line does it stand?
