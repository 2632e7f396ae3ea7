# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The saga's table, pair by pair, and what its prose promises."""

from itertools import product
from pathlib import Path

import pytest
from robot_swarm_orch.coordinator import saga
from robot_swarm_orch.coordinator.saga import Event, next_state, RefusedEvent, State
from robot_swarm_orch.coordinator.saga_diagram import diagram, with_diagram
from robot_swarm_orch.types import CommandKind, OrderKind, Outcome

WALK = (
    (State.WAITING, Event.MOVE_ASSIGNED, State.TO_PICK),
    (State.TO_PICK, Event.STEP_DONE, State.AT_PICK),
    (State.AT_PICK, Event.PICK_SENT, State.PICKING),
    (State.PICKING, Event.STEP_DONE, State.TO_DROP),
    (State.TO_DROP, Event.STEP_DONE, State.AT_DROP),
    (State.AT_DROP, Event.DROP_SENT, State.DROPPING),
    (State.DROPPING, Event.STEP_DONE, State.LEG_DONE),
    (State.LEG_DONE, Event.NO_LEG_LEFT, State.DONE),
)


@pytest.mark.parametrize('state, event', list(product(State, Event)))
def test_every_pair_is_either_in_the_table_or_refused(state, event):
    if event in saga.TRANSITIONS[state]:
        assert next_state(state, event) is saga.TRANSITIONS[state][event]
    else:
        with pytest.raises(RefusedEvent):
            next_state(state, event)


def test_every_state_is_described():
    assert set(saga.TRANSITIONS) == set(State) == set(saga.PUBLIC)
    assert set(saga.STEPS) <= set(State)


@pytest.mark.parametrize('before, event, after', WALK)
def test_a_move_order_walks_through_its_steps(before, event, after):
    assert next_state(before, event) == after


def test_a_go_order_is_one_step():
    going = next_state(State.WAITING, saga.assigned_event(OrderKind.GO))
    assert going == State.GOING
    assert next_state(going, Event.STEP_DONE) == State.LEG_DONE


@pytest.mark.parametrize('state', (State.TO_PICK, State.AT_PICK, State.GOING))
def test_silence_before_the_pick_was_sent_gives_the_order_away(state):
    assert next_state(state, Event.SILENT) == State.WAITING


@pytest.mark.parametrize('state', (State.PICKING, State.TO_DROP, State.AT_DROP, State.DROPPING,
                                   State.PICK_IN_DOUBT, State.DROP_IN_DOUBT))
def test_silence_after_the_pick_was_sent_changes_nothing(state):
    with pytest.raises(RefusedEvent):
        next_state(state, Event.SILENT)


@pytest.mark.parametrize('state', (State.PICKING, State.TO_DROP, State.AT_DROP, State.DROPPING))
def test_clearing_the_robot_away_after_the_pick_was_sent_leaves_it_to_a_person(state):
    assert next_state(state, Event.CLEARED) in saga.IN_DOUBT


def test_only_a_person_ends_a_doubt():
    for state in saga.IN_DOUBT:
        leading_out = {event for event, after in saga.TRANSITIONS[state].items() if after != state}
        assert leading_out == {Event.HAPPENED, Event.DID_NOT_HAPPEN, Event.STRANDED}


def test_no_way_leads_from_a_sent_pick_to_a_second_one_without_a_word_on_the_first():
    """From PICKING on, AT_PICK is reached again only by an answer or a settlement."""
    silent = {Event.SILENT, Event.CLEARED, Event.MOVE_ASSIGNED, Event.GO_ASSIGNED,
              Event.PICK_SENT, Event.DROP_SENT, Event.GAVE_UP}
    reached, front = {State.PICKING}, [State.PICKING]
    while front:
        for event, after in saga.TRANSITIONS[front.pop()].items():
            if event in silent and after not in reached:
                reached.add(after)
                front.append(after)
    assert reached == {State.PICKING, State.PICK_IN_DOUBT}


@pytest.mark.parametrize('state', sorted(saga.ENDED))
def test_nothing_happens_to_an_ended_order(state):
    assert not saga.TRANSITIONS[state]


@pytest.mark.parametrize('kind, outcome, reason, event', (
    (CommandKind.GO, Outcome.DONE, '', Event.STEP_DONE),
    (CommandKind.GO, Outcome.FAILED, '', Event.STEP_FAILED),
    (CommandKind.GO, Outcome.REJECTED, 'no_route', Event.STEP_FAILED),
    (CommandKind.GO, Outcome.IN_DOUBT, '', Event.STEP_FAILED),
    (CommandKind.PICK, Outcome.DONE, '', Event.STEP_DONE),
    (CommandKind.PICK, Outcome.FAILED, 'not_happened', Event.STEP_FAILED),
    (CommandKind.PICK, Outcome.REJECTED, 'not_there', Event.NOT_STARTED),
    (CommandKind.PICK, Outcome.REJECTED, 'seen', Event.DOUBTED),
    (CommandKind.DROP, Outcome.IN_DOUBT, '', Event.DOUBTED)))
def test_a_robots_last_word_means(kind, outcome, reason, event):
    assert saga.answer_event(kind, outcome, reason) == event


def test_the_page_about_orders_shows_the_table():
    page = (Path(__file__).resolve().parents[2] / 'docs' / 'orders.md').read_text('utf-8')
    assert diagram() in page and with_diagram(page) == page, (
        'run python -m robot_swarm_orch.coordinator.saga_diagram docs/orders.md')


def test_the_page_about_orders_tells_every_public_state():
    page = (Path(__file__).resolve().parents[2] / 'docs' / 'orders.md').read_text('utf-8')
    rows = page.split('(TaskStatus) | States |\n')[1].split('\n\n')[0].splitlines()[1:]
    told = dict(row.strip('| ').split(' | ') for row in rows)
    transient = {State.LEG_DONE, State.SET_DOWN}
    for state, public in saga.PUBLIC.items():
        rows = [states for names, states in told.items() if public.name in names.split(', ')]
        assert len(rows) == 1
        assert state in transient or state.name in rows[0] or rows[0] == 'the same'
