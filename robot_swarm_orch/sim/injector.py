# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Does to a simulated fleet what a schedule says (`faults.py`), and undoes it again.

A fault that makes no sense at its moment, such as killing a leader when nobody leads, hits
somebody else or nobody; `done` lists what really happened. The injector also is the one who
restarts: a program that ended by itself comes back after a second, as under a supervisor.

It stays within what the protocol promises to survive: a disk is wiped, or a coordinator replaced,
only while all others are up and the last such loss is made good.
"""

from heapq import heappop, heappush
import random

from robot_swarm_orch.errors import NotLeader, StorageError, SwarmError
from robot_swarm_orch.raft import VoteReply
from robot_swarm_orch.sim.disk import SimDisk
from robot_swarm_orch.sim.faults import between, FaultOptions, Schedule
from robot_swarm_orch.sim.links import Links
from robot_swarm_orch.sim.processes import Crash

_SUPERVISOR_S = 1.0


class Injector:
    """Carries a schedule out on one cluster."""

    def __init__(self, cluster, schedule: Schedule, options: FaultOptions):
        """Begin with the first fault."""
        self.cluster, self.schedule, self.options = cluster, schedule, options
        cluster.overhear = self.spoke
        self.done = []      # lines about what was done
        self.count = 0      # faults that hit something
        self.healed = False
        self._waiting = list(reversed(schedule.faults))
        self._ends = []     # heap of (time, number, act)
        self._number = 0
        self.links = Links(cluster, self._later)
        self._down = set()  # coordinators that somebody will restart
        self._losses = []   # [(coordinator, index to be reached)] whose disk was lost
        self._voters_to_crash = 0
        self._retiring = None  # (old, new) while a coordinator is replaced

    # Time

    def step(self) -> None:
        """Do what is due."""
        now = self.cluster.now_s
        while self._ends and self._ends[0][0] <= now:
            heappop(self._ends)[2]()
        while self._waiting and self._waiting[-1].at_s <= now and not self.healed:
            self._hit(self._waiting.pop())
        if not self.healed and now >= self.schedule.heal_s:
            self.heal()
        cluster = self.cluster
        if len(cluster.replicas) + len(self._down) < len(cluster.hosts):
            for name in cluster.hosts:
                if name not in cluster.replicas and name not in self._down:
                    self._restart_later(name, _SUPERVISOR_S)
        if self._retiring and cluster.steps % 20 == 0:
            self._change_members()

    def _later(self, lasts_s, act):
        self._number += 1
        heappush(self._ends, (self.cluster.now_s + lasts_s, self._number, act))

    def _say(self, text):
        self.done.append(f'{self.cluster.now_s:7.2f} s  {text}')

    def _hit(self, fault):
        """Let one fault happen."""
        what = getattr(self, '_' + fault.kind)(fault, random.Random(f'{fault.draw}'))
        if what:
            self.count += 1
            self._say(f'{fault.kind}: {what}')

    def heal(self) -> None:
        """End all faults: everybody runs, hears everybody, and has a good disk and sensors."""
        self.healed = True
        cluster = self.cluster
        self._say('everything heals')
        self.links.heal()
        self._ends.clear()
        self._down.clear()
        for host in cluster.hosts.values():
            host.frozen_until_s = min(host.frozen_until_s, cluster.now_s)
            if host.disk is not None:
                host.disk.heal()
                host.disk.crash_at = None
        for name in list(cluster.hosts):
            if name not in cluster.replicas:
                self._restart(name)
        for name, robot in list(cluster.robots.items()):
            robot.frozen_until_s = min(robot.frozen_until_s, cluster.now_s)
            robot.odometry_until_s = robot.scan_until_s = cluster.now_s
            robot.stamp_offset_s = robot.ros_offset_s
            robot.journal.armed = ''
            if robot.agent is None:
                cluster.restart_robot(name)

    # Coordinators

    def _up(self, rng):
        """Return the name of a coordinator that runs, None if there is none."""
        names = sorted(name for name, host in self.cluster.hosts.items()
                       if name in self.cluster.replicas
                       and not host.is_stopped(self.cluster.now_s))
        return rng.choice(names) if names else None

    def _leader(self, rng):
        return self.cluster.leader() or self._up(rng)

    def _restart_later(self, name, lasts_s):
        self._down.add(name)
        self._later(lasts_s, lambda: self._restart(name))

    def _restart(self, name):
        """Start a coordinator's program; one whose disk refuses is tried again."""
        cluster = self.cluster
        self._down.discard(name)
        if name not in cluster.hosts or name in cluster.replicas:
            return
        try:
            cluster.start_replica(name)
        except StorageError as error:
            cluster.hosts[name].lose_program()
            if cluster.hosts[name].disk.free_bytes is None:
                cluster.judges.failed(name, error)
            else:
                self._restart_later(name, _SUPERVISOR_S)

    def _crash(self, name, lasts_s, rng):
        """Kill a coordinator, now and then with its power, and restart it later."""
        power = rng.random() < 0.5
        self.cluster.kill_replica(name, power)
        self._restart_later(name, lasts_s)
        return f'{name} {"loses power" if power else "is killed"} for {lasts_s:.2f} s'

    def _crash_leader(self, fault, rng):
        name = self._leader(rng)
        return name and self._crash(name, fault.lasts_s, rng)

    def _crash_coordinator(self, fault, rng):
        name = self._up(rng)
        return name and self._crash(name, fault.lasts_s, rng)

    def _crash_majority(self, fault, rng):
        names = sorted(self.cluster.replicas)
        rng.shuffle(names)
        chosen = names[:len(self.cluster.hosts) // 2 + 1]
        return ', '.join(self._crash(name, fault.lasts_s * rng.uniform(0.8, 1.2), rng)
                         for name in chosen)

    def _crash_at_write(self, fault, rng):
        name = self._leader(rng) if rng.random() < 0.6 else self._up(rng)
        if name is None or self.cluster.hosts[name].disk is None:
            return ''
        disk = self.cluster.hosts[name].disk
        disk.crash_at = disk.steps + rng.randint(1, 12)
        return f'{name} at change {disk.crash_at}'

    def _flap_leaders(self, fault, rng):
        """Take the lead away several times in a row, by death or by a short cut."""
        times = rng.randint(2, 5)

        def strike(left):
            name = self.cluster.leader()
            if name is not None and not self.healed:
                if rng.random() < 0.5:
                    self._crash(name, rng.uniform(0.02, 1.2), rng)
                else:
                    self.links.cut_peers(name, rng.uniform(0.2, 1.2),
                                         rng.choice(('both', 'in', 'out')))
            if left:
                self._later(rng.uniform(0.15, 0.9), lambda: strike(left - 1))
        strike(times)
        return f'{times + 1} times'

    def _crash_voter(self, fault, rng):
        """Let the next votes be their givers' last words, and cut the leader off."""
        self._voters_to_crash += rng.randint(1, 3)
        name = self.cluster.leader()
        if name is not None:
            self.links.cut_peers(name, rng.uniform(0.3, 1.5), 'both')
        return f'{self._voters_to_crash} times'

    def spoke(self, name, outputs):
        """Kill a coordinator that has just voted, if that is to be."""
        if self._voters_to_crash and not self.healed and any(
                type(message) is VoteReply and message.granted for message in outputs.messages):
            self._voters_to_crash -= 1
            self._restart_later(name, 0.02)
            raise Crash('after a vote')

    def _rolling_restart(self, fault, rng):
        names = sorted(self.cluster.hosts)
        for number, name in enumerate(names):
            self._later(1.2 * number, lambda name=name: name in self.cluster.replicas
                        and self._crash(name, 0.6, rng))
        return ', '.join(names)

    def _freeze_leader(self, fault, rng):
        return self._freeze(self._leader(rng), fault)

    def _freeze_coordinator(self, fault, rng):
        return self._freeze(self._up(rng), fault)

    def _freeze(self, name, fault):
        if name is None:
            return ''
        self.cluster.freeze_replica(name, self.cluster.now_s + fault.lasts_s)
        return f'{name} for {fault.lasts_s:.2f} s'

    def _slow_disk(self, fault, rng):
        name = self._leader(rng) if rng.random() < 0.5 else self._up(rng)
        if name is None or self.cluster.hosts[name].disk is None:
            return ''
        self.cluster.hosts[name].disk.sync_s = fault.size
        self._later(fault.lasts_s, lambda: self._set_disk(name, 'sync_s', 0.0))
        return f'{name}, {fault.size:.3f} s a sync, for {fault.lasts_s:.2f} s'

    def _full_disk(self, fault, rng):
        name = self._up(rng)
        if name is None or self.cluster.hosts[name].disk is None:
            return ''
        self.cluster.hosts[name].disk.free_bytes = rng.choice((0, 40, 400, 4000))
        self._later(fault.lasts_s, lambda: self._set_disk(name, 'free_bytes', None))
        return f'{name} for {fault.lasts_s:.2f} s'

    def _set_disk(self, name, what, value):
        host = self.cluster.hosts.get(name)
        if host is not None:
            setattr(host.disk, what, value)

    # Loss of a disk, and of a machine

    def _may_lose_a_disk(self):
        """Return whether all are up and have caught up with what was known when one was lost."""
        cluster = self.cluster
        self._losses = [
            (name, index) for name, index in self._losses
            if name in cluster.hosts and (
                name not in cluster.replicas or cluster.replicas[name].state.index < index)]
        return (not self._losses and not self._retiring and cluster.leader() is not None
                and len(cluster.replicas) == len(cluster.hosts) >= 3
                and all(host.disk is not None for host in cluster.hosts.values()))

    def _lose_disk(self, name):
        """Note that a coordinator starts anew, and from which entry on it counts again."""
        cluster = self.cluster
        newest = max(replica.raft.log.last_index for replica in cluster.replicas.values())
        cluster.kill_replica(name)
        cluster.hosts[name].disk = SimDisk()
        cluster.judges.wiped(name)
        return newest

    def _wipe_disk(self, fault, rng):
        if not self._may_lose_a_disk():
            return ''
        name = rng.choice(sorted(self.cluster.replicas))
        self._losses.append((name, self._lose_disk(name)))
        self._restart_later(name, fault.lasts_s)
        return f'{name} for {fault.lasts_s:.2f} s'

    def _replace(self, fault, rng):
        cluster = self.cluster
        if not self._may_lose_a_disk():
            return ''
        old = rng.choice(sorted(cluster.replicas))
        new = f'c{1 + max(int(name[1:]) for name in cluster.hosts)}'
        self._lose_disk(old)
        del cluster.hosts[old]
        cluster.add_host(new)
        cluster.hosts[new].joins = True
        cluster.start_replica(new)
        self._retiring = (old, new)
        return f'{old} by {new}'

    def _change_members(self):
        """Add the new coordinator, then remove the old one: what a person would type."""
        old, new = self._retiring
        leader = self.cluster.leader()
        if leader is None or self.cluster.hosts[leader].is_stopped(self.cluster.now_s):
            return
        raft = self.cluster.replicas[leader].raft
        members = raft.members
        try:
            if new not in members.voters and new not in members.learners:
                raft.change_members('add', new)
            elif new in members.voters and old in members.voters:
                raft.change_members('remove', old)
            elif new in members.voters:
                self._losses.append((new, raft.commit_index))
                self._retiring = None
        except (NotLeader, SwarmError):
            return  # a change is under way, or the leader is new: try again

    # Links

    def _isolate_leader(self, fault, rng):
        name = self._leader(rng)
        if name is None:
            return ''
        self.links.cut_peers(name, fault.lasts_s, 'both')
        return f'{name} for {fault.lasts_s:.2f} s'

    def _one_way(self, fault, rng):
        name = self._leader(rng) if rng.random() < 0.7 else self._up(rng)
        if name is None:
            return ''
        way = rng.choice(('in', 'out'))
        self.links.cut_peers(name, fault.lasts_s, way)
        return f'{name}, {way}, for {fault.lasts_s:.2f} s'

    def _split(self, fault, rng):
        """Divide everybody into two sides."""
        cluster = self.cluster
        names, robots = sorted(cluster.hosts), sorted(cluster.robots)
        rng.shuffle(names)
        one = set(names[:rng.randint(1, len(names) - 1)]) if len(names) > 1 else set()
        one |= {robot for robot in robots if rng.random() < 0.5}
        apart = [(a, b) for a in names + robots for b in names + robots
                 if a != b and (a in one) != (b in one)]
        hosts = set(names)
        self.links.cut([pair for pair in apart if hosts.issuperset(pair)],
                       [pair for pair in apart if not hosts.issuperset(pair)], fault.lasts_s)
        return f'{sorted(one & hosts)} from the rest for {fault.lasts_s:.2f} s'

    def _cut_robots(self, fault, rng):
        cluster = self.cluster
        robots = [robot for robot in sorted(cluster.robots) if rng.random() < 0.4]
        hosts = [name for name in sorted(cluster.hosts) if rng.random() < 0.7]
        way = rng.choice(('in', 'out', 'both'))
        pairs = [(name, robot) for robot in robots for name in hosts if way != 'out']
        pairs += [(robot, name) for robot in robots for name in hosts if way != 'in']
        self.links.cut((), pairs, fault.lasts_s)
        return f'{robots} from {hosts}, {way}, for {fault.lasts_s:.2f} s' if pairs else ''

    def _storm(self, fault, rng):
        options = self.options
        loss = between(rng, options.loss_ratio)
        self.links.spell(fault.lasts_s, loss_ratio=loss, drop_ratio=0.5 * loss,
                         duplicate_ratio=between(rng, options.duplicate_ratio),
                         delay_s_mean=between(rng, options.delay_s))
        return f'{loss:.0%} lost for {fault.lasts_s:.2f} s'

    def _hold_words(self, fault, rng):
        low, high = self.options.hold_s
        self.links.spell(fault.lasts_s, hold_ratio=fault.size, hold_s_min=low, hold_s_max=high)
        return f'{fault.size:.1%} for {fault.lasts_s:.2f} s'

    # Robots

    def _a_robot(self, rng):
        """Return a robot whose program runs, rather one that moves; None if there is none."""
        cluster = self.cluster
        alive = [robot for robot in cluster.robots.values() if robot.agent is not None]
        moving = [robot for robot in alive if abs(cluster.world.v[robot.index]) > 0.3]
        chosen = moving if moving and rng.random() < 0.7 else alive
        return rng.choice(chosen) if chosen else None

    def _crash_robot(self, fault, rng):
        robot = self._a_robot(rng)
        if robot is None:
            return ''
        self.cluster.kill_robot(robot.name)
        self._later(fault.lasts_s, lambda: self._reboot(robot.name))
        return f'{robot.name} for {fault.lasts_s:.2f} s'

    def _reboot(self, name):
        if self.cluster.robots[name].agent is None:
            self.cluster.restart_robot(name)

    def _crash_robot_at_write(self, fault, rng):
        robot = self._a_robot(rng)
        if robot is None:
            return ''
        robot.journal.armed = rng.choice(('before', 'after'))
        self._later(fault.lasts_s + 8.0, lambda: self._reboot(robot.name))
        return f'{robot.name}, {robot.journal.armed}'

    def _freeze_robot(self, fault, rng):
        return self._impair(fault, rng, 'frozen_until_s')

    def _impair(self, fault, rng, until_s):
        """Let something of a robot fail for a while; `until_s` names the robot's field for it."""
        robot = self._a_robot(rng)
        if robot is None:
            return ''
        setattr(robot, until_s, self.cluster.now_s + fault.lasts_s)
        return f'{robot.name} for {fault.lasts_s:.2f} s'

    def _jump_ros_time(self, fault, rng):
        robot = self._a_robot(rng)
        if robot is None:
            return ''
        jump_s = fault.size * rng.choice((-1.0, 1.0))
        robot.ros_offset_s += jump_s

        def follow(name=robot.name):
            # Drivers stamp by the same clock, but what they have queued has old stamps.
            now = self.cluster.robots[name]
            now.stamp_offset_s = now.ros_offset_s
        self._later(rng.choice((0.0, 0.05, 0.3)), follow)
        return f'{robot.name} by {jump_s:.2f} s'

    def _drift(self, fault, rng):
        cluster, most = self.cluster, self.options.drift_ratio
        host = rng.choice([*cluster.hosts.values(), *cluster.robots.values()])
        host.clock.set_drift(cluster.now_s, rng.uniform(-most, most))
        return f'{host.name} now {host.clock.drift:+.5f}'

    def _stale_odometry(self, fault, rng):
        return self._impair(fault, rng, 'odometry_until_s')

    def _stale_scan(self, fault, rng):
        return self._impair(fault, rng, 'scan_until_s') if self.cluster.options.scans else ''
