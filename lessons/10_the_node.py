# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 10 · The node
#
# *So far pods were objects: somebody wrote them, somebody counted them, somebody gave them a node. On that node they become
# programs. Programs start slowly, hang, crash, eat memory and do not listen; and one day the machine is gone.*
#
# In this lesson one player does nearly everything: the **kubelet**, which lives on each machine. You see what it decides
# for a pod from its first second to its last, and then what happens when the kubelet itself falls silent.

# %%
from k8slearn import Cluster, Simulation
from k8slearn.lab import predict, show, studio
from k8slearn.lab.chronicle import chronicle
from k8slearn.lab.lanes import lanes, pauses
from k8slearn.lab.onenode import one_node, pod, program
from k8slearn.lab.stagetable import stage_table

# %% [markdown]
# ## Who tells the kubelet?
#
# `pod("web", program("web"))` is an ordinary manifest, only shorter to write: a pod with one container. Nothing really runs
# in it. Our programs are a few numbers, such as how long they take to start; the kubelet cannot tell the difference. `giant` requests
# more than any machine has.

# %%
who = predict("10 who tells the kubelet")
who

# %%
sim = Simulation(Cluster(nodes=2))
sim.create([pod("web", program("web")), pod("giant", program("web", resources={"requests": {"cpu": "50"}}))])
sim.advance(10)
chronicle(sim, kinds=["pods"])

# %%
who.reveal()

# %% [markdown]
# The scheduler wrote a name into the pod, and that was all it did. The kubelet keeps a watch open, like any other
# controller, and asks for one thing only:

# %%
from k8slearn.node import REALISTIC, Kubelet

show(Kubelet.selectors)

# %% [markdown]
# If that is so, a scheduler is not needed for a pod to run: it is enough that *somebody* writes the name. We take the
# scheduler out, and write it ourselves.

# %%
from k8slearn.scheduler import Scheduler

alone = Simulation(Cluster(nodes=1, without=[Scheduler]))
alone.create(pod("by-hand", program("web"), nodeName="node-0"))
alone.advance(10)
chronicle(alone, kinds=["pods"])

# %% [markdown]
# Here are the two machines of before. A bar is as long as what the machine has to give; filled is what was *requested*, and the
# tick is what is really *used*. In the row at the top is who has no node. Press a pod or a machine, go back in time, and
# watch where the squares move.

# %%
studio(sim).show("board")

# %% [markdown]
# ## What happens to a container
#
# A kubelet looks at each container: how is it, and what is to be done about that? Our kubelet has it as a table. The first
# row whose *when* is true happens, takes its time, and the container has *become* something else. These are some of them:

# %%
some = ["pull", "start", "become ready", "exit", "back off", "restart after backing off", "stop"]
stage_table(REALISTIC, *some)

# %% [markdown]
# *Pull* comes first, and it takes time. `big` has an image that takes twenty seconds to arrive; `again` is made from the same
# image half a minute later. From now on we look at lives in this way: a lane for each container.

# %%
def slow_pull(name):
    made = pod(name, program("web"))
    made["metadata"]["annotations"] = {"fake/pull-seconds": "20"}
    return made

sim = one_node(slow_pull("big"), seconds=30)
sim.create(slow_pull("again"))
sim.advance(20)
lanes(sim, "big", "again")

# %% [markdown]
# The image was there already, so `again` has started at once. The first pod on a new machine is the slow one; remember that when you wonder
# why scaling up takes so long.
#
# ## In order
#
# A pod can have helpers. **Init containers** run first, one after the other, and have to end. A **sidecar** is an init container
# that says `restartPolicy: Always`: it need not end.

# %%
order = predict("10 in which order")
order

# %%
helpers = [
    program("batch", "migrate", RUNS_FOR=4),
    program("web", "proxy", restartPolicy="Always"),
    program("batch", "warm-up", RUNS_FOR=3),
]
sim = one_node(pod("shop", program("web"), initContainers=helpers), seconds=20)
lanes(sim, "shop")

# %%
order.reveal()

# %% [markdown]
# And if `migrate` fails? Then it is tried again, and *nothing* behind it starts. A pod that stays at `Init:0/3` has
# a helper that does not get done; look at the logs of the helper, and not at those of the app.
#
# ## When a program ends
#
# Three pods with the same program: it runs for three seconds, and ends with an error. They differ in one word.

# %%
crash = predict("10 the sixth pause")
crash

# %%
def crasher(policy):
    return pod(policy.lower(), program("crasher", RUNS_FOR=3), restartPolicy=policy)

sim = one_node(*map(crasher, ["Always", "OnFailure", "Never"]), seconds=1500)
lanes(sim, "always", "onfailure", "never", until=200)

# %% [markdown]
# The first time it is started again at once. Then come pauses, and each is twice as long as the one before:

# %%
pauses(sim, "always")

# %%
crash.reveal()

# %% [markdown]
# So `CrashLoopBackOff` is not what is wrong with your pod. It is the name of a *pause*. What is wrong stands in the
# state before, and in the log. And look at what is started again: not the pod. It has the same uid, the same address and
# the same node; only the container in it is a new one.

# %%
crashing = sim.client.get("pods", "default/always")
show(crashing["status"]["containerStatuses"][0])

# %% [markdown]
# Whether it is started again is decided by the policy and the exit code. *When* is decided by how often it has crashed.

# %%
from k8slearn.node.restartpolicy import restarts

show(restarts)

# %% [markdown]
# If a container has run well for ten minutes, the next crash is forgiven, and counting starts anew. (Exercise 10.1 lets you
# decide it all.)
#
# ## Three questions
#
# A program that has crashed is easy to see. A program that *hangs* is there, and does nothing. The kubelet cannot know,
# unless you tell it what to ask. There are three **probes**. This program stops answering thirty seconds after its start:

# %%
which = predict("10 which probe restarts")
which

# %%
ask = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 5}

def hanging(name, **probes):
    return pod(name, program("web", HANGS_AFTER=30, **probes), labels={"app": "shop"})

service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"}}
service["spec"] = {"selector": {"app": "shop"}, "ports": [{"port": 80, "targetPort": 8080}]}
three = [
    hanging("nothing"),
    hanging("readiness", readinessProbe=ask),
    hanging("liveness", livenessProbe=ask),
]
sim = one_node(service, *three, seconds=65)
lanes(sim, "nothing", "readiness", "liveness")

# %%
which.reveal()

# %% [markdown]
# Who gets requests now? That is what the Service's list says:

# %%
for each in sim.client.list("endpointslices")[0]["endpoints"]:
    print(each["targetRef"]["name"], "gets requests:", each["conditions"]["ready"])

# %% [markdown]
# **Readiness** asks: *shall people be sent to you?* A no takes the pod out of the Service, and nothing else. It may come back by itself.
# **Liveness** asks: *is there any hope?* A no kills the container. Look at the lane of `liveness`, though: without a readiness probe
# it counted as ready while it hung, and it does again as soon as it is started, whether it answers or not.
#
# And nobody has asked `nothing`. It has hung for half a minute, is *Running* and *Ready*, and people are sent to it.
#
# ## Slow to start
#
# A liveness probe on a program that needs forty seconds before it answers:

# %%
slow = predict("10 slow to start")
slow

# %%
def starting(name, **probes):
    return pod(name, program("web", STARTS_IN=40, livenessProbe=ask, **probes))

sim = one_node(
    starting("impatient"),
    starting("patient", startupProbe={**ask, "failureThreshold": 12}),
    seconds=150,
)
lanes(sim, "impatient", "patient")

# %%
slow.reveal()

# %% [markdown]
# The cure was the illness. **Startup** asks: *are you up yet?* Until it says yes, the two others are not asked at all; and only when it has
# failed as often as you allow is the container killed.
#
# ## Saying goodbye
#
# Deleting a pod is a request, too. The API server writes a `deletionTimestamp`; the kubelet sees it, runs the `preStop` hook, and sends SIGTERM.
# All of that together has `terminationGracePeriodSeconds`, thirty if nobody says otherwise. One of these three does not obey.

# %%
deaf = predict("10 it does not listen")
deaf

# %%
hook = {"preStop": {"sleep": {"seconds": 5}}}
polite = pod("polite", program("web", DRAINS_FOR=8, lifecycle=hook))
sim = one_node(polite, pod("blunt", program("web")), pod("deaf", program("hanger")), seconds=20)
for name in ("polite", "blunt", "deaf"):
    sim.client.delete("pods", f"default/{name}")
sim.advance(40)
lanes(sim, "polite", "blunt", "deaf", until=60)

# %%
deaf.reveal()

# %% [markdown]
# The last words of each, from the store's log. 137 is 128 + 9, killed by SIGKILL; 143 is 128 + 15, it died of SIGTERM because it has no
# handler for it; 0 is a program that has finished its work.

# %%
for entry in sim.store.log:
    if entry.resource == "pods" and entry.type == "DELETED":
        last = entry.object["status"]["containerStatuses"][0]["state"]["terminated"]
        print(entry.object["metadata"]["name"], last["exitCode"])

# %% [markdown]
# `polite` still took requests while it waited in its hook. That is what the pause is for: others need some seconds until they
# have heard that nobody shall be sent to it any more. Lesson 11 counts the requests that are lost without it.
#
# ## More than it may have
#
# `requests` are what the scheduler counts. `limits` are what the machine enforces, and it does so in two ways.

# %%
limit = predict("10 over the limit")
limit

# %%
small = {"limits": {"memory": "64Mi", "cpu": "500m"}}
leaker = program("leaker", MEMORY="32Mi", LEAKS="64Mi", resources=small)
busy = program("web", resources=small)
sim = one_node(pod("leaker", leaker), pod("busy", busy), seconds=120)
lanes(sim, "leaker", "busy")

# %%
from k8slearn.node.usage import capacity, usage

running = sim.client.get("pods", "default/busy")
for load in (100, 400, 700, 1000):
    cpu, answered = usage(running, "app", sim.now, load).cpu, min(load, capacity(busy))
    print(f"{load} requests a second: uses {cpu:g}m cpu, {answered:g} are answered")

# %%
limit.reveal()

# %% [markdown]
# Memory cannot be taken back in halves, so whoever wants more than the limit is killed: **OOMKilled**, 137. Time can be: a
# program that has used up its share of the CPU waits for the next tenth of a second. It is never killed for that. It is slow.
#
# ## When the machine itself runs short
#
# Without limits, pods can together use more than there is. Before that happens the kubelet **evicts** somebody. Four pods on a
# machine with 2 Gi; only `greedy` grows.

# %%
evicted = predict("10 who has to go")
evicted

# %%
def eats(name, memory, leaks=0, **resources):
    return pod(name, program("leaker", MEMORY=memory, LEAKS=leaks, resources=resources))

sure = {"memory": "500Mi", "cpu": "1"}
four = [
    eats("guest", "100Mi"),
    eats("greedy", "250Mi", "60Mi", requests={"memory": "200Mi"}),
    eats("frugal", "600Mi", requests={"memory": "700Mi"}),
    eats("sure", "400Mi", limits=sure),
]
sim = one_node(*four, seconds=630, memory="2Gi")
for each in sim.client.list("pods"):
    print(each["metadata"]["name"], each["status"]["qosClass"], each["status"].get("reason", "runs"))

# %%
evicted.reveal()

# %% [markdown]
# Whoever uses more than he has requested goes before everybody who does not. Among those, the lower priority goes first; among
# equals, whoever is furthest above his request. The class is no part of it: `guest`, who has requested nothing, is always
# above, but `greedy` is further. (Exercise 10.3 makes a sort key of it.)

# %%
world = studio(sim)
world.select(object="default/greedy")
world.show("board")

# %% [markdown]
# The pod says who was short of what, and why it was this one. An evicted pod is over, phase *Failed*; if somebody owns it, he
# makes another, elsewhere. The machine is still under *MemoryPressure*, and a taint keeps newcomers away. Both stay for five
# minutes, although there is room again: otherwise the next pod would come, and go, and come.
#
# ## A machine dies
#
# Three machines, a Deployment `web` and a StatefulSet `db`. After a hundred seconds somebody pulls a cable.

# %%
dead = predict("10 a machine falls silent")
dead

# %%
from k8slearn.controllers import StatefulSetController

def three_of(kind, name):
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [program("web")]}}
    spec = {"replicas": 3, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}

sim = Simulation(Cluster(nodes=3, adding=[StatefulSetController]))
sim.create([three_of("Deployment", "web"), three_of("StatefulSet", "db")])
sim.advance(100)
sim.fault("cut_off", "kubelet/node-1")
sim.advance(600)
chronicle(sim, since=100)

# %%
dead.reveal()

# %% [markdown]
# Read it slowly, for this is what people wait for at night. Each kubelet renews a small object, its **Lease**, every ten
# seconds. The node controller looks every five. After fifty seconds without a sign it writes *Unknown* into the node, and taints it.
# (Fifty since Kubernetes 1.32. Older books say forty, which is how long a Lease is promised to be good for.)
#
# The taint says `NoExecute`, but every pod was given a *toleration* of 300 seconds for just this taint when it was made. So nothing happens for five
# minutes: mostly the network comes back. Only then are the pods deleted, and the Deployment gets a new one.

# %%
silent = predict("10 the pods of a dead machine")
silent

# %%
sim.advance(3600)
world = studio(sim.fork())
world.select(player="kubelet/node-1")
world.show("board")

# %%
silent.reveal()

# %% [markdown]
# *Terminating*, for an hour. Deleting has two halves, and the second one is the kubelet's: *it has stopped, the object may go*.
# Nobody else can say that. The machine may have lost no more than its network; perhaps the program is running there right now.
#
# The Deployment does not care: it counts pods that are on their way out as gone. The **StatefulSet** waits. There must never be two of
# `db-1`, which write to one disk. It cannot know that the first has ended, so there is no second. It is not stuck; it is
# careful. Whoever *knows* that the machine is off says so: deletes the Node, or taints it as out-of-service.
#
# Somebody plugs the cable back in:

# %%
back = sim.now
sim.fault("heal", "kubelet/node-1")
sim.advance(60)
chronicle(sim, since=back)

# %% [markdown]
# The kubelet heard what it had missed, stopped its pods, and said so. At that moment the StatefulSet made its pod again.
#
# ## Going down in good order
#
# A machine that is *told* to go off can do better. Then the kubelet stops its pods itself: the ordinary ones first, the critical ones last. Here
# somebody presses the button after twenty seconds, and the kubelet sees it with its next heartbeat, at thirty.

# %%
critical = pod("logger", program("web", DRAINS_FOR=3), priorityClassName="system-node-critical")
sim = one_node(pod("shop", program("web", DRAINS_FOR=8)), critical, seconds=20)
sim.client.patch("nodes", "node-0", patch={"metadata": {"annotations": {"fake/shutdown": "now"}}})
sim.advance(45)
lanes(sim, "shop", "logger")

# %% [markdown]
# The machine gives itself thirty seconds, and keeps the last ten for the critical ones. Nobody had to wait six minutes: the
# pods are over, and whoever owns them hears of it at once.
#
# ## What the real one does
#
# The same, in a hundred times as much code. A real kubelet speaks to a container runtime over a socket, asks it every second what is
# running, and has a goroutine for each pod and for each probe; the first question of a probe comes at a random moment of its
# first period. Memory is measured every ten seconds, and a program that grows faster is killed by Linux before the
# kubelet notices. CPU limits are a quota that the kernel enforces in slices of 100 milliseconds. Shutting down in order needs systemd,
# and has to be switched on: its periods are zero until you set them.
#
# **Exercises:** [10 · Exercises](../exercises/10_the_node.ipynb)
# · **Next:** [11 · Traffic](11_traffic.ipynb)
