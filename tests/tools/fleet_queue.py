"""Holds what tests/fleet/local.rs says of the division of a plan into tasks, and of the start of a
local cluster. Needs no Ray."""

import json

from keysweep_fleet import local
from keysweep_fleet.plan import BYTES_A_SECOND, FleetError, Queue, Target, Work


def target(name: str, seconds: float) -> Target:
    line = {"name": name, "place": f"/m/{name}", "kind": "repository", "weight": seconds * BYTES_A_SECOND}
    return Target.read(json.dumps(line), {}, str)


def drained(queue: Queue, processors: float) -> list[Work]:
    taken = []
    while (work := queue.take(processors)) is not None:
        taken.append(work)
    assert not queue and abs(queue.seconds) < 1e-6
    return taken


def names(work: Work) -> list[str]:
    return [it.name for it in work.targets]


# The heaviest first; what is heavier than a task is alone, and a monster gets a node.
sizes = {"monster": 400.0, "large": 31.0, "middle": 20.0, "small": 8.0, "tiny": 1.0, "least": 0.0}
taken = drained(Queue([target(*item) for item in sizes.items()], 30.0), 1)
assert [names(work) for work in taken] == [["monster"], ["large"], ["middle"], ["small"], ["tiny", "least"]]
assert [(work.alone, work.whole_node) for work in taken[:3]] == [(True, True), (True, False), (False, False)]

# Every target is in one task; tasks end small, so that no processor waits long for the last one.
many = [target(str(number), 0.1 + number % 10) for number in range(1000)]
taken = drained(Queue(many, 30.0), 16)
assert sorted(name for work in taken for name in names(work)) == sorted(it.name for it in many)
assert max(work.seconds for work in taken) <= 30.0 and all(work.seconds < 5 for work in taken[-16:])

# What has to be done again takes its place by weight.
queue = Queue([target("a", 9.0), target("b", 3.0)], 5.0)
queue.add(Work((target("again", 6.0),), alone=True))
assert [names(work) for work in drained(queue, 1)] == [["a"], ["again"], ["b"]]

# An earlier run knows better than the weight.
costly = Target.read(json.dumps({"name": "a", "place": "/a", "kind": "rest", "weight": 1}), {"a": 77.0}, str)
assert costly.seconds == 77.0
gone = json.loads(costly.unscanned("why"))
assert (gone["name"], gone["place"], gone["kind"], gone["why"]) == ("a", "/a", "missing", "why")


class Ray:
    """An engine whose local cluster starts late, so that it runs only at the last of some attempts."""

    def __init__(self, late: int) -> None:
        self.late, self.left_open = late, False

    def init(self, **_: object) -> None:
        assert not self.left_open, "what did not start is ended before the next attempt"
        self.left_open = True
        self.late -= 1
        if self.late >= 0:
            raise Exception("The current node timed out during startup.")

    def shutdown(self) -> None:
        self.left_open = False


# A busy machine gets a second and a third attempt, and then words instead of a stack.
for late in range(local.STARTS):
    local.start(Ray(late), {})
try:
    local.start(Ray(local.STARTS), {})
    raise AssertionError("it can't start")
except FleetError as error:
    assert "can't start a local cluster: The current node timed out" in str(error)
