# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""From image to verdict: encodings, shapes, hysteresis, frozen cameras, models that are none."""

from dataclasses import replace
from types import SimpleNamespace

from fake_session import FakeSession, METADATA
import numpy as np
import pytest

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.perception import check_lane, LaneModel, LaneWatch
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.types import Image, Motion, Odometry, Pose

CONFIG = RobotConfig(camera=True)


def model(session=None, clock=None):
    """Return a lane model on a fake session."""
    return LaneModel(session or FakeSession(), clock or (lambda: 0.0))


def image(value=100, encoding='rgb8', taken_s=1.0, rows=72, columns=96):
    """Return an image of one colour."""
    channels = {'mono8': (), 'rgba8': (4,), 'bgra8': (4,)}.get(encoding, (3,))
    return Image(np.full((rows, columns) + channels, value, np.uint8), encoding, taken_s)


def odometry(x=0.0, speed=1.0, yaw=0.0, taken_s=1.0):
    """Return where a robot is."""
    return Odometry(Pose(x, 0.0, yaw), Motion(speed, 0.0), taken_s)


class Eye:
    """A watch with a fake model; each look is a new image 0.1 s later."""

    def __init__(self, **changes):
        self.session = FakeSession()
        self.watch = LaneWatch(model(self.session), replace(CONFIG, **changes))
        self.now_s, self.number = 1.0, 0

    def look(self, blocked, same=False, **seen):
        """Look at one more image of which the model says `blocked`."""
        self.session.blocked = blocked
        self.now_s += 0.1
        self.number += not same
        return self.watch.look(image(self.number % 250, taken_s=self.now_s),
                               odometry(taken_s=self.now_s, **seen))


# -- models ---------------------------------------------------------------------------------------

def test_a_model_tells_its_name_and_the_lane_that_it_judges():
    known = model()
    assert (known.name, known.lane_length_m, known.rows, known.columns) == ('lane 7', 3.5, 72, 96)


@pytest.mark.parametrize('key', sorted(METADATA))
def test_a_model_without_metadata_is_refused_and_the_missing_word_named(key):
    metadata = {name: value for name, value in METADATA.items() if name != key}
    with pytest.raises(ConfigError, match=f'no metadata {key}'):
        model(FakeSession(metadata=metadata))


@pytest.mark.parametrize('key, value, word', [
    ('kind', 'detector', "kind 'detector'"), ('classes', 'cat,dog', 'cat,dog'),
    ('classes', 'blocked,clear', 'clear,blocked are needed'),
    ('lane_length_m', 'long', "lane_length_m 'long'"), ('lane_length_m', '-1', 'no length'),
    ('lane_length_m', 'nan', 'no length')])
def test_a_model_for_something_else_is_refused(key, value, word):
    with pytest.raises(ConfigError, match=word):
        model(FakeSession(metadata={**METADATA, key: value}))


@pytest.mark.parametrize('shape, kind', [
    ([1, 72, 96, 3], 'tensor(float)'), ([1, 3, 72, 96], 'tensor(uint8)'),
    (['batch', 72, 96, 3], 'tensor(uint8)'), ([1, 72, 96], 'tensor(uint8)')])
def test_a_model_with_other_inputs_is_refused(shape, kind):
    inputs = [SimpleNamespace(name='image', shape=shape, type=kind)]
    with pytest.raises(ConfigError, match='one input, uint8'):
        model(FakeSession(inputs=inputs))


def test_a_model_with_other_outputs_is_refused():
    outputs = [SimpleNamespace(name='boxes', shape=[1, 5], type='tensor(float)')]
    with pytest.raises(ConfigError, match='one output of shape'):
        model(FakeSession(outputs=outputs))


def test_a_model_that_says_no_probability_is_an_error():
    session = FakeSession()
    known = model(session)
    session.blocked = float('nan')
    with pytest.raises(ConfigError, match='no probability'):
        known.blocked_probability(image())


def test_a_lane_too_short_to_stop_in_is_refused_with_the_way_out():
    check_lane(3.5, CONFIG)
    with pytest.raises(ConfigError, match='lower speed_mps'):
        check_lane(2.5, CONFIG)
    with pytest.raises(ConfigError, match='lower speed_mps'):
        LaneWatch(model(), replace(CONFIG, speed_mps=3.0))


# -- images ---------------------------------------------------------------------------------------

COLOURS = {'rgb8': (10, 100, 200), 'bgr8': (200, 100, 10), 'rgba8': (10, 100, 200, 7),
           'bgra8': (200, 100, 10, 7)}


@pytest.mark.parametrize('encoding', sorted(COLOURS))
@pytest.mark.parametrize('rows, columns', [(72, 96), (480, 640), (36, 48)])
def test_every_encoding_and_size_arrives_as_rgb_of_the_models_size(encoding, rows, columns):
    session = FakeSession()
    pixels = np.empty((rows, columns, len(COLOURS[encoding])), np.uint8)
    pixels[:] = COLOURS[encoding]
    model(session).blocked_probability(Image(pixels, encoding, 0.0))
    assert session.seen.shape == (1, 72, 96, 3)
    assert (session.seen == (10, 100, 200)).all()


def test_grey_images_become_grey_colours():
    session = FakeSession()
    model(session).blocked_probability(image(50, 'mono8', rows=144, columns=192))
    assert (session.seen == 50).all()


def test_an_image_of_another_shape_keeps_its_shape_between_grey_bars():
    session = FakeSession()
    known = model(session)
    known.blocked_probability(image(250, rows=72, columns=72))
    assert (session.seen[0, :, 12:84] == 250).all()
    assert (session.seen[0, :, :12] == 114).all() and (session.seen[0, :, 84:] == 114).all()
    known.blocked_probability(image(30, rows=48, columns=96))
    assert (session.seen[0, 12:60] == 30).all() and (session.seen[0, :12] == 114).all()


def test_left_stays_left():
    session = FakeSession()
    pixels = np.zeros((144, 192, 3), np.uint8)
    pixels[:72, :96] = 255
    model(session).blocked_probability(Image(pixels, 'rgb8', 0.0))
    assert (session.seen[0, :35, :47] == 255).all() and (session.seen[0, 37:] == 0).all()
    assert (session.seen[0, :, 49:] == 0).all()


def test_the_time_that_the_model_took_is_known():
    ticks = iter(range(100))
    known = model(clock=lambda: 0.5 * next(ticks))
    known.blocked_probability(image())
    assert known.inference_s == 0.5


# -- verdicts -------------------------------------------------------------------------------------

def test_one_image_blocks_nothing_and_two_do():
    eye = Eye()
    assert not eye.look(0.1).blocked
    assert not eye.look(0.9).blocked
    assert eye.look(0.9).blocked


def test_a_blocked_lane_is_clear_again_after_three_images_in_a_row():
    eye = Eye()
    verdicts = [eye.look(sure).blocked
                for sure in (0.9, 0.9, 0.1, 0.1, 0.9, 0.1, 0.1, 0.1, 0.1)]
    assert verdicts == [False, True, True, True, True, True, True, False, False]


def test_between_the_two_thresholds_the_verdict_stays():
    eye = Eye()
    assert [eye.look(0.4).blocked for _ in range(4)] == [False] * 4
    eye.look(0.5), eye.look(0.5)
    assert [eye.look(0.4).blocked for _ in range(4)] == [True] * 4


def test_the_place_where_the_lane_was_clear_moves_on_with_clear_images_only():
    eye = Eye()
    assert eye.look(0.1, x=1.0).clear_at.x_m == 1.0
    assert eye.look(0.9, x=1.1).clear_at.x_m == 1.0
    assert eye.look(0.1, x=1.2).clear_at.x_m == 1.2
    assert [eye.look(0.9, x=x).clear_at.x_m for x in (1.3, 1.4, 1.5)] == [1.2] * 3
    # One clear image of a blocked lane is none yet.
    assert [eye.look(0.1, x=x).clear_at.x_m for x in (1.5, 1.6, 1.7)] == [1.2, 1.2, 1.7]


def test_an_image_older_than_odometry_was_taken_further_back():
    watch = LaneWatch(model(), CONFIG)
    sight = watch.look(image(taken_s=1.0), odometry(x=5.0, speed=1.5, taken_s=1.2))
    assert sight.clear_at.x_m == pytest.approx(4.7)


def test_without_a_pose_no_place_is_known_to_be_clear():
    watch = LaneWatch(model(), CONFIG)
    assert watch.look(image(), None).clear_at is None


# -- frozen cameras -------------------------------------------------------------------------------

def test_a_camera_that_repeats_itself_while_the_robot_moves_is_frozen():
    eye = Eye()
    eye.look(0.1)
    assert [eye.look(0.1, same=True).frozen for _ in range(5)] == [False] * 4 + [True]


def test_equal_images_of_a_standing_robot_are_no_frozen_camera():
    eye = Eye()
    assert not any(eye.look(0.1, same=True, speed=0.0).frozen for _ in range(50))


def test_a_frozen_camera_stays_so_at_rest_until_another_image_comes():
    eye = Eye()
    for _ in range(6):
        eye.look(0.1, same=True)
    assert eye.look(0.1, same=True, speed=0.0).frozen
    assert not eye.look(0.1, speed=0.0).frozen


def test_a_frozen_camera_shows_no_place_clear():
    eye = Eye()
    for _ in range(6):
        last = eye.look(0.1, same=True, x=1.0)
    assert last.frozen and eye.look(0.1, same=True, x=2.0).clear_at.x_m == 1.0
