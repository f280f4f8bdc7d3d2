"""The questions that lessons ask before they run something; here, so that no cell gives the answer away.

Each answer, right or wrong, has something said about it: why it is so, or what makes one think so.
"""

from __future__ import annotations

from typing import NamedTuple


class Question(NamedTuple):
    """`options`: answer -> what is to be said about it; `answer` is the right one."""

    text: str
    options: dict[str, str]
    answer: str


QUESTIONS = {
    "00 who makes the pods": Question(
        "The Deployment is stored. Who will create the three pods?",
        {
            "the Deployment controller": "It never touches a pod. It writes a ReplicaSet and waits.",
            "the ReplicaSet controller": "It sees a ReplicaSet that asks for 3 pods, and finds none.",
            "the scheduler": "It only writes the name of a node into pods that exist already.",
            "the API server": "It stores what it is told, and tells whoever watches. It starts nothing.",
        },
        "the ReplicaSet controller",
    ),
    "00 a controller dies": Question(
        "The ReplicaSet controller dies before it has made a single pod. A new one starts. What about the pods?",
        {
            "they are never made": "The event is lost with the process, but the new one needs no event.",
            "they are made all the same": "The new one lists what is there, sees 3 wanted and 0 present, and acts.",
            "six are made": "It compares before it acts, so what exists is not made again.",
        },
        "they are made all the same",
    ),
    "01 which numbers": Question(
        "We write tea, then milk, then tea once more. What do the three writes get as resourceVersion?",
        {
            "1, 1, 2": "Each object would count for itself. Then no number could say what came first.",
            "1, 2, 3": "One count for the whole store: a resourceVersion is the number of a write.",
            "three times of day": "Clocks disagree, and go backwards. A revision counts writes, nothing else.",
        },
        "1, 2, 3",
    ),
    "01 the lost update": Question(
        "Ada and Grace have read the same note. Ada writes her change, then Grace writes hers. What is stored?",
        {
            "both changes": "Each has sent a whole object, and Grace's knows nothing of Ada's change.",
            "Ada's change": "She was first, but nothing stops the second write from replacing hers.",
            "Grace's change": "The last one wins, and nobody is told that Ada's change is gone.",
        },
        "Grace's change",
    ),
    "01 a slow reader": Question(
        "Ada reads the log at once, Grace takes her time. What does the store do for Grace?",
        {
            "it queues events for her": "A queue for each slow reader: a server's way to run out of memory.",
            "it waits for her": "Then the slowest reader would decide how fast the cluster writes.",
            "nothing": "The log is there anyway. Grace's whole state is one number: how far she has read.",
        },
        "nothing",
    ),
    "02 who adds what": Question(
        "We send a pod of eight lines. Who adds what is missing: restart policy, priority, uid?",
        {
            "kubectl": "It sends what stands in the file. The same pod sent by curl ends up the same.",
            "the API server": "Defaults, admission and the server's own fields, each at a station of its own.",
            "the kubelet": "It acts on what is stored. By then everything has been said.",
        },
        "the API server",
    ),
    "02 conflict": Question(
        "An update is refused: 409 Conflict, the object has been modified. What will sending it again do?",
        {
            "it works the second time": "The bytes still say what you had read, and that is still not what is there.",
            "the same 409, for ever": "A Conflict is about your object, not about the server. Read again, then write.",
            "it depends on the load": "Nothing is busy or broken. Somebody was quicker, that is all.",
        },
        "the same 409, for ever",
    ),
    "02 generation": Question(
        "We put a label on a Deployment, then its controller writes the status, then we scale it. Generation was 1.",
        {
            "it is 4 now": "That is how a resourceVersion counts: it changes with every write.",
            "it is 3 now": "Labels and status are not what was asked for.",
            "it is 2 now": "Only a change of the spec counts: it is what somebody wants to be different.",
        },
        "it is 2 now",
    ),
    "02 replicas and an autoscaler": Question(
        "The file says replicas: 3, an autoscaler has made it 7. You apply the file again, unchanged. How many?",
        {
            "7": "Your file still has an opinion: 3. Whoever does not want to decide must not say.",
            "3, silently": "That is what client-side apply and forcing do: an outage caused by a file nobody changed.",
            "409 Conflict": "With server-side apply the server knows whose the field is, and names the autoscaler.",
        },
        "409 Conflict",
    ),
    "03 a cut connection": Question(
        "Ada's connection is cut. Tea is changed twice, milk is removed. Then she watches from @6 again. She is told:",
        {
            "nothing: it is too late": "It happened while she was away, but it stands in the log, behind her place.",
            "how things are now": "That would be a list. A watch tells what happened, one event after the other.",
            "all three, in order": "Her place is a number, and it is hers. The connection was only a connection.",
        },
        "all three, in order",
    ),
    "03 out of sight": Question(
        "Grace watches the notes with room=kitchen. Somebody moves the tea into the garden. What is Grace told?",
        {
            "nothing": "Then she would believe for ever that the tea is in the kitchen.",
            "MODIFIED": "That is what happened. But she did not ask what happens to tea; she asked for the kitchen.",
            "DELETED": "Out of her sight is gone, as far as her question goes. The tea is well.",
        },
        "DELETED",
    ),
    "03 a quiet watch": Question(
        "Nobody writes a note, but much else is written, and the store forgets what is old. Then Ada's stream ends.",
        {
            "she goes on from her version": "It could only be read from what is forgotten.",
            "she gets a 410": "Her number has grown old, though nothing has happened to her notes.",
            "the server tells her what she missed": "She missed nothing; but there is nothing left to look it up in.",
        },
        "she gets a 410",
    ),
    "04 a pod is deleted": Question(
        "We delete one of the three pods by hand. What happens?",
        {
            "it stays deleted": "Nobody recalls who wanted it gone. The PodSet still asks for three.",
            "the same pod comes back": "A deleted pod is gone for good; another, with a name of its own, follows.",
            "a new pod replaces it": "Three wanted, two there: the difference is one, whatever the reason.",
        },
        "a new pod replaces it",
    ),
    "05 a bad day": Question(
        "Three pods are wanted. How many does the edge-triggered controller have in the evening?",
        {
            "three": "Only if every event arrives exactly once, and nobody ever restarts.",
            "fewer: it misses events": "It misses some; but other things it hears twice.",
            "more: it hears things twice": "After each restart, everything that exists is ADDED once more.",
        },
        "more: it hears things twice",
    ),
    "09 busy or full": Question(
        "On full, four of eight cpus are requested, and idle. On busy, none is, and all of them burn. Where to?",
        {
            "to full": "Four cpus of it are promised to somebody, and a promise is what the scheduler counts.",
            "to busy": "Its pods have promised themselves nothing, so it looks nearly empty. Usage is never looked at.",
            "nowhere": "Both have room on paper, and the paper is all there is to look at.",
        },
        "to busy",
    ),
    "09 a score of zero": Question(
        "A plugin gives the node big the score 0, and all others 100. Can a pod still land on big?",
        {
            "no": "That would be a filter. A score only says what is better among those that will do.",
            "yes": "If the others refuse it, or weigh less elsewhere. A score is an opinion, and not a veto.",
        },
        "yes",
    ),
    "09 a label": Question(
        "One pod waits for a label, one for 40 cpus. A node gets that label. Who is tried again?",
        {
            "both": "Then each label in a big cluster would wake thousands of pods for nothing.",
            "the one that wants the label": "Who was refused by a plugin that looks at labels. A label makes no cpus.",
            "nobody, until five minutes are over": "That is only the safety net. Events wake those whom they may help.",
        },
        "the one that wants the label",
    ),
    "09 nominated": Question(
        "dear is nominated to a node and waits for its victim to leave. A tiny pod of higher priority comes.",
        {
            "it must wait: the room is dear's": "A nomination is a note for others, and not a lock.",
            "it takes the room first": "Nominated is not bound. Only pods that are less important must respect it.",
            "dear is bound already": "Only spec.nodeName binds. nominatedNodeName is in the status: a hint.",
        },
        "it takes the room first",
    ),
    "16 everybody lists": Question(
        "Ten times as many nodes, and each kubelet lists all pods. How many times as many bytes are sent?",
        {
            "ten times": "So many more lists are asked for. But each of them has become longer, too.",
            "twenty times": "Ten times as many lists, each ten times as long: that is not a sum, but a product.",
            "a hundred times": "Ten times as many ask, and each is sent ten times as much.",
        },
        "a hundred times",
    ),
    "16 field or label": Question(
        "A thousand watches, each for the pods of one node. A pod comes to node-7. How many are woken?",
        {
            "one, by field or by label": "One is told. But whom a label concerns is known only to those who look.",
            "one by field, all by label": "Writes are filed by node, and so one is woken. By label nothing is filed.",
            "all, by field or by label": "That is so for any other field. By this one, pods are filed when written.",
        },
        "one by field, all by label",
    ),
    "16 one template": Question(
        "Ten pods out of one template, a thousand nodes. How often is the filter asked, in all?",
        {
            "10,000 times": "If each pod asked every node. But of most nodes the answer is known already.",
            "1,009 times": "The first pod asks all; each of the others only the node that has just changed.",
            "1,000 times": "Nearly. But a node that has been given a pod has less room than before: ask it again.",
        },
        "1,009 times",
    ),
    "14 where it is kept": Question(
        "We send a Station to our API server, as we would send a pod. Where is it kept?",
        {
            "in our store": "Our store never sees it. The request was passed on as it came.",
            "in the weather server's database": "Whoever serves a group keeps its objects, wherever he likes.",
            "in both": "Then somebody would have to keep two copies alike. Nobody does.",
        },
        "in the weather server's database",
    ),
    "14 a namespace without its neighbour": Question(
        "The weather server is down. We delete the namespace far, in which there never was a station.",
        {
            "it goes: it is empty": "So you know. Who deletes it cannot know, for the one who could say so is down.",
            "it goes after a time-out": "There is none. What would be left behind could never be found again.",
            "it hangs until the server is back": "Whoever empties it must ask everybody, and one does not answer.",
        },
        "it hangs until the server is back",
    ),
    "14 a definition in a group handed over": Question(
        "The definition of Wind is accepted, and Established. Who answers a request for winds?",
        {
            "our server, by the definition": "It would, but it is never asked: the whole version is handed over.",
            "the weather server": "A group's version goes to one server as a whole, and that one knows no winds.",
            "whoever knows the kind": "Nobody looks at the kind. Group and version decide, before anything else.",
        },
        "the weather server",
    ),
    "14 versions without conversion": Question(
        "Oslo was written in v1, as a text. We read it in v2, which has numbers. What does the definition show?",
        {
            "the same place, in numbers": "Who should have worked them out? Nobody has said how.",
            "an error": "Not even that. Without a converter, versions count as alike in all but their name.",
            "no place at all": "v2 knows no location, so it was dropped, for good, on its way into the store.",
        },
        "no place at all",
    ),
    "13 whose condition": Question(
        "The page was changed: generation 2. The status says Available, True. Do the servers show the new page?",
        {
            "yes": "The sentence is true, and it is about generation 1: that is what observedGeneration says.",
            "no": "So it happens to be. But the status does not say so: it has not heard of the new wish.",
            "it does not say": "It speaks of generation 1. Of the wish that counts now nobody has spoken yet.",
        },
        "it does not say",
    ),
    "13 which reference wakes": Question(
        "Two ConfigMaps name the bakery as their owner, one of them with controller: true. Which one wakes it?",
        {
            "both": "An object may have many owners, who all keep it alive. Only one of them looks after it.",
            "the one with controller: true": "Many may own an object; one is responsible, and that one is called.",
            "neither: it made neither": "Who made it plays no role. What counts is what the object says of itself.",
        },
        "the one with controller: true",
    ),
    "13 a crash in between": Question(
        "The process dies after its first write: the bucket is made, its id not written down. Then it restarts.",
        {
            "one bucket": "Somebody would have to remember it. The process is dead, and the status is empty.",
            "two buckets": "The new process sees an empty status, and makes one. The first is nobody's.",
            "none: it is rolled back": "There is no transaction across two servers. What is done is done.",
        },
        "two buckets",
    ),
    "13 delete without an operator": Question(
        "The operator's machine is gone. You delete the Bucket. How are things after an hour?",
        {
            "the Bucket is gone, the cloud is clean": "Who should have cleaned up? A finalizer is a word.",
            "the Bucket is gone, the cloud is not": "That is what would happen without a finalizer.",
            "the Bucket is still there": "It waits for its finalizer, and nobody is there to remove it.",
        },
        "the Bucket is still there",
    ),
    "13 slept through": Question(
        "A key lives 600 seconds. The operator is cut off for 3000, five periods. How many new keys when it is back?",
        {
            "five": "It would have to count alarms. It asks how old the key is, and one new key is the answer.",
            "one": "The key is too old, whatever the number of periods: so it makes one, and is back in step.",
            "none until the next period": "It looks as soon as it is back, and what it sees is too old.",
        },
        "one",
    ),
    "13 the leader is cut off": Question(
        "The leader loses its network, and somebody asks for another bucket. When is it made, and by whom?",
        {
            "at once, by the other": "It cannot know that the leader is gone. It sees only that nobody renews.",
            "when the first one is back": "A Lease runs out. For just this case there are two of them.",
            "by the other, after a while": "Not before the Lease has run out: the old one may still be at work.",
        },
        "by the other, after a while",
    ),
    "13 from 15 to 17": Question(
        "Three replicas of version 15 run, and 17 is wanted. What is made first?",
        {
            "orders-0 of version 17": "The primary would go first, and two versions at once. Nobody could go back.",
            "orders-2 of version 16": "Almost. If that goes wrong, what does one go back to?",
            "a backup": "First a way back; then the last follower of the next version; the primary last.",
        },
        "a backup",
    ),
    "13 delete a database": Question(
        "Somebody deletes the Database. What is left?",
        {
            "nothing": "That is what owner references do. So no volume and no backup may have one.",
            "the volumes and the backups": "What holds data is nobody's child: it goes only if the Database says so.",
            "everything: a finalizer holds it": "It holds the Database until its operator has done what is to be done.",
        },
        "the volumes and the backups",
    ),
    "12 who brings it to life": Question(
        "The definition of teapots is accepted. What has to be started before the server takes the first teapot?",
        {
            "a controller for teapots": "It is needed when something shall happen to them. To store them, nobody is.",
            "the API server, once more": "It reads definitions while it runs, as others read pods.",
            "nothing": "A definition is an object, and the server has read it. That is all there is to it.",
        },
        "nothing",
    ),
    "12 what is kept": Question(
        "The schema knows tea and cups. You send a teapot with tea and milk, and without cups. What is stored?",
        {
            "tea and milk": "It is your kind, but it is the server's store: what the schema does not name goes.",
            "tea and cups": "Milk is in no schema, so it is dropped. Cups have a default, so they are filled in.",
            "nothing: it is refused": "Only for those who ask for strict checking, as kubectl does. Others are warned.",
        },
        "tea and cups",
    ),
    "12 a rule that looks back": Question(
        "The rule of spec.glaze is self == oldSelf. The pot is blue. Somebody takes the glaze away, then writes red.",
        {
            "both are refused": "A rule of a field is asked where the field is. The first change leaves none behind.",
            "only the red one is": "By then there is no old glaze to compare it with.",
            "neither is": "Each step lacks one of the two values that the rule compares, so nobody asks it.",
        },
        "neither is",
    ),
    "12 an old client": Question(
        "A client that knows only v1 reads the pot, puts a label on it, and writes it back. What about the lid of v2?",
        {
            "it stays: nobody touched it": "The client has sent all that it was shown, and it was not shown a lid.",
            "it is gone": "An update replaces the whole object, and in this whole there is no lid.",
            "409 Conflict": "Nobody else has written meanwhile. To the server this is an ordinary update.",
        },
        "it is gone",
    ),
    "12 an owner next door": Question(
        "A cup in the namespace garden names a teapot in default as its owner. The teapot is well. What about the cup?",
        {
            "it lives as long as the pot": "So it was meant. But a reference says no namespace, and is read next door.",
            "it is refused": "Nobody looks for owners when an object is written: they may come later.",
            "it is deleted": "Its owner is looked for in garden, and there is no such pot there.",
        },
        "it is deleted",
    ),
    "12 the end of a kind": Question(
        "Two teapots are there, and one has a finalizer. Somebody deletes the definition of teapots. What is left?",
        {
            "both teapots": "Without their kind nobody could ask for them. A definition takes its objects along.",
            "nothing": "A finalizer is no code that runs. It is a word that holds, until somebody takes it out.",
            "one, and the definition": "It waits for the last teapot, and that waits for whoever owns the finalizer.",
        },
        "one, and the definition",
    ),
    "06 eleven changes": Question(
        "Ten changes of one object wait. While a worker is at it, an eleventh comes. How many looks in all?",
        {
            "eleven": "That would be a queue of events. Ten of those looks would find what the one before them found.",
            "two": "One for everything before it, one for what came after it had begun. Never two at the same time.",
            "one": "Then the eleventh change would be lost: the worker may have looked before it came.",
        },
        "two",
    ),
    "06 the same trouble": Question(
        "The built-in ReplicaSet controller, as deaf, and asked to look three times. How many pods for 3 replicas?",
        {
            "nine": "That is what comparing with the cache alone would make of it.",
            "three": "It knows what it has just made, and waits until it has heard of it.",
            "none": "It need not hear anything to make the first three: it has seen that there are none.",
        },
        "three",
    ),
    "06 synced": Question(
        "WaitForCacheSync says: synced. What do you know about the cache?",
        {
            "it is up to date": "It may have been, for a moment. Since then the world has moved on.",
            "nothing is on its way to it": "Nobody can know that. The news may be stuck anywhere.",
            "it has listed once": "So it is not empty by mistake. How old it is, is another question.",
        },
        "it has listed once",
    ),
    "06 a resync": Question(
        "It has not heard of a deleted pod, a new one, and a changed one. Now it resyncs. What does it know?",
        {
            "everything": "For that it would have to ask the API server. A resync asks nobody.",
            "all but the deleted one": "A list would show the new ones. But a resync is not a list.",
            "what it knew before": "It was shown its own cache once more. What is not in there, is not in there.",
        },
        "what it knew before",
    ),
    "06 gone in the dark": Question(
        "Unheard, Ada moves from team red to blue, and is deleted. Then the informer lists. The handler is given:",
        {
            "DELETED, and ada in blue": "That was her last state. But it is in no cache, and in no list.",
            "DELETED, and ada in red": "The last that was heard of her. Better than nothing, and out of date.",
            "nothing": "Then she would live on in whatever the handler keeps. The informer sees that she is missing.",
        },
        "DELETED, and ada in red",
    ),
    "07 another label": Question(
        "A ReplicaSet wants two pods and has two. One of them gets another label. How many run in the end?",
        {
            "two": "The pod that is not chosen any more is not deleted. It is nobody's business, and runs on.",
            "three": "It is let go, and is one too few for the ReplicaSet. So there is a fresh one.",
            "one": "The selector finds one, so far you are right. But then one is missing.",
        },
        "three",
    ),
    "07 the label is put back": Question(
        "The pod gets its old label back. Two pods are wanted. What becomes of the three?",
        {
            "all three stay": "A pod that matches and belongs to nobody is adopted, and then it counts.",
            "it is sent away again": "Nobody remembers that it had left. It is the oldest, so it stays.",
            "it stays, a younger one goes": "It is adopted, that makes one too many, and the youngest is missed least.",
        },
        "it stays, a younger one goes",
    ),
    "07 two with one selector": Question(
        "Two ReplicaSets, red and blue, want two pods each, with the same selector. How many pods are there?",
        {
            "two": "Each would count the other's as its own. But a pod says whose it is, and that comes first.",
            "four": "Each counts the pods that carry its note, and makes what it lacks.",
            "more and more": "They would have to fight, but neither touches what another controls.",
        },
        "four",
    ),
    "07 an orphan comes by": Question(
        "A pod of nobody's comes, and both would choose it. Both have what they want. What becomes of it?",
        {
            "nothing, both are full": "Adoption does not ask how many there are. That is counted afterwards.",
            "it is adopted and deleted": "By the first who looks. He has one too many then: this one.",
            "it belongs to both": "An object has one controller. A second reference of that sort is refused.",
        },
        "it is adopted and deleted",
    ),
    "07 without a collector": Question(
        "There is no garbage collector. You delete the Deployment, and wait. What is left?",
        {
            "nothing": "The API server would have to know whose they are. It deletes what it is told to delete.",
            "the pods": "Who would have deleted the ReplicaSet? Whoever made it only hears that a key is gone.",
            "the ReplicaSet and the pods": "Nobody has read their notes. They go on as if nothing had happened.",
        },
        "the ReplicaSet and the pods",
    ),
    "07 who goes first": Question(
        "You delete the Deployment with propagationPolicy=Foreground. Which of them is gone first?",
        {
            "the Deployment": "That is Background. In the foreground it is there, marked, until the others are gone.",
            "the ReplicaSet": "It waits, too: it was deleted in the same way, since it has children of its own.",
            "the pods": "From the leaves to the root. Whoever looks at the Deployment sees that it is not over yet.",
        },
        "the pods",
    ),
    "07 say goodbye": Question(
        "A pod has the finalizer example.com/say-goodbye, which nobody knows. It is deleted. And in an hour?",
        {
            "it is gone": "Its containers are, after half a minute. The object waits for whoever owns that word.",
            "it is still there": "The API server waits until the list is empty, and nobody is there to empty it.",
            "it was called, and failed": "Nothing is called. A finalizer has no code, it is a word in a list.",
        },
        "it is still there",
    ),
    "07 restored from a backup": Question(
        "The ReplicaSet red is gone, another red is there. A pod comes whose note names the first. And then?",
        {
            "red adopts it": "Its note says that it has a controller. Such a pod is not adopted, whoever that may be.",
            "it stays as it is": "The ReplicaSet leaves it alone, that is true. But somebody else reads the notes.",
            "it is deleted": "Its owner is gone: there is one of that name, and it is another.",
        },
        "it is deleted",
    ),
    "07 orphan and late news": Question(
        "A ReplicaSet is deleted with Orphan. The collector has heard of two of its three pods. And the third?",
        {
            "it stays, like the others": "Its note would have to go, and who takes notes away does not know of it.",
            "it is deleted": "It still says whose it is, and that owner is gone. So it looks like any other garbage.",
            "the owner waits for it": "It waits for the collector, and that is done with all it knows of.",
        },
        "it is deleted",
    ),
}
