# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
A free zone in virtual time: differential drives that hear each other over a bad network.

Each robot ticks at its own phase, knows its own pose within the stated error, has a clock of its
own, tells the others what it knows of itself, and decides by `edge/avoidance.py` from what it
heard. Bases ramp to the commanded velocity within their limits after an actuation delay of their
own, and brake by themselves when commands stay out. True positions are judged every step by
`sim.checks.OverlapJudge`, which knows nothing of gate or words.
"""

from dataclasses import dataclass
from math import atan2, cos, hypot, pi, sin
import random
from typing import Callable, Dict, Optional, Tuple

import numpy as np

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.avoidance import Avoider, toward
from robot_swarm_orch.edge.free_gate import may_be
from robot_swarm_orch.edge.neighbours import AvoidanceConfig, Neighbours
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.sim.checks import OverlapJudge
from robot_swarm_orch.sim.network import Network, NetworkOptions
from robot_swarm_orch.types import Mode, Motion, Odometry, Peer, Pose

STEP_S = 0.01
ARRIVED_M = 0.15
# A small delivery robot at the speed cap that open floors have for them.
FREE_ROBOT = RobotConfig(
    speed_mps=0.5, acceleration_mps2=0.5, brake_mps2=1.0, yaw_rate_radps=1.5,
    yaw_acceleration_radps2=3.0, footprint_radius_m=0.35, position_error_m=0.02, arrive_m=0.02)


@dataclass(frozen=True)
class Scene:
    """Where robots start and want to go [m; map frame]; a robot whose goal is None just stands."""

    name: str
    starts: Tuple[Tuple[float, float, float], ...]  # x, y, yaw
    goals: Tuple[Optional[Tuple[float, float]], ...]

    def __post_init__(self):
        """Check that there is a goal, or None, for each start."""
        if len(self.starts) != len(self.goals):
            raise ConfigError(f'scene {self.name}: {len(self.starts)} starts and '
                              f'{len(self.goals)} goals')


@dataclass
class Outcome:
    """What came of a run."""

    contacts: Tuple[str, ...]
    arrived_s: Dict[str, float]    # of each robot that arrived [s since the start]
    wanted: int                    # how many were to arrive
    least_gap_m: float             # least distance between two footprints
    end_s: float
    sent: int                      # words sent to a listener, and how many of them were lost
    lost: int
    decision_s: Tuple[float, ...]  # processor time of each decision, with all that it heard


class _Robot:
    """One robot: what it knows, and what it has commanded."""

    def __init__(self, index, scene, config, avoidance, rng, make_avoider):
        self.name = f'robot_{index:03d}'
        self.goal = scene.goals[index]
        self.neighbours = Neighbours(avoidance)
        self.avoider = make_avoider(self.name, config, avoidance)
        self.clock_s = rng.uniform(0.0, 1000.0)  # its steady clock at virtual time 0
        self.phase = rng.randrange(max(1, round(config.tick_s / STEP_S)))
        self.off = [rng.uniform(-1.0, 1.0), rng.uniform(-1.0, 1.0)]  # share of the pose error
        self.boot_id = rng.getrandbits(32)
        self.seq = 0
        self.alive, self.died_s = True, 0.0
        self.mail = []


class Floor:
    """Runs one scene."""

    def __init__(self, scene: Scene, network: NetworkOptions = NetworkOptions(), seed: int = 1,
                 config: RobotConfig = FREE_ROBOT, avoidance: AvoidanceConfig = AvoidanceConfig(),
                 words_s: float = 0.1, make_avoider: Callable = Avoider,
                 clock: Optional[Callable[[], float]] = None, census: bool = True):
        """
        Set a scene up.

        words_s: how often a robot tells its neighbours [s]. make_avoider: other than `Avoider`, to
        see what a mutant does. clock: times decisions, None for not at all. census: whether
        robots are told who is there.
        """
        rng = random.Random(seed)
        self.config, self.words_s = config, words_s
        self.network = Network(rng.getrandbits(32), network)
        self.robots = [_Robot(i, scene, config, avoidance, rng, make_avoider)
                       for i in range(len(scene.starts))]
        for robot in self.robots:
            for other in self.robots if census else ():
                robot.neighbours.expect(other.name)
        self._rng, self._clock = rng, clock
        count = len(self.robots)
        self.x, self.y, self.yaw = np.array(scene.starts, dtype=float).reshape(count, 3).T.copy()
        self.speed, self.rate = np.zeros(count), np.zeros(count)
        self._aim_v, self._aim_w = np.zeros(count), np.zeros(count)
        self._told = np.full(count, -1e9)      # step at which each base was last commanded
        # Bases differ in how promptly they obey; none is later than the limit.
        self._delay = np.array([rng.uniform(0.2, 1.0) for _ in range(count)])
        self._pending = []                     # (step, robot, speed, rate), in order of acting
        self._step = 0
        self._judge = OverlapJudge([robot.name for robot in self.robots],
                                   config.footprint_radius_m)
        self._least_m = np.inf
        self._arrived = {}
        self._decisions = []

    @property
    def time_s(self) -> float:
        """Return the virtual time since the start."""
        return self._step * STEP_S

    def kill(self, index: int) -> None:
        """Let a robot's computer die: no word and no command any more; its watchdog brakes."""
        self.robots[index].alive = False
        self.robots[index].died_s = self.time_s

    def vouch(self, index: int) -> None:
        """Tell all others since when a dead robot stands, as the end of its lease would."""
        config, dead = self.config, self.robots[index]
        rest_s = dead.died_s + config.react_s + config.speed_mps / config.brake_mps2
        for robot in self.robots:
            robot.neighbours.stands(dead.name, robot.clock_s + rest_s,
                                    lambda row, hours: may_be(row, hours, config))

    def find(self, index: int) -> None:
        """Tell all others where a dead robot stands, as a person would."""
        x, y = float(self.x[index]), float(self.y[index])
        for robot in self.robots:
            robot.neighbours.found(self.robots[index].name, x, y, robot.clock_s + self.time_s)

    def run(self, until_s: float) -> Outcome:
        """Run until all that live have arrived, or until a time; return what came of it."""
        wanted = [robot for robot in self.robots if robot.goal is not None]
        while self.time_s < until_s - 1e-9:
            self.advance()
            if all(robot.name in self._arrived or not robot.alive for robot in wanted):
                break
        return Outcome(tuple(self._judge.violations), dict(self._arrived), len(wanted),
                       float(self._least_m), self.time_s, self.network.sent, self.network.lost,
                       tuple(self._decisions))

    def advance(self) -> None:
        """Let one step of virtual time pass."""
        for to, peer in self.network.deliver(self.time_s):
            self.robots[to].mail.append(peer)
        every = max(1, round(self.config.tick_s / STEP_S))
        for index, robot in enumerate(self.robots):
            if robot.alive and (self._step + robot.phase) % every == 0:
                self._tick(index, robot)
        self._move()
        self._step += 1
        self._look()

    def _tick(self, index, robot):
        """Let one robot hear, decide and tell."""
        now_s = robot.clock_s + self.time_s
        body = self._sense(index, robot, now_s)
        # Peers are made here, as the shell makes them of messages; the decision begins after.
        heard = [(self._as_heard(peer, now_s), sent_s) for peer, sent_s in robot.mail]
        robot.mail.clear()
        wanted = (0.0, 0.0)
        if robot.goal is not None and robot.name not in self._arrived:
            wanted = toward(body.pose, *robot.goal, self.config)
        started = self._clock() if self._clock else 0.0
        for peer, sent_s in heard:
            robot.neighbours.hear(peer, sent_s)
        motion = robot.avoider.velocity(body, wanted, robot.neighbours, now_s)
        if self._clock:
            self._decisions.append(self._clock() - started)
        acts = self._step + max(1, int(self._delay[index] * self.config.actuation_delay_s
                                       / STEP_S))
        self._told[index] = self._step
        self._pending.append((acts, index, motion))
        every = max(1, round(self.words_s / self.config.tick_s))
        if robot.seq % every == 0:
            self._tell(index, robot, body, now_s)
        robot.seq += 1

    def _sense(self, index, robot, now_s):
        """Return the state that a robot believes in; its pose error wanders slowly."""
        for axis in (0, 1):
            robot.off[axis] = max(-1.0, min(1.0, robot.off[axis] + self._rng.uniform(-0.1, 0.1)))
        most = self.config.position_error_m / 2.0 ** 0.5
        pose = Pose(float(self.x[index]) + most * robot.off[0],
                    float(self.y[index]) + most * robot.off[1], float(self.yaw[index]))
        return Odometry(pose, Motion(float(self.speed[index]), float(self.rate[index])), now_s,
                        self.config.position_error_m)

    def _tell(self, index, robot, body, now_s):
        """Send a word to every other robot."""
        peer = Peer(robot.name, robot.boot_id, robot.seq, Mode.AUTOMATIC, body.pose, body.motion,
                    self.config.footprint_radius_m, (), 0.0, False, body.pose_error_m)
        for other in range(len(self.robots)):
            if other != index:
                self.network.send(self.time_s, robot.name, other, (peer, now_s))

    @staticmethod
    def _as_heard(peer, heard_s):
        """Return a word with the time at which it was heard."""
        return Peer(peer.robot, peer.boot_id, peer.seq, peer.mode, peer.pose, peer.motion,
                    peer.footprint_radius_m, peer.held, heard_s, peer.carrying,
                    peer.pose_error_m)

    def _move(self):
        """Let the bases obey for one step."""
        config, step = self.config, self._step
        due = [entry for entry in self._pending if entry[0] <= step]
        if due:
            self._pending = [entry for entry in self._pending if entry[0] > step]
            for _, index, motion in due:
                self._aim_v[index], self._aim_w[index] = motion.speed_mps, motion.yaw_rate_radps
        silent = (step - self._told) * STEP_S > config.watchdog_s
        aim_v = np.where(silent, 0.0, self._aim_v)
        aim_w = np.where(silent, 0.0, self._aim_w)
        self.speed += np.clip(aim_v - self.speed, -config.brake_mps2 * STEP_S,
                              config.acceleration_mps2 * STEP_S)
        turn = config.yaw_acceleration_radps2 * STEP_S
        self.rate += np.clip(aim_w - self.rate, -turn, turn)
        self.yaw += self.rate * STEP_S
        self.x += self.speed * np.cos(self.yaw) * STEP_S
        self.y += self.speed * np.sin(self.yaw) * STEP_S

    def _look(self):
        """Judge true positions, and see who has arrived."""
        self._judge.feed(self.time_s, self.x, self.y)
        if len(self.robots) > 1:
            far2 = (self.x[:, None] - self.x) ** 2 + (self.y[:, None] - self.y) ** 2
            np.fill_diagonal(far2, np.inf)
            gap = float(far2.min()) ** 0.5 - 2.0 * self.config.footprint_radius_m
            self._least_m = min(self._least_m, gap)
        for index, robot in enumerate(self.robots):
            if robot.goal is not None and robot.name not in self._arrived:
                away = hypot(robot.goal[0] - self.x[index], robot.goal[1] - self.y[index])
                if away < ARRIVED_M:
                    self._arrived[robot.name] = self.time_s


def circle_swap(robots: int, radius_m: float = 0.0) -> Scene:
    """Return robots on a circle, each of which wants to the opposite point."""
    radius_m = radius_m or max(3.0, 0.4 * robots)
    return _swap(f'circle swap of {robots}', radius_m,
                 [2.0 * pi * number / robots for number in range(robots)])


def random_swap(robots: int, seed: int) -> Scene:
    """Return robots at random points of a circle, each of which wants to the opposite point."""
    rng = random.Random(seed)
    radius_m = max(4.0, 0.6 * robots)
    least = 1.3 / radius_m  # apart, and from everybody's goal [rad]
    free = sorted(rng.uniform(0.0, pi - robots * least) for _ in range(robots))
    return _swap(f'random swap of {robots}, seed {seed}', radius_m,
                 [angle + number * least + rng.choice((0.0, pi))
                  for number, angle in enumerate(free)])


def _swap(name, radius_m, angles):
    """Return robots at these angles on a circle that face its centre and want across."""
    points = [(radius_m * cos(angle), radius_m * sin(angle)) for angle in angles]
    return Scene(name, tuple((x, y, atan2(-y, -x)) for x, y in points),
                 tuple((-x, -y) for x, y in points))


def head_on(apart_m: float = 8.0) -> Scene:
    """Return two robots that want to where the other one starts."""
    return circle_swap(2, apart_m / 2.0)


def crossing_streams(each: int = 4) -> Scene:
    """Return a stream that drives to the right, and one upwards through it."""
    gap_m, ahead_m = 1.6, 2.5
    starts, goals = [], []
    for number in range(each):
        back = ahead_m + gap_m * number
        starts += [(-back, 0.0, 0.0), (0.0, -back, pi / 2.0)]
        front = ahead_m + gap_m * (each - 1 - number)
        goals += [(front, 0.0), (0.0, front)]
    return Scene(f'crossing streams of {each}', tuple(starts), tuple(goals))


def corridor(through: int = 2, wide_m: float = 3.6, long_m: float = 6.0) -> Scene:
    """Return two rows of standing robots, and some that drive between them from either end."""
    starts, goals = [], []
    for number in range(int(long_m / 0.8) + 1):
        x = -long_m / 2.0 + 0.8 * number
        starts += [(x, wide_m / 2.0, 0.0), (x, -wide_m / 2.0, pi)]
        goals += [None, None]
    for number in range(through):
        x = long_m / 2.0 + 2.0 + 1.4 * number
        starts += [(-x, 0.0, 0.0), (x, 0.1, pi)]
        goals += [(x, 0.0), (-x, 0.0)]
    return Scene(f'corridor {wide_m:g} m wide', tuple(starts), tuple(goals))
