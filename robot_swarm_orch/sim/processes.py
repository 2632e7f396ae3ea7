# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The processes of a simulated fleet: programs that can be killed, frozen and given wrong clocks.

What is lost when a program dies is in the program (`Replica`, `RobotAgent`); what survives is
here: disk, journal, the words that wait for a frozen process, the clock of its machine.
"""

from math import inf
from typing import Optional

from robot_swarm_orch.edge.journal import Accepted, MemoryJournal
from robot_swarm_orch.raft import FileStore, MemoryStore
from robot_swarm_orch.sim.disk import SimDisk


class Crash(Exception):
    """The program dies here, in the midst of a write: thrown by a journal that was told to."""


class Clock:
    """A steady clock: it never jumps, but it runs a little fast or slow, and starts anywhere."""

    __slots__ = ('drift', '_true_s', '_reads_s')

    def __init__(self, true_s: float = 0.0, reads_s: float = 0.0, drift: float = 0.0):
        """Read `reads_s` at the true time `true_s`; `drift` is the share by which it is fast."""
        self._true_s, self._reads_s, self.drift = true_s, reads_s, drift

    def at(self, true_s: float) -> float:
        """Return what the clock reads at a true time."""
        return self._reads_s + (true_s - self._true_s) * (1.0 + self.drift)

    def set_drift(self, true_s: float, drift: float) -> None:
        """Go on from here at another rate."""
        self._reads_s, self._true_s, self.drift = self.at(true_s), true_s, drift


class MortalJournal(MemoryJournal):
    """A robot's journal that can kill its program at a write, and shows what was accepted."""

    def __init__(self):
        """Start empty."""
        super().__init__()
        self.armed = ''
        self.accepted = []  # (record, the state before it), since somebody last looked

    def write(self, record):
        """Write, or die before or after it."""
        armed, self.armed = self.armed, ''
        if armed == 'before':
            raise Crash('before a write')
        if isinstance(record, Accepted):
            self.accepted.append((record, self.load()))
        super().write(record)
        if armed:
            raise Crash('after a write')


class Desk:
    """
    The calls that wait at one coordinator for an answer, as `nodes/front_desk.py` keeps them.

    Only the leader takes calls. A call is answered by the first status of its order that the
    coordinator gives afterwards.
    """

    def __init__(self):
        """Start with nobody waiting."""
        self._waiting = {}  # order id -> numbers of calls

    def call(self, replica, now_s, number, order) -> None:
        """Take a call in, if this replica leads."""
        if replica.wants_reports:
            self._waiting.setdefault(order.order_id, []).append(number)
            replica.submit(now_s, order)

    def answers(self, replica, statuses) -> list:
        """Return (number, status) for the calls that are decided; forget all when not leading."""
        if not self._waiting:
            return []
        decided = [(number, status) for status in statuses
                   for number in self._waiting.pop(status.order_id, ())]
        if not replica.wants_reports:
            self._waiting.clear()
        return decided


class CoordinatorHost:
    """The machine of one coordinator."""

    def __init__(self, name: str, disk: Optional[SimDisk], clock: Clock):
        """Start with an idle machine and an empty disk; None: a memory that forgets nothing."""
        self.name, self.disk, self.clock = name, disk, clock
        self.desk = Desk()
        self.inbox = []           # what arrived while the program was stopped
        self.frozen_until_s = -inf
        self.busy_until_s = -inf  # the program waits for its disk
        self.unsent = []          # outputs that wait for the disk, or for a frozen program
        self.joins = False        # the program starts as one that waits to be added
        self.store = None

    def open_store(self):
        """Return the store for a program that starts; StorageError if the disk refuses."""
        if self.disk is not None:
            self.store = FileStore('/log', identity=self.name, disk=self.disk)
        elif self.store is None:
            self.store = MemoryStore()
        return self.store

    def is_stopped(self, now_s: float) -> bool:
        """Return whether the program can do nothing now."""
        return now_s < self.frozen_until_s or now_s < self.busy_until_s

    def wait_for_disk(self, now_s: float) -> bool:
        """Return whether what the program just did on its disk takes time, and let it wait."""
        cost_s = 0.0 if self.disk is None else self.disk.take_cost_s()
        if cost_s:
            self.busy_until_s = now_s + cost_s
        return cost_s > 0.0

    def lose_program(self, rng=None) -> None:
        """Forget what dies with the program; with a generator, the power went off too."""
        self.desk = Desk()
        self.inbox, self.unsent = [], []
        self.frozen_until_s = self.busy_until_s = -inf
        if self.disk is not None:
            if rng is None:
                self.disk.kill()
            else:
                self.disk.crash(rng)


class SimRobot:
    """One robot: its program, what has arrived for it, its journal, its clocks, its sensors."""

    def __init__(self, name: str, index: int, agent, journal, clock: Clock):
        """Start a program; `index` is the robot's place in the world's arrays."""
        self.name, self.index = name, index
        self.agent, self.journal, self.clock = agent, journal, clock
        self.boots = 1
        self.grants, self.leases, self.commands, self.stops = [], [], [], []
        self.words = []              # of robots in free zones
        self.view = self.call = None
        self.report = None
        self.reports = 0
        self.outputs = None
        self.asked = None            # what the motion driver asked for in the last tick
        self.still_since_s = 0.0
        self.frozen_until_s = -inf
        self.ros_offset_s = 0.0      # the machine's ROS time less true time ...
        self.stamp_offset_s = 0.0    # ... as the stamps of the sensors have it
        self.odometry_until_s = -inf  # until then the newest odometry is the kept one
        self.scan_until_s = -inf
        self.odometry = self.scan = None

    def hear(self) -> list:
        """Return the words of robots in free zones that have arrived, and forget them."""
        words, self.words = self.words, []
        return words

    def take(self) -> dict:
        """Return what has arrived, as keywords of `Inputs`, and forget it."""
        taken = {'grants': tuple(self.grants), 'leases': tuple(self.leases),
                 'commands': tuple(self.commands), 'stops': tuple(self.stops), 'view': self.view,
                 'call': self.call}
        for inbox in (self.grants, self.leases, self.commands, self.stops):
            inbox.clear()
        self.view = self.call = None
        return taken


class OverheardDriver:
    """Passes on to a motion driver and remembers what it asked for (`edge/seams.py`)."""

    def __init__(self, robot: SimRobot):
        """Listen in on the driver of a robot's agent."""
        self._robot = robot
        self._inner = robot.agent.driver
        robot.agent.driver = self

    def progress(self, body, base):
        """Pass on."""
        return self._inner.progress(body, base)

    def drive(self, body, base, speed_limit_mps):
        """Pass on, and remember the answer."""
        self._robot.asked = self._inner.drive(body, base, speed_limit_mps)
        return self._robot.asked
