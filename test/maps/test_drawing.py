# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Drawings: moved as a rigid body, named by people's rules, written as a site file that loads."""

from math import degrees, hypot

from hypothesis import given, strategies as st
import pytest
from robot_swarm_orch.maps.drawing import Drawing, read_rule, site_text, Transform
from robot_swarm_orch.site import load_site
import yaml

finite = st.floats(-1e3, 1e3)


def square(racks=()):
    """Return a one-way square with a two-way spur."""
    return Drawing({'a': (0, 0), 'b': (2, 0), 'c': (2, 2), 'd': (0, 2), 'e': (4, 0)},
                   {('a', 'b'), ('b', 'c'), ('c', 'd'), ('d', 'a'), ('b', 'e'), ('e', 'b')},
                   {'dock_1': ('station', 'c')}, list(racks))


@given(finite, finite, st.floats(-3.0, 3.0), st.floats(0.01, 50.0), finite, finite, finite, finite)
def test_a_transform_keeps_shapes_and_scales_lengths(x0, y0, yaw_rad, scale, ax, ay, bx, by):
    transform = Transform.parse(f'{x0},{y0},{degrees(yaw_rad)},{scale}')
    (px, py), (qx, qy) = transform.apply(ax, ay), transform.apply(bx, by)
    assert hypot(px - qx, py - qy) == pytest.approx(scale * hypot(ax - bx, ay - by), abs=1e-6)
    assert transform.apply(0.0, 0.0) == pytest.approx((x0, y0))


def test_a_quarter_turn_takes_east_to_north():
    assert Transform.parse('1,2,90').apply(3.0, 0.0) == pytest.approx((1.0, 5.0))
    assert Transform.parse('1,2').apply(3.0, 0.0) == (4.0, 2.0)


@pytest.mark.parametrize('text', ['1', '1,2,3,4,5', 'a,b', '1,2,3,0', 'nan,0', ''])
def test_what_is_no_transform_is_refused(text):
    with pytest.raises(ValueError):
        Transform.parse(text)


def test_racks_stay_if_they_stay_parallel_to_the_axes():
    drawing = square(racks=[(0.5, 0.5, 1.5, 1.0)])
    assert drawing.moved(Transform.parse('0,0,90')).racks == [
        pytest.approx((-1.0, 0.5, -0.5, 1.5))]
    turned = drawing.moved(Transform.parse('0,0,30'))
    assert turned.racks == [] and '1 racks are left out' in turned.remarks[0]


def test_the_first_rule_that_fits_gives_the_kind():
    rules = [read_rule('dock_*=storage'), read_rule('*_1=parking'), read_rule('e=charger')]
    assert square().named(rules).places == {'dock_1': ('storage', 'c'), 'e': ('charger', 'e')}
    for text in ('dock', 'dock=shop', '=parking'):
        with pytest.raises(ValueError):
            read_rule(text)


@pytest.mark.parametrize('odd', [
    '1', 'no', 'a: b', '#x', '~', 'Südtor 3', "it's", '"', '1e3', 'a\nb: 1'])
def test_a_written_site_file_loads_whatever_the_names(odd):
    drawing = square()
    drawing.nodes = {odd if name == 'e' else name: at for name, at in drawing.nodes.items()}
    drawing.streets = {tuple(odd if name == 'e' else name for name in street)
                       for street in drawing.streets}
    mapping = drawing.mapping('north', 0.5, 0.1)
    text = site_text(mapping, ['made by\na test'])
    assert text.startswith('# made by a test\nname: north  # ')
    told = yaml.safe_load(text)
    assert {str(key) for key in told['nodes']} == set(drawing.nodes)
    assert load_site(told).hash == load_site(mapping).hash
