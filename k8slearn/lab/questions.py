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
}
