# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A robot with its camera on a street, in a circle: it sees, slows, stops, and drives on."""

from dataclasses import replace
from math import hypot, inf
from time import perf_counter

from edge_rig import grid_site, line_site, Rig
from fake_session import FakeSession
import numpy as np
import pytest

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.perception import LaneModel, LaneWatch
from robot_swarm_orch.sim.cameras import Camera, NoPicture, View
from robot_swarm_orch.sim.obstacles import Lane, lane_is_blocked, Obstacle
from robot_swarm_orch.types import CommandKind, Image, Pose, Reason

CONFIG = RobotConfig(scan_required=False, camera=True, camera_required=True)


class Street:
    """A robot on a straight street, a camera at 10 Hz, and what lies there."""

    def __init__(self, config=CONFIG, session=None, camera=None, site=None):
        self.session, self.camera = session, camera
        if camera is not None:
            onnx_runtime = pytest.importorskip('robot_swarm_orch.onnx_runtime')
            session = onnx_runtime.open_session(onnx_runtime.LANE_MODEL)
        self.watch = LaneWatch(LaneModel(session, perf_counter), config)
        self.rig, self.things, self.sight = Rig(site or line_site(), config, 0), (), None
        self.sees, self.repeats, self.picture = True, False, None
        self.fastest, self.reasons, self.lowest_gap = 0.0, [], inf

    def step(self):
        """Run one control period."""
        base = self.rig.base
        pose = Pose(base.x, base.y, base.yaw)
        if self.sees:
            if not (self.repeats and self.picture is not None):
                self.picture = self._picture(pose)
            self.sight = self.watch.look(Image(self.picture, 'rgb8', base.now_s), base.odometry)
        self.rig.tick(sight=self.sight)
        self.fastest = max(self.fastest, base.v)
        self.lowest_gap = min([self.lowest_gap] + [
            hypot(base.x - thing.x_m, base.y - thing.y_m) - thing.radius_m
            for thing in self.things])
        reason = self.rig.agent.safety.reason
        if not self.reasons or self.reasons[-1] != reason:
            self.reasons.append(reason)

    def _picture(self, pose):
        """Return what the camera sees; without one, noise, and the fake model knows the truth."""
        if self.camera is not None:
            return self.camera.picture(pose, View((), self.things))
        self.session.blocked = 0.9 if lane_is_blocked(pose, self.things, Lane()) else 0.1
        number = round(self.rig.base.now_s * 10)
        return np.full((72, 96, 3), number % 256, np.uint8)

    def run(self, seconds, until=lambda: False):
        """Run for a while; return the seconds until a condition held, inf if it never did."""
        start = self.rig.base.now_s
        while self.rig.base.now_s < start + seconds:
            self.step()
            if until():
                return self.rig.base.now_s - start
        return inf

    def drive(self, node):
        """Join, then send the robot to a node."""
        self.run(1.0)
        self.rig.send(CommandKind.GO, node)

    @property
    def stands(self):
        return self.rig.base.v < 0.01


def check_stop_and_go(street):
    """Check that a pallet stops the robot short of it, and that it arrives once that is gone."""
    pallet = Obstacle(12.0, 0.0, 0.5)
    street.things = (pallet,)
    street.drive(10)
    assert street.run(30.0, lambda: street.rig.base.x > 3.0) < inf
    assert street.run(30.0, lambda: street.stands) < inf
    street.run(3.0)
    gap = pallet.x_m - pallet.radius_m - CONFIG.footprint_radius_m - street.rig.base.x
    assert 0.1 < gap < 3.0, f'stands {gap:.2f} m before the pallet'
    assert street.rig.agent.safety.reason == Reason.DETECTION
    assert street.fastest > 1.4 and not street.rig.acks[-1:] == []
    street.things = ()
    assert street.run(40.0, lambda: abs(street.rig.base.x - 20.0) < 0.1) < inf
    return gap


def test_a_blocked_lane_stops_the_robot_and_a_cleared_one_lets_it_go_on():
    check_stop_and_go(Street(session=FakeSession()))


def test_the_same_with_the_real_model_and_drawn_pictures():
    try:
        camera = Camera(line_site())
    except NoPicture as error:
        pytest.skip(str(error)[:200])
    check_stop_and_go(Street(camera=camera))
    camera.close()


def test_a_robot_that_stands_before_a_blocked_lane_takes_another_way_after_a_while():
    street = Street(session=FakeSession(), site=grid_site())
    street.things = (Obstacle(3.0, 0.0, 0.5),)
    street.drive(4)
    assert street.run(60.0, lambda: abs(street.rig.base.x - 8.0) < 0.1
                      and abs(street.rig.base.y) < 0.1) < inf
    assert Reason.DETECTION in street.reasons
    assert street.lowest_gap > CONFIG.footprint_radius_m


def test_a_required_camera_that_falls_silent_stops_the_robot_until_it_speaks_again():
    street = Street(session=FakeSession())
    street.drive(10)
    street.run(30.0, lambda: street.rig.base.x > 4.0)
    street.sees = False
    took = street.run(5.0, lambda: street.stands)
    assert took <= CONFIG.camera_stale_s + CONFIG.speed_mps / CONFIG.brake_mps2 + 0.3
    assert street.rig.agent.safety.reason == Reason.STALE_CAMERA
    street.sees = True
    assert street.run(40.0, lambda: abs(street.rig.base.x - 20.0) < 0.1) < inf


def test_a_camera_that_freezes_is_found_out_and_named():
    street = Street(session=FakeSession())
    street.drive(10)
    street.run(30.0, lambda: street.rig.base.x > 4.0)
    street.repeats = True
    assert street.run(5.0, lambda: street.stands) < 3.0
    assert street.rig.agent.safety.reason == Reason.STALE_CAMERA
    street.repeats = False
    assert street.run(40.0, lambda: abs(street.rig.base.x - 20.0) < 0.1) < inf


def test_an_optional_camera_that_falls_silent_stops_nobody():
    street = Street(replace(CONFIG, camera_required=False), session=FakeSession())
    street.drive(10)
    street.run(30.0, lambda: street.rig.base.x > 4.0)
    street.sees = False
    assert street.run(40.0, lambda: abs(street.rig.base.x - 20.0) < 0.1) < inf
    assert Reason.STALE_CAMERA not in street.reasons
