# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Streets derived from occupancy grids: none nearer to anything than the robot's size."""

from math import cos, hypot, pi, sin

import cv2
from hypothesis import given, settings, strategies as st
from map_files import hall, saved
import numpy as np
import pytest
from robot_swarm_orch.errors import SiteError
from robot_swarm_orch.maps.occupancy import draw_floor, Floor, read_floor
from robot_swarm_orch.site import load_site

RADIUS_M, SPACING_M = 0.5, 1.2


def test_a_hall_becomes_a_site_around_its_racks(tmp_path):
    drawing = draw_floor(read_floor(saved(tmp_path, hall())), SPACING_M, RADIUS_M)
    site = load_site(drawing.mapping('hall', 0.4, 0.1))
    assert site.real_count > 80
    xs, ys = site.xy[:site.real_count].T
    # In pixels from the lower left corner, which is at the origin of the file.
    column, row = (xs + 3.0) / 0.1, 160 - (ys - 5.0) / 0.1
    assert column.min() > 2 and column.max() < 198 and row.min() > 2 and row.max() < 158
    inside = (column > 40) & (column < 160) & (((row > 40) & (row < 60))
                                               | ((row > 100) & (row < 120)))
    assert not inside.any()
    between = (column > 60) & (column < 140) & (row > 60) & (row < 100)
    assert between.any(), 'the aisle between the racks is used'


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2 ** 32 - 1), st.floats(-pi, pi))
def test_no_street_comes_nearer_to_anything_than_the_robots_size(seed, yaw_rad):
    rng = np.random.default_rng(seed)
    racks = [(x, y, x + w, y + h) for x, y, w, h in zip(
        rng.integers(0, 90, 4), rng.integers(0, 70, 4), rng.integers(2, 30, 4),
        rng.integers(2, 30, 4))]
    free = hall(100, 80, racks)
    origin = (1.0, 2.0, yaw_rad)
    try:
        drawing = draw_floor(Floor(free, 0.1, origin), SPACING_M, RADIUS_M)
    except SiteError as error:
        assert 'fits nowhere' in str(error)
        return
    blocked = np.argwhere(~free)
    centres = np.stack([(blocked[:, 1] + 0.5) * 0.1, (79.5 - blocked[:, 0]) * 0.1], axis=1)
    turn = np.array([[cos(yaw_rad), sin(yaw_rad)], [-sin(yaw_rad), cos(yaw_rad)]])
    for a, b in drawing.streets:
        ends = [turn @ (np.array(drawing.nodes[node]) - origin[:2]) for node in (a, b)]
        for part in np.linspace(0.0, 1.0, 7):
            at = ends[0] + part * (ends[1] - ends[0])
            # Half a diagonal less than to the middle of the nearest blocked pixel.
            gap_m = np.hypot(*(centres - at).T).min() - hypot(0.05, 0.05)
            assert gap_m > RADIUS_M - hypot(0.05, 0.05) - 1e-9


def test_unknown_pixels_are_not_driven_and_negate_turns_the_picture(tmp_path):
    free = hall()
    plain = read_floor(saved(tmp_path, free))
    assert not plain.free[0].any(), 'grey means unknown'
    assert read_floor(saved(tmp_path, ~free, negate=1)).free[80, 20]


def test_a_colour_image_with_transparent_parts_is_read(tmp_path):
    path = saved(tmp_path, hall(), 'hall.png')
    image = np.full((160, 200, 4), 255, dtype=np.uint8)
    image[:80, :, 3] = 0
    cv2.imwrite(str(tmp_path / 'hall.png'), image)
    floor = read_floor(path)
    assert floor.free[120].all() and not floor.free[40].any()


def test_where_the_robot_fits_nowhere_is_said():
    with pytest.raises(SiteError, match='fits nowhere'):
        draw_floor(Floor(np.ones((8, 8), dtype=bool), 0.1), 1.2, 0.6)


@pytest.mark.parametrize('keys, words', [
    ({'resolution': 0.0}, 'resolution is 0.0'), ({'resolution': 'fine'}, 'resolution is'),
    ({'origin': 'here'}, 'origin is'), ({'mode': 'raw'}, 'mode is'),
    ({'free_thresh': -1.0}, 'no pixel is free'), ({'image': 'gone.pgm'}, 'image of the map')])
def test_a_wrong_map_file_is_refused_with_file_and_key(tmp_path, keys, words):
    path = saved(tmp_path, hall(), **keys)
    with pytest.raises(SiteError, match=words):
        read_floor(path)


def test_a_file_that_is_no_image_is_refused(tmp_path):
    path = saved(tmp_path, hall())
    (tmp_path / 'hall.pgm').write_text('no image')
    with pytest.raises(SiteError, match='no image that OpenCV reads'):
        read_floor(path)
