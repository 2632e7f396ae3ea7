# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The simulated cameras take turns within their budget, and their absence is said once."""

import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='rclpy is not installed')
pytest.importorskip('robot_swarm_orch.msg', reason='the messages are not built')

from robot_swarm_orch.metrics import Metrics  # noqa: E402
from robot_swarm_orch.nodes import camera_feed  # noqa: E402
from robot_swarm_orch.sim.cameras import Camera, NoPicture  # noqa: E402

PATIENCE_S = 10.0


class FakeCamera:
    """Draws a grey picture at once."""

    def __init__(self, site, **_):
        pass

    def picture(self, pose, view):
        return np.full((72, 96, 3), 50, np.uint8)

    def close(self):
        pass


class Host:
    """What a CameraFeed needs of its node."""

    def __init__(self, deaf=()):
        self.sent, self.warnings = [], []
        self.site, self.metrics = None, Metrics()
        self.endpoints = SimpleNamespace(outlet=lambda node, topic: SimpleNamespace(
            listeners=node not in deaf, send=lambda msg: self.sent.append(msg)))

    def get_logger(self):
        return SimpleNamespace(warning=self.warnings.append, error=self.warnings.append)


def world(count):
    """Return what a feed asks of a world."""
    return SimpleNamespace(
        x=np.zeros(count), y=np.zeros(count), yaw=np.zeros(count), time_s=0.0, obstacles=(),
        load=lambda index: SimpleNamespace(carrying=False))


def wait(holds):
    """Wait for another thread."""
    end_s = time.monotonic() + PATIENCE_S
    while not holds() and time.monotonic() < end_s:
        time.sleep(0.001)
    assert holds()


def run_feed(host, robots, frames_per_s, seconds):
    """Offer a frame in each step of 20 ms."""
    feed = camera_feed.CameraFeed(host, [(name, name) for name in robots], frames_per_s, 1)
    for step in range(round(seconds / 0.02)):
        feed.offer(world(len(robots)), 5_000_000_000 + step, 1.0 + 0.02 * step)
        wait(lambda: feed._job is None or not feed.works)
    feed.close()
    return feed


def test_robots_take_turns_within_the_budget(monkeypatch):
    monkeypatch.setattr(camera_feed, 'Camera', FakeCamera)
    host = Host()
    run_feed(host, ('r1', 'r2', 'r3'), 10.0, 3.0)
    frames = [msg.header.frame_id for msg in host.sent]
    assert 27 <= len(frames) <= 32
    assert frames[:4] == ['r1/camera', 'r2/camera', 'r3/camera', 'r1/camera']
    assert (host.sent[0].height, host.sent[0].width, host.sent[0].encoding) == (72, 96, 'rgb8')
    assert host.sent[0].header.stamp.sec == 5


def test_nothing_is_drawn_for_robots_whose_images_nobody_hears(monkeypatch):
    monkeypatch.setattr(camera_feed, 'Camera', FakeCamera)
    host = Host(deaf=('r1', 'r3'))
    run_feed(host, ('r1', 'r2', 'r3'), 10.0, 1.0)
    assert {msg.header.frame_id for msg in host.sent} == {'r2/camera'}


def test_without_opengl_the_simulation_says_so_once_and_goes_on(monkeypatch):
    def fail(site, **_):
        raise NoPicture('no pictures: apt install libosmesa6')
    monkeypatch.setattr(camera_feed, 'Camera', fail)
    host = Host()
    feed = run_feed(host, ('r1',), 10.0, 1.0)
    assert not feed.works and not host.sent
    assert len(host.warnings) == 1 and 'without cameras' in host.warnings[0]


def test_without_mujoco_the_way_to_get_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'mujoco', None)
    with pytest.raises(NoPicture, match='pip install mujoco.*libosmesa6'):
        Camera(None)
