# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What is wrong with this machine, this domain, or the fleet on it: a list of small checks.

Each check takes `Facts` and returns what it found; `CHECKS` is the list, in the order in which a
person would look. A finding names its remedy. Nothing here reads anything: `machine.py` and
`nodes/lookout.py` do.
"""

from dataclasses import asdict, dataclass, field
from enum import IntEnum
from statistics import median
from typing import Callable, Mapping, Tuple

from robot_swarm_orch.insight.causes import cause_of, has_twin, no_lease
from robot_swarm_orch.insight.machine import Machine
from robot_swarm_orch.insight.picture import Picture

# Fast DDS numbers the participants of a host by their ports; the ports between two domains are
# spent at 119, and discovery of all by all gets slow well before.
PARTICIPANTS_MAX, PARTICIPANTS_MANY = 100, 80
# ROS's LOCALHOST discovery range looks for no more than this.
LOCALHOST_MAX = 32
# Highest domain whose ports stay below those that Linux gives out by itself.
DOMAIN_MAX = 101
# Odometry is stale after 0.35 s, by its stamp; orders' deadlines are ROS time, too.
CLOCK_WARN_S, CLOCK_ERROR_S = 0.3, 1.0
# A heartbeat late, and an election [s].
SYNC_WARN_S, SYNC_ERROR_S = 0.05, 0.15
SHM_FREE_BYTES = 64 * 2 ** 20
QUEUE_BOUND, QUEUE_SHARE = 1000, 0.8
_NAMED_MAX = 8
_GRAVE = frozenset(('silent', 'halted', 'in_doubt', 'camera_frozen'))


class Level(IntEnum):
    """How bad a finding is."""

    OK = 0
    WARN = 1
    ERROR = 2


@dataclass(frozen=True)
class Finding:
    """What a check found: how bad, what is so, and what to do."""

    level: Level
    text: str
    remedy: str


@dataclass(frozen=True)
class Facts:
    """
    All that the checks look at.

    settings: parameters of a coordinator that answered, {} if none did. sites_here: ids of all
    sites whose topics exist on this domain. elsewhere: those on other domains, by domain.
    """

    machine: Machine
    picture: Picture
    settings: Mapping[str, object] = field(default_factory=dict)
    sites_here: Tuple[str, ...] = ()
    elsewhere: Mapping[int, Tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """
    A check: its name for programs, what it looks at for people, and the function.

    of_fleet: it looks at what a fleet says, so there is nothing to look at while none is heard.
    """

    name: str
    title: str
    look: Callable[[Facts], list]
    of_fleet: bool = False


def examine(facts: Facts) -> dict:
    """Return {check name: its findings} of all checks that have something to look at."""
    heard = facts.picture.is_heard
    return {check.name: check.look(facts) for check in CHECKS if heard or not check.of_fleet}


def lines(results: Mapping[str, list]) -> list:
    """Return the results as lines: a line a check, and two for each finding."""
    out = []
    for check in CHECKS:
        if check.name not in results:
            out.append(f'{"--":6}{check.title}: nothing to look at')
            continue
        findings = results[check.name]
        worst = max((finding.level for finding in findings), default=Level.OK)
        out.append(f'{worst.name:6}{check.title}')
        for finding in findings:
            out += [f'      - {finding.text}', f'        -> {finding.remedy}']
    count = sum(len(findings) for findings in results.values())
    return out + ['', 'Nothing is wrong.' if not count else
                  f'{count} finding{"s" if count > 1 else ""}.']


def to_plain(results: Mapping[str, list]) -> dict:
    """Return the results as values for JSON."""
    return {'healthy': not any(results.values()), 'checks': [
        {'name': check.name, 'title': check.title, 'findings': [
            dict(asdict(finding), level=finding.level.name)
            for finding in results.get(check.name, ())], 'looked': check.name in results}
        for check in CHECKS]}


def _names(names):
    names = sorted(names)
    return ', '.join(names[:_NAMED_MAX]) + (', ...' if len(names) > _NAMED_MAX else '')


# -- this machine --------------------------------------------------------------------------------

def domain(facts):
    """Look at what decides whom ROS hears: domain, discovery range, profile."""
    machine, found = facts.machine, []
    env = machine.environment
    if machine.domain > DOMAIN_MAX:
        found.append(Finding(
            Level.WARN, f'ROS domain {machine.domain} uses ports that Linux gives to anybody',
            f'choose a domain of 0 to {DOMAIN_MAX} on all machines (ROS_DOMAIN_ID)'))
    if env.get('ROS_AUTOMATIC_DISCOVERY_RANGE', '').upper() == 'OFF':
        found.append(Finding(Level.ERROR, 'ROS_AUTOMATIC_DISCOVERY_RANGE is OFF: nobody is found',
                             'unset it, or set it to SUBNET'))
    if env.get('ROS_LOCALHOST_ONLY') == '1':
        found.append(Finding(
            Level.WARN, 'ROS_LOCALHOST_ONLY is set: robots on other machines are not heard',
            'unset it; ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST is its successor'))
    for path in machine.missing_profiles:
        found.append(Finding(Level.ERROR, f'the Fast DDS profile {path} does not exist',
                             'correct FASTDDS_DEFAULT_PROFILES_FILE, or build the package again'))
    return found


def participants(facts):
    """Count the participants of this domain on this machine."""
    machine = facts.machine
    count = machine.participants.get(machine.domain, 0)
    remedy = 'host more robots in each process (--robots-per-process), or use another domain'
    env = machine.environment
    local = env.get('ROS_AUTOMATIC_DISCOVERY_RANGE', '').upper() == 'LOCALHOST'
    if count >= PARTICIPANTS_MAX:
        return [Finding(Level.ERROR, f'{count} participants of domain {machine.domain} run on '
                        f'this machine; Fast DDS copes with about {PARTICIPANTS_MAX}', remedy)]
    if local and count > LOCALHOST_MAX and not machine.has_profile:
        return [Finding(
            Level.ERROR, f'{count} participants run on this machine, but the discovery range '
            f'LOCALHOST lets only {LOCALHOST_MAX} find each other',
            'use config/fastdds_one_host.xml with the range SYSTEM_DEFAULT')]
    if count >= PARTICIPANTS_MANY:
        return [Finding(Level.WARN, f'{count} participants of domain {machine.domain} run on this '
                        f'machine, near the limit of about {PARTICIPANTS_MAX}', remedy)]
    return []


def multicast(facts):
    """Look whether discovery by multicast can leave this machine, if it has to."""
    machine = facts.machine
    if machine.has_profile or machine.environment.get(
            'ROS_AUTOMATIC_DISCOVERY_RANGE', '').upper() == 'LOCALHOST':
        return []
    outward = [link for link in machine.interfaces if link.is_up and not link.is_loopback]
    if not outward:
        return [Finding(Level.WARN, 'no network interface but the loopback is up: only this '
                        'machine is heard', 'connect the network that the robots are on')]
    if not any(link.has_multicast for link in outward):
        names = _names(link.name for link in outward)
        return [Finding(Level.ERROR, f'no interface ({names}) does multicast, by which ROS finds '
                        'its peers',
                        'switch it on (`ip link set DEV multicast on`), or name the peers in '
                        'ROS_STATIC_PEERS')]
    deaf = [link.name for link in outward if link.echo is False]
    if deaf and len(deaf) == len(outward):
        return [Finding(Level.ERROR, f'multicast sent on {_names(deaf)} does not come back',
                        'let UDP multicast through the firewall (239.255.0.1, ports 7400 and up), '
                        'or name the peers in ROS_STATIC_PEERS')]
    return []


def shared_memory(facts):
    """Look at /dev/shm, which Fast DDS uses between processes of one machine."""
    machine, found = facts.machine, []
    if machine.shm_free_bytes is not None and machine.shm_free_bytes < SHM_FREE_BYTES:
        found.append(Finding(
            Level.ERROR if machine.shm_free_bytes < 2 ** 20 else Level.WARN,
            f'/dev/shm has {machine.shm_free_bytes / 2 ** 20:.1f} MiB left: Fast DDS may fail to '
            'make its segments', 'free it, or enlarge it (`mount -o remount,size=1G /dev/shm`, '
            '`docker run --shm-size=1g`)'))
    if machine.leftovers:
        found.append(Finding(
            Level.WARN, f'{len(machine.leftovers)} shared-memory segments of Fast DDS belong to '
            f'no process: {_names(machine.leftovers)}', 'remove them with `fastdds shm clean`'))
    return found


def disk(facts):
    """Look how long a log entry takes to be safe on the disk of a data directory."""
    machine = facts.machine
    if machine.disk_error:
        return [Finding(Level.ERROR, f'{machine.data_dir} cannot be written: '
                        f'{machine.disk_error}', 'give a data directory that may be written '
                        '(`swarm doctor --data DIR`)')]
    times = sorted(machine.sync_times_s)
    if not times:
        return []
    p99_s = times[min(len(times) - 1, int(0.99 * len(times)))]
    if p99_s < SYNC_WARN_S:
        return []
    level = Level.ERROR if p99_s >= SYNC_ERROR_S else Level.WARN
    does = 'costs an election' if level == Level.ERROR else 'delays every commit'
    return [Finding(level, f'the disk of {machine.data_dir} needs {1000 * p99_s:.0f} ms to sync '
                    f'(p99 of {len(times)} writes), which {does}',
                    'give the coordinators a disk that nobody else keeps busy, best an SSD')]


# -- who is heard --------------------------------------------------------------------------------

def fleet_heard(facts):
    """Look whether the fleet is on this domain at all, under this site id."""
    picture, machine = facts.picture, facts.machine
    if picture.is_heard:
        return []
    here = f'nothing of site {picture.site_id} is heard on domain {machine.domain}'
    others = [number for number, sites in sorted(facts.elsewhere.items())
              if picture.site_id in sites]
    if others:
        return [Finding(Level.ERROR, f'wrong domain: {here}, but it is on domain '
                        + ', '.join(map(str, others)),
                        f'export ROS_DOMAIN_ID={others[0]} (with ./swarm: SWARM_DOMAIN_ID)')]
    if facts.sites_here:
        return [Finding(Level.ERROR, f'wrong site id: {here}, but {_names(facts.sites_here)} is',
                        f'ask for it: --site {facts.sites_here[0]}')]
    if facts.elsewhere:
        number, sites = next(iter(sorted(facts.elsewhere.items())))
        return [Finding(Level.ERROR, f'{here}; on domain {number} there is site {_names(sites)}',
                        f'export ROS_DOMAIN_ID={number} (with ./swarm: SWARM_DOMAIN_ID), and ask '
                        f'for --site {sites[0]}')]
    return [Finding(Level.ERROR, here, 'start the fleet, or give its domain (ROS_DOMAIN_ID) and '
                    'its --site')]


def consensus(facts):
    """Look whether somebody leads, and whether all coordinators are there."""
    picture = facts.picture
    if picture.lease is None:
        why, remedy = no_lease(picture)
        return [Finding(Level.ERROR, f'no consensus: {why}; the robots stand', remedy)]
    missing = picture.voters - picture.alive
    if missing:
        left = len(picture.voters) - len(missing)
        spare = left - (len(picture.voters) // 2 + 1)
        return [Finding(Level.WARN, f'of {len(picture.voters)} coordinators {_names(missing)} '
                        f'{"is" if len(missing) == 1 else "are"} not heard; the fleet goes on and '
                        f'bears the loss of {max(0, spare)} more', f'start {_names(missing)}')]
    return []


def one_fleet(facts):
    """Look for two fleets that use one site id on one domain."""
    picture, remedy = facts.picture, 'give one of the fleets another site_id or domain'
    if len(picture.logs) > 1:
        return [Finding(Level.ERROR, f'two fleets use the site id {picture.site_id}: their '
                        f'cluster ids are {_names(picture.logs)}', remedy)]
    if len(picture.leaders) > len(set(picture.leaders)):
        who = {f'{leader} (term {term})' for term, leader in picture.leaders}
        return [Finding(Level.ERROR, f'several leaders give their word on site {picture.site_id} '
                        f'at once: {_names(who)}', remedy)]
    return []


def one_name_each(facts):
    """Look for two robots of one name."""
    twins = [robot for robot, boots in facts.picture.boots.items() if has_twin(boots)]
    if not twins:
        return []
    return [Finding(Level.ERROR, f'two programs report under one name: {_names(twins)}',
                    'give each robot a name (namespace) of its own and restart it')]


def clocks(facts):
    """Compare the stamps of robots and coordinators with when their messages came."""
    offsets = facts.picture.offsets_s
    wrong = {name: offset for name, offset in offsets.items() if not
             -CLOCK_WARN_S < offset < CLOCK_WARN_S}
    if not wrong:
        return []
    common = median(offsets.values())
    if len(offsets) > 2 and len(wrong) > len(offsets) / 2 and _alike(wrong, common):
        return [_clock('this machine', -common, 'all others')]
    return [_clock(name, offset, 'this machine') for name, offset in sorted(wrong.items())][
        :_NAMED_MAX]


def _alike(offsets, common):
    return sum(abs(offset - common) < CLOCK_WARN_S for offset in offsets.values()) \
        > len(offsets) / 2


def _clock(whose, behind_s, than):
    way = 'behind' if behind_s > 0.0 else 'ahead of'
    return Finding(
        Level.ERROR if abs(behind_s) >= CLOCK_ERROR_S else Level.WARN,
        f'the clock of {whose} is {abs(behind_s):.1f} s {way} that of {than}, or its messages '
        'come late',
        'keep all clocks in step with chrony (`chronyc tracking`, `chronyc makestep`)')


# -- how the fleet does --------------------------------------------------------------------------

def queue(facts):
    """Look how many orders wait."""
    view = facts.picture.view
    if view is None:
        return []
    bound = int(facts.settings.get('queue_bound', QUEUE_BOUND))
    waiting = view.orders_waiting
    if waiting < QUEUE_SHARE * bound:
        return []
    remedy = 'slow the source of orders down, or add robots; queue_bound sets the limit'
    if waiting >= bound:
        return [Finding(Level.ERROR, f'the queue is full: {waiting} orders wait of {bound} '
                        'allowed, more are refused', remedy)]
    return [Finding(Level.WARN, f'the queue is filling up: {waiting} orders wait of {bound} '
                    'allowed', remedy)]


def robots(facts):
    """Look for robots that need a person."""
    return _by_kind(facts.picture, lambda kind: kind != 'twins' and 'camera' not in kind)


def cameras(facts):
    """Look for robots that stand for want of camera images, or because they never change."""
    return _by_kind(facts.picture, lambda kind: 'camera' in kind)


def _by_kind(picture, is_wanted):
    """Return a finding for each kind of cause that needs a person, with the robots it is about."""
    if picture.lease is None:
        return []
    by_kind = {}
    for robot in picture.robots():
        cause = cause_of(picture, robot)
        if cause.remedy and is_wanted(cause.kind):
            by_kind.setdefault(cause.kind, []).append(cause)
    found = []
    for kind, causes in sorted(by_kind.items()):
        first = causes[0]
        more = f' (and {_names(cause.who for cause in causes[1:])})' if causes[1:] else ''
        level = Level.ERROR if kind in _GRAVE else Level.WARN
        found.append(Finding(level, f'{first.who} {first.text}{more}', first.remedy))
    return found


def processes(facts):
    """Pass on what processes complain about themselves."""
    return [Finding(Level(min(2, process.level)), f'{name.lstrip("/")}: {process.word}',
                    'see its log')
            for name, process in sorted(facts.picture.processes.items()) if process.level > 0]


CHECKS = (
    Check('domain', 'ROS domain and discovery range', domain),
    Check('participants', 'participants on this machine', participants),
    Check('multicast', 'multicast on the interfaces', multicast),
    Check('shared_memory', 'shared memory (/dev/shm)', shared_memory),
    Check('disk', 'sync time of the disk', disk),
    Check('fleet', 'the fleet is on this domain, under this site id', fleet_heard),
    Check('consensus', 'consensus of the coordinators', consensus, of_fleet=True),
    Check('one_fleet', 'one fleet on this site id', one_fleet, of_fleet=True),
    Check('one_name', 'one robot a name', one_name_each, of_fleet=True),
    Check('clocks', 'clocks', clocks, of_fleet=True),
    Check('queue', 'queue of orders', queue, of_fleet=True),
    Check('robots', 'robots that need a person', robots, of_fleet=True),
    Check('cameras', 'cameras', cameras, of_fleet=True),
    Check('processes', 'what processes say of themselves', processes, of_fleet=True),
)
