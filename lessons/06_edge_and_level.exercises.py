# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 06 · Exercises
#
# You build the queue that stands in the middle of every controller. Then you write a controller that never makes one pod too
# many, however late the news. And last you mend one that believes in resyncs.
#
# Under each check you find what a right answer gets. Run the cell, and you see what yours gets. Stuck?
# `hint("06.1")` helps, three times.

# %%
from k8slearn import Cluster, Controller, Done, Simulation
from k8slearn.api.objects import dig, labels_of, name_of, namespace_of
from k8slearn.lab import check, hint, judge, replay, show

# %% [markdown]
# ## 06.1 · A work queue
#
# Events come in at one end, workers take keys at the other. Three methods:
#
# - `add(key)`: this key wants work.
# - `get()`: the next key, or None. From now on it is in a worker's hands.
# - `done(key)`: the worker has finished with it.
#
# It is **right** when a key that waits is handed out once, however often it was added; when no key is ever in the hands of two
# workers; when whatever was added is looked at *afterwards*, even if it was added while somebody was at it; and when
# the first to come is the first to be served.

# %% tags=["hole"]
class WorkQueue:
    """Keys that want work."""

    def __init__(self, clock):
        self.clock, self.later = clock, []  # clock.now is the time in seconds; later is for the second part
        ### BEGIN SOLUTION
        ### HOLE: what has to be remembered; then the three methods add, get and done
        self.ready, self.wanted, self.working = [], set(), set()

    def add(self, key):
        if key not in self.wanted:
            self.wanted.add(key)
            if key not in self.working:
                self.ready.append(key)

    def get(self):
        if not self.ready:
            return None
        key = self.ready.pop(0)
        self.wanted.discard(key)
        self.working.add(key)
        return key

    def done(self, key):
        self.working.discard(key)
        if key in self.wanted:
            self.ready.append(key)
        ### END SOLUTION

# %% [markdown]
# Then delays. `add_after(key, delay)` is like `add(key)`, only that many seconds later. Nothing happens by itself in a
# queue: `get` looks at the clock.

# %% tags=["hole"]
class DelayingQueue(WorkQueue):
    """The same, with keys that come later."""

    ### BEGIN SOLUTION
    ### HOLE: add_after(self, key, delay), and a get(self) that looks at the clock first
    def add_after(self, key, delay):
        self.later.append((self.clock.now + delay, key))

    def get(self):
        for due, key in sorted(self.later):
            if due <= self.clock.now:
                self.later.remove((due, key))
                self.add(key)
        return super().get()
    ### END SOLUTION

# %% tags=["check"]
check("06.1", DelayingQueue)

# %% [markdown]
# ## 06.2 · Not one too many
#
# A **Choir** wants a singer for each of its voices. A singer is a pod, and the API server chooses its name, so that nothing
# but counting tells whether one is missing. (A Choir may grow. It never shrinks.)

# %%
from k8slearn.lab.exercises.choir import CHOIR, choir, singer

show(singer)

# %% [markdown]
# It is **right** when there is never one singer too many, not even for a moment, however late the news is; when in the end every
# voice has one; and when `reconcile` reads from the cache only. So write down what is on its way: in `self.expected`, by key, how many
# and since when. What has not arrived after thirty seconds will not arrive any more.
#
# `Done(again_in=seconds, background=True)` brings you back if nothing else does. Time is `self.clock.now`.

# %% tags=["hole"]
class ChoirController(Controller):
    """As many singers as a Choir has voices, and never one too many."""

    primary, owns = "choirs", ["pods"]

    def setup(self):
        self.expected = {}  # key -> [how many pods are on their way, since when]

    def on_change(self, change):
        ### BEGIN SOLUTION
        ### HOLE: has a pod arrived? self.owners_of(change) says for which keys
        if change.resource == "pods" and change.type == "ADDED":
            for key in self.owners_of(change):
                self.expected.get(key, [0, 0])[0] -= 1
        ### END SOLUTION
        super().on_change(change)

    def reconcile(self, key):
        choir = self.cache.get("choirs", key)
        if choir is None:
            return None
        ### BEGIN SOLUTION
        ### HOLE: wait for what is on its way, but not for ever; then make what is missing, and write it down
        count, since = self.expected.get(key, [0, 0])
        if count > 0 and self.clock.now < since + 30:
            return Done(again_in=since + 30 - self.clock.now, background=True)
        missing = choir["spec"]["voices"] - len(self.cache.owned_by(choir, "pods"))
        for made in range(missing):
            self.client.create(singer(choir))
            self.expected[key] = [made + 1, self.clock.now]
        ### END SOLUTION

# %% [markdown]
# Try it by hand first, if you like. Here the news of pods is held back, and then the Choir grows:

# %%
sim = Simulation(Cluster(nodes=1, kinds=[CHOIR], adding=[ChoirController]))
sim.create(choir("alto", 3))
sim.run()
sim.fault("hold", "choir-controller", "pods")
for voices in (4, 5, 6):
    sim.client.patch("choirs", "default/alto", patch={"spec": {"voices": voices}})
    sim.run()
len(sim.client.list("pods"))

# %% tags=["check"]
check("06.2", ChoirController)

# %% [markdown]
# ## 06.3 · Who has left?
#
# A **Team** lists its members: the pods that carry its label. Somebody has written this, and it is in production. There are at least
# four mistakes in it. How many do you find before you run the cell after it?

# %%
from k8slearn.lab.exercises.teams import TEAM, member, team

class HastyTeams(Controller):
    """Lists in status.members who carries the label team=<name>."""

    primary, watches = "teams", ["pods"]

    def keys_for(self, change):
        if change.resource != "pods":
            return super().keys_for(change)
        if change.type == "DELETED":
            return []  # the next resync will find that
        return [f"default/{labels_of(change.new)['team']}"]

    def reconcile(self, key):
        team = self.cache.get("teams", key)
        if team is None:
            return
        everybody = self.cache.list("pods", namespace_of(team))
        names = sorted(name_of(pod) for pod in everybody if labels_of(pod).get("team") == name_of(team))
        team["status"] = {"members": names}
        self.client.update_status(team)

# %%
judge("06.3", HastyTeams)

# %% [markdown]
# That was one. Write it again, without the others. It is **right** when each Team lists those who are in it, whoever comes, goes, or
# changes teams, and whether anybody was listening or not.

# %% tags=["hole"]
class TeamController(Controller):
    """status.members of every Team: the names of the pods that carry its label."""

    primary, watches = "teams", ["pods"]

    def keys_for(self, change):
        if change.resource != "pods":
            return super().keys_for(change)
        teams = []
        ### BEGIN SOLUTION
        ### HOLE: which teams have to look again? There is change.old, or change.new, or both
        for pod in (change.old, change.new):
            if pod is not None:
                teams.append(labels_of(pod).get("team"))
        ### END SOLUTION
        return [f"default/{team}" for team in teams]

    def reconcile(self, key):
        team = self.cache.get("teams", key)
        if team is None:
            return
        pods = self.cache.list("pods", namespace_of(team))
        members = sorted(name_of(pod) for pod in pods if labels_of(pod).get("team") == name_of(team))
        ### BEGIN SOLUTION
        ### HOLE: write the members into the status, if it says something else
        if dig(team, "status", "members", default=[]) != members:
            self.client.update_status(team, members=members)
        ### END SOLUTION

# %% tags=["check"]
check("06.3", TeamController)

# %% [markdown]
# Not right yet? The report tells the shortest story. `replay().show("queues")` shows the queue and the caches in it: what was
# not heard yet, and which key was waiting because of what.
#
# Right? Then compare with [the solution](../solutions/06_edge_and_level.ipynb).
