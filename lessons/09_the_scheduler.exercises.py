# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# %% [markdown]
# # 09 · Exercises
#
# You are the filters, then a score; then you find out why a pod waits, and at last you write what keeps an app alive when a
# zone burns. Run a check to see what yours gets. Stuck? `hint("09.1")` helps, three times.

# %%
from k8slearn.lab import check, hint, show

# %% [markdown]
# ## 09.1 · Predict the node
#
# Given a pod, the nodes, the pods that are there, and what a monitoring system says about cpu that is *used*: which nodes pass the filters?
# The scheduler's own plugins are asked the same, about 160 clusters. Memory is never scarce.

# %%
from k8slearn.lab.exercises.placing import cpu, machine, tolerates

show(machine("a", 4, {"disk": "ssd"}, "gpu:NoSchedule"))

# %% [markdown]
# `cpu(pod)` is what it requests, in thousandths; `tolerates(pod, taint)` says whether it does. Taints have an effect: *NoSchedule*, or
# *PreferNoSchedule*. A pod may have a `nodeSelector`, and wishes.

# %% tags=["hole"]
def fits(pod, nodes, pods, usage):
    """The names of the nodes that will do."""
    ### BEGIN SOLUTION
    ### HOLE: for each node: is there room, are its taints tolerated, has it the labels?
    found = []
    for node in nodes:
        name, capacity = node["metadata"]["name"], 1000 * int(node["status"]["allocatable"]["cpu"])
        there = [p for p in pods if p["spec"]["nodeName"] == name]
        there = [p for p in there if p["status"]["phase"] not in ("Succeeded", "Failed")]
        taken = sum(cpu(p) for p in there)
        room = not cpu(pod) or taken + cpu(pod) <= capacity
        taints = [t for t in node["spec"].get("taints", []) if t["effect"] == "NoSchedule"]
        welcome = all(tolerates(pod, taint) for taint in taints)
        wanted = pod["spec"].get("nodeSelector", {})
        labelled = all(node["metadata"]["labels"].get(key) == value for key, value in wanted.items())
        if room and welcome and labelled:
            found.append(name)
    return found
    ### END SOLUTION

# %% tags=["check"]
check("09.1", fits)

# %% [markdown]
# ## 09.2 · Pack tightly
#
# Machines cost money, so fill them one by one. Write a plugin that prefers the node that would be **fullest** with the pod on it, measured as the
# part of its cpu that is requested. It is an opinion: no node may be refused. `pod.requests` and `node.requested` have cpu in thousandths, and
# so has `node.allocatable`.

# %% tags=["hole"]
class PackTightly:
    """The fuller, the better."""

    name, weight = "PackTightly", 1

    def score(self, pod, node):
        ### BEGIN SOLUTION
        ### HOLE: which part of its cpu would be requested, in percent, a whole number?
        with_it = node.requested.get("cpu", 0) + pod.requests.get("cpu", 0)
        return 100 * with_it // node.allocatable["cpu"]
        ### END SOLUTION

# %% tags=["check"]
check("09.2", PackTightly)

# %% [markdown]
# ## 09.3 · Why does it wait?
#
# A pod waits. You get the pod, and the scheduler's last decision about it, or None if there was none. Say which **plugin** keeps it waiting
# ("" if none does), and the smallest **change** that helps. We do what you say, and look whether the pod gets a node.

# %%
from k8slearn.lab.exercises.lesson09 import CHANGES

list(CHANGES)

# %% [markdown]
# `decision.refused` has a refusal for each node, with its `plugin`, its `reasons`, and `preemption_may_help`: would it do if others were gone?

# %% tags=["hole"]
def cure(pod, decision):
    """(plugin, one of CHANGES)"""
    ### BEGIN SOLUTION
    ### HOLE: was it looked at, at all? Which plugins have refused it? Would room help?
    if pod["spec"].get("schedulingGates"):
        return "SchedulingGates", "remove the gate"
    if decision is None:
        return "", "name another scheduler"
    cures = {"TaintToleration": "tolerate the taint", "NodeAffinity": "label the node"}
    for refusal in decision.refused.values():
        if refusal.plugin in cures:
            return refusal.plugin, cures[refusal.plugin]
    helps = any(refusal.preemption_may_help for refusal in decision.refused.values())
    return "NodeResourcesFit", "evict somebody" if helps else "request less"
    ### END SOLUTION

# %% tags=["check"]
check("09.3", cure)

# %% [markdown]
# ## 09.4 · A zone burns
#
# Six pods with the label `app=<app>` run in three zones. Write what belongs into the spec of each, so that the loss of **any** zone takes at
# most three of them. If that cannot be had, pods shall rather wait; if it can, all six must run. Zones are not alike: one may have
# eight machines, the others one.

# %% tags=["hole"]
def spread(app):
    """Fields for the pod's spec: {"topologySpreadConstraints": [...]}, or {"affinity": {...}}."""
    ### BEGIN SOLUTION
    ### HOLE: over which domains, how far apart, which pods count, and is it a wish or a law?
    constraint = {
        "maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": app}},
    }
    return {"topologySpreadConstraints": [constraint]}
    ### END SOLUTION

# %% tags=["check"]
check("09.4", spread)

# %% [markdown]
# Right? Then compare with [the solution](../solutions/09_the_scheduler.ipynb).
