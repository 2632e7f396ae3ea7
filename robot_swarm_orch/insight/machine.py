# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Reads what `swarm doctor` wants to know of this machine: ports, interfaces, memory, disk."""

from dataclasses import dataclass, field
import os
from pathlib import Path
import socket
import tempfile
from time import perf_counter
from typing import Callable, Dict, Iterable, Mapping, Optional, Tuple

import psutil

# RTPS's well-known ports (OMG DDSI-RTPS 2.5, section 9.6.1.1).
PORT_BASE, DOMAIN_GAIN, PARTICIPANT_GAIN, OWN_OFFSET = 7400, 250, 2, 10
DOMAINS = 101
SEGMENTS = ('fastrtps_', 'fastdds_')
_PROFILES = ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE')
_ECHO_GROUP, _ECHO_WAIT_S = '239.255.0.1', 0.2


@dataclass(frozen=True)
class Interface:
    """A network interface; `echo` says whether multicast sent on it came back, None: not tried."""

    name: str
    is_up: bool
    is_loopback: bool
    has_multicast: bool
    echo: Optional[bool] = None


@dataclass(frozen=True)
class Machine:
    """This machine; participants: how many DDS participants run here, by domain."""

    domain: int
    environment: Mapping[str, str] = field(default_factory=dict)
    participants: Mapping[int, int] = field(default_factory=dict)
    interfaces: Tuple[Interface, ...] = ()
    shm_free_bytes: Optional[int] = None
    leftovers: Tuple[str, ...] = ()
    data_dir: str = ''
    sync_times_s: Tuple[float, ...] = ()
    disk_error: str = ''
    missing_profiles: Tuple[str, ...] = ()

    @property
    def has_profile(self) -> bool:
        """Return whether a profile decides how Fast DDS finds its peers."""
        return any(self.environment.get(name) for name in _PROFILES)


def read_machine(domain: int, data_dir: str, echo: bool = True) -> Machine:
    """Look at this machine; takes a fraction of a second."""
    environment = {name: value for name, value in os.environ.items()
                   if name.startswith(('ROS_', 'RMW_', 'FASTDDS_', 'FASTRTPS_'))}
    try:
        times, error = sync_times_s(Path(data_dir)), ''
    except OSError as problem:
        times, error = (), problem.strerror or str(problem)
    shm = Path('/dev/shm')
    free = psutil.disk_usage(str(shm)).free if shm.is_dir() else None
    return Machine(
        domain, environment, participants_by_domain(udp_ports()), interfaces(echo), free,
        leftover_segments(shm), data_dir, times, error,
        tuple(sorted({environment[name] for name in _PROFILES if environment.get(name)
                      and not Path(environment[name]).is_file()})))


def udp_ports(proc: Path = Path('/proc/net')) -> set:
    """Return the UDP ports in use on this machine (Linux)."""
    ports = set()
    for name in ('udp', 'udp6'):
        try:
            lines = (proc / name).read_text().splitlines()[1:]
        except OSError:
            continue
        ports.update(int(line.split()[1].rsplit(':', 1)[1], 16) for line in lines)
    return ports


def participants_by_domain(ports: Iterable[int]) -> Dict[int, int]:
    """
    Return how many DDS participants have their pair of unicast ports here, by domain.

    Participant p of domain d has 7400 + 250 d + 10 + 2 p for discovery and the next one for data;
    a port alone may be anybody's.
    """
    ports, counts = set(ports), {}
    for port in ports:
        domain, offset = divmod(port - PORT_BASE, DOMAIN_GAIN)
        if (0 <= domain <= DOMAINS and offset >= OWN_OFFSET
                and (offset - OWN_OFFSET) % PARTICIPANT_GAIN == 0 and port + 1 in ports):
            counts[domain] = counts.get(domain, 0) + 1
    return counts


def interfaces(echo: bool = True) -> Tuple[Interface, ...]:
    """Return the network interfaces; with `echo`, multicast is tried on each but the loopback."""
    addresses, result = psutil.net_if_addrs(), []
    for name, stats in sorted(psutil.net_if_stats().items()):
        flags = getattr(stats, 'flags', '').split(',')
        ipv4 = [item.address for item in addresses.get(name, ())
                if item.family == socket.AF_INET]
        loopback = 'loopback' in flags or any(a.startswith('127.') for a in ipv4)
        heard = None
        if echo and stats.isup and ipv4 and not loopback:
            heard = multicast_echo(ipv4[0])
        result.append(Interface(name, stats.isup, loopback, 'multicast' in flags, heard))
    return tuple(result)


def multicast_echo(address: str) -> bool:
    """Return whether a datagram sent to ROS's multicast group by an interface comes back."""
    word = os.urandom(16)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth:
        try:
            ear.bind(('', 0))
            ear.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                           socket.inet_aton(_ECHO_GROUP) + socket.inet_aton(address))
            ear.settimeout(_ECHO_WAIT_S)
            mouth.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                             socket.inet_aton(address))
            mouth.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 0)
            mouth.sendto(word, (_ECHO_GROUP, ear.getsockname()[1]))
            return ear.recv(64) == word
        except OSError:
            return False


def leftover_segments(folder: Path, proc: Path = Path('/proc')) -> Tuple[str, ...]:
    """
    Return this user's shared-memory segments of Fast DDS that no process maps.

    Whoever maps them runs as the same user as a rule, so processes of others are left out.
    """
    if not folder.is_dir():
        return ()
    user, names = os.getuid(), []
    for path in sorted(folder.iterdir()):
        # Lock files and semaphores go with their segment.
        if path.name.startswith(SEGMENTS) and not path.name.endswith('_el'):
            if user in (0, path.stat().st_uid):
                names.append(path.name)
    if not names:
        return ()
    mapped = set()
    for maps in proc.glob('[0-9]*/maps'):
        try:
            text = maps.read_text()
        except OSError:  # it has ended, or belongs to somebody else
            continue
        mapped.update(line.rsplit('/', 1)[1] for line in text.splitlines()
                      if f'{folder}/' in line)
    return tuple(name for name in names if name not in mapped)


def sync_times_s(folder: Path, count: int = 50, size: int = 512,
                 sync: Callable[[int], None] = os.fdatasync) -> Tuple[float, ...]:
    """
    Return how long each of `count` appended records took to be safe on disk [s].

    The file is removed again. Raises OSError when the folder cannot be written.
    """
    times, record = [], bytes(size)
    with tempfile.NamedTemporaryFile(dir=folder, prefix='.swarm_doctor_') as file:
        number = file.fileno()
        for _ in range(count):
            began = perf_counter()
            os.write(number, record)
            sync(number)
            times.append(perf_counter() - began)
    return tuple(times)
