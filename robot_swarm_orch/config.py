# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Checked configuration: frozen dataclasses whose fields carry their own description and range.

The nodes declare their ROS parameters from these classes (`nodes/params.py`), so a parameter's
name, default, range and reason stand here and nowhere else. A class checks its own fields and
relations when it is made; `check_fleet` checks the relations between robots and coordinators.
"""

from dataclasses import dataclass, field, fields
from math import isfinite

from robot_swarm_orch.errors import ConfigError


def param(default, doc: str, low=None, high=None, live: bool = False):
    """
    Return a dataclass field with a description and an inclusive range.

    live: whether a running node takes a new value.
    """
    return field(default=default, metadata={'doc': doc, 'low': low, 'high': high, 'live': live})


def check_ranges(config) -> None:
    """Raise ConfigError naming every field of a configuration that is outside its range."""
    wrong = []
    for item in fields(config):
        value, low, high = (getattr(config, item.name), item.metadata.get('low'),
                            item.metadata.get('high'))
        if isinstance(value, float) and not isfinite(value):
            wrong.append(f'{item.name} is {value}: it must be a finite number')
        elif low is not None and value < low or high is not None and value > high:
            wrong.append(f'{item.name} is {value}: it must lie in {low} to {high}')
    if wrong:
        raise ConfigError('; '.join(wrong))


def check(holds: bool, text: str) -> None:
    """Raise ConfigError with `text` unless a relation holds."""
    if not holds:
        raise ConfigError(text)


@dataclass(frozen=True)
class RobotConfig:
    """What a robot is and how it behaves; every robot of a fleet vouches for `brake_mps2`."""

    speed_mps: float = param(1.5, 'cruising speed [m/s]', 0.05, 5.0)
    acceleration_mps2: float = param(1.0, 'acceleration when speeding up [m/s^2]', 0.05, 10.0)
    brake_mps2: float = param(1.0, 'deceleration that the base guarantees [m/s^2]', 0.05, 10.0)
    jerk_mps3: float = param(
        5.0, 'how fast the acceleration that is asked of the base may change; braking for safety '
        'is not bound by it [m/s^3]', 0.2, 1000.0)
    yaw_rate_radps: float = param(1.5, 'turning rate on the spot [rad/s]', 0.05, 6.0)
    yaw_acceleration_radps2: float = param(3.0, 'angular acceleration [rad/s^2]', 0.05, 30.0)
    footprint_radius_m: float = param(
        0.75, 'circle around the loaded footprint, from the centre of rotation [m]', 0.05, 5.0)
    position_error_m: float = param(
        0.1, 'bound on pose plus tracking error that the robot vouches for [m]', 0.0, 1.0)
    watchdog_s: float = param(
        0.25, 'the base stops by itself when cmd_vel is silent for this long [s]', 0.05, 2.0)
    actuation_delay_s: float = param(
        0.05, 'longest time from a cmd_vel message to its effect [s]', 0.0, 1.0)
    tick_s: float = param(0.1, 'control period [s]', 0.005, 0.5)
    report_period_s: float = param(
        0.2, 'a report goes out at once when something changed, else after this long [s]',
        0.02, 2.0)
    report_waiting_period_s: float = param(
        0.1, 'the same while the robot stands and waits for a node [s]', 0.02, 1.0)
    horizon: int = param(8, 'how many nodes beyond the base the robot asks for', 1, 64)
    arrive_m: float = param(0.04, 'distance to a node that counts as arrived [m]', 0.001, 0.5)
    odometry_stale_s: float = param(
        0.35, 'odometry older than this means stop [s]', 0.02, 5.0)
    scan_stale_s: float = param(0.5, 'a laser scan older than this means stop [s]', 0.02, 5.0)
    scan_required: bool = param(True, 'whether a robot without laser scans must stand')
    scan_margin_m: float = param(
        0.15, 'gap kept to what the laser scan sees, beyond the footprint [m]', 0.0, 2.0)
    camera: bool = param(False, 'whether a camera watches the lane ahead')
    camera_required: bool = param(
        False, 'whether a robot without fresh camera images must stand')
    camera_stale_s: float = param(0.5, 'a camera image older than this means stop, if cameras '
                                  'are required [s]', 0.02, 60.0)
    camera_margin_m: float = param(
        0.5, 'gap kept to the end of the lane that was last seen clear [m]', 0.0, 5.0)
    camera_block_at: float = param(
        0.5, 'an image speaks for a blocked lane from this probability on', 0.01, 0.99)
    camera_clear_at: float = param(
        0.3, 'an image speaks for a clear lane below this probability', 0.01, 0.99)
    camera_block_frames: int = param(
        2, 'images in a row that make a clear lane a blocked one', 1, 100)
    camera_clear_frames: int = param(
        3, 'images in a row that make a blocked lane a clear one', 1, 100)
    camera_frozen_frames: int = param(
        5, 'so many equal images in a row while moving are a frozen camera', 1, 1000)
    peer_margin_m: float = param(
        0.1, 'gap kept to neighbours, beyond both footprints [m]', 0.0, 2.0)
    peer_radius_m: float = param(8.0, 'neighbours within this distance matter [m]', 1.0, 100.0)
    peer_forget_s: float = param(2.0, 'a neighbour silent for this long is forgotten [s]',
                                 0.1, 60.0)
    replan_after_s: float = param(
        6.0, 'a robot that waits this long for a node looks for another way [s]', 0.5, 600.0)
    command_ttl_max_s: float = param(
        30.0, 'longest life of a command that the robot accepts [s]', 0.1, 3600.0)
    payload_max_kg: float = param(
        0.0, 'heaviest load that the robot carries; 0: any that it is given [kg]', 0.0, 1e5)
    tools: tuple = param((), 'what the robot has for work that asks for it, as orders name it')
    battery_drive_h: float = param(
        8.0, 'how long a full battery lasts while the robot drives [h]', 0.01, 1000.0)
    finish_base: bool = param(
        False, 'on lost consensus drive on to the end of the base instead of braking at once')

    def __post_init__(self):
        """Check ranges and relations."""
        check_ranges(self)
        object.__setattr__(self, 'tools', tuple(self.tools))
        check(self.tick_s < self.watchdog_s,
              f'tick_s {self.tick_s} must be shorter than watchdog_s {self.watchdog_s}: '
              'the base would stop between two commands')
        check(self.odometry_stale_s > self.tick_s,
              f'odometry_stale_s {self.odometry_stale_s} must be longer than tick_s {self.tick_s}')
        check(self.camera or not self.camera_required,
              'camera_required is set but camera is not: the robot could never move')
        check(self.camera_clear_at <= self.camera_block_at,
              f'camera_clear_at {self.camera_clear_at} must not exceed camera_block_at '
              f'{self.camera_block_at}: an image cannot speak for both')
        check(self.arrive_m <= self.position_error_m,
              f'arrive_m {self.arrive_m} must not exceed position_error_m '
              f'{self.position_error_m}: arriving counts on the tracking error allowed')

    @property
    def react_s(self) -> float:
        """Return the longest time that a dead edge process lets the base run on [s]."""
        return self.watchdog_s + self.actuation_delay_s

    @property
    def brake_distance_m(self) -> float:
        """Return the braking distance from cruising speed [m]."""
        return self.speed_mps ** 2 / (2.0 * self.brake_mps2)


@dataclass(frozen=True)
class CoordinatorConfig:
    """How a coordinator elects, leases, decides and forgets."""

    node_id: str = param('c1', 'id of this coordinator, one of `voters` unless it joins')
    voters: tuple = param(
        ('c1', 'c2', 'c3'), 'ids of the founding coordinators; later the log says who votes')
    join: bool = param(
        False, 'an empty disk waits to be added to a running group, and founds nothing')
    cluster_id: str = param('demo', 'names the log; a restored backup gets a new one')
    tick_s: float = param(0.01, 'period of the consensus clock [s]', 0.001, 0.1)
    heartbeat_s: float = param(0.05, "period of the leader's heartbeats [s]", 0.005, 1.0)
    election_min_s: float = param(0.15, 'shortest election timeout [s]', 0.02, 10.0)
    election_max_s: float = param(0.30, 'longest election timeout [s]', 0.03, 20.0)
    start_patience_s: float = param(
        1.0, 'a coordinator that was started again lets others lead for this long, since DDS has '
        'yet to make it known to the robots [s]', 0.0, 60.0)
    lease_s: float = param(1.0, 'how long a robot moves on one word of the leader [s]', 0.1, 30.0)
    lease_period_s: float = param(0.05, 'period of lease messages [s]', 0.01, 1.0)
    traffic_period_s: float = param(0.1, 'period of traffic decisions [s]', 0.01, 1.0)
    allocation_period_s: float = param(
        0.1, 'shortest time between two allocations [s]', 0.01, 60.0)
    allocator: str = param(
        'hungarian', 'strategy that assigns orders: hungarian (least total cost), auction (nearly '
        'so) or greedy')
    bid_period_s: float = param(
        0.5, 'period in which free robots are asked how far they are from work that waits; 0: '
        'never [s]', 0.0, 60.0)
    allocation_box_s: float = param(
        0.03, 'an allocation looks for the least cost for this long, then shares out what is left '
        'greedily; less than consensus can spare its leader [s]', 0.0, 1.0)
    battery_reserve: float = param(
        0.1, 'charge that a robot is to have left when it reaches a charger, 0 to 1', 0.0, 0.9)
    charge_below: float = param(
        0.3, 'a robot without an order and with less charge goes to a free charger, 0 to 1',
        0.0, 1.0)
    charge_enough: float = param(
        0.6, 'a robot at a charger gets orders again from this charge on, and gives its place to '
        'one that is low, 0 to 1', 0.0, 1.0)
    robot_silent_s: float = param(
        5.0, 'a robot silent for this long is marked lost [s]', 0.5, 600.0)
    command_ttl_s: float = param(5.0, 'life of a command copy [s]', 0.5, 3600.0)
    resend_first_s: float = param(
        0.3, 'wait before an unanswered command is repeated [s]', 0.02, 60.0)
    resend_max_s: float = param(3.0, 'longest wait between repetitions [s]', 0.1, 600.0)
    park_after_s: float = param(3.0, 'an idle robot is sent to park after this long [s]',
                                0.0, 3600.0)
    drop_wait_s: float = param(
        600.0, 'an order whose drop place is taken or blocked, as are its alternates, waits this '
        'long; then it fails, and a load on its way is put back [s]', 0.0, 1e6)
    preempt_priority_gap: int = param(
        100, 'a waiting order takes a robot, before its pick, from one whose priority is lower by '
        'this; 0: never', 0, 255)
    inspect_places_max: int = param(
        25, 'places of an INSPECT order that one robot visits; one with more is split into parts',
        1, 1000)
    queue_bound: int = param(
        1000, 'accepted orders that may wait; more are refused', 1, 10_000_000)
    status_period_s: float = param(1.0, 'period of FleetStatus [s]', 0.05, 60.0)
    snapshot_entries: int = param(
        20_000, 'log entries after which a snapshot is taken', 10, 10_000_000)
    order_memory_s: float = param(
        86_400.0, 'how long an ended order answers for its id [s]', 1.0, 1e8)
    orders_remembered: int = param(
        200_000, 'ended orders that answer for their ids at most, the newest', 100, 10_000_000)

    def __post_init__(self):
        """Check ranges and relations."""
        check_ranges(self)
        object.__setattr__(self, 'voters', tuple(self.voters))
        check(self.join or self.node_id in self.voters,
              f'node_id {self.node_id!r} is not among voters {list(self.voters)}: name it there, '
              'or set join if a running group is to add it')
        check(len(set(self.voters)) == len(self.voters),
              f'voters {list(self.voters)} names a coordinator twice')
        check(self.tick_s * 2 <= self.heartbeat_s,
              f'heartbeat_s {self.heartbeat_s} must be at least two ticks of {self.tick_s}')
        check(self.heartbeat_s * 2 <= self.election_min_s,
              f'election_min_s {self.election_min_s} must be at least two heartbeats of '
              f'{self.heartbeat_s}: followers would give up a healthy leader')
        check(self.battery_reserve <= self.charge_below < self.charge_enough,
              f'battery_reserve {self.battery_reserve}, charge_below {self.charge_below} and '
              f'charge_enough {self.charge_enough} must grow in this order: robots would be left '
              'with neither orders nor a charger, or come and go')
        check(self.allocation_box_s * 2 <= self.election_min_s,
              f'allocation_box_s {self.allocation_box_s} must be at most half of election_min_s '
              f'{self.election_min_s}: followers would give up a leader that is at work')
        check(self.election_min_s < self.election_max_s,
              f'election_min_s {self.election_min_s} must be below election_max_s '
              f'{self.election_max_s}')


LAPSE_S = 1.0
"""A robot in a free zone that was without a lease for this long joins anew before it moves [s]."""


REPORTS_IN_A_LEASE = 4
"""A robot reports at least so often in each lease, however hard-pressed the leader is."""


def check_fleet(robot: RobotConfig, coordinator: CoordinatorConfig) -> None:
    """Raise ConfigError unless robots' and coordinators' settings fit each other."""
    needed = (2 * coordinator.election_max_s + robot.report_period_s
              + coordinator.lease_period_s)
    check(coordinator.lease_s >= needed,
          f'lease_s {coordinator.lease_s} must be at least {needed:.3f}: two longest election '
          'timeouts, a report period and a lease period, or every failover stops the fleet')
    check(coordinator.command_ttl_s <= robot.command_ttl_max_s,
          f'command_ttl_s {coordinator.command_ttl_s} exceeds command_ttl_max_s '
          f'{robot.command_ttl_max_s}: robots would refuse every command')
    stands_s = (coordinator.lease_s + robot.tick_s + robot.actuation_delay_s
                + max(LAPSE_S, robot.speed_mps / robot.brake_mps2))
    check(coordinator.robot_silent_s >= max(stands_s, robot.report_period_s * 2),
          f'robot_silent_s {coordinator.robot_silent_s} must be at least {stands_s:.3f}, a lease '
          'and braking, and two report periods: in free zones, a robot that is lost stands')


def safe_stop_bound_s(robot: RobotConfig, coordinator: CoordinatorConfig) -> float:
    """
    Return the bound from the loss of the majority to the last robot at rest [s].

    The sum of the longest election timeout, a lease period, the lease, a control tick, the
    actuation delay and the braking time from cruising speed.
    """
    return (coordinator.election_max_s + coordinator.lease_period_s + coordinator.lease_s
            + robot.tick_s + robot.actuation_delay_s + robot.speed_mps / robot.brake_mps2)
