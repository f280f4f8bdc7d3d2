# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 12 · Exercises
#
# A tea house opens a branch in your cluster. You write what its order book may contain, what may become of a loyalty
# card, and a converter for teapots old and new.
#
# Each answer is tried in many cases, from the smallest on; the first that fails is told to you, line by line. Under
# each check you find what a right answer gets. Stuck? `hint("12.1")` helps, three times.

# %%
import json

from k8slearn import edit
from k8slearn.lab import check, hint

# %% [markdown]
# ## 12.1 · The order book
#
# An **Order** says what is to be brought where. These are the rules of the house:
#
# - `tea` is a text. It must be there, and it may not be empty.
# - `table` is a whole number from 1 to 12. It must be there: nobody can guess it.
# - `cups` is a whole number from 1 to 6. Who does not say it gets 1.
# - `extras` is a list that may be left out. Each of them has a `name`, a text that must be there, and `spoons`, a whole
#   number from 1 on; who does not say it gets 1.
# - Whatever else is written on an order is not kept, at any depth.
#
# It is **right** when good orders are stored as they were sent, with what was left out filled in; when bad ones are
# refused; and when nothing is kept that has no place here. Finish the schema: it is a text in YAML, and the hole is
# inside of it.

# %% tags=["hole"]
SCHEMA = """
type: object
required: [spec]
properties:
  spec:
    type: object
    ### BEGIN SOLUTION
    ### HOLE: what must be there; and the fields, each with its type, its bounds, its default
    required: [tea, table]
    properties:
      tea: {type: string, minLength: 1}
      table: {type: integer, minimum: 1, maximum: 12}
      cups: {type: integer, minimum: 1, maximum: 6, default: 1}
      extras:
        type: array
        items:
          type: object
          required: [name]
          properties:
            name: {type: string}
            spoons: {type: integer, minimum: 1, default: 1}
    ### END SOLUTION
"""

# %% [markdown]
# Try it by hand first, if you like:

# %%
from k8slearn.lab.exercises.lesson12 import taken

taken(SCHEMA, tea="mint", table=3, extras=[{"name": "milk"}], tip=5)

# %% tags=["check"]
check("12.1", SCHEMA)

# %% [markdown]
# ## 12.2 · Once and for all
#
# A loyalty **Card** has an `owner`, a text that may be missing, and `stamps`, a number that is 0 when nobody says
# otherwise. Two things must not happen, and both are about a *change*:
#
# - An owner who is there stays: no other one, and none is no answer either. (A card without an owner may get one.)
# - Stamps are never taken away.
#
# It is **right** when these changes are refused and all others are allowed, and when new cards can be made at all. The
# rules are asked for the whole spec: `self` is the new one, `oldSelf` the old one. Write one for each sentence.

# %% tags=["hole"]
RULES = """
### BEGIN SOLUTION
### HOLE: two items, each with rule: and message:
- rule: "!has(oldSelf.owner) || (has(self.owner) && self.owner == oldSelf.owner)"
  message: an owner stays
- rule: self.stamps >= oldSelf.stamps
  message: stamps are never taken away
### END SOLUTION
"""

# %%
from k8slearn.lab.exercises.lesson12 import changed

changed(RULES, {"owner": "ada", "stamps": 3}, {"owner": "grace", "stamps": 4})

# %% tags=["check"]
check("12.2", RULES)

# %% [markdown]
# ## 12.3 · There and back
#
# Teapots have two versions. In `v1` one says `size: 500ml`, a text. In `v2` it is `milliliters: 500`, a number; and there
# is a `lid`, which is `true`, `false`, or not known. `v1` has no field for that.
#
# It is **right** when a teapot that goes to the other version and comes back is the same teapot, with everything that was
# on it; when what somebody has changed on the other side counts; and when the object that you were given is left alone.

# %% tags=["hole"]
LID = "tea.example.com/lid"

def convert(pot, wanted):
    """The teapot in the version `wanted`, which is "v1" or "v2". It is in the other one."""
    ### BEGIN SOLUTION
    ### HOLE: a copy that says apiVersion and spec as the other version does; where can the lid wait?
    new = edit(pot)
    new["apiVersion"] = f"tea.example.com/{wanted}"
    spec, notes = new["spec"], new["metadata"].setdefault("annotations", {})
    if wanted == "v1":
        spec["size"] = f"{spec.pop('milliliters')}ml"
        if "lid" in spec:
            notes[LID] = json.dumps(spec.pop("lid"))
    else:
        spec["milliliters"] = int(spec.pop("size").removesuffix("ml"))
        if LID in notes:
            spec["lid"] = json.loads(notes.pop(LID))
    return new
    ### END SOLUTION

# %%
from k8slearn.lab.exercises.lesson12 import teapot

convert(teapot("brown-betty", "v2", tea="mint", milliliters=500, lid=False), "v1")

# %% tags=["check"]
check("12.3", convert)

# %% [markdown]
# A table of what must come out, a rule that looks back, a round trip over many objects: these three catch most of
# what goes wrong with kinds that people define.
#
# Right? Then compare with [the solution](../solutions/12_custom_resources.ipynb).
