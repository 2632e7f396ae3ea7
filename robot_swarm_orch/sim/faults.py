# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Which faults a fleet is given, and when: one checked options object, and a schedule from a seed.

A seed first draws a *profile*, which says what this run is about: elections, partitions, late
words, robots, disks, clocks, or a bit of everything. Within it some kinds of fault are left out at
random (swarm testing: A. Groce et al., "Swarm Testing", ISSTA 2012). A run with few kinds of
fault, often repeated, finds what a run with all of them buries; this is how the simulations of
FoundationDB and TigerBeetle find rare orders of events too.
"""

from dataclasses import dataclass
import random
from typing import Tuple

from robot_swarm_orch.config import check, check_ranges, param

KINDS = {
    'crash_leader': 'kill the leader; it restarts after `down`',
    'crash_coordinator': 'kill any coordinator; it restarts after `down`',
    'crash_majority': 'kill a majority of coordinators at once; they restart after `outage`',
    'crash_at_write': 'cut the power in the midst of one of the next changes to a disk',
    'crash_voter': 'kill a coordinator just after its next vote has left; it restarts at once',
    'flap_leaders': 'kill or cut off one leader after the other, each for a moment',
    'rolling_restart': 'restart all coordinators one after another',
    'freeze_leader': 'stop the leader as by SIGSTOP, for `frozen`',
    'freeze_coordinator': 'stop any coordinator as by SIGSTOP, for `frozen`',
    'slow_disk': 'let each sync of one coordinator take long, for `spell`',
    'full_disk': 'let one coordinator run out of disk, for `spell`',
    'isolate_leader': 'cut the leader off the other coordinators, not off the robots',
    'split': 'divide coordinators and robots into two sides that do not hear each other',
    'one_way': 'let a coordinator be heard by its peers but not hear them, or the other way round',
    'cut_robots': 'cut some robots off some coordinators, in one direction or in both',
    'storm': 'lose, repeat, delay and reorder words on all links, for `spell`',
    'hold_words': 'hold back some words of all links by 0.5 to 60 s, for `spell`',
    'crash_robot': "kill a robot's program; it restarts after `down`",
    'crash_robot_at_write': "kill a robot's program at the next write to its journal",
    'freeze_robot': "stop a robot's program, for `frozen`",
    'jump_ros_time': "set a robot's ROS time, back or ahead",
    'drift': "change the rate of somebody's steady clock",
    'stale_odometry': "let a robot's odometry stop, for `spell`",
    'stale_scan': "let a robot's laser stop, for `spell`",
    'wipe_disk': 'kill a coordinator and let it come back, under its name, with an empty disk',
    'replace': 'let a coordinator die for good; a new one takes its place by membership change',
}
"""Every kind of fault; `down`, `outage`, `frozen` and `spell` are ranges of `FaultOptions`."""

PROFILES = {
    'mixed': tuple(KINDS),
    'elections': ('crash_leader', 'crash_voter', 'flap_leaders', 'crash_at_write',
                  'isolate_leader', 'one_way',
                  'freeze_leader', 'storm'),
    'partitions': ('isolate_leader', 'split', 'one_way', 'cut_robots', 'crash_leader'),
    'late_words': ('hold_words', 'storm', 'cut_robots', 'crash_robot', 'crash_leader',
                   'freeze_leader'),
    'robots': ('crash_robot', 'crash_robot_at_write', 'freeze_robot', 'stale_odometry',
               'stale_scan', 'cut_robots', 'hold_words', 'crash_leader'),
    'disks': ('crash_at_write', 'slow_disk', 'full_disk', 'wipe_disk', 'replace', 'crash_majority',
              'crash_leader'),
    'clocks': ('jump_ros_time', 'drift', 'freeze_leader', 'freeze_robot', 'crash_leader'),
    'outages': ('crash_majority', 'isolate_leader', 'split', 'rolling_restart'),
}
"""The kinds of fault that a profile is about."""


@dataclass(frozen=True)
class FaultOptions:
    """How many faults of which size; every range is [least, most]."""

    start_s: float = param(4.0, 'the first fault comes after this time [s]', 0.0, 600.0)
    phase_s: Tuple[float, float] = param(
        (26.0, 40.0), 'length of the phase with faults, in which only safety is asked [s]')
    gap_s: Tuple[float, float] = param((0.5, 4.0), 'time from one fault to the next [s]')
    profile: str = param('', "one of PROFILES; empty: drawn from the seed; 'none': no faults")
    keep_ratio: float = param(
        0.7, "share of a profile's kinds of fault that a seed keeps", 0.05, 1.0)
    down_s: Tuple[float, float] = param(
        (0.02, 6.0), 'how long a killed program is down, short times as likely as long [s]')
    outage_s: Tuple[float, float] = param((0.5, 7.0), 'how long a majority is down [s]')
    frozen_s: Tuple[float, float] = param((0.05, 10.0), 'how long a program is stopped [s]')
    cut_s: Tuple[float, float] = param((0.1, 8.0), 'how long a partition lasts [s]')
    spell_s: Tuple[float, float] = param((0.5, 6.0), 'how long bad disks, links, sensors last [s]')
    loss_ratio: Tuple[float, float] = param((0.0, 0.5), 'share of words lost in a storm')
    duplicate_ratio: Tuple[float, float] = param((0.0, 0.3), 'share of words doubled in a storm')
    delay_s: Tuple[float, float] = param((0.0, 0.15), 'mean delay in a storm; it reorders [s]')
    hold_ratio: Tuple[float, float] = param((0.02, 0.9), 'share of words that are held back')
    hold_s: Tuple[float, float] = param((0.5, 60.0), 'how long a word is held back [s]')
    sync_s: Tuple[float, float] = param((0.005, 0.6), 'time of a sync of a slow disk [s]')
    drift_ratio: float = param(
        0.002, 'steady clocks are fast or slow by up to this share', 0.0, 0.05)
    jump_s: Tuple[float, float] = param((0.05, 3600.0), 'how far ROS time jumps, either way [s]')

    def __post_init__(self):
        """Check ranges."""
        for name in ('phase_s', 'gap_s', 'down_s', 'outage_s', 'frozen_s', 'cut_s', 'spell_s',
                     'loss_ratio', 'duplicate_ratio', 'delay_s', 'hold_ratio', 'hold_s', 'sync_s',
                     'jump_s'):
            low, high = object.__getattribute__(self, name)
            check(0.0 <= low <= high, f'{name} must be two numbers, the least and the most, not '
                  f'{low}, {high}')
            check(not name.endswith('ratio') or high < 1.0, f'{name} must stay below 1')
        check(self.gap_s[0] > 0.0, 'gap_s must be above 0')
        check(self.profile in ('', 'none', *PROFILES),
              f'profile {self.profile!r} is none of {sorted(PROFILES)}')
        check_ranges(self)


@dataclass(frozen=True)
class Fault:
    """
    One fault of a schedule.

    draw: a number of its own in [0, 1), with which the injector chooses whom it hits, so that the
    choice depends on the seed alone and on who is there at that moment.
    """

    at_s: float
    kind: str
    lasts_s: float
    draw: float
    size: float = 0.0

    def __str__(self):
        """Return a line for people."""
        size = f', size {self.size:.4g}' if self.size else ''
        return f'{self.at_s:7.2f} s  {self.kind:<20} for {self.lasts_s:.2f} s{size}'


@dataclass(frozen=True)
class Schedule:
    """What a seed has in store: its profile, its faults in order, and when all of them end."""

    profile: str
    faults: Tuple[Fault, ...]
    heal_s: float

    def __str__(self):
        """Return the whole schedule for people."""
        return '\n'.join([f'profile {self.profile}, all faults end at {self.heal_s:.2f} s',
                          *map(str, self.faults)])


_LASTS = {'crash_majority': 'outage_s', 'freeze_leader': 'frozen_s',
          'freeze_coordinator': 'frozen_s', 'freeze_robot': 'frozen_s', 'isolate_leader': 'cut_s',
          'split': 'cut_s', 'one_way': 'cut_s', 'cut_robots': 'cut_s', 'storm': 'spell_s',
          'hold_words': 'spell_s', 'slow_disk': 'spell_s', 'full_disk': 'spell_s',
          'stale_odometry': 'spell_s', 'stale_scan': 'spell_s'}
_SIZES = {'slow_disk': 'sync_s', 'jump_ros_time': 'jump_s', 'hold_words': 'hold_ratio'}


def between(rng: random.Random, span: Tuple[float, float]) -> float:
    """Return a number of a range; orders of magnitude are equally likely where it spans many."""
    low, high = span
    if low > 0.0 and high > 20.0 * low:
        return low * (high / low) ** rng.random()
    return rng.uniform(low, high)


def draw_schedule(seed: int, options: FaultOptions = FaultOptions()) -> Schedule:
    """Return the faults of a seed; the same seed and options give the same faults."""
    rng = random.Random(f'faults {seed}')
    profile = options.profile or rng.choice(sorted(PROFILES))
    heal_s = options.start_s + rng.uniform(*options.phase_s)
    if profile == 'none':
        return Schedule(profile, (), heal_s)
    kinds = PROFILES[profile]
    kept = [kind for kind in kinds if rng.random() < options.keep_ratio] or list(kinds)
    # How dense a run's faults are is itself drawn: some are hurried, some leave time to settle.
    hurry = rng.uniform(0.4, 1.0)
    faults, at_s = [], options.start_s + rng.uniform(0.0, 1.0)
    while at_s < heal_s:
        kind = rng.choice(kept)
        faults.append(Fault(
            round(at_s, 2), kind, round(between(rng, getattr(
                options, _LASTS.get(kind, 'down_s'))), 3), rng.random(),
            round(between(rng, getattr(options, _SIZES[kind])), 4) if kind in _SIZES else 0.0))
        at_s += hurry * between(rng, options.gap_s)
    return Schedule(profile, tuple(faults), heal_s)
