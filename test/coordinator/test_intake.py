# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The door for orders: a field that is missing, or that a kind does not use, is named."""

from dataclasses import replace

from coordinator_bench import ring_site
import pytest
from robot_swarm_orch.coordinator.intake import why_refused
from robot_swarm_orch.types import Leg, Order, OrderKind

SITE = ring_site(more={'shelf_3': 'charger'}.items())
FULL = {OrderKind.MOVE: {'pick': 'shelf_0', 'drop': 'shelf_1', 'alternates': ('shelf_2',)},
        OrderKind.GO: {'drop': 'shelf_1'}, OrderKind.INSPECT: {'places': ('shelf_0', 'shelf_1')},
        OrderKind.CHARGE: {'drop': 'shelf_3'}, OrderKind.PARK: {'drop': 'park_0'},
        OrderKind.SEQUENCE: {'legs': (Leg(OrderKind.GO, drop='shelf_1'),)}}
"""For each kind of order all fields that it takes."""

EVERY = {'pick': 'shelf_0', 'drop': 'shelf_1', 'alternates': ('shelf_2',),
         'places': ('shelf_0',), 'legs': FULL[OrderKind.SEQUENCE]['legs']}


def an_order(kind, **fields):
    """Return an order of a kind."""
    return Order('o', 't', kind, **{'pick': '', 'drop': '', **fields})


def test_an_order_of_each_kind_with_all_that_it_takes_is_let_in():
    for kind, fields in FULL.items():
        assert why_refused(an_order(kind, **fields), SITE) == ''
    assert why_refused(an_order(OrderKind.CHARGE), SITE) == ''


@pytest.mark.parametrize('kind, field, words', [
    (OrderKind.MOVE, 'pick', 'a move needs a pick'),
    (OrderKind.MOVE, 'drop', 'a move needs a drop'),
    (OrderKind.GO, 'drop', 'a go needs a drop'), (OrderKind.PARK, 'drop', 'a park needs a drop'),
    (OrderKind.INSPECT, 'places', 'an inspect needs 1 to 1000 places'),
    (OrderKind.SEQUENCE, 'legs', 'a sequence needs legs')])
def test_a_field_that_is_missing_is_named(kind, field, words):
    fields = {name: value for name, value in FULL[kind].items() if name != field}
    assert why_refused(an_order(kind, **fields), SITE) == words
    if kind != OrderKind.SEQUENCE:
        sequence = an_order(OrderKind.SEQUENCE, legs=(Leg(kind, **fields),))
        assert why_refused(sequence, SITE) == f'leg 0: {words}'


@pytest.mark.parametrize('kind', FULL)
def test_a_field_that_a_kind_does_not_use_is_refused_and_not_dropped(kind):
    for name in EVERY.keys() - FULL[kind].keys():
        order = an_order(kind, **{**FULL[kind], name: EVERY[name]})
        why_not = why_refused(order, SITE)
        assert f'{kind.name.lower()} takes no {name}: leave ' in why_not
        if kind != OrderKind.SEQUENCE and name != 'legs':
            leg = replace(Leg(kind), **{**FULL[kind], name: EVERY[name]})
            assert why_refused(an_order(OrderKind.SEQUENCE, legs=(leg,)),
                               SITE) == f'leg 0: {why_not}'


def test_the_refusal_names_the_kind_that_was_meant():
    assert why_refused(an_order(OrderKind.GO, drop='shelf_1', pick='shelf_0'), SITE) == (
        'a go takes no pick: leave it out, or order a move')
    assert why_refused(an_order(OrderKind.PARK, drop='park_0', places=('shelf_0',)), SITE) == (
        'a park takes no places: leave them out, or order an inspect')


def test_a_place_without_a_name_is_refused_as_such():
    assert why_refused(an_order(OrderKind.INSPECT, places=('shelf_0', '')), SITE) == (
        'a place has no name')
