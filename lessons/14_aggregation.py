# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 14 · A server of one's own
#
# *`kubectl top nodes` asks the API server how busy your machines are, right now. Search the whole store: those numbers
# are nowhere in it. Who answered?*
#
# Lesson 12 gave Kubernetes new kinds without a line of code. This lesson goes the other way, which is called **API
# aggregation**: a whole API server of our own, with a database of its own, behind the door that everybody knows. Then
# both ways are held against each other, point by point.

# %%
from k8slearn import Simulation, load
from k8slearn.extension import WeatherServer, apiservices, service
from k8slearn.lab import predict, show, studio
from k8slearn.lab.asking import asking
from k8slearn.lab.neighbour import AGGREGATING, Hosted, Machine

# %% [markdown]
# ## A neighbour
#
# Here is a cluster. Beside it, on a machine of its own, runs a program that knows about weather stations. Nobody has
# told either of the other.

# %%
sim = Simulation(AGGREGATING, world={"machine": Machine()})
weather = WeatherServer(sim.clock)
sim.programs["service/default/weather:443"] = hosted = Hosted(sim, weather)

ask = asking(sim)
ask("GET /apis/weather.example.com/v2").brief

# %% [markdown]
# The program keeps its stations in two tables of SQLite. There is no etcd behind it, and no version of any API in it:

# %%
from k8slearn.extension import stations

print(stations.TABLES.strip())

# %% [markdown]
# ## Handing over a group
#
# An **APIService** says: *whatever is asked of this version of this group, somebody else answers.* It names a Service,
# and it is an ordinary object. There is one for each version.

# %%
show(apiservices()[0])

# %%
sim.create([service(), *apiservices()])
ask("GET /apis/weather.example.com/v2").brief

# %% [markdown]
# Handed over, and yet nobody answers: before a single request is passed on, a controller goes and looks whether
# anybody is there. It writes down what it found, as controllers do.

# %%
def available(*names):
    for name in names or ("v2.weather.example.com", "v1.weather.example.com", "v1.apps"):
        (found,) = sim.client.get("apiservices", name)["status"]["conditions"]
        print(f"{name:<24}{found['type']}={found['status']:<7}{found['reason']}")

sim.run()
available()

# %% [markdown]
# The groups of the API server itself have APIServices, too; they are *Local*. So there is one table of all groups,
# and clients see one list. They cannot tell who serves what:

# %%
groups = ask("GET /apis").object["groups"]
print(*(group["name"] for group in groups[-4:]), sep="\n")
[kind["kind"] for kind in ask("GET /apis/weather.example.com/v2").object["resources"]]

# %% [markdown]
# ## Where is it kept?
#
# A station in Rome. We send it to the address that we know, that of our own API server.

# %%
kept = predict("14 where it is kept")
kept

# %%
STATIONS = "/apis/weather.example.com/v2/namespaces/default/stations"
HERE = {"position": {"latitude": 41.9, "longitude": 12.5}, "altitude": 21}
ROME = {"metadata": {"name": "rome"}, "spec": HERE}
before = sim.store.revision
ask(f"POST {STATIONS}", ROME)

# %%
print("written to our store:", sim.store.revision - before, "objects")
print(*weather.stations.all(), sep="\n")
kept.reveal()

# %% [markdown]
# ## In whose name?
#
# Look at the status: *installed by*. How does the server know? The API server has found out who asks, and what he
# may do, before it passed anything on. Then it says so in headers:

# %%
print(ask(f"POST {STATIONS}", ROME, user="ada").brief)
print(len(hosted.heard), "calls heard so far; the last:")
print(*(f"{name}: {value}" for name, value in hosted.heard[-1].headers), sep="\n")

# %% [markdown]
# Ada's request is not among them: RBAC stopped her at the door. But anybody can write headers! So why should the
# weather server believe them? Because the connection shows a certificate that only the API server has. Without it:

# %%
from k8slearn.apiserver.outside import Call

weather(Call("", STATIONS, method="GET", headers=(("X-Remote-User", "kubernetes-admin"),))).code

# %% [markdown]
# ## With kubectl
#
# The same two servers as two processes, beside this notebook. Here, the clock runs twenty times as fast.

# %% tags=["nbval-ignore-output"]
from k8slearn.lab import kubectl
from k8slearn.live import start
from k8slearn.live.beside import Beside

plane = start(nodes=1, speed=20)
process = Beside(plane)
kubectl("wait --for=condition=Available apiservice/v2.weather.example.com")
# !kubectl api-resources --api-group=weather.example.com

# %% tags=["nbval-ignore-output"]
BERLIN = {"apiVersion": "weather.example.com/v1", "kind": "Station", "metadata": {"name": "berlin"}}
BERLIN["spec"] = {"location": "52.52,13.41", "height": "34m"}
kubectl("apply -f -", BERLIN)
kubectl("get stations")
kubectl("get weathers --output=name")

# %% [markdown]
# It came in as v1 and went out as v2. (Of the weather we show no more than the name: it is another one whenever this
# notebook is run.) Now `kill -9`:

# %% tags=["nbval-ignore-output"]
process.kill()
kubectl("get stations")
kubectl("wait --for=condition=Available=false apiservice/v2.weather.example.com")
kubectl("get apiservices v2.weather.example.com v1.apps")
plane.stop()

# %% [markdown]
# ## Break it
#
# The same in our small world, where we can look at it calmly. The machine stops:

# %%
sim.meddle("machine", "stop")
print("at once:     ", ask(f"GET {STATIONS}").brief)
sim.advance(31)
print("31 s later:  ", ask(f"GET {STATIONS}").brief)
print("our own kinds:", ask("GET /api/v1/namespaces/default/pods").brief)
available()

# %% [markdown]
# Two different refusals. At first the API server tries and fails; as soon as the controller has noticed, it does not
# even try. And the list of all kinds says what it cannot say:

# %%
everything = ask("GET /apis", accept="application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList").object
for group in everything["items"][-2:]:
    for version in group["versions"]:
        kinds = [resource["resource"] for resource in version.get("resources", [])]
        print(group["metadata"]["name"], version["version"], version["freshness"], kinds[:2])

# %% [markdown]
# *Stale*: there are kinds here, and nobody knows which. Everything else goes on. Or does it? Here is a namespace, *far*.
# There has never been a station in it.

# %%
hangs = predict("14 a namespace without its neighbour")
hangs

# %%
sim.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "far"}})
sim.client.delete("namespaces", "far")
sim.advance(5)
far = sim.client.get("namespaces", "far")
print(far["status"]["phase"])
print(far["status"]["conditions"][0]["message"])
hangs.reveal()

# %% [markdown]
# Watch it try. **Step** goes round and round between a timer and another look, and it would go on for days. People who
# meet this remove the finalizer by force. Then the namespace is gone, and whatever the other server kept in it is
# not: nobody will find it again, until somebody makes a namespace of that name.

# %%
world = studio(sim)
world.map()

# %% [markdown]
# The right cure is to bring the server back, or to delete its APIServices. Nobody has to be told anything else:

# %%
sim.meddle("machine", "start")
sim.advance(10)
print(ask("GET /api/v1/namespaces/far").brief)
print(ask(f"GET {STATIONS}/rome").object["spec"])
available("v2.weather.example.com")

# %% [markdown]
# ## Two owners
#
# Somebody defines a kind *Wind* with a CustomResourceDefinition, in the group that we have handed over.

# %%
owner = predict("14 a definition in a group handed over")
owner

# %%
WIND = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: winds.weather.example.com}
spec:
  group: weather.example.com
  scope: Namespaced
  names: {kind: Wind, plural: winds}
  versions: [{name: v2, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
"""
sim.create(load(WIND))
sim.run()
defined = sim.client.get("customresourcedefinitions", "winds.weather.example.com")
print({c["type"]: c["status"] for c in defined["status"]["conditions"]})
print(ask(f"GET {STATIONS.replace('stations', 'winds')}").brief)
owner.reveal()

# %% [markdown]
# ## One thing, two versions
#
# In v1, a place was a piece of text. Nothing has been converted when v2 came: the row in the table is neither. Each
# version is a pair of small functions that write it down and read it.

# %%
v1 = ask(f"GET {STATIONS.replace('v2', 'v1')}/rome").object
print(v1["apiVersion"], v1["spec"])
v2 = ask(f"GET {STATIONS}/rome").object
print(v2["apiVersion"], v2["spec"])

# %% [markdown]
# ## What nobody has written
#
# And here is the answer to the question at the top. A **Weather** is stored nowhere. It is worked out at the moment
# when somebody asks; it has no uid, and no resourceVersion. `kubectl top` reads objects of that sort.

# %%
before = sim.store.revision, weather.stations.revision
for _ in range(3):
    rome = ask(f"GET {STATIONS.replace('stations', 'weathers')}/rome").object
    print(rome["metadata"]["creationTimestamp"], rome["temperature"], rome["sky"])
    sim.advance(3600)
print("written meanwhile:", (sim.store.revision, weather.stations.revision) != before)

# %% [markdown]
# ## Read the real thing
#
# This is all there is to "who answers?". The store itself is the table: one look, by group and version, and never by
# the name of a kind.

# %%
from k8slearn.apiserver.aggregation import registered

show(registered.handed_on)

# %% [markdown]
# ## Point by point
#
# *A definition needs no programming; a server of one's own gives control over storage and conversion.* So people say.
# Let us see. The same kind once more, this time as a definition:

# %%
DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: stations.defined.example.com}
spec:
  group: defined.example.com
  scope: Namespaced
  names: {kind: Station, plural: stations}
  versions:
  - {name: v2, served: true, storage: true, subresources: {status: {}}, schema: {openAPIV3Schema: {
      type: object, properties: {spec: {type: object, properties: {
        position: {type: object, properties: {
          latitude: {type: number, minimum: -90, maximum: 90},
          longitude: {type: number, minimum: -180, maximum: 180}}},
        altitude: {type: number, default: 0}}}}}}}
  - {name: v1, served: true, storage: false, schema: {openAPIV3Schema: {
      type: object, properties: {spec: {type: object, properties: {
        location: {type: string}, height: {type: string}}}}}}}
"""
sim.create(load(DEFINITION))
sim.run()
ask("GET /apis/defined.example.com").object["versions"]

# %% [markdown]
# Each point is a cell: it asks both, and notes what they say.

# %%
from pathlib import Path

from k8slearn.lab.comparison import Comparison

point = Comparison("a definition (CRD)", "a server of one's own")
words = len(DEFINITION.split())
lines = sum(len(file.read_text().splitlines()) for file in Path(stations.__file__).parent.glob("*.py"))
point("to be written", f"{words} words of YAML", f"about {round(lines, -2)} lines of Python")

# %%
def both(method, rest="", spec=None, version="v2", name="rome", **headers):
    """The same request to both: first to what is defined, then to the other server."""
    for group in ("defined.example.com", "weather.example.com"):
        head = {"apiVersion": f"{group}/{version}", "kind": "Station", "metadata": {"name": name}}
        path = f"/apis/{group}/{version}/namespaces/default/stations{rest}"
        yield ask(f"{method} {path}", {**head, "spec": spec} if spec else None, **headers)

[answer.brief for answer in both("POST", spec=HERE)]

# %% [markdown]
# ### What may be written
#
# A schema can say bounds, patterns, rules over several fields, and defaults. Code can say anything, and nothing is
# checked that nobody has thought of.

# %%
NOWHERE = {"position": {"latitude": 100, "longitude": 12.5}}
point("validation", *both("POST", name="nowhere", spec=NOWHERE))

# %%
PARIS = {"position": {"latitude": 48.9, "longitude": 2.4}}
answers = both("POST", name="paris", spec=PARIS)
point("defaults", *(f"altitude {answer.object['spec']['altitude']:g}" for answer in answers))

# %% [markdown]
# ### Several versions
#
# We write Oslo in v1 and read it in v2. Our definition does not say how its versions are converted.

# %%
lost = predict("14 versions without conversion")
lost

# %%
OSLO = {"location": "59.9,10.7", "height": "23m"}
print(*(answer.brief for answer in both("POST", name="oslo", spec=OSLO, version="v1")), sep="\n")
point("versions", *(answer.object["spec"] for answer in both("GET", "/oslo")))

# %%
lost.reveal()

# %% [markdown]
# A definition can name a **webhook** that converts. That is a program, and it has to be written, run, secured and kept
# alive. Here it lives on the same machine as the weather server.

# %%
from k8slearn.extension.kinds import VIEWS
from k8slearn.sim.reviewer import Reviewer

def converted(station, wanted):
    have, want = (VIEWS[version.partition("/")[2]] for version in (station["apiVersion"], wanted))
    return {**station, "apiVersion": wanted, "spec": want.write(have.read(station["spec"]))}

def convert(request):
    done = [converted(station, request["desiredAPIVersion"]) for station in request["objects"]]
    return {"convertedObjects": done, "result": {"status": "Success"}}

sim.programs["service/default/converter:443"] = Hosted(sim, Reviewer(convert))
where = {"service": {"namespace": "default", "name": "converter"}}
webhook = {"clientConfig": where, "conversionReviewVersions": ["v1"]}
patch = {"spec": {"conversion": {"strategy": "Webhook", "webhook": webhook}}}
sim.client.patch("customresourcedefinitions", "stations.defined.example.com", patch=patch)
answers = both("GET", "/rome", version="v1")
point("versions, converted by code", *(answer.object["spec"] for answer in answers))

# %% [markdown]
# ### Where it is, and what is not kept at all
#
# What is defined is an object in our store, and stays as it was written until somebody, an operator mostly, comes along
# and writes again.

# %%
ours = sim.store.list("stations.defined.example.com")
point("storage", f"{len(ours)} objects in the store", f"{len(weather.stations.all())} rows in SQLite")

# %%
WEATHERS = STATIONS.replace("stations", "weathers")
mine = ask(f"GET {STATIONS.replace('weather', 'defined')}/rome").object
theirs = ask(f"GET {WEATHERS}/rome").object
told = f"status: {mine.get('status', 'nobody has written one')}", f"temperature: {theirs['temperature']}"
point("computed objects", *told)

# %% [markdown]
# ### Doors of its own
#
# A definition gets the subresources *status* and *scale* for a few words of YAML. It never gets another one, and never
# fewer verbs than all. A server has whatever somebody has programmed, be it plain text:

# %%
from k8slearn.apiserver.outside import Reply

def talkative(call):
    if not call.target.endswith("/rome/forecast"):
        return weather(call)
    return Reply(200, b"rain by noon", (("Content-Type", "text/plain"),))

hosted.program = talkative
point("other subresources", *both("GET", "/rome/forecast"))

# %%
point("status", *both("GET", "/rome/status"))

# %%
def verbs(group, kind):
    resources = ask(f"GET /apis/{group}/v2").object["resources"]
    (found,) = (resource for resource in resources if resource["name"] == kind)
    return ", ".join(sorted(found["verbs"]))

point("verbs", verbs("defined.example.com", "stations"), verbs("weather.example.com", "weathers"))

# %% [markdown]
# ### How it is spoken to
#
# Strategic merge and protobuf need types that are compiled in, so what is defined has neither; apply, watch and
# explain it has for nothing. To another server the bytes are passed on as they are, and what it makes of them is its own
# affair. Ours keeps a table of changes so that it can be watched, and has its fields described by hand.

# %%
def patched(kind, force=""):
    return both("PATCH", f"/rome?fieldManager=me{force}", spec={"altitude": 22}, content_type=kind)

strategic = patched("application/strategic-merge-patch+json")
applied = patched("application/apply-patch+yaml", "&force=true")
said = [f"{merged.code}, {apply.code}" for merged, apply in zip(strategic, applied, strict=True)]
point("strategic merge, server-side apply", *said)

# %%
answers = both("GET", "/rome", accept="application/vnd.kubernetes.protobuf")
point("protobuf", *(answer.code for answer in answers))

# %%
point("watch", *both("GET", "?watch=1&resourceVersion=0"))

# %%
def explained(group):
    schemas = ask(f"GET /openapi/v3/apis/{group}/v2").object["components"]["schemas"]
    (station,) = (schema for name, schema in schemas.items() if name.endswith(".Station"))
    return ", ".join(sorted(station["properties"]["spec"]["properties"]))

point("OpenAPI, kubectl explain", explained("defined.example.com"), explained("weather.example.com"))

# %% [markdown]
# ### Who looks after it
#
# One door keeps everybody out who has no business here, for both. Behind it, a server must look after itself. Ours has
# grown a forecast, and whoever wrote that has forgotten something:

# %%
defined, other = (f"the door: {answer.code}" for answer in both("GET", "/rome/forecast", user="ada"))
forged = Call("", f"{STATIONS}/rome/forecast", method="GET", headers=(("X-Remote-User", "anybody"),))
point("who secures it", defined, f"{other}; past the door: {talkative(forged).code}")

# %%
sim.meddle("machine", "stop")
sim.advance(31)
pairs = zip(both("GET", "/rome"), both("GET", "/rome", version="v1"), strict=True)
point("its machine stops", *(f"v2: {new.code}, v1: {old.code}" for new, old in pairs))

# %% [markdown]
# What is stored is still there, in the version in which it is stored. Of the other version we know nothing while the
# converter is away.
#
# At last, an upgrade: we want to get rid of a version, and choose the one in which the definition keeps its objects.
# Then all points, together.

# %%
sim.meddle("machine", "start")
sim.advance(10)
path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/stations.defined.example.com"
_, v1 = ask(f"GET {path}").object["spec"]["versions"]
dropped = {"spec": {"versions": [{**v1, "storage": True}]}}
refused = ask(f"PATCH {path}", dropped, content_type="application/merge-patch+json")
sim.client.delete("apiservices", "v2.weather.example.com")
_, rest = both("GET", "/rome", version="v1")
point("a version goes", refused, f"v1: {rest.code} {rest.object['spec']}")

# %%
point

# %% [markdown]
# ## When which
#
# *A definition needs no programming*: true, as long as it has one version, or versions that are alike. *A server gives
# control over storage and conversion*: true, and over everything else; what it does not do, nobody does.
#
# - **A definition**, if your kind is a wish that a controller works off (lesson 13). That is nearly always.
# - **A definition with a webhook**, if its versions differ. The webhook is now something that can be down.
# - **A server of one's own**, if the objects must not lie in etcd: computed when they are read, too many, too
#   short-lived, or already at home in another database; or if you need doors that a definition does not have.
# - **No kind at all**, if nobody wants to watch it, apply it, or keep it safe with RBAC. A ConfigMap, or a program with
#   an address, is honest, too.
#
# And before you hand over a group, think of *far*: a server that is down holds up namespaces that it has nothing to
# do with.
#
# ## What the real one does
#
# The same: kube-apiserver has the aggregator inside of it, looks at every handed over version each half a minute,
# and says `Available` in these words. `metrics-server`, which answers `kubectl top`, is such a server. Its authors did not begin
# with 600 lines: a library (`k8s.io/apiserver`, shown by `sample-apiserver`) brings storage, watches, admission, apply,
# strategic merge and protobuf along for types that are written in Go, with an etcd of its own. Such a server also asks back, with a
# SubjectAccessReview, whether the user may; ours believes the door.
#
# Where we are simpler: players inside a simulation may look at what others serve, and delete it, but cannot watch it.
#
# **Exercises:** [14 · Exercises](../exercises/14_aggregation.ipynb)
# · **Next:** [15 · No conductor](15_no_conductor.ipynb)
