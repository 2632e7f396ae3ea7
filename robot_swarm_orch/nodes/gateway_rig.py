# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What the gateway's benchmarks share: a fleet with gateways as processes, keys, and a load process.

Needs an environment that keeps DDS on this machine (`bringup.one_host_environment`).
"""

import asyncio
from dataclasses import replace
import gc
import json
import multiprocessing
import os
from pathlib import Path
import shutil
import socket
import time
from typing import Dict, List, Tuple
from urllib.error import URLError
from urllib.request import Request, urlopen

from robot_swarm_orch.bench.gateway import hand_in, Load
from robot_swarm_orch.bench.group import BenchFailed
from robot_swarm_orch.bringup import FleetPlan, gateway_process, processes
from robot_swarm_orch.gateway.keys import add_to_set, make_key
from robot_swarm_orch.gateway.tokens import issue
from robot_swarm_orch.supervisor import Supervisor

HOST = '127.0.0.1'
PER_CLIENT = 10  # streams that one client may have open at a gateway as it is
ENOUGH = 1_000_000  # the benchmark's orders must wait, not be refused
_START_S, _ANSWER_S = 180.0, 60.0
UNLIMITED = {
    'requests_per_s': 1e6, 'requests_burst': ENOUGH, 'in_flight_max': 10_000,
    'connections_max': 10_000, 'connections_per_address_max': 10_000,
    'orders_pending_max': 100_000}


class Rig:
    """
    A fleet's processes with a gateway or more, from `__enter__` to `__exit__`.

    gateways: the parameters of each; the first is `gateway`, the others `gateway_2`, ...
    """

    def __init__(self, plan: FleetPlan, folder: Path, gateways: List[dict]):
        """Write parameters and keys; start nothing yet."""
        shutil.rmtree(folder / 'run', ignore_errors=True)
        self.plan, self._key = plan, make_key('bench', 'EdDSA')
        keys_file = folder / 'run' / 'keys.json'
        add_to_set(keys_file, self._key)
        self.ports = free_ports(len(gateways))
        specs = processes(plan)
        for number, (port, parameters) in enumerate(zip(self.ports, gateways), 1):
            spec = gateway_process(replace(plan, gateway_parameters={
                'port': port, 'keys_file': str(keys_file), **parameters}))
            specs += (replace(spec, name='gateway' if number == 1 else f'gateway_{number}'),)
        self.supervisor = Supervisor(specs, folder / 'run', dict(os.environ))

    def __enter__(self):
        """Start all processes."""
        self.supervisor.start()
        return self

    def __exit__(self, *_):
        """Stop them."""
        self.supervisor.stop()

    def token(self, subject: str, role: str = 'operator') -> str:
        """Return a token that is good for the whole benchmark: it is checked but once."""
        return issue(self._key, subject, role, 'swarm', self.plan.site_id, 3600.0, time.time())

    def listeners(self, websockets: int, server_sent: int = 0) -> List[Tuple[bool, str]]:
        """Return who shall listen: (whether on a WebSocket, token), as `Audience` takes them."""
        count = websockets + server_sent
        tokens = [self.token(f'screen{number}', 'viewer')
                  for number in range(-(-count // PER_CLIENT))]
        return [(number < websockets, tokens[number // PER_CLIENT]) for number in range(count)]

    def wait_until_ready(self) -> None:
        """Wait until all gateways hear a leader; raises BenchFailed."""
        end_s = time.monotonic() + _START_S
        while any(get(port, '/health/ready')[0] != 200 for port in self.ports):
            if time.monotonic() > end_s:
                raise BenchFailed(f'the gateways were not ready within {_START_S:g} s')
            self.supervisor.check()
            time.sleep(0.1)

    def cores(self, before: Dict[str, object], wall_s: float) -> Dict[str, float]:
        """Return how many cores each process took since `before` (`Supervisor.usage`)."""
        after = self.supervisor.usage()
        return {name: round((after[name].cpu_s - before[name].cpu_s) / wall_s, 3)
                for name in after}


class LoadProcess:
    """Orders over HTTP from a process of their own; `result` waits for its end."""

    def __init__(self, port: int, token: str, bodies: list, options):
        """Begin at once. options: as `bench.gateway.hand_in` takes them."""
        spawn = multiprocessing.get_context('spawn')
        self._pipe, theirs = spawn.Pipe(duplex=False)
        self._process = spawn.Process(target=_load, args=(theirs, port, token, bodies, options),
                                      daemon=True)
        self._process.start()

    def wait_until_begun(self) -> float:
        """Return when the first order was due [s, steady clock]."""
        return self._receive(_ANSWER_S)

    def result(self, for_s: float) -> Load:
        """Return what came of the load; raises BenchFailed if it takes longer than told."""
        load = self._receive(for_s + _ANSWER_S)
        self.end()
        return load

    def end(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.join()

    def _receive(self, for_s):
        if not self._pipe.poll(for_s):
            raise BenchFailed('the process that hands orders in does not answer')
        try:
            return self._pipe.recv()
        except EOFError as error:
            raise BenchFailed('the process that hands orders in has ended') from error


def _load(pipe, port, token, bodies, options):
    """Be the process of a load."""
    gc.freeze()
    pipe.send(time.monotonic())
    pipe.send(asyncio.run(hand_in(HOST, port, token, iter(bodies), options)))


def free_ports(count: int) -> List[int]:
    """Return ports that nobody has."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((HOST, 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def get(port: int, path: str, token: str = ''):
    """Return (status, content) of a GET; (0, None) when nobody listens."""
    headers = {'Authorization': f'Bearer {token}'} if token else {}
    try:
        with urlopen(Request(f'http://{HOST}:{port}{path}', headers=headers), timeout=5.0) as told:
            return told.status, json.load(told)
    except (URLError, OSError) as error:
        return getattr(error, 'code', 0), None
