# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The RViz configuration and the Foxglove layout show the topics that the viz node publishes."""

import json
from pathlib import Path
import re

import pytest
from robot_swarm_orch.bringup import default_site_file, rviz_config
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.site import load_site
from robot_swarm_orch.types import Mode
from robot_swarm_orch.viz.picture import MAP_ALPHA
from robot_swarm_orch.viz.roadmap import roadmap
import yaml

CONFIG = Path(__file__).resolve().parents[2] / 'config'
SHOWN = {'Map': topics.MAP, 'Roadmap': topics.ROADMAP, 'Fleet': topics.MARKERS}
# Names that rviz_default_plugins/plugins_description.xml registers, by what they are used for.
DISPLAYS = {'Map': 'rviz_default_plugins/Map', 'Roadmap': 'rviz_default_plugins/MarkerArray',
            'Fleet': 'rviz_default_plugins/MarkerArray'}
TOOLS = {'rviz_default_plugins/MoveCamera', 'rviz_default_plugins/Select',
         'rviz_default_plugins/FocusCamera', 'rviz_default_plugins/Measure'}
PANELS = {'rviz_common/Displays', 'rviz_common/Views'}


@pytest.fixture(scope='module')
def rviz():
    """Return config/fleet.rviz."""
    return yaml.safe_load((CONFIG / 'fleet.rviz').read_text(encoding='utf-8'))


@pytest.fixture(scope='module')
def site():
    """Return the site that both files show."""
    return load_site(default_site_file())


def displays(rviz):
    """Return the displays by name."""
    return {display['Name']: display for display in rviz['Visualization Manager']['Displays']}


def test_rviz_has_a_display_of_the_right_class_for_each_topic(rviz):
    assert {name: display['Class'] for name, display in displays(rviz).items()} == DISPLAYS
    assert all(display['Enabled'] and display['Value'] for display in displays(rviz).values())
    manager = rviz['Visualization Manager']
    assert {tool['Class'] for tool in manager['Tools']} <= TOOLS
    assert {panel['Class'] for panel in rviz['Panels']} <= PANELS


@pytest.mark.parametrize('name', sorted(SHOWN))
def test_rviz_listens_to_the_topics_of_the_table_and_asks_for_what_they_offer(rviz, site, name):
    shown, topic = displays(rviz)[name]['Topic'], SHOWN[name]
    assert shown['Value'] == topic.name(site=site.name)
    assert shown['Durability Policy'] == ('Transient Local' if topic.qos.latched else 'Volatile')
    assert topic.qos.reliable and shown['Reliability Policy'] == 'Reliable'
    assert shown['History Policy'] == 'Keep Last'


def test_rviz_looks_down_on_the_whole_demo_warehouse(rviz, site):
    manager = rviz['Visualization Manager']
    assert manager['Global Options']['Fixed Frame'] == 'map'
    view = manager['Views']['Current']
    assert view['Class'] == 'rviz_default_plugins/TopDownOrtho' and view['Angle'] == 0
    x0, y0, x1, y1 = site.bounds
    window = rviz['Window Geometry']
    half_x_m = 0.5 * (window['Width'] - 300) / view['Scale']  # the panels take some 300 pixels
    half_y_m = 0.5 * (window['Height'] - 60) / view['Scale']
    assert view['X'] - half_x_m < x0 and x1 < view['X'] + half_x_m
    assert view['Y'] - half_y_m < y0 and y1 + 6.0 < view['Y'] + half_y_m, 'the banner is above'
    assert displays(rviz)['Map']['Alpha'] == MAP_ALPHA


def test_rviz_names_the_namespaces_that_are_drawn(rviz, site):
    """One that is misspelt here would never be switched off."""
    drawn = {shape.namespace for shape in roadmap(site).shapes}
    assert set(displays(rviz)['Roadmap']['Namespaces']) == drawn
    sources = ''.join((CONFIG.parent / 'robot_swarm_orch' / 'viz' / f'{name}.py').read_text()
                      for name in ('robot_shapes', 'fleet_shapes'))
    for namespace in displays(rviz)['Fleet']['Namespaces']:
        assert re.search(rf"'{namespace}'", sources), namespace


def test_a_configuration_for_another_site_has_its_topics(tmp_path):
    path = rviz_config('north', tmp_path / 'rviz')
    text = Path(path).read_text(encoding='utf-8')
    assert 'warehouse/' not in text and text.count('Value: /fleet/north/') == 4
    yaml.safe_load(text)


def test_a_configuration_for_another_site_looks_down_on_all_of_it(tmp_path, rviz, site):
    path = tmp_path / 'long.yaml'
    path.write_text('name: long\nnodes: {a: [-300, 10], b: [500, 10]}\nedges: [[a, b]]\n')
    view, same = (
        yaml.safe_load(Path(rviz_config('north', tmp_path, str(file))).read_text())[
            'Visualization Manager']['Views']['Current'] for file in (path, default_site_file()))
    assert (view['X'], view['Y']) == (100.0, 13.0)
    assert 800.0 < 1280 / view['Scale'] < 810.0
    usual = rviz['Visualization Manager']['Views']['Current']
    for name in ('X', 'Y', 'Scale'):
        assert same[name] == pytest.approx(usual[name], rel=0.05), 'as the file itself has it'


def test_foxglove_shows_the_same_topics_from_above(site, rviz):
    layout = json.loads((CONFIG / 'fleet_foxglove.json').read_text(encoding='utf-8'))
    panel = layout['configById']['3D!fleet']
    assert set(panel['topics']) == {topic.name(site=site.name) for topic in SHOWN.values()}
    assert all(shown['visible'] for shown in panel['topics'].values())
    camera, view = panel['cameraState'], rviz['Visualization Manager']['Views']['Current']
    assert panel['followTf'] == 'map' and camera['phi'] == 0 and not camera['perspective']
    assert camera['targetOffset'] == [view['X'], view['Y'], 0]
    off = {name for name, on in displays(rviz)['Roadmap']['Namespaces'].items() if not on}
    assert set(panel['topics'][topics.ROADMAP.name(site=site.name)]['namespaces']) == off
    status = layout['configById']['RawMessages!status']['topicPath']
    assert status == topics.FLEET_STATUS.name(site=site.name)
    assert layout['configById']['DiagnosticSummary!health']['topicToRender'] == \
        topics.DIAGNOSTICS.template
    assert _panels(layout['layout']) == set(layout['configById'])


def _panels(part) -> set:
    """Return the panels that a layout places."""
    return {part} if isinstance(part, str) else _panels(part['first']) | _panels(part['second'])


def test_every_mode_has_a_colour():
    from robot_swarm_orch.viz.shapes import MODES
    assert set(MODES) == set(Mode)
