# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A picture shows what is on the stage, where it is, and nothing that was removed."""

from dataclasses import replace
from pathlib import Path
import sys

import cv2
import numpy as np
import pytest
from robot_swarm_orch.types import Mode
from robot_swarm_orch.viz.picture import draw, extent
from robot_swarm_orch.viz.roadmap import occupancy, roadmap
from robot_swarm_orch.viz.scene import Scene
from robot_swarm_orch.viz.shapes import Drawing, Kind, MODES, Shape
from robot_swarm_orch.viz.stage import Stage

pytest.importorskip('matplotlib', reason='pictures need matplotlib')
sys.path.insert(0, str(Path(__file__).parent))
from viz_values import NODE, report, SITE  # noqa: E402,I100


def blobs(path, color, tolerance=12):
    """Return the centres [pixels] of the connected areas of a colour in a file."""
    image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB).astype(int)
    wanted = np.array([round(255 * part) for part in color[:3]])
    mask = (abs(image - wanted).max(axis=2) <= tolerance).astype(np.uint8)
    _, _, stats, centres = cv2.connectedComponentsWithStats(mask)
    return [tuple(centre) for centre, stat in zip(centres[1:], stats[1:])
            if stat[cv2.CC_STAT_AREA] > 50]


def test_a_picture_shows_each_robot_where_it_is(tmp_path):
    scene = Scene(SITE)
    for number, at in enumerate('abdfh'):
        scene.hear(0.0, report(f'r{number}', at, goal=NODE['c']))
    stage, still = Stage(), Stage()
    still.apply(0.0, roadmap(SITE))
    stage.apply(0.0, scene.draw(0.0))
    shapes = still.shapes(0.0) + [
        shape for shape in stage.shapes(0.0) if shape.namespace == 'robot']
    bounds = (-2.0, -2.0, 12.0, 5.0)
    path = tmp_path / 'fleet.png'
    draw(shapes, occupancy(SITE, 0.25), path, 1400, bounds)
    image = cv2.imread(str(path))
    assert image.shape == (700, 1400, 3)
    found = sorted((round(x / 100.0 - 2.0, 1), round(5.0 - y / 100.0, 1))
                   for x, y in blobs(path, MODES[Mode.AUTOMATIC]))
    expected = sorted(tuple(SITE.xy[NODE[at]].tolist()) for at in 'abdfh')
    assert np.array(found) == pytest.approx(np.array(expected), abs=0.11)


def test_every_kind_of_shape_can_be_drawn(tmp_path):
    color = (0.8, 0.1, 0.1, 1.0)
    line = ((0.0, 0.0, 0.1), (2.0, 0.0, 0.1))
    shapes = [
        Shape('s', kind, kind, (1.0, 0.5, 0.4), color, (1.0, 2.0 * order, 0.1), 0.4,
              tuple((x, 2.0 * order, z) for x, _, z in line)
              if kind in (Kind.LINE_LIST, Kind.LINE_STRIP, Kind.DOTS) else (),
              'word' if kind == Kind.TEXT else '')
        for order, kind in enumerate(Kind)]
    path = tmp_path / 'kinds.png'
    draw(shapes, None, path, 800, (-1.0, -1.0, 3.0, 2.0 * len(Kind)))
    image = cv2.imread(str(path)).astype(int)
    rows = image.shape[0] / (2.0 * len(Kind) + 1.0)
    for order, kind in enumerate(Kind):
        row = round(image.shape[0] - rows * (2.0 * order + 1.0))
        strip = image[row - 12:row + 12]
        assert ((strip[:, :, 2] > 150) & (strip[:, :, 1] < 100)).sum() > 40, kind.name


def test_the_picture_holds_all_that_there_is_unless_told_otherwise():
    shapes = roadmap(SITE).shapes
    x0, y0, x1, y1 = extent(shapes, None)
    assert x0 < 0.0 and y0 < 0.0 and x1 > 10.0 and y1 > 3.0


def test_a_stage_keeps_the_newest_of_each_name_until_it_is_removed_or_expires():
    scene = Scene(SITE)
    scene.hear(0.0, report('r001', 'a'))
    drawing = scene.draw(0.0)
    stage = Stage()
    stage.apply(0.0, drawing, 2.0)
    count = len(drawing.shapes)
    moved = replace(drawing.shapes[0], color=(0.0, 0.0, 0.0, 1.0))
    stage.apply(1.0, Drawing((moved,), (drawing.shapes[1].name,)), 2.0)
    assert len(stage.shapes(1.0)) == count - 1 and moved in stage.shapes(1.0)
    assert stage.shapes(2.5) == [moved], 'the others were not said again'
    stage.apply(2.6, Drawing(drawing.shapes, clear=True))
    assert len(stage.shapes(1e9)) == count, 'without a lifetime they stay'
    stage.apply(2.7, Drawing((), clear=True))
    assert stage.shapes(2.7) == []


def test_lower_shapes_are_drawn_first():
    stage = Stage()
    scene = Scene(SITE)
    scene.hear(0.0, report('r001', 'a', 'ab', emergency_stop=True))
    stage.apply(0.0, scene.draw(0.0))
    order = [shape.namespace for shape in stage.shapes(0.0)]
    for lower, higher in (('zone', 'base'), ('base', 'alarm'), ('alarm', 'robot'),
                          ('robot', 'heading'), ('heading', 'label'), ('label', 'alarm_text')):
        assert order.index(lower) < order.index(higher)
