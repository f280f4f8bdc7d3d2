# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 17 · Exercises
#
# You free a manifest from its cloud, write an overlay, and then bring a fourth place into the course: a harbour, for which
# nobody has written a controller yet.
#
# Under each check you find what a right answer gets. Run the cell, and you see what yours gets. Stuck?
# `hint("17.1")` helps, three times.

# %%
from k8slearn import Cluster, Controller, Simulation
from k8slearn.api.objects import uid_of
from k8slearn.lab import check, hint, replay, show
from k8slearn.lab.show import files

# %% [markdown]
# ## 17.1 · Pack your things
#
# A gallery has been with cloud A since it was founded. Now it is to run in cloud B and in the machine room, too, and the file is
# to be *one*. Here is what it has:

# %%
from k8slearn.lab.exercises.lesson17 import TIED, hindered

files({"gallery.yaml": TIED})

# %%
hindered(TIED)

# %% [markdown]
# What does the gallery need, and what has merely been written down? You have asked around:
#
# - One server with **2 CPUs** is enough. It was put on the big machines because somebody liked them.
# - There are **100 GiB** of pictures. They must outlive the server, and one server writes them.
# - Nobody remembers why the disk has to be *fast*.
#
# It is **right** when it asks for that, and becomes available in all three places without an edit. (The Service of type
# LoadBalancer is added for you.)

# %% tags=["hole"]
GALLERY = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: pictures}
### BEGIN SOLUTION
### HOLE: the rest of the claim, and the Deployment
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 100Gi}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: gallery}
spec:
  strategy: {type: Recreate}
  selector: {matchLabels: {app: gallery}}
  template:
    metadata: {labels: {app: gallery}}
    spec:
      containers:
        - name: gallery
          image: gallery:1
          resources: {requests: {cpu: "2"}}
          volumeMounts: [{name: pictures, mountPath: /pictures}]
      volumes: [{name: pictures, persistentVolumeClaim: {claimName: pictures}}]
### END SOLUTION
"""

# %% tags=["check"]
check("17.1", GALLERY)

# %% [markdown]
# ## 17.2 · The festival
#
# A tea stall, as a base that works as it is:

# %%
from k8slearn.lab.exercises.lesson17 import BASE, rendered

files(BASE)

# %% [markdown]
# For the festival there shall be an overlay, `overlays/festival`. In it the stall has **five** servers of version **2**
# (`registry.example/web:2`), each container is limited to **64Mi** of memory, and `index.html` says
# `<h1>Festival</h1>`. Everything else is as in the base, *also when the base changes*. And when the page changes once more,
# new servers are to show it.
#
# The fields you need: `resources`, `replicas`, `images`, `configMapGenerator`, `patches`. Real kubectl reads the same text.

# %% tags=["hole"]
KUSTOMIZATION = """
resources: [../../base]
### BEGIN SOLUTION
### HOLE: five servers, version 2, another page, and a limit for the memory
replicas: [{name: stall, count: 5}]
images: [{name: registry.example/web, newTag: "2"}]
configMapGenerator:
  - {name: pages, behavior: merge, literals: [index.html=<h1>Festival</h1>]}
patches:
  - patch: |
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: stall}
      spec:
        template:
          spec:
            containers:
              - name: web
                resources: {limits: {memory: 64Mi}}
### END SOLUTION
"""

# %% [markdown]
# Try it by hand first, if you like: `show(rendered(KUSTOMIZATION))`.

# %% tags=["check"]
check("17.2", KUSTOMIZATION)

# %% [markdown]
# ## 17.3 · A fourth place
#
# The **harbour** rents out berths: an address, and one port behind it. It has never heard of Kubernetes.

# %%
from k8slearn.lab.exercises.lesson17 import FINALIZER, Harbour, address_of, finalizers, port_of, service, wants, with_address

show(Harbour)

# %% [markdown]
# Write what makes Services of type LoadBalancer work there. Small helpers: `wants(service)` says whether it is to have a
# berth, `port_of(service)` with which port, `address_of(service)` what its status says. The status is written with
# `self.client.patch_status(service, patch=with_address("198.51.100.1"))`, finalizers with
# `self.client.patch(service, patch={"metadata": {"finalizers": [...]}})`.
#
# It is **right** when in the end each such Service has exactly one berth, with its port, and its address in the status; when
# who is none, or none any more, has none; and when *at no moment* a berth is rented that nobody might give back. You may die
# after any call, answers get lost, and your news may be late.

# %% tags=["hole"]
class Mooring(Controller):
    """What is done for a Service that wants a berth."""

    def ensure(self, service):
        ### BEGIN SOLUTION
        ### HOLE: promise to give it back, rent, set the port, tell the address
        if FINALIZER not in finalizers(service):
            self.client.patch(service, patch={"metadata": {"finalizers": [FINALIZER]}})
            return
        token, port = uid_of(service), port_of(service)
        found = self.harbour.list(token)
        berth = found[0] if found else self.harbour.rent(token, port)
        if berth["port"] != port:
            self.harbour.set_port(berth["number"], port)
        if address_of(service) != berth["address"]:
            self.client.patch_status(service, patch=with_address(berth["address"]))
        ### END SOLUTION

# %% tags=["hole"]
class HarbourController(Mooring):
    """One berth for every Service that wants one."""

    primary, outside = "services", ["harbour"]

    def reconcile(self, key):
        service = self.cache.get("services", key)
        if service is None:
            return
        ### BEGIN SOLUTION
        ### HOLE: does it want a berth? If not, and it has one: give it back, and let go
        if wants(service):
            self.ensure(service)
        elif FINALIZER in finalizers(service):
            self.clean_up(service)

    def clean_up(self, service):
        for berth in self.harbour.list(uid_of(service)):
            self.harbour.give_back(berth["number"])
        self.client.patch_status(service, patch=with_address(""))
        self.client.patch(service, patch={"metadata": {"finalizers": []}})
        ### END SOLUTION

# %%
sim = Simulation(Cluster(0, components=(), adding=[HarbourController]), world={"harbour": Harbour()})
sim.create(service("web", port=80))
sim.run(steps=500)
sim.world["harbour"].list(), address_of(sim.client.get("services", "default/web"))

# %% tags=["check"]
check("17.3", HarbourController)

# %% [markdown]
# Four places now, and not a line of any manifest has changed.
#
# Not right yet? The report tells the shortest story, and `replay()` lets you walk through it. Right? Then compare with
# [the solution](../solutions/17_anywhere.ipynb), and with the one that does this for the clouds: `show(ServiceController)`.
