# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 12 · Custom resources
#
# *Ask a cluster for a teapot, and it says that it has never heard of such a thing. Hand it twenty lines of YAML, ask
# again, and there it is. Nobody has written a line of code. So who has learned what?*
#
# In this lesson you add a kind to Kubernetes, find out what its schema does with your objects, change your mind about
# it while objects exist, and take it away again.

# %%
from k8slearn import Cluster, Simulation, load
from k8slearn.controllers import CustomResourceDefinitionController
from k8slearn.lab import follow, predict, show, side_by_side, studio

# %% [markdown]
# ## A kind is an object
#
# Here is a teapot. It looks like anything else in Kubernetes: a kind, a name, a wish.

# %%
POT = load("""
apiVersion: tea.example.com/v1
kind: Teapot
metadata: {name: brown-betty}
spec: {tea: black}
""")

# %% [markdown]
# A simulated cluster is a small one, and this one needs no machines. We add the controller that accepts definitions; a
# real cluster always has it.

# %% tags=["raises-exception"]
sim = Simulation(Cluster(0, adding=[CustomResourceDefinitionController]))
sim.create(POT)

# %% [markdown]
# Now the definition. It says what the kind is called, in which versions it is served, and what its objects look like.
# It is an object too, of a kind that is built in: **CustomResourceDefinition**.

# %%
TEAPOTS = load("""
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: teapots.tea.example.com}
spec:
  group: tea.example.com
  scope: Namespaced
  names: {plural: teapots, singular: teapot, kind: Teapot, shortNames: [pot]}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              required: [tea]
              properties:
                tea: {type: string, enum: [black, green, mint]}
                cups: {type: integer, minimum: 1, maximum: 12, default: 2}
""")

# %%
life = predict("12 who brings it to life")
life

# %% [markdown]
# Press **step** and see who takes an interest. One player looks at the names that the definition asks for. Another
# finds that there is a new kind of object to keep an eye on.

# %%
sim.create(TEAPOTS)
world = studio(sim)
world.map()

# %%
sim.run()
show([step for step in sim.trace if step.calls])

# %% [markdown]
# The names are free, so the definition is **established**, and from this moment on there are teapots.

# %%
crd = sim.client.get("customresourcedefinitions", "teapots.tea.example.com")
for each in crd["status"]["conditions"]:
    print(f"{each['type']:<14} {each['status']:<6} {each['reason']}")
sim.create(POT)
life.reveal()

# %% [markdown]
# It has all that a pod has: a uid, a generation, a path of its own, lists and watches. What it does not have is
# somebody who *does* anything about it. A kind without a controller is a notebook that everybody may write into; lesson
# 13 brings it to life.

# %%
from k8slearn.apiserver.http import Front, HttpRequest

sim.server.authenticator.tokens["sesame"] = sim.client.user
asked = HttpRequest("GET", "/apis/tea.example.com/v1", headers={"authorization": "Bearer sesame"})
print(Front(sim.server).answer(asked).body.decode())

# %% [markdown]
# That is **discovery**: how `kubectl`, which was built years before your teapot, knows what to do with it.
#
# The definition's own name is not free to choose. It is `<plural>.<group>`, so that no two can define the same, and
# both parts have to be fit for a URL and a DNS name:

# %%
from k8slearn import edit

def renamed(plural, group, name):
    wish = edit(TEAPOTS[0])
    wish["metadata"]["name"], wish["spec"]["group"] = name, group
    wish["spec"]["names"]["plural"] = plural
    return follow(sim).create(wish).error

wrong = renamed("cups", "tea.example.com", name="cups")
show([wrong, renamed("cups", "Tea_House", name="cups.Tea_House")])

# %% [markdown]
# ## What a schema keeps
#
# There is a wide-spread belief that a custom resource is a drawer: whatever you put in, you find again.

# %%
kept = predict("12 what is kept")
kept

# %% [markdown]
# This is the panel of lesson 02, with a teapot on its way. Look at what **decode** takes away, and what **fill
# defaults** adds.

# %%
from k8slearn.lab.exercises.lesson12 import teapot

journey = follow(sim).create(teapot("tall", tea="mint", milk="a splash", lid={"colour": "blue"}))
journey

# %%
kept.reveal()

# %% [markdown]
# It is called **pruning**, and it is asked at every depth: what no schema names is not stored. That protects you from
# typos that nobody notices (`cup: 4`), and it protects those who write the next version from finding their new field
# full of old rubbish. The answer carried a warning; whoever asks for strict checking, as `kubectl` does, is refused.
#
# A schema can leave a part open. Then that part is a drawer indeed, with all that follows. (From here on, three helpers
# write the YAML: `schema` names the fields of the spec, `version` takes a schema, `teapots` makes a definition of that.)

# %%
from k8slearn.lab.exercises.lesson12 import definition, schema, teapots, version

TEXT = {"type": "string"}
DRAWER = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}

def world_with(*definitions):
    return Simulation(Cluster(0, objects=definitions))

both = world_with(teapots(version("v1", schema(tea=TEXT, notes=DRAWER), stored=True)))
both.create(teapot("tall", milk="a splash", notes={"milk": "a splash", "bought": {"in": "Leeds"}}))
show(both.client.get("teapots", "default/tall")["spec"])

# %% [markdown]
# What is kept is also judged. All that is wrong is told at once, field by field, as it is for pods:

# %%
show(follow(sim).create(teapot("tall", tea="coffee", cups=0)).error)

# %% [markdown]
# And a default is written down, when the object is. Make it 4, and those who come later get 4. Brown Betty keeps
# her 2: she said nothing then, and now she says 2.

# %%
fields = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
fields["cups"]["default"] = 4
sim.client.update(crd)
sim.create(teapot("tall", tea="mint"))
[(pot["metadata"]["name"], pot["spec"]["cups"]) for pot in sim.client.list("teapots")]

# %% [markdown]
# ## Break it: a schema that is none
#
# A schema is not only for checking: the server has to know what to drop, to fill in and to merge. So it has to be
# **structural**: a type for every field, at every depth. And mistakes that would bite later are found now. Four
# definitions, and what the server says:

# %%
def cup(**more):
    return version("v1", schema(size={"type": "integer", "minimum": 1, **more}), stored=True)

RULE = [{"rule": "self.tea > 1"}]
WRONG = {
    "a field without a type": [version("v1", schema(size={"minimum": 1}), stored=True)],
    "a default that does not fit": [cup(default=0)],
    "a rule that does not compile": [cup(**{"x-kubernetes-validations": RULE})],
    "two versions to store": [cup(), {**cup(), "name": "v2"}],
}
for what, versions in WRONG.items():
    refused = follow(sim).create(definition("cups", "Cup", *versions))
    print(f"{what}:\n  {refused.error.message.partition(' is invalid: ')[2]}\n")

# %% [markdown]
# ## Rules
#
# Types and bounds look at one field. For what two fields say together there are **rules**, written in a small language
# called CEL. A rule is true, or the object is refused:

# %%
ENOUGH = {"rule": "self.poured <= self.cups", "message": "there is not that much tea in it"}
NUMBER = {"type": "integer", "default": 0}
ruled = world_with(teapots(version("v1", schema(ENOUGH, cups=NUMBER, poured=NUMBER), stored=True)))
show(follow(ruled).create(teapot("tall", cups=2, poured=3)).error)

# %% [markdown]
# A rule may also look back. In one that says `oldSelf`, that is the value before the change. Here nobody may change the
# glaze of a pot:

# %%
GLAZE = {**TEXT, "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "a glaze stays"}]}
glazed = world_with(teapots(version("v1", schema(glaze=GLAZE), stored=True)))
glazed.create(teapot("tall", glaze="blue"))

def glaze(colour):
    return follow(glazed).patch("teapots", "default/tall", patch={"spec": {"glaze": colour}})

show(glaze("red").error)

# %%
back = predict("12 a rule that looks back")
back

# %%
glazed.client.patch("teapots", "default/tall", patch={"spec": {"glaze": None}})
glazed.client.patch("teapots", "default/tall", patch={"spec": {"glaze": "red"}})
back.reveal()

# %% [markdown]
# A blue pot is red now, in two steps, each of them allowed. Whoever wants "once and for all" has to put the rule where it
# is always asked, one level further up. That is exercise 12.2.
#
# ## Two doors
#
# In lesson 02, those who ask and those who report wrote through different doors. A kind of yours has only one, unless
# its definition says otherwise. This one does; it is the **Website** of lesson 13:

# %%
from k8slearn.operators import crds

WEBSITES = crds.definition("websites")
show(WEBSITES["spec"]["versions"][0]["subresources"])

# %%
def numbers(what):
    shop = site.client.get("websites", "default/shop")
    asked, said = shop["spec"]["replicas"], shop.get("status", {}).get("readyReplicas", "-")
    print(f"{what:<34} generation {shop['metadata']['generation']}  replicas {asked}  ready {said}")

site = world_with(WEBSITES)
SHOP = {"apiVersion": "example.com/v1", "kind": "Website", "metadata": {"name": "shop"}}
site.create({**SHOP, "spec": {"pages": {"index.html": "hello"}}})
numbers("created")
site.client.patch("websites", "default/shop", patch={"status": {"readyReplicas": 99}})
numbers("a status through the main door")
site.client.patch_status("websites", "default/shop", patch={"readyReplicas": 1})
numbers("a status through its own door")
site.client.patch("websites", "default/shop", patch={"spec": {"replicas": 3}}, subresource="scale")
numbers("scaled, like a Deployment")

# %% [markdown]
# The status went in through one door only, and `generation` counts wishes, not reports. The third door,
# `scale`, has the same shape for every kind; so autoscalers and `kubectl scale`, which know nothing of websites, can use it.
#
# ## Whose entry is it?
#
# To server-side apply, a list is one value, unless the schema says by which key its entries are told apart. Two
# people write down how many cups they want, each under their own name:

# %%
from k8slearn.lab.exercises.lesson02 import apply

COUNT = {"type": "integer"}
GUEST = {"type": "object", "properties": {"name": TEXT, "cups": COUNT}, "required": ["name"]}
LIST = {"type": "array", "items": GUEST}
BY_NAME = {**LIST, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}

def asks(party, name, *cups):
    wish = teapot("tall", guests=[{"name": name, "cups": number} for number in cups])
    print(f"{name}:", apply(party.client, wish, manager=name)["spec"]["guests"])

party = world_with(teapots(version("v1", schema(guests=BY_NAME), stored=True)))
asks(party, "ada", 1)
asks(party, "grace", 3)
asks(party, "ada")

# %% [markdown]
# Each owns an entry. In the last line Ada applied an empty list. What she had asked for before is taken away, and nothing
# else: leaving out is an opinion, but only about what is yours. Without a key, the whole list would be Ada's:

# %% tags=["raises-exception"]
party = world_with(teapots(version("v1", schema(guests=LIST), stored=True)))
asks(party, "ada", 1)
asks(party, "grace", 3)

# %% [markdown]
# ## Second thoughts
#
# Somebody wants teapots with a lid. Clients that know the old shape are still about, so there will be two **versions**
# of one kind. They are views: an object is stored once, in one version, and shown in whichever one is asked for.

# %%
V1, V2 = schema(tea=TEXT), schema(tea=TEXT, lid=TEXT)
two = world_with(teapots(version("v1", V1), version("v2", V2, stored=True)))
two.create(teapot("tall", "v2", tea="mint", lid="blue"))
side_by_side(two, "teapots", "default/tall")

# %% [markdown]
# Nobody has told the server how to get from one version to the other. Then it changes the `apiVersion` and nothing else
# (the strategy is called `None`), and each version shows what its schema knows.

# %%
old = predict("12 an old client")
old

# %%
v1 = two.client.kinds.served("tea.example.com", "v1", "teapots")
pot = two.client.get(v1, "default/tall")
pot["metadata"]["labels"] = {"shelf": "top"}
two.client.update(pot)
side_by_side(two, "teapots", "default/tall")

# %%
old.reveal()

# %% [markdown]
# No error, no warning, and the lid is gone for everybody. Kubernetes' own rule for versions follows from that: it must be
# possible to go **there and back** without losing anything. With the strategy `None` that holds only as long as all
# versions have the same fields.
#
# When the shapes differ, the server asks a **converter**, a webhook of yours. This one gets by without a network: it is
# two functions. v1 says `size: 500ml`, v2 `milliliters: 500`.

# %%
def to_v1(pot):
    spec = {"tea": pot["spec"]["tea"], "size": f"{pot['spec']['milliliters']}ml"}
    return {**pot, "apiVersion": "tea.example.com/v1", "spec": spec}

def to_v2(pot):
    spec = {"tea": pot["spec"]["tea"], "milliliters": int(pot["spec"]["size"].removesuffix("ml"))}
    return {**pot, "apiVersion": "tea.example.com/v2", "spec": spec}

def converter(request):
    change = to_v1 if request["desiredAPIVersion"].endswith("v1") else to_v2
    changed = [change(pot) for pot in request["objects"]]
    return {"convertedObjects": changed, "result": {"status": "Success"}}

# %%
from k8slearn.lab.exercises.lesson12 import SCHEMAS

SERVICE = {"service": {"namespace": "default", "name": "converter"}}
WEBHOOK = {"conversionReviewVersions": ["v1"], "clientConfig": SERVICE}
V1, V2 = version("v1", SCHEMAS["v1"], stored=True), version("v2", SCHEMAS["v2"])
third = world_with(teapots(V1, V2, conversion={"strategy": "Webhook", "webhook": WEBHOOK}))
third.serve("service/default/converter:443", converter)
third.create(teapot("tall", "v2", tea="mint", milliliters=500, lid=True))
side_by_side(third, "teapots", "default/tall")

# %% [markdown]
# It works: 500 milliliters in both views. And the lid? It was sent, and no view has it. That is how one *sees* such a
# loss; and this is how one finds it before others do. There and back, for every object that one can think of:

# %%
for more in ({}, {"lid": True}, {"lid": False}):
    pot = teapot("tall", "v2", tea="mint", milliliters=500, **more)
    print("the same" if to_v2(to_v1(pot)) == pot else "NOT the same", "-", pot["spec"])

# %% [markdown]
# Exercise 12.3 is to mend it.
#
# ## Moving house
#
# Which version is stored can be changed, too. What lies there already stays as it is until somebody writes it, and the
# definition keeps a list of all versions that may still lie in the store:

# %%
CRD = "customresourcedefinitions", "teapots.tea.example.com"
crd = third.client.get(*CRD)
crd["spec"]["versions"] = [{**V1, "storage": False}, {**V2, "storage": True}]
crd = third.client.update(crd)
print("may lie there:", *crd["status"]["storedVersions"])
print("lies there:   ", third.store.get("teapots.tea.example.com", "default/tall")["apiVersion"])
crd["spec"]["versions"] = [{**V2, "storage": True}]
show(follow(third).update(crd).error)

# %% [markdown]
# So `v1` cannot go yet. First every object has to be written once, unchanged. Then one says that it is done, and then
# `v1` may go.

# %%
for pot in third.client.list("teapots"):
    third.client.update(pot)
third.client.patch_status(*CRD, patch={"storedVersions": ["v2"]})
crd = third.client.get(*CRD)
crd["spec"]["versions"] = [{**V2, "storage": True}]
third.client.update(crd)
side_by_side(third, "teapots", "default/tall")

# %% [markdown]
# ## An owner next door
#
# Back to the first world. Brown Betty gets two cups; ConfigMaps will do. One stands beside her in `default`, one in the
# `garden`. Both name her as their owner.

# %%
next_door = predict("12 an owner next door")
next_door

# %%
from k8slearn.api.objects import owner_reference

betty = sim.client.get("teapots", "default/brown-betty")
sim.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "garden"}})
for place in ("default", "garden"):
    metadata = {"name": "cup", "namespace": place, "ownerReferences": [owner_reference(betty)]}
    sim.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
sim.run()
deeds = [step for step in sim.trace.of("garbage-collector-controller", "reconcile") if step.writes]
print(*deeds[0].calls, sep="\n")
next_door.reveal()

# %% [markdown]
# The garbage collector asked for a teapot in `garden`, was told 404, and did what it does with orphans. People have lost
# every object of a kind that way. A reference has no field for a namespace, on purpose: owner and owned live in the same
# one, or the owner lives in none (a cluster-wide kind). Never the other way round.
#
# ## The end of a kind
#
# Whoever washes up wants to be asked before a pot goes. That is what a **finalizer** is for: a word in the object's
# metadata, and a promise that somebody will take it out.

# %%
HELD = {"metadata": {"finalizers": ["tea.example.com/wash-up"]}}
sim.client.patch("teapots", "default/tall", patch=HELD)
end = predict("12 the end of a kind")
end

# %%
sim.client.delete(*CRD)
sim.advance(60)
crd = sim.client.get(*CRD)
print("teapots:", *(pot["metadata"]["name"] for pot in sim.client.list("teapots")))
print("cups:", len(sim.client.list("configmaps")))
print("the definition:", crd["status"]["conditions"][-1]["message"])
end.reveal()

# %% [markdown]
# A minute has gone by, and it would be the same after a year. No code hangs on a finalizer: it is a word, and it holds
# until somebody takes it out. The definition has one too, and its controller looks after that: it deletes the
# teapots and waits for the last. But nobody in this cluster washes up.
#
# Brown Betty went, and the garbage collector has taken the cup beside her. New teapots are refused:

# %%
show(follow(sim).create(teapot("last", tea="mint")).error)

# %%
sim.client.patch("teapots", "default/tall", patch={"metadata": {"finalizers": None}})
sim.advance(5)
len(sim.client.list("customresourcedefinitions"))

# %% [markdown]
# With the last pot the definition went, and with it the kind. (To take somebody else's finalizer out by hand
# is to promise that the washing-up is done. It was not.)
#
# ## With kubectl
#
# The same on a socket. `kubectl` learns about websites while you watch:

# %% tags=["nbval-ignore-output"]
from k8slearn.lab import kubectl
from k8slearn.live import start

plane = start(nodes=1)
kubectl("apply -f -", WEBSITES)
kubectl("wait --for=condition=Established crd/websites.example.com")
kubectl("api-resources --api-group=example.com")

# %% tags=["nbval-ignore-output"]
# !kubectl explain website.spec

# %% [markdown]
# Descriptions and types come from the schema, the columns of the table from `additionalPrinterColumns`:

# %% tags=["nbval-ignore-output"]
PAGES = {"pages": {"index.html": "hello"}}
kubectl("apply -f -", {**SHOP, "spec": PAGES})
kubectl("scale website shop --replicas=3")
kubectl("get site")

# %% [markdown]
# A typo and a missing page, as `kubectl` puts it:

# %% tags=["nbval-ignore-output"]
kubectl("create -f -", {**SHOP, "spec": {**PAGES, "replica": 5}})
kubectl("create -f -", {**SHOP, "spec": {"pages": {"about.html": "hello"}}})

# %%
plane.stop()

# %% [markdown]
# ## Read the real thing
#
# Two pieces. This is how the server learns of new kinds: it is told by nobody, it looks.

# %%
from k8slearn.apiserver.extensions import Extensions

show(Extensions.kinds.fget)

# %% [markdown]
# And this is pruning, all of it: for every field, is there a schema? If not, it is not kept.

# %%
from k8slearn.api.structural import pruning

show(pruning._map)

# %% [markdown]
# ## What the real one does
#
# The same, with the same messages: they are compared with recordings of a real v1.36. It does more in two places.
# It prunes and fills in also when it reads what was stored under an older schema. And it refuses a rule whose worst case
# would be too expensive.
#
# **Exercises:** [12 · Exercises](../exercises/12_custom_resources.ipynb)
# · **Next:** [13 · Operators](13_operators.ipynb)
