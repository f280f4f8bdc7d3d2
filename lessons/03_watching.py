# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 03 · Watching
#
# *Everybody in a cluster wants to know at once when something changes. Nobody asks twice. And every connection breaks
# sooner or later. How does it work all the same?*
#
# In this lesson you deliver the news yourself, one event at a time, and lose some.

# %%
from k8slearn.lab import predict, show, studio, watchers

# %% [markdown]
# ## Two questions
#
# There are only two questions: **list**, *what is there?*, and **watch**, *what happens after number N?* On this desk are an
# API server with a few notes, and two clients. Ada wants all notes, Grace those in the kitchen.

# %%
desk = watchers(ada="", grace="room=kitchen")
desk.write("tea", room="kitchen")
desk.write("milk", room="garden")
for who in ("ada", "grace"):
    desk.list(who)
    desk.watch(who)
world = studio(desk)

# %%
world.show("log", "watches")

# %% [markdown]
# The list had a number of its own: **all of this was true at @6**. From there they watch, so nothing can fall between the
# two. Press *change* a few times, then *deliver* under one of them. What a watcher has to remember is one number; what it
# believes is as old as what it was told.
#
# The same in code. Every event brings its version along, and that is the new number:

# %%
desk.write("tea", room="kitchen", text="at five")
desk.deliver("ada")
print("ada", desk.version("ada"), " grace", desk.version("grace"))

# %% [markdown]
# Grace is behind. That harms nobody: lag is a distance in the log, not a queue that fills somewhere. But note what follows
# from it: **what a watcher believes is the past**, and two watchers believe different pasts.

# %% [markdown]
# ## A watch is not for ever
#
# Servers end every watch after a while, on purpose. Proxies cut what is quiet. Laptops sleep. To the client all of it looks
# the same: the stream ends.

# %%
cut = predict("03 a cut connection")
cut

# %%
desk = watchers(ada="", grace="room=kitchen")
desk.write("tea", room="kitchen")
desk.write("milk", room="garden")
for who in ("ada", "grace"):
    desk.list(who)
    desk.watch(who)
desk.cut("ada")
desk.write("tea", text="at five")
desk.write("tea", text="at six")
desk.remove("milk")
desk.watch("ada")
desk.deliver_all("ada")
print(*desk.told("ada"), sep="\n")

# %%
cut.reveal()

# %% [markdown]
# So a lost connection is nothing to be handled, and nothing to be afraid of: watch on from where you were. Whoever begins
# anew with a list each time a stream ends works just as well, and brings down the API server of every big cluster.

# %% [markdown]
# ## Out of sight

# %%
sight = predict("03 out of sight")
sight

# %%
desk.deliver_all("grace")
desk.move("tea")
desk.deliver_all("grace")
desk.deliver_all("ada")
print("grace:", desk.told("grace")[-1])
print("ada:  ", desk.told("ada")[-1])

# %%
sight.reveal()

# %% [markdown]
# One write, two truths. The server looks at the object before and after, and asks on each side whether *this* watcher could
# see it. `DELETED` means **you will not hear of it any more**, and nothing else. (It could not do otherwise: a
# watcher remembers only what it sees.)

# %%
from k8slearn.apiserver.watch import ServerWatch

show(ServerWatch._seen)

# %% [markdown]
# ## Quiet watches grow old
#
# A number says how far you have come in the log of *everything*. What if nothing happens to you?

# %%
quiet = predict("03 a quiet watch")
quiet

# %%
for _ in range(3):
    desk.elsewhere()  # somebody writes Secrets
desk.bookmark("grace")
print("ada", desk.version("ada"), " grace", desk.version("grace"))
desk.compact()
for who in ("ada", "grace"):
    desk.cut(who)
    print(who, "-", desk.watch(who))

# %%
quiet.reveal()

# %% [markdown]
# Ada has missed nothing, and is expired. Grace was sent a **bookmark**: no event, only a number, *you know everything up to
# here*. It is no noise. It is what keeps a quiet watch young. Ask for them (`allowWatchBookmarks=true`) and write them
# down.

# %%
studio(desk).show("watches")

# %% [markdown]
# ## Break it: away for too long
#
# Now Ada is really late: things happen while she is away, and are forgotten before she comes back.

# %%
desk.list("ada")
desk.watch("ada")
desk.cut("ada")
desk.write("jam")
desk.write("cake")
desk.remove("jam")
desk.remove("tea")
desk.write("cake", text="sold")
desk.compact()
print(desk.watch("ada"))

# %% [markdown]
# `410 Expired` sounds like the end, and programs die of it every day. But it is an answer, the most honest one there is: *I
# cannot tell you what you have missed, so I will not tell you half of it.* There is one thing to do.

# %%
print(desk.list("ada"))
print(desk.watch("ada"))
print(*desk.told("ada")[-3:], sep="\n")

# %% [markdown]
# She knows everything again. What she will never know is *how it came about*: of the jam, there and gone again, she has heard
# nothing; of the cake, only its end. And that the tea is gone nobody told her either: she had to **notice** it, by comparing
# the list with what she believed. Forgetting to do so is the most common bug of home-made watchers.
#
# So whoever counts events, or must do something at each of them, counts wrong sooner or later. What a watch promises
# is less, and enough: *you will learn how things are.* Lesson 05 builds on that.

# %% [markdown]
# ## On the wire
#
# A watch is a GET whose answer does not end: one JSON document a line. Here is one without a socket, and one
# that comes too late. Look where the 410 is: the answer began with 200, so it comes as an event.

# %%
from k8slearn.apiserver.http import Front, HttpRequest

front = Front(desk.world.server)
desk.world.server.authenticator.tokens["sesame"] = desk.world.client.user

def get(query):
    path, headers = "/api/v1/namespaces/default/configmaps", {"authorization": "Bearer sesame"}
    return front.answer(HttpRequest("GET", path, query, headers)).take().decode()

version = desk.version("ada")
desk.remove("cake")
print(get(f"watch=true&resourceVersion={version}"))
print(get("watch=true&resourceVersion=7"))

# %% [markdown]
# ## One question instead of two
#
# List, then watch: two requests, and the first may bring a hundred megabytes at once. With `sendInitialEvents=true` a watch
# begins by telling what is there, as `ADDED`, one by one. How do you know that this was all? A bookmark says so, one
# with a mark. Only it carries a version to go on from.

# %%
desk = watchers(kim="")
for name in ("tea", "milk", "cake"):
    desk.write(name)
desk.watch("kim", "initial")
desk.deliver("kim")
desk.deliver("kim")
print("after two events kim can go on from", desk.version("kim") or "nowhere")
desk.deliver_all("kim")
print(*desk.told("kim"), sep="\n")
print("now from", desk.version("kim"))

# %% [markdown]
# Clients that ask like this and then wait for the mark show *nothing at all* at a server that forgets to send it. If a tool
# hangs with an empty screen in front of a home-made API server, you know where to look.

# %%
query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
front = Front(desk.world.server)
desk.world.server.authenticator.tokens["sesame"] = desk.world.client.user
print(get(query).splitlines()[-1])

# %% [markdown]
# ## A whole cluster listens
#
# Every controller does this, for every kind it cares about, and the part that does it is called an **informer**. Here the
# news of pods does not reach the EndpointSlice controller for a while (`hold`).

# %%
from k8slearn import Simulation
from k8slearn.lab.exercises.lesson02 import deployment

sim = Simulation(nodes=2)
sim.fault("hold", "endpointslice-controller", "pods")
sim.create(deployment(replicas=2))
sim.run()
cluster = studio(sim)
cluster.select("endpointslice-controller")
cluster.show("watches")

# %% [markdown]
# Press *release*. Now *deliver*, again and again, and it hears of each step in a pod's life. Or press *lose its place* and then
# *deliver*: it lists, and two finished pods are simply there. Both, in two copies of this world:

# %%
def heard(what):
    copy = sim.fork()
    copy.fault(what, "endpointslice-controller", "pods")
    copy.fault("release", "endpointslice-controller", "pods")
    copy.run()
    news = [step for step in copy.trace.of("endpointslice-controller", "deliver") if step.resource == "pods"]
    print(what.upper(), *(step.result for step in news), sep="\n  ")

heard("reconnect")
heard("drop")

# %% [markdown]
# ## Read the real thing
#
# All of it is two short functions: take an event, or list and compare.

# %%
from k8slearn.machinery import Informer

show(Informer.deliver)

# %%
show(Informer.relist)

# %% [markdown]
# ## A real stream
#
# The same server on a socket, beside this notebook. `Collection` is a few lines of Python's standard library. We
# list, then three things happen, and only then do we watch, from the list's version. After a second the server ends the
# stream, and says goodbye with a bookmark.

# %%
from k8slearn.live.collection import Collection
from k8slearn.lab.deskworld import note
from k8slearn.live import start

plane = start(nodes=0)
kitchen = Collection(labels="room=kitchen")
version = kitchen.list()["metadata"]["resourceVersion"]
kitchen.create(note("tea"))
kitchen.replace(note("tea", text="at five"))
kitchen.replace(note("tea", room="garden"))
for event in kitchen.watch(version, seconds=1):
    print(event["type"], event["object"]["metadata"].get("name", "(no name)"))

# %%
show(Collection.watch)

# %% [markdown]
# And `kubectl`, which watches in the background while the cell goes on. It lists, then watches, and when the stream ends it
# ends, too: it is no informer.

# %% tags=["nbval-ignore-output"]
from k8slearn.lab.terminal import tail

with tail("get configmaps --selector=room --watch --output-watch-events", lines=5):
    kitchen.create(note("milk"))
    kitchen.replace(note("milk", text="fresh"))
    kitchen.delete("milk")

# %% tags=["nbval-ignore-output"]
# !kubectl get configmap tea --output=jsonpath="{.metadata.labels}"

# %%
plane.stop()

# %% [markdown]
# ## What the real one does
#
# The same. It ends a stream after half an hour to an hour, unless the client names a time; client-go asks for five to ten
# minutes. Bookmarks come about once a minute. Between etcd and you stands the **watch cache**: the API server reads
# each kind once and serves everybody from memory. It remembers a limited number of changes; a watch from before
# them is too old, even if etcd still knew. And it does not let you lag for long: there is a small buffer for each
# watcher, and whoever lets it overflow is cut off. Nothing is lost: he comes back with his number.
# `sendInitialEvents` is on by default since v1.34.
#
# **Exercises:** [03 · Exercises](../exercises/03_watching.ipynb)
# · **Next:** [04 · The control loop](04_the_control_loop.ipynb)
