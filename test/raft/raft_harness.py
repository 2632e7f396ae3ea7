# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
A whole Raft group in one process on a fake network, watched by the judge of `raft_judge.py`.

Everything follows from one seed: delays, losses, duplicates, crashes, partitions.
"""

from dataclasses import dataclass, replace
import heapq
import random
import zlib

from raft_judge import Judge, PromiseBroken
from robot_swarm_orch.raft import (
    decode, encode, MembershipRefused, MemoryStore, NORMAL, NotLeader, Raft, RaftConfig, RaftLog,
    Role)


class Machine:
    """The replicated state: a checksum over everything applied, and how much that was."""

    def __init__(self):
        """Start empty."""
        self.index = 0
        self.checksum = 0

    def apply(self, entry):
        """Fold one entry in; entries come without gaps."""
        if entry.index != self.index + 1:
            raise PromiseBroken(f'entry {entry.index} applied after {self.index}')
        self.index = entry.index
        if entry.kind == NORMAL:
            self.checksum = zlib.crc32(entry.data, self.checksum)

    def dump(self):
        """Return the state as bytes."""
        return f'{self.index} {self.checksum}'.encode()

    def restore(self, data):
        """Become the state that `dump` returned."""
        index, checksum = data.split()
        self.index, self.checksum = int(index), int(checksum)


class Crash(Exception):
    """The node dies here and now."""


class Node:
    """One replica with its store and machine; `raft` is None while it is down."""

    def __init__(self, config, store, seed):
        """Start for the first time."""
        self.config = config
        self.store = store
        self.rng = random.Random(seed)
        self.raft = None
        self.frozen_ticks = None
        self.inbox = []
        self.start()

    def start(self):
        """Start, or start again, from what the store holds."""
        hard_state, snapshot, entries = self.store.load()
        self.machine = Machine()
        if snapshot:
            self.machine.restore(snapshot.data)
        self.raft = Raft(self.config, hard_state, RaftLog(snapshot, entries), self.rng)
        self.time_of_tick = {0: 0}
        self.reads = {}
        self.frozen_ticks = None
        self.inbox = []

    def stop(self):
        """Lose everything but the store."""
        self.raft = None


@dataclass
class Faults:
    """How bad the network and the hosts are; ratios per message or per tick."""

    delay_ticks_max: int = 0
    loss_ratio: float = 0.0
    duplicate_ratio: float = 0.0
    crash_ratio: float = 0.0
    crash_in_ready_ratio: float = 0.0
    freeze_ratio: float = 0.0
    partition_ratio: float = 0.0
    down_ticks_max: int = 80
    compact_ratio: float = 0.0
    change_ratio: float = 0.0
    wipe_ratio: float = 0.0


CALM = Faults()


class Cluster:
    """A group of replicas, its network, and the judge."""

    def __init__(self, seed=0, size=3, faults=CALM, make_store=MemoryStore, **settings):
        """Start all nodes; `settings` go into each RaftConfig."""
        self.rng = random.Random(seed)
        self.faults = faults
        self.judge = Judge()
        self.now = 0
        self.queue = []
        self.sent_count = 0
        self.cut = set()
        self.extra_delay_ticks = {}
        self.revive_at = {}
        self.heal_at = None
        self.proposed = 0
        self.joined = size
        self.removed_at = {}
        self.changes = {'add': 0, 'promote': 0, 'remove': 0, 'wipe': 0}
        self.founders = tuple(f'c{number}' for number in range(1, size + 1))
        self.make_store, self.settings = make_store, settings
        self.nodes = {}
        for name in self.founders:
            self._start(name, False)

    def _start(self, name, join):
        config = RaftConfig(name, self.founders, join, **self.settings)
        self.nodes[name] = Node(config, self.make_store(), self.rng.randrange(1 << 30))

    # Looking

    def live(self):
        """Return the nodes that run."""
        return [node for node in self.nodes.values()
                if node.raft is not None and node.frozen_ticks is None]

    def leader(self):
        """Return the leading node of the highest term, or None."""
        leaders = [node for node in self.live() if node.raft.role is Role.LEADER]
        return max(leaders, key=lambda node: node.raft.term, default=None)

    # Acting

    def propose(self, data=None):
        """Propose at the leader; return the index or None."""
        node = self.leader()
        self.proposed += 1
        if node is None:
            return None
        try:
            index = node.raft.propose(data or b'fact %d' % self.proposed)
        except NotLeader:
            return None
        self.pump(node)
        return index

    def read(self):
        """Ask for a read at any node that believes that it leads."""
        for node in self.live():
            if node.raft.role is Role.LEADER:
                ctx = len(node.reads)
                node.reads[ctx] = max(self.judge.decided, default=0)
                node.raft.read_index(ctx)
                self.pump(node)

    def change(self, kind, name):
        """Ask the leader for a change of the group; return the index of its entry or None."""
        node = self.leader()
        try:
            index = node.raft.change_members(kind, name)
        except (NotLeader, MembershipRefused):
            return None
        self.changes[kind] += 1
        if kind == 'remove':
            self.removed_at[name] = self.now
        self.pump(node)
        return index

    def join(self):
        """Start a node with an empty disk that waits to be added, and add it; return its id."""
        self.joined += 1
        name = f'c{self.joined}'
        self._start(name, True)
        self.change('add', name)
        return name

    def wipe(self, name):
        """Kill a node and give it an empty disk; it comes back under its old id."""
        self.nodes[name].config = replace(self.nodes[name].config, voters=self.group().voters)
        self.nodes[name].stop()
        self.nodes[name].store = self.make_store()
        self.changes['wipe'] += 1
        self.restart(name)

    def group(self):
        """Return the Members by the log that reaches furthest among those committed most."""
        return max((node.raft for node in self.live()),
                   key=lambda raft: (raft.commit_index, raft.last_index)).members

    def crash(self, name):
        """Kill a node; its store survives."""
        self.nodes[name].stop()

    def restart(self, name):
        """Start a killed node again."""
        self.nodes[name].start()
        self.pump(self.nodes[name])

    def freeze(self, name):
        """Stop a node without killing it: it neither ticks nor reads its messages."""
        self.nodes[name].frozen_ticks = 0

    def thaw(self, name):
        """Let a frozen node go on, by the duties in the manual."""
        node = self.nodes[name]
        away, node.frozen_ticks = node.frozen_ticks, None
        if away > node.config.election_ticks_min:
            node.raft.step_down(f'was away for {away} ticks')
        inbox, node.inbox = node.inbox, []
        for payload in inbox:
            if node.raft is not None:
                node.raft.step(decode(payload))
                self.pump(node)

    def isolate(self, *names):
        """Cut the named nodes off from all others (not from each other)."""
        for one in self.nodes:
            for other in self.nodes:
                if (one in names) != (other in names):
                    self.cut.add((one, other))

    def heal(self):
        """Mend the network."""
        self.cut.clear()

    def compact(self, name):
        """Snapshot a node's machine and drop what it covers."""
        node = self.nodes[name]
        raft = node.raft
        if raft.last_applied > raft.log.snapshot_index:
            snapshot = raft.compact(raft.last_applied, node.machine.dump())
            node.store.save(None, (), snapshot)
            node.store.compact(snapshot.index)

    # Running

    def run(self, ticks):
        """Let time pass for everybody."""
        for _ in range(ticks):
            self.now += 1
            self._cause_faults()
            for node in self.nodes.values():
                if node.raft is None:
                    continue
                if node.frozen_ticks is not None:
                    node.frozen_ticks += 1
                    continue
                node.raft.tick()
                node.time_of_tick[node.raft.tick_count] = self.now
                self.pump(node)
            self._deliver()

    def run_until(self, condition, ticks, what):
        """Run until `condition()` holds; fail loudly when `ticks` were not enough."""
        for _ in range(ticks):
            if condition():
                return
            self.run(1)
        raise PromiseBroken(f'not within {ticks} ticks: {what}')

    def elect(self):
        """Run until somebody leads and its first entry is committed; return the node."""
        self.run_until(
            lambda: self.leader() and self.leader().raft.log.term_at(
                self.leader().raft.commit_index) == self.leader().raft.term,
            1000, 'a leader with a committed entry')
        return self.leader()

    def settle(self):
        """End all faults, bring all back, and check that the group recovers and agrees."""
        self.faults = CALM
        self.heal()
        self.revive_at.clear()
        for name, node in self.nodes.items():
            if node.raft is None:
                self.restart(name)
            elif node.frozen_ticks is not None:
                self.thaw(name)
        self.elect()
        self.run(2 * max(node.config.election_ticks_max for node in self.nodes.values()))
        index = self.propose(b'last word')
        self.run_until(
            lambda: all(self.nodes[name].machine.index >= index for name in self.group().all),
            200, 'all replicas apply a new entry after the network has healed')
        if max(self.judge.decided) != max(node.machine.index for node in self.nodes.values()):
            raise PromiseBroken('something decided is gone')

    def pump(self, node):
        """Carry out what a node asks for, in the order that the manual demands."""
        try:
            while node.raft is not None:
                raft = node.raft
                ready = raft.ready()
                if raft.role is Role.LEADER:
                    self.judge.saw_leader(raft, self.now)
                    self._check_contact(node)
                if ready is None:
                    return
                self._maybe_crash()
                node.store.save(ready.hard_state, ready.entries, ready.snapshot)
                self._maybe_crash()
                self.judge.saw_saved(raft, ready.entries)
                if ready.snapshot:
                    node.machine.restore(ready.snapshot.data)
                for message in ready.messages:
                    self._send(message)
                self._maybe_crash()
                for entry in ready.committed:
                    node.machine.apply(entry)
                    self.judge.saw_applied(node.config.node_id, entry, node.machine.checksum)
                for read in ready.reads:
                    if read.index is not None:
                        self.judge.saw_read(read.index, node.reads[read.ctx])
                raft.advance()
        except Crash:
            self._kill_for_a_while(node.config.node_id)

    def _check_contact(self, node):
        tick = node.raft.quorum_contact_tick()
        if tick is not None:
            self.judge.saw_contact(node.raft, node.time_of_tick.get(tick, 0))

    def _maybe_crash(self):
        if self.faults.crash_in_ready_ratio and (
                self.rng.random() < self.faults.crash_in_ready_ratio):
            raise Crash

    def _send(self, message):
        self.judge.saw_message(message)
        if (message.sender, message.to) in self.cut:
            return
        copies = 1
        if self.faults.loss_ratio and self.rng.random() < self.faults.loss_ratio:
            copies = 0
        elif self.faults.duplicate_ratio and self.rng.random() < self.faults.duplicate_ratio:
            copies = 2
        for _ in range(copies):
            self.sent_count += 1
            delay = self.rng.randint(0, self.faults.delay_ticks_max)
            delay += self.extra_delay_ticks.get((message.sender, message.to), 0)
            heapq.heappush(self.queue, (self.now + delay, self.sent_count, message.to,
                                        encode(message)))

    def _deliver(self):
        while self.queue and self.queue[0][0] <= self.now:
            _, _, to, payload = heapq.heappop(self.queue)
            node = self.nodes.get(to)
            if node is None or node.raft is None:
                continue
            if node.frozen_ticks is not None:
                node.inbox.append(payload)
                continue
            node.raft.step(decode(payload))
            self.pump(node)

    # Faults

    def _cause_faults(self):
        faults, rng = self.faults, self.rng
        for name in [name for name, at in self.revive_at.items() if at <= self.now]:
            del self.revive_at[name]
            if self.nodes[name].raft is None:
                self.restart(name)
            elif self.nodes[name].frozen_ticks is not None:
                self.thaw(name)
        if self.heal_at is not None and self.heal_at <= self.now:
            self.heal_at = None
            self.heal()
        for node in self.live():
            if rng.random() < faults.crash_ratio:
                self._kill_for_a_while(node.config.node_id)
            elif rng.random() < faults.freeze_ratio:
                self.freeze(node.config.node_id)
                self.revive_at[node.config.node_id] = self._later()
            elif rng.random() < faults.compact_ratio:
                self.compact(node.config.node_id)
        if faults.change_ratio or faults.wipe_ratio:
            self._change_group()
        if len(self.nodes) > 1 and self.heal_at is None and (
                rng.random() < faults.partition_ratio):
            if rng.random() < 0.5:
                self.isolate(*rng.sample(sorted(self.nodes), rng.randint(1, len(self.nodes) // 2)))
            else:
                pairs = [(one, two) for one in self.nodes for two in self.nodes if one != two]
                self.cut.update(rng.sample(pairs, rng.randint(1, len(pairs) // 2)))
            self.heal_at = self._later()

    def _change_group(self):
        """Grow, shrink and wipe at random; learners are promoted as soon as they may be."""
        faults, rng, leader = self.faults, self.rng, self.leader()
        if leader is None:
            return
        members = leader.raft.members
        if self._is_settled(leader.raft):
            self._retire(members)
        learner = leader.raft.caught_up_learner()
        if learner is not None:
            self.change('promote', learner)
        elif rng.random() < faults.change_ratio:
            if len(members.all) < 5 and rng.random() < 0.6:
                self.join()
            elif len(members.voters) > 2 and self._all_remember(leader.raft):
                self.change('remove', rng.choice(members.all))
        elif rng.random() < faults.wipe_ratio and self._all_remember(leader.raft):
            if len(members.voters) > 2:
                self.wipe(rng.choice(members.voters))

    def _is_settled(self, raft):
        """Return True if the newest configuration is decided."""
        return raft.commit_index >= raft.log.configurations.index

    def _all_remember(self, raft):
        """Return True if one more may be lost, as the end of raft/amnesia.py demands."""
        loaded = [self.nodes[name].store.load() for name in raft.members.voters]
        return self._is_settled(raft) and all(
            (snapshot or entries) and not hard.amnesic for hard, snapshot, entries in loaded)

    def _retire(self, members):
        """Switch off for good whoever was removed a while ago; until then it may disturb."""
        for name, at in list(self.removed_at.items()):
            if name in members.all:
                del self.removed_at[name]
            elif self.now - at > 100:
                del self.removed_at[name], self.nodes[name]
                self.revive_at.pop(name, None)

    def _later(self):
        return self.now + self.rng.randint(1, self.faults.down_ticks_max)

    def _kill_for_a_while(self, name):
        self.crash(name)
        self.revive_at[name] = self._later()
