# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 02 · The API server
#
# *You send a pod of eight lines. Forty come back. Who wrote the others? And who could have said no?*
#
# There is one door to the store, and everybody uses it: you, the scheduler, the kubelets. In this lesson a request
# goes through that door in slow motion.

# %%
from k8slearn import Simulation
from k8slearn.lab import follow, predict, show

# %% [markdown]
# ## The way of a request

# %%
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web"},
    "spec": {"containers": [{"name": "app", "image": "registry.example/web:1"}]},
}
who = predict("02 who adds what")
who

# %% [markdown]
# `follow` sends a request and writes down its way. It sends it with `dryRun=All`, a real option of the real API: the
# request goes all the way, and stops in front of the store. Press **play**, or click on a station. Lines with `+`
# were added there, `~` changed, `-` removed.

# %%
sim = Simulation(nodes=1)
follow(sim).create(POD)

# %%
who.reveal()

# %% [markdown]
# Now in earnest. What comes back is what is stored, and it says *everything*: a default that changes in next year's
# version will not change this pod.

# %%
sim.create(POD)
stored = sim.client.get("pods", "default/web")
print(str(show(POD)).count("\n"), "lines sent,", str(show(stored)).count("\n"), "stored")

# %% [markdown]
# ## No
#
# A station can refuse, and then nothing has happened. Four requests that end early:

# %%
NONSENSE = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "Web_1"}, "spec": {"containers": []}}
attempts = {
    "create it again": follow(sim).create(POD),
    "delete one that is not there": follow(sim).delete("pods", "default/nobody"),
    "as ada, who has no rights": follow(sim, "ada").create(POD),
    "nonsense": follow(sim).create(NONSENSE),
}
for what, journey in attempts.items():
    print(f"{what:<30} {journey.code} {journey.error.reason:<14} at: {journey.refused_at}")

# %% [markdown]
# Every refusal is an object, a **Status**: `code` for machines that know HTTP, `reason` for programs, `message` for
# people, and `details.causes` with *all* that is wrong, field by field. Look at the last station.

# %%
attempts["nonsense"]

# %% [markdown]
# Not everything that is wrong is refused. Here is a typo; look at what *decode* makes of it.

# %%
TYPO = {**POD, "metadata": {"name": "typo"}, "spec": {**POD["spec"], "restartpolicy": "Never"}}
follow(sim).create(TYPO)

# %% [markdown]
# A field that the schema does not know is **dropped**, and the pod restarts for ever. The answer carries a warning, if
# somebody reads it. Whoever asks for strict checking, as `kubectl` does by default, is refused instead:

# %%
journey = follow(sim).create(TYPO, fieldValidation="Strict")
print(journey.code, journey.error.message)

# %% [markdown]
# The same is true of kinds that you define yourself (lesson 12): what their schema does not name is not kept.
#
# ## Who may

# %% [markdown]
# Ada was stopped first, before anybody had looked at her pod. Who may do what is asked from **RBAC**: roles say what is
# allowed, bindings say to whom. There is no rule that forbids; what nobody allowed is refused.

# %%
ROLE = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "pod-makers"}}
ROLE["rules"] = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["create"]}]
BINDING = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "ada"}}
BINDING["roleRef"] = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "pod-makers"}
BINDING["subjects"] = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "ada"}]
sim.create([ROLE, BINDING])
journey = follow(sim, "ada").create({**POD, "metadata": {"name": "adas"}})
print(journey.code, "-", journey.stations[1].remark)

# %% [markdown]
# ## 409 is an answer
#
# You read the pod, and think. Meanwhile its kubelet reports that it runs. Then you write.

# %%
mine = sim.client.get("pods", "default/web")
mine["metadata"]["labels"] = {"tier": "front"}
sim.run()  # the cluster goes on: the pod is scheduled, started, ready

# %%
again = predict("02 conflict")
again

# %% tags=["raises-exception"]
sim.client.update(mine)

# %%
for attempt in (1, 2, 3):
    journey = follow(sim).update(mine)
    print(attempt, journey.code, "at:", journey.refused_at)
again.reveal()

# %% [markdown]
# It is the compare-and-swap of lesson 01, seen from outside. Your object says which version you have read, and that is
# no longer what is there. The cure is not to insist but to look again:

# %%
mine = sim.client.get("pods", "default/web")
mine["metadata"]["labels"] = {"tier": "front"}
sim.client.update(mine)["metadata"]["labels"]

# %% [markdown]
# (Without a `resourceVersion` most kinds let you replace whatever is there. Then nobody refuses you,
# and nobody protects you either.)

# %% [markdown]
# ## Two numbers
#
# Besides `resourceVersion`, many kinds have a `generation`. People mix them up.

# %%
from k8slearn.lab.exercises.lesson02 import deployment

counts = predict("02 generation")
counts

# %%
def numbers(what):
    web = sim.client.get("deployments", "default/web")
    seen = web.get("status", {}).get("observedGeneration", "-")
    version, generation = web["metadata"]["resourceVersion"], web["metadata"]["generation"]
    print(f"{what:<24} resourceVersion {version:>4}  generation {generation}  observed {seen}")

sim.create(deployment())
numbers("created")
sim.client.patch("deployments", "default/web", patch={"metadata": {"labels": {"team": "blue"}}})
numbers("a label")
sim.run()
numbers("the controllers at rest")
sim.client.patch("deployments", "default/web", patch={"spec": {"replicas": 2}})
numbers("two replicas")
sim.run()
numbers("the controllers at rest")

# %%
counts.reveal()

# %% [markdown]
# `generation` counts what is **asked for**: it moves when the spec does. The controller writes into the status which
# generation it has seen. Between "two replicas" and the next line, the status still spoke of generation 1: it
# was a report about yesterday. Exercise 02.2 is about not falling for that.
#
# So that they do not step on each other's toes, those who ask and those who report write through different doors. Here
# somebody sends a status through the door of the spec. See what *prepare update* does with it:

# %%
web = sim.client.get("deployments", "default/web")
web["status"]["replicas"] = 99
follow(sim).update(web)

# %% [markdown]
# ## Four ways to change a bit
#
# A **patch** does not send the whole object. There are four kinds, and they differ most where there are lists. This
# Deployment has two containers, and we want a new image for one:

# %%
PAIR = deployment(name="pair")
PAIR["spec"]["template"]["spec"]["containers"].append({"name": "proxy", "image": "proxy:1"})
sim.create(PAIR)

def after(kind, patch):
    answer = follow(sim).patch("deployments", "default/pair", patch=patch, patch_type=kind).answer
    print(f"{kind:<10}", [(c["name"], c["image"]) for c in answer["spec"]["template"]["spec"]["containers"]])

change = {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "app:2"}]}}}}
after("merge", change)
after("strategic", change)
after("json", [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "app:2"}])

# %% [markdown]
# The merge patch has thrown the proxy out: to it, a list is one value. The strategic merge patch knows from the schema
# that containers are told apart by their names (custom resources do not have it). The JSON patch counts, and hopes
# that nobody has put another container in front.
#
# ## Whose field is it?
#
# The fourth kind, **server-side apply**, asks another question. You send all that you have an opinion about, under
# your manager's name. The server keeps for every field who has set it.

# %%
from k8slearn.lab.exercises.lesson02 import apply

FILE = deployment(name="shop")  # what stands in the team's file: replicas: 3
apply(sim.client, FILE, manager="team")
scale = {"spec": {"replicas": 7}}
sim.client.patch("deployments", "default/shop", patch=scale, subresource="scale", fieldManager="autoscaler")
for entry in sim.client.get("deployments", "default/shop")["metadata"]["managedFields"]:
    print(f"{entry['manager']:<12}{entry['operation']:<8}", *entry["fieldsV1"].get("f:spec", {}))

# %%
tug = predict("02 replicas and an autoscaler")
tug

# %% tags=["raises-exception"]
apply(sim.client, FILE, manager="team")

# %%
tug.reveal()

# %% [markdown]
# No pod was lost, and you know whom to talk to. Three ways out: give up the field (leave it out of the file), agree with
# it (apply 7), or insist (`force`). Note what does *not* help: taking the autoscaler's manager name. Under one
# name nobody can conflict, and who applies less than last time **removes** what is missing. Exercise 02.3 hands over a
# field without dropping it.

# %%
journey = follow(sim).patch(FILE, patch=FILE, patch_type="apply", fieldManager="team", force=True)
print(journey.code, "- it would be", journey.answer["spec"]["replicas"], "again")

# %% [markdown]
# ## From outside
#
# All of this is plain HTTP. Here is a request as it comes over the wire, and its answer, byte for byte. No socket is
# needed for that.

# %%
from k8slearn.apiserver.http import Front, HttpRequest

front = Front(sim.server)
answer = front.answer(HttpRequest("GET", "/api/v1/namespaces/default/pods/web"))
print(answer.code, answer.body.decode())

# %% [markdown]
# Before *may he?* comes *who is it?* Without a token or a certificate you are `system:anonymous`, and nobody has allowed
# that user to read pods. With a token:

# %%
sim.server.authenticator.tokens["sesame"] = sim.client.user
token = {"authorization": "Bearer sesame"}
answer = front.answer(HttpRequest("GET", "/api/v1/namespaces/default/pods/web", headers=token))
print(answer.code, answer.body.decode()[:160], "...")

# %% [markdown]
# ## With kubectl
#
# The same server, on a socket, beside this notebook. `kubectl` does not know that it is not talking to a big cluster.

# %% tags=["nbval-ignore-output"]
from k8slearn.lab import kubectl
from k8slearn.live import start

plane = start(nodes=1)
kubectl("apply --server-side --field-manager=team -f -", FILE)
kubectl("scale deployment shop --replicas=7")
kubectl("apply --server-side --field-manager=team -f -", FILE)

# %% [markdown]
# Two people with the same old copy: the second one is told.

# %% tags=["nbval-ignore-output"]
kubectl("create configmap tea --from-literal=at=four")
copy = kubectl("get configmap tea --output=yaml", quiet=True)
kubectl("replace -f -", copy)
kubectl("label configmap tea asked-by=ada")
kubectl("replace -f -", copy)

# %% tags=["nbval-ignore-output"]
# !kubectl auth can-i delete pods
# !kubectl auth can-i list secrets --as=system:serviceaccount:default:default

# %%
plane.stop()

# %% [markdown]
# ## Read the real thing
#
# The stations are a list of functions. This is the list, and this is the one behind all those 409s.

# %%
from k8slearn.apiserver import pipeline

print(*(stage.__name__ for stage in pipeline.UPDATE), sep=" → ")
show(pipeline.compare_revision)

# %% [markdown]
# ## What the real one does
#
# The same stations, some in another order: there, defaults are filled in while decoding, versions are compared after
# mutating admission, and a new object gets its uid right before it is validated. Before *authorize* it has more (audit, priority and fairness,
# which keep one client from drowning the others), and its admission can ask webhooks and policies of yours. What it
# answers, code, reason, message and causes, is what you have seen: it is compared with recordings of a real v1.36.
#
# **Exercises:** [02 · Exercises](../exercises/02_the_api_server.ipynb)
# · **Next:** [03 · Watching](03_watching.ipynb)
