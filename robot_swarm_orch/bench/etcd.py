# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
A three-node etcd on loopback, started and stopped by the benchmark, and its client.

The client speaks to etcd's own HTTP gateway (`/v3/kv/put`, `/v3/maintenance/status`) over
connections that stay open, with sockets of the standard library: what stands between the clock
and etcd is as little as in our own client. Writes go to the leader while one is known, since a
follower would only pass them on.

etcd counts an election timeout in heartbeats and draws it from [t, 2t) (etcd-io/etcd,
`raft/raft.go: resetRandomizedElectionTimeout`); it refuses a t below five heartbeats.
"""

import base64
from contextlib import suppress
import json
import os
from pathlib import Path
import selectors
import shutil
import socket
import time
from typing import Dict, List, Optional

from robot_swarm_orch.bench.group import (
    BenchFailed, Failover, MEMBERS, PATIENCE_S, RETRY_S, Timers)
from robot_swarm_orch.bringup import ProcessSpec
from robot_swarm_orch.config import check
from robot_swarm_orch.supervisor import Supervisor

HOST = '127.0.0.1'
PUT, STATUS = '/v3/kv/put', '/v3/maintenance/status'
_LOOK_S = 0.02
_VALUE = base64.b64encode(b'x' * 100).decode()


def find_etcd() -> Optional[str]:
    """Return the path of etcd's executable, None where it is not installed."""
    return shutil.which('etcd')


class Line:
    """One connection to a member: a request at a time."""

    def __init__(self, port: int):
        """Connect; raises OSError."""
        self.port = port
        self._socket = socket.create_connection((HOST, port), timeout=PATIENCE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._data = b''

    def fileno(self) -> int:
        """Return the socket's number, for `selectors`."""
        return self._socket.fileno()

    def send(self, path: str, body: dict) -> None:
        """Send a request."""
        content = json.dumps(body).encode()
        self._socket.sendall(b'POST %s HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s' % (
            path.encode(), HOST.encode(), len(content), content))

    def receive(self) -> Optional[tuple]:
        """Read what has come; return (status, answer) once it is whole. Raises OSError."""
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionResetError(f'the member on port {self.port} hung up')
        self._data += data
        head, parted, body = self._data.partition(b'\r\n\r\n')
        if not parted:
            return None
        length = next((int(line[15:]) for line in head.lower().split(b'\r\n')
                       if line.startswith(b'content-length:')), None)
        if length is None:
            raise ConnectionError(f'an answer without a length: {head[:200]!r}')
        if len(body) < length:
            return None
        self._data = body[length:]
        return int(head.split(None, 2)[1]), json.loads(body[:length])

    def call(self, path: str, body: dict) -> tuple:
        """Send a request and wait for its answer."""
        self.send(path, body)
        while True:
            answer = self.receive()
            if answer is not None:
                return answer

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


class EtcdGroup:
    """The group of three etcds; see `group.Group`."""

    name = 'etcd'

    def __init__(self, executable: str, folder: Path, timers: Timers):
        """Start nothing yet; raises ConfigError for timers that etcd would refuse."""
        check(timers.election_s >= 5 * timers.heartbeat_s,
              f'etcd wants an election timeout of at least five heartbeats, not '
              f'{timers.election_s:g} s at {timers.heartbeat_s:g} s')
        self._executable, self._folder, self._timers = executable, Path(folder), timers
        self._supervisor = None
        self._ports: Dict[str, int] = {}
        self._lines: Dict[int, List[Line]] = {}
        self._leader = self._leader_id = self._killed = None
        self._number = 0

    # -- processes ------------------------------------------------------------------------------

    def open(self) -> None:
        """Start a fresh group, and wait until one leads and all are in step."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        ports = _free_ports(2 * MEMBERS)
        names = [f'etcd_{number + 1}' for number in range(MEMBERS)]
        self._ports = dict(zip(names, ports))
        peers = dict(zip(names, ports[MEMBERS:]))
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith('ETCD')}
        self._supervisor = Supervisor(
            [ProcessSpec(name, 'etcd', '/', {}) for name in names], self._folder, environment,
            lambda spec, _: self._command(spec.name, peers))
        self._supervisor.start()
        self._wait_in_step(names, 0)

    def _command(self, name, peers):
        client, peer = (f'http://{HOST}:{table[name]}' for table in (self._ports, peers))
        return [
            self._executable, '--name', name, '--data-dir', str(self._folder / name),
            '--listen-client-urls', client, '--advertise-client-urls', client,
            '--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer,
            '--initial-cluster', ','.join(f'{other}=http://{HOST}:{port}'
                                          for other, port in peers.items()),
            '--initial-cluster-state', 'new', '--initial-cluster-token', 'swarm-bench',
            '--heartbeat-interval', str(round(1000 * self._timers.heartbeat_s)),
            '--election-timeout', str(round(1000 * self._timers.election_s)),
            '--logger', 'zap', '--log-level', 'error']

    def close(self) -> None:
        """Stop the processes."""
        self._hang_up()
        if self._supervisor is not None:
            self._supervisor.stop()
            self._supervisor = None

    def restore(self) -> None:
        """Start the killed member again, and wait until it has applied what the leader had."""
        _, status = self._status(self._leader)
        self._supervisor.start(self._killed)
        self._wait_in_step(list(self._ports), int(status['raftIndex']))

    def _wait_in_step(self, names, index):
        """Wait until all members follow one leader and have applied entry `index`."""
        end_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < end_s:
            self._supervisor.check()
            with suppress(OSError, KeyError, ValueError):
                answers = {name: self._status(name)[1] for name in names}
                leaders = {answer['leader'] for answer in answers.values()}
                if len(leaders) == 1 and all(
                        int(answer['raftAppliedIndex']) >= index for answer in answers.values()):
                    self._leader_id, = leaders
                    self._leader, = (
                        name for name, answer in answers.items()
                        if answer['header']['member_id'] == self._leader_id)
                    return
            time.sleep(_LOOK_S)
        raise BenchFailed(f'etcd was not in step within {PATIENCE_S:g} s; its logs are in '
                          f'{self._folder / "logs"}')

    # -- the client -----------------------------------------------------------------------------

    def write(self) -> None:
        """Put one key at the leader, and wait for the answer."""
        line = self._line(self._ports[self._leader])
        status, answer = line.call(PUT, self._put())
        if status != 200:
            raise BenchFailed(f'etcd refused a write: {answer}')
        self._lines[line.port].append(line)

    def write_many(self, count: int, at_once: int) -> None:
        """Put `count` keys over `at_once` connections."""
        port = self._ports[self._leader]
        lines = [self._line(port) for _ in range(at_once)]
        begun = done = 0
        with selectors.DefaultSelector() as selector:
            for line in lines[:count]:
                selector.register(line, selectors.EVENT_READ, line)
                line.send(PUT, self._put())
                begun += 1
            while done < count:
                for key, _ in selector.select():
                    answer = key.data.receive()
                    if answer is None:
                        continue
                    if answer[0] != 200:
                        raise BenchFailed(f'etcd refused a write: {answer[1]}')
                    done += 1
                    if begun < count:
                        key.data.send(PUT, self._put())
                        begun += 1
        self._lines[port] += lines

    def fail_over(self) -> Failover:
        """Kill the leader; ask the others for a write and for their leader, again and again."""
        survivors = [port for name, port in self._ports.items() if name != self._leader]
        before_id, self._killed = self._leader_id, self._leader
        body = self._put()
        killed_s = self._supervisor.kill(self._killed)
        seen, due_s = {}, killed_s
        with selectors.DefaultSelector() as selector:
            while len(seen) < 2:
                now_s = time.monotonic()
                if now_s - killed_s > PATIENCE_S:
                    raise BenchFailed(f'etcd had no new leader within {PATIENCE_S:g} s; its logs '
                                      f'are in {self._folder / "logs"}')
                if now_s >= due_s:
                    due_s += RETRY_S
                    for port in survivors:
                        self._ask(selector, port, 'write', PUT, body)
                        self._ask(selector, port, 'lead', STATUS, {})
                for key, _ in selector.select(max(0.0, due_s - time.monotonic())):
                    self._hear(selector, key.fileobj, key.data, before_id, seen)
            for key in list(selector.get_map().values()):
                key.fileobj.close()
        self._hang_up()
        self._wait_in_step([name for name in self._ports if name != self._killed], 0)
        return Failover(seen['write'] - killed_s, seen['lead'] - killed_s)

    def _ask(self, selector, port, what, path, body):
        """Hand a request to a free connection of a member."""
        with suppress(OSError):
            line = self._line(port)
            line.send(path, body)
            selector.register(line, selectors.EVENT_READ, what)

    def _hear(self, selector, line, what, before_id, seen):
        """Take in what came on a connection, and note the first time of each kind of news."""
        try:
            answer = line.receive()
        except OSError:
            selector.unregister(line)
            line.close()
            return
        if answer is None:
            return
        now_s = time.monotonic()
        status, content = answer
        if what == 'write' and status == 200:
            seen.setdefault('write', now_s)
        if what == 'lead' and content.get('leader', '0') not in ('0', before_id):
            seen.setdefault('lead', now_s)
        selector.unregister(line)
        self._lines[line.port].append(line)

    def _put(self) -> dict:
        """Return the next write: a new key, a value of the size of an order."""
        self._number += 1
        return {'key': base64.b64encode(f'o{self._number:08d}'.encode()).decode(),
                'value': _VALUE}

    def _status(self, name) -> tuple:
        """Return a member's word on itself; raises OSError while it is not there."""
        line = self._line(self._ports[name])
        try:
            answer = line.call(STATUS, {})
        except OSError:
            line.close()
            raise
        self._lines[line.port].append(line)
        return answer

    def _line(self, port) -> Line:
        """Return a free connection to a member."""
        free = self._lines.setdefault(port, [])
        return free.pop() if free else Line(port)

    def _hang_up(self):
        """Close all connections: those to a killed member are dead, others wait for nothing."""
        for lines in self._lines.values():
            for line in lines:
                line.close()
        self._lines.clear()


def _free_ports(count: int) -> List[int]:
    """Return ports of this machine that nobody uses now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind((HOST, 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
