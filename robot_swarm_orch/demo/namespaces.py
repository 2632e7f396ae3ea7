# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
A network for a fleet's processes alone, whose links can be cut (Linux, network_namespaces(7)).

The command itself moves into a new network namespace, the floor: robots, simulation and client
live there. Each coordinator gets another one, joined to a bridge on the floor by a pair of veth
interfaces. The machine's own interfaces are neither used nor seen. Nothing needs to be removed:
the kernel ends a namespace, with all that is in it, when its last process ends, however it ends.

A link is cut by taking its end on the bridge down. One way is cut by a false hardware address: who
may not reach somebody is told that they have one that nobody has (`ip neigh`), so its packets end
nowhere; unlike a firewall that needs no kernel module.
"""

import os
from pathlib import Path
import shutil
import subprocess
import sys
import time
from typing import Dict, List, Mapping, Tuple

from robot_swarm_orch.bringup import one_host_environment
from robot_swarm_orch.demo.timeline import CUT, DEAF, MUTE, SPLIT
from robot_swarm_orch.errors import InvariantError, SwarmError
from robot_swarm_orch.supervisor import module_command, TETHER

BRIDGE, LINK = 'swarm-floor', 'swarm-link'
FLOOR_ADDRESS = '10.77.0.1'
NOBODY = '02:00:00:00:00:01'  # a locally administered hardware address that nobody has
_TOOLS = ('ip', 'nsenter', 'unshare')
_ENTERED = 'SWARM_CHAOS_NAMESPACE_OF'  # names the process that has moved
_FIRST_HOST = 11  # last byte of the first coordinator's address
_WAIT_S = 5.0


class NetworkError(SwarmError):
    """The kernel refused a step of building or cutting the network; the message says which."""


def why_not() -> str:
    """Return why this machine has no network namespaces for us, '' if it has."""
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        return f'{", ".join(missing)} not found (packages util-linux and iproute2)'
    tried = subprocess.run(
        [*_unshare(), 'sh', '-c', f'ip link add {BRIDGE} type bridge && ip link add swarm-a '
         f'type veth peer name swarm-b && ip link set swarm-a master {BRIDGE}'],
        capture_output=True, text=True, check=False)
    words = ' '.join((tried.stderr or tried.stdout).split())
    return '' if tried.returncode == 0 else words or f'unshare ended with {tried.returncode}'


def enter(arguments: List[str]) -> None:
    """
    Move this process into a network namespace: it becomes `swarm` with the same arguments.

    Returns at once in the process that has moved already.
    """
    if os.environ.get(_ENTERED) == str(os.getpid()):
        return
    environment = {**os.environ, _ENTERED: str(os.getpid())}
    command = [*_unshare(), sys.executable, '-m', 'robot_swarm_orch.cli', *arguments]
    os.execvpe(command[0], command, environment)


def _unshare() -> List[str]:
    """Return how to run a command in a new network namespace; others than root own users too."""
    return ['unshare', *(['--map-root-user'] if os.geteuid() else []), '--net', '--']


class Network:
    """The floor, and a namespace for each coordinator. Use it as a context."""

    def __init__(self, coordinators: Tuple[str, ...]):
        """Build it around this process, which has to be in a namespace of its own."""
        if os.environ.get(_ENTERED) != str(os.getpid()):
            raise InvariantError("the network would be built among the machine's own interfaces")
        self._coordinators = coordinators
        self._address: Dict[str, str] = {}
        self._holders: Dict[str, subprocess.Popen] = {}
        self._lies: Dict[str, list] = {}  # coordinator -> (who was lied to, about which address)

    def __enter__(self):
        """Build the bridge and the namespaces; raises NetworkError."""
        _ip('link', 'set', 'lo', 'up')
        _ip('link', 'add', BRIDGE, 'type', 'bridge', 'mcast_snooping', '0')
        _ip('addr', 'add', f'{FLOOR_ADDRESS}/24', 'dev', BRIDGE)
        _ip('link', 'set', BRIDGE, 'up')
        try:
            for node_id in self._coordinators:
                self.join(node_id)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        """End the namespaces."""
        for holder in self._holders.values():
            holder.kill()
            holder.wait()
        self._holders.clear()

    def join(self, node_id: str) -> None:
        """Give a coordinator a namespace, kept by a sleeping process, and a link to the floor."""
        address = f'10.77.0.{_FIRST_HOST + len(self._address)}'
        holder = subprocess.Popen(
            [sys.executable, '-I', '-S', TETHER, str(os.getpid()), 'unshare', '--net', '--',
             'sleep', 'infinity'], stdin=subprocess.DEVNULL)
        self._holders[node_id] = holder
        until_s = time.monotonic() + _WAIT_S
        while _namespace(holder.pid) in ('', _namespace(os.getpid())):
            if holder.poll() is not None or time.monotonic() > until_s:
                raise NetworkError(f'no network namespace for coordinator {node_id}')
            time.sleep(0.01)
        _ip('link', 'add', f'swarm-{node_id}', 'type', 'veth', 'peer', 'name', LINK, 'netns',
            str(holder.pid))
        _ip('link', 'set', f'swarm-{node_id}', 'master', BRIDGE, 'up')
        self._address[node_id] = address
        self._ip_of(node_id, 'addr', 'add', f'{address}/24', 'dev', LINK)
        self._ip_of(node_id, 'link', 'set', LINK, 'up')
        self._ip_of(node_id, 'link', 'set', 'lo', 'up')

    # -- for the fleet --------------------------------------------------------------------------

    def command(self, spec, parameter_file: str) -> List[str]:
        """Return the command that runs a process of the fleet where it belongs."""
        holder = self._holders.get(spec.parameters.get('node_id'))
        command = module_command(spec, parameter_file)
        if spec.executable != 'coordinator_node' or holder is None:
            return command
        return ['nsenter', f'--net=/proc/{holder.pid}/ns/net', '--', *command]

    @staticmethod
    def environment(environment: Mapping[str, str], domain: int) -> Dict[str, str]:
        """Return the environment of all processes."""
        return one_host_environment(environment, domain, apart=True)

    # -- for faults -----------------------------------------------------------------------------

    def cut(self, kind: str, node_id: str) -> None:
        """Cut a coordinator off in one of the ways of `timeline.NETWORK_KINDS`."""
        if kind == CUT:
            _ip('link', 'set', f'swarm-{node_id}', 'down')
            return
        others = [other for other in self._address if other != node_id]
        ways = {SPLIT: [(other, node_id) for other in others]
                + [(node_id, other) for other in others],
                MUTE: [(node_id, other) for other in (*others, '')],
                DEAF: [(other, node_id) for other in (*others, '')]}[kind]
        for here, there in ways:
            address = self._address.get(there, FLOOR_ADDRESS)
            self._ip_of(here, 'neigh', 'replace', address, 'lladdr', NOBODY, 'dev',
                        LINK if here else BRIDGE, 'nud', 'permanent')
            self._lies.setdefault(node_id, []).append((here, address))

    def heal(self, node_id: str) -> None:
        """Mend all that was cut of a coordinator's links."""
        _ip('link', 'set', f'swarm-{node_id}', 'up')
        for here, address in self._lies.pop(node_id, ()):
            self._ip_of(here, 'neigh', 'del', address, 'dev', LINK if here else BRIDGE)

    def _ip_of(self, node_id: str, *words: str) -> None:
        """Run `ip` in a coordinator's namespace, '' is the floor."""
        if not node_id:
            _ip(*words)
            return
        _run(['nsenter', f'--net=/proc/{self._holders[node_id].pid}/ns/net', '--', 'ip', *words])


def _ip(*words: str) -> None:
    _run(['ip', *words])


def _run(command: List[str]) -> None:
    """Run a command; raises NetworkError with what it said."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NetworkError(f'{" ".join(command)}: {" ".join(done.stderr.split())}')


def _namespace(pid: int) -> str:
    """Return the name of a process's network namespace, '' when it has just ended."""
    try:
        return os.readlink(Path(f'/proc/{pid}/ns/net'))
    except OSError:
        return ''
