# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 14 · Exercises
#
# First you are the API server's table of groups: somebody asks, and you say who answers. Then you write the heart of
# a server of your own.
#
# Under each check you find what a right answer gets. Run the cell, and you see what yours gets. Stuck?
# `hint("14.1")` helps, three times.

# %%
from k8slearn.lab import check, hint, show

# %% [markdown]
# ## 14.1 · Who answers?
#
# A request comes in, of somebody who may do everything. Does the API server answer it *itself*, or does it pass it on?
# And what is the code of the answer?

# %%
from k8slearn.lab.exercises.lesson14 import GROUP, WEATHER, apiservice, parts

show(apiservice("v2", GROUP, WEATHER, "Available"))

# %% [markdown]
# An APIService without `spec.service` is *Local*. One that nobody has looked at yet has no conditions. You are
# given all of them, by name, and who serves what, `"us"` being the API server itself:

# %%
apiservices = {"v2.weather.example.com": apiservice("v2", GROUP, WEATHER, "not available")}
served = {"us": {("", "v1", "pods")}, "default/weather": {("weather.example.com", "v2", "stations")}}
parts("/apis/weather.example.com/v2/namespaces/default/stations")

# %% [markdown]
# It is **right** when you say who answers, `"us"` or the Service (`"default/weather"`), together with the code: 200, 404 or
# 503. Here it is `("us", 503)`. Your answers are compared with those of a real API server, in more than two hundred cases.

# %% tags=["hole"]
def who_answers(path, apiservices, served):
    """(who, code): "us" or the Service that the request is passed on to, and 200, 404 or 503."""
    group, version, plural = parts(path)
    ### BEGIN SOLUTION
    ### HOLE: is it handed over? Is the other one there? And does whoever answers have such a kind?
    who, found = "us", apiservices.get(f"{version}.{group}")
    if found is not None and found["spec"].get("service"):
        service, conditions = found["spec"]["service"], found["status"].get("conditions", [])
        if not any(c["type"] == "Available" and c["status"] == "True" for c in conditions):
            return "us", 503
        who = f"{service['namespace']}/{service['name']}"
    return who, 200 if (group, version, plural) in served[who] else 404
    ### END SOLUTION

# %% [markdown]
# Try it by hand first, if you like:

# %%
who_answers("/apis/weather.example.com/v2/namespaces/default/stations", apiservices, served)

# %% tags=["check"]
check("14.1", who_answers)

# %% [markdown]
# ## 14.2 · The next ferry
#
# A **Ferry** goes every so many minutes, the first at midnight. People want to see in how many minutes the next one
# leaves, and that is a different number whenever they look. So it is a kind for a server of our own:
#
# - v1 says `{"every": "20 min"}`, v2 says `{"minutes": 20}`. The status is the same in both: `{"leavesIn": 15}`.
# - `clock.now` is the time of day, in minutes. At 5, a ferry that goes every 20 minutes leaves in 15; at 20, in 0.

# %%
from k8slearn.lab.exercises.lesson14 import Clock, ferry, not_found

show(ferry("v2", "north", "bell", {"minutes": 20}, {"leavesIn": 15}))

# %% [markdown]
# It is **right** when every answer is true at the moment of reading; when a version says the same in its own words, in
# whichever it was written; when a list has the ferries of one namespace, or those of all (`""`), by namespace and name;
# and when what there is not, a name or a version, raises `not_found(name)`. (A namespace without ferries is no
# mistake: its list is empty.)
#
# What you keep, and how, is your affair.

# %% tags=["hole"]
class Ferries:
    """The heart of an API server for harbour.example.com."""

    def __init__(self, clock):
        self.clock = clock
        self.kept = {}

    def put(self, version, namespace, name, spec):
        ### BEGIN SOLUTION
        ### HOLE: keep what has to be kept
        every = int(spec["every"].removesuffix(" min")) if version == "v1" else spec["minutes"]
        self.kept[namespace, name] = every
        ### END SOLUTION

    def get(self, version, namespace, name):
        ### BEGIN SOLUTION
        ### HOLE: is there such a version, such a ferry? What does it look like now?
        if version not in ("v1", "v2") or (namespace, name) not in self.kept:
            raise not_found(name)
        every = self.kept[namespace, name]
        spec = {"every": f"{every} min"} if version == "v1" else {"minutes": every}
        return ferry(version, namespace, name, spec, {"leavesIn": -self.clock.now % every})
        ### END SOLUTION

    def list(self, version, namespace):
        ### BEGIN SOLUTION
        ### HOLE: those that are meant, one by one
        if version not in ("v1", "v2"):
            raise not_found("")
        meant = [key for key in sorted(self.kept) if namespace in ("", key[0])]
        return [self.get(version, *key) for key in meant]
        ### END SOLUTION

# %% [markdown]
# Try it by hand first, if you like:

# %%
clock = Clock()
ferries = Ferries(clock)
ferries.put("v1", "north", "bell", {"every": "20 min"})
clock.now = 5
ferries.get("v2", "north", "bell")

# %% tags=["check"]
check("14.2", Ferries)

# %% [markdown]
# That, a look at the certificate of whoever asks, a table for `kubectl get` and a few documents about itself make a server
# of one's own. What it does not do, nobody does.
#
# Right? Then compare with [the solution](../solutions/14_aggregation.ipynb).
