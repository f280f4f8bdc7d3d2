# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 16 · Exercises
#
# First you are the API server, and say who is to hear of a change. Then you are the scheduler, and find the best of
# many nodes without asking them all.
#
# Under each check you find what a right answer gets. Run the cell, and you see what yours gets. Stuck?
# `hint("16.1")` helps, three times.

# %%
from k8slearn.lab import check, hint

# %% [markdown]
# ## 16.1 · Who needs to hear of this?
#
# Some clients watch, each with its own selectors. An object changes: it was `before`, and is `after` (`None`: it was
# not there yet, or is not there any more). Here are two kubelets and the scheduler; a pod is bound to node-1.

# %%
from k8slearn.lab.crowd import pod
from k8slearn.lab.exercises.lesson16 import selects

watches = {
    "scheduler": {"kind": "Pod"},
    "kubelet-1": {"kind": "Pod", "fields": {"spec.nodeName": "node-1"}},
    "kubelet-2": {"kind": "Pod", "fields": {"spec.nodeName": "node-2"}},
}
before, after = pod("ada"), pod("ada", on="node-1")
{name: (selects(watch, before), selects(watch, after)) for name, watch in watches.items()}

# %% [markdown]
# `selects` says whether a watch sees an object. It is **right** when you name all who hear an event, and of which type:
# `ADDED`, `MODIFIED` or `DELETED`. Here it is `{"scheduler": "MODIFIED", "kubelet-1": "ADDED"}`. Your answers are
# compared with what an API server tells its watches.

# %% tags=["hole"]
def who_hears(watches, before, after):
    """{name of the watch: type of the event}, of those that hear one."""
    ### BEGIN SOLUTION
    ### HOLE: what has changed for each of them?
    heard = {}
    for name, watch in watches.items():
        was = before is not None and selects(watch, before)
        now = after is not None and selects(watch, after)
        if now:
            heard[name] = "MODIFIED" if was else "ADDED"
        elif was:
            heard[name] = "DELETED"
    return heard
    ### END SOLUTION

# %% [markdown]
# Try it by hand first, if you like:

# %%
who_hears(watches, before, after)

# %% tags=["check"]
check("16.1", who_hears)

# %% [markdown]
# ## 16.2 · A ranking that asks little
#
# Many nodes, and one kind of pod. You are told when a node has changed (or has come), and when one is removed. Now and
# then somebody wants to know which one is the **best**. What a node scores you can ask: `score(node)` is a number, or
# `None` when it will not do at all. But each question costs.
#
# It is **right** when
#
# - `best()` is the node that scores most *now*; of equal ones the first by name; `None` when no node will do;
# - between one `best()` and the next, a node is asked once at most, and only if it has changed. Who is gone is not
#   asked.
#
# Your ranking is tried in some hundreds of histories: all the short ones, and many long ones.

# %% tags=["hole"]
class Ranking:
    """The best of many nodes."""

    def __init__(self, score):
        self.score = score
        self.known = {}
        ### BEGIN SOLUTION
        ### HOLE: what else do you want to remember?
        self.notes = set()
        ### END SOLUTION

    def changed(self, node):
        ### BEGIN SOLUTION
        ### HOLE: this node is new, or not as before
        self.notes.add(node)
        ### END SOLUTION

    def removed(self, node):
        ### BEGIN SOLUTION
        ### HOLE: this node is gone
        self.notes.discard(node)
        self.known.pop(node, None)
        ### END SOLUTION

    def best(self):
        ### BEGIN SOLUTION
        ### HOLE: whom do you have to ask? And who is best now?
        for node in self.notes:
            self.known[node] = self.score(node)
        self.notes.clear()
        will_do = [node for node, score in self.known.items() if score is not None]
        return min(will_do, key=lambda node: (-self.known[node], node), default=None)
        ### END SOLUTION

# %% [markdown]
# Try it by hand first, if you like:

# %%
scores = {"node-1": 5, "node-2": 7}
ranking = Ranking(scores.get)
for node in scores:
    ranking.changed(node)
first = ranking.best()
scores["node-2"] = 3
ranking.changed("node-2")
first, ranking.best()

# %% tags=["check"]
check("16.2", Ranking)

# %% [markdown]
# The solution still compares all the scores for each `best()`. That is a thousand numbers and not a thousand
# questions, and it is quick. The scheduler of this house does without even that:
# [`scoreboard.py`](../k8slearn/scheduler/scoreboard.py).
#
# Right? Then compare with [the solution](../solutions/16_tens_of_thousands.ipynb).
