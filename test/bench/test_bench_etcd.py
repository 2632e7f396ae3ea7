# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The client and the group of etcd, and a short run of the whole benchmark."""

from pathlib import Path
import socket
import threading

import pytest
from robot_swarm_orch.bench.etcd import EtcdGroup, find_etcd, HOST, Line, PUT
from robot_swarm_orch.bench.group import Timers
from robot_swarm_orch.errors import ConfigError


@pytest.fixture
def line():
    """Return a connection and the other end of it."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        made = Line(listener.getsockname()[1])
        other, _ = listener.accept()
    yield made, other
    made.close()
    other.close()


def test_an_answer_that_comes_in_pieces_is_put_together(line):
    ours, theirs = line
    ours.send(PUT, {'key': 'a'})
    assert theirs.recv(1000).startswith(b'POST /v3/kv/put HTTP/1.1\r\n')
    whole = b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"a": 17}'
    for number in range(len(whole) - 1):
        theirs.sendall(whole[number:number + 1])
        assert ours.receive() is None
    theirs.sendall(whole[-1:])
    assert ours.receive() == (200, {'a': 17})


def test_a_refusal_keeps_its_status_and_a_hang_up_is_an_error(line):
    ours, theirs = line
    theirs.sendall(b'HTTP/1.1 503 No\r\ncontent-length: 2\r\n\r\n{}')
    assert ours.receive() == (503, {})
    theirs.close()
    with pytest.raises(OSError):
        ours.receive()


def test_timers_that_etcd_would_refuse_are_refused_before_it_is_started(tmp_path):
    with pytest.raises(ConfigError, match='five heartbeats'):
        EtcdGroup('etcd', tmp_path, Timers(heartbeat_s=0.05, election_s=0.15))


@pytest.mark.skipif(not find_etcd(), reason='etcd is not installed (Debian: etcd-server)')
def test_a_killed_leader_of_etcd_is_replaced_and_comes_back(tmp_path):
    group = EtcdGroup(find_etcd(), Path(tmp_path), Timers())
    try:
        group.open()
        group.write()
        group.write_many(20, 4)
        trial = group.fail_over()
        assert 0.05 < trial.write_s < 10.0 and 0.05 < trial.lead_s < 10.0
        group.restore()
        group.write()
    finally:
        group.close()
    assert threading.active_count() < 50
