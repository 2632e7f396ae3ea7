# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Says the coordinators' words again, late: the very same bytes, by publishers like theirs.

To a robot or a coordinator these are words that were held up in transit; nothing tells them from
the first copies but what they say. It keeps the last few words of consensus, leases, movement
authorities and commands. Presence is left out: it speaks of who is there now, and a network that
holds it up breaks nothing that this package promises.
"""

from collections import deque
from dataclasses import dataclass
import time
from typing import List

from rclpy.serialization import deserialize_message
from robot_swarm_orch.demo.evidence import SaidAgain
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.types import Outcome

# How many words of each topic are kept; of robots' topics for each robot.
_KEPT = {topics.RAFT: 60, topics.LEASE: 20, topics.AUTHORITY: 3, topics.COMMAND: 2}
# Each topic says one word in this time: a flood would push fresh words out of the queues.
_PERIOD_S = 0.04


@dataclass(frozen=True, slots=True)
class _Word:
    data: bytes
    heard_s: float


class _Line:
    """One topic: what was said on it, and what is to be said again."""

    def __init__(self, node, endpoints, topic, **parts):
        self.topic, self.robot = topic, parts.get('robot', '')
        self.inbox = endpoints.inbox(node, topic, **parts)
        self.outlet = endpoints.outlet(node, topic, **parts)
        self.kept = deque(maxlen=_KEPT[topic])
        self.echoes = set()

    def listen(self, now_s):
        for data in self.inbox.all_raw():
            if data in self.echoes:
                self.echoes.discard(data)
            else:
                self.keep(_Word(data, now_s))

    def keep(self, word):
        """Keep a word; of copies of one command only the newest."""
        if self.topic is topics.COMMAND and self.kept and (
                self.read(self.kept[-1].data).seq == self.read(word.data).seq):
            self.kept.pop()
        self.kept.append(word)

    def say(self, word):
        self.echoes.add(word.data)
        self.outlet.send(word.data)

    def read(self, data):
        return deserialize_message(data, self.topic.message)


class LateWords:
    """Listens to the coordinators and repeats them; used from one thread."""

    def __init__(self, node, endpoints, robots, coordinators):
        """Open the topics of a site, of its robots and of its coordinators."""
        self._lines = [_Line(node, endpoints, topics.LEASE)]
        self._lines += [_Line(node, endpoints, topics.RAFT, coordinator=coordinator)
                        for coordinator in coordinators]
        self._lines += [_Line(node, endpoints, topic, robot=robot) for robot in robots
                        for topic in (topics.AUTHORITY, topics.COMMAND)]
        self._acks_in = endpoints.inbox(node, topics.COMMAND_ACK)
        self._accepted = {}  # robot -> newest command that it is known to have accepted
        self._queue = deque()  # (line, word, SaidAgain)
        self._due_s = {}
        self._late = {}  # (robot, seq of a command) -> SaidAgain

    def hold(self) -> list:
        """Return the last words said, to be given to `say_again`."""
        return [(line, word) for line in self._lines for word in line.kept]

    def say_again(self, held: list) -> SaidAgain:
        """Say held words again as the calls of `turn` come; return the growing record of it."""
        said, now_s = SaidAgain(), time.monotonic()
        ages = [now_s - word.heard_s for _, word in held]
        said.late_s = (min(ages, default=0.0), max(ages, default=0.0))
        newest = {id(line): self._newest(line) for line, _ in held}
        for line, word in held:
            msg = line.read(word.data)
            if line.topic is not topics.RAFT:
                said.terms.add(msg.term)
                said.overtaken[line.topic.key] += self._is_overtaken(line, msg, newest[id(line)])
            if line.topic is topics.COMMAND:
                self._late[line.robot, msg.seq] = said
            self._queue.append((line, word, said))
        said.done_s = None if held else now_s
        return said

    def _is_overtaken(self, line, msg, newest) -> bool:
        """Return whether a robot that hears all has certainly heard something newer."""
        if line.topic is topics.AUTHORITY:
            return (msg.term, msg.seq) < newest
        if line.topic is topics.COMMAND:
            return msg.seq < self._accepted.get(line.robot, 0)
        return True

    @staticmethod
    def _newest(line):
        """Return (term, commit index) of the newest authority heard, for a robot's line."""
        if line.topic is not topics.AUTHORITY or not line.kept:
            return (0, 0)
        return max((msg.term, msg.seq) for msg in (line.read(word.data) for word in line.kept))

    def turn(self, now_s: float) -> None:
        """Take in what was said, and say what is due."""
        for line in self._lines:
            line.listen(now_s)
        for msg in self._acks_in.all():
            self._hear_ack(msg)
        waiting: List[tuple] = []
        for line, word, said in self._queue:
            if now_s < self._due_s.get(id(line), 0.0):
                waiting.append((line, word, said))
                continue
            self._due_s[id(line)] = now_s + _PERIOD_S
            line.say(word)
            said.sent[line.topic.key] += 1
            said.done_s = now_s
        for _, _, said in waiting:
            said.done_s = None
        self._queue = deque(waiting)

    def _hear_ack(self, msg) -> None:
        """
        Note what a robot has accepted, and what it answers to a command that came late.

        Its open command is repeated by the leader too; answers to older ones are to late words.
        """
        known = self._accepted.get(msg.robot_id, 0)
        self._accepted[msg.robot_id] = max(known, msg.ack_seq)
        said = self._late.get((msg.robot_id, msg.seq))
        if said is None:
            return
        outcome = Outcome(msg.outcome)
        if outcome == Outcome.REJECTED:
            said.answers[f'REJECTED, {msg.reason}'] += 1
        elif msg.seq > known:
            said.carried_out.append(f'{msg.robot_id} accepted command {msg.seq} when it came late')
        elif msg.seq < known:
            said.answers[f'{outcome.name} already'] += 1
