# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What has become of an order, which robot has it, why that one, and why it does not get on."""

from robot_swarm_orch.insight.causes import Cause, no_lease, some
from robot_swarm_orch.insight.picture import Picture
from robot_swarm_orch.insight.why import Answer, chain, sentence, unheard
from robot_swarm_orch.orders import AT_WORK, CAN_TAKE, NO_PLACE, NO_ROBOT
from robot_swarm_orch.types import OrderState

_UNDER_WAY = {
    OrderState.ASSIGNED: 'is assigned to', OrderState.PICKING: 'is being picked up by',
    OrderState.CARRYING: 'is carried by', OrderState.DROPPING: 'is being set down by',
    OrderState.WORKING: 'is being worked on by',
    OrderState.SETTING_DOWN: 'is being put back, or where another robot can fetch it, by'}


def explain_order(picture: Picture, order_id: str) -> Answer:
    """Return what has become of an order, and why."""
    status = picture.statuses.get(order_id)
    if status is None:
        return _answer(order_id, _unanswered(picture, order_id))
    if status.state in _UNDER_WAY and status.robot:
        return _under_way(picture, status)
    if status.state == OrderState.ACCEPTED:
        return _answer(order_id, _waiting(picture, status))
    return _answer(order_id, _at_its_end(status))


def unknown_subject(picture: Picture, subject: str) -> Answer:
    """Return that an id is neither a robot's nor an order's."""
    return _answer(subject, Cause(
        'unknown', subject, f'is unknown on site {picture.site_id}: neither a robot nor an order '
        'of this id is known', '', f'check the id (robots: {some(picture.robots())}), the site id '
        'and the ROS domain; a robot that is new here is enrolled with the service '
        f'/fleet/{picture.site_id}/operate'))


def _answer(order_id, cause):
    return Answer(order_id, sentence((cause,)), (cause,))


def _name(order_id):
    return f'order {order_id}'


def _unanswered(picture, order_id):
    """Return why nobody told anything about an order."""
    if picture.lease is None and picture.view is None:
        why, remedy = no_lease(picture)
        return Cause('no_leader', _name(order_id), f'cannot be asked about: {why}', '', remedy)
    return Cause('no_answer', _name(order_id), 'was asked about, but the leader has not answered '
                 f'within {picture.listened_s:.0f} s', '', 'ask again')


def _at_its_end(status):
    """Return what is to be said of an order that nobody works on."""
    name, why = _name(status.order_id), f': {status.reason}' if status.reason else ''
    chosen = f' ({status.reason})' if status.reason else ''
    if status.state == OrderState.DONE:
        return Cause('done', name, f'is done, carried out by {status.robot}{chosen}')
    if status.state == OrderState.FAILED:
        return Cause('failed', name, f'has failed{why}', '',
                     'mend the cause and hand it in anew, under another id')
    if status.state == OrderState.CANCELLED:
        return Cause('cancelled', name, f'was cancelled{why}')
    if status.state == OrderState.SPLIT:
        return Cause('split', name, f'is carried out in {status.legs} parts, of which '
                     f'{status.leg} have ended', '', f'ask about them: `swarm why '
                     f'{status.order_id}.p1` to `.p{status.legs}`')
    if status.state == OrderState.IN_DOUBT:
        by = f' of {status.robot}' if status.robot else ''
        return Cause('in_doubt', name, 'is in doubt: nobody can tell whether the pick or drop'
                     f'{by} took place{chosen}', '', 'look where the load is and settle it '
                     f'(`swarm why {status.robot or "ROBOT"}` gives the call)')
    if status.state == OrderState.REFUSED:
        return Cause('refused', name, f'was refused{why}', '', 'mend it and hand it in again')
    return Cause('unknown', name, 'is unknown: it was never accepted here, or ended long ago', '',
                 'check the id; to hand it in again does no harm')


def _under_way(picture, status):
    """Return who carries an order out, why that robot, and why it stands if it does."""
    chosen = f' ({status.reason})' if status.reason else ''
    first = Cause(status.state.name.lower(), _name(status.order_id),
                  f'{_UNDER_WAY[status.state]} {status.robot}{chosen}', '', '', -1, status.robot)
    causes, ring = chain(picture, status.robot)
    told = sentence(causes, ring)[len(status.robot) + 1:]
    joint = ', which ' if not ring else '; the robot '
    causes = (first, *causes)
    return Answer(status.order_id, f'{first.who} {first.text}{joint}{told}', causes,
                  unheard(picture, causes[1:]))


def _waiting(picture, status):
    """Return why no robot has an order yet."""
    name, view = _name(status.order_id), picture.view
    if status.reason.startswith(NO_PLACE):
        return Cause('no_place', name, status.reason, '', 'empty the place, or say that it is '
                     'empty with `swarm vacate`')
    why, told = _leaders_word(status.reason)
    again = f' again ({why})' if why else ''
    start = f'waits{again}'
    if picture.lease is None:
        why, remedy = no_lease(picture)
        return Cause('no_leader', name, f'{start}: {why}', '', remedy)
    if view is not None and view.emergency_stop:
        return Cause('emergency', name, f'{start}: the whole fleet is under an emergency stop',
                     '', 'when all is safe, release it with `swarm estop --release`')
    queue = '' if view is None or view.orders_waiting < 2 else (
        f'; {view.orders_waiting} orders wait in all')
    if told.endswith(CAN_TAKE):
        return Cause('soon', name, f'{start}: {told}{queue}; the most urgent and the nearest are '
                     'paired within a second')
    if not told:
        return Cause('waits', name, f'{start}: for a robot{queue}')
    bars = told[len(NO_ROBOT):].split(', ')
    only_work = all(bar.endswith(AT_WORK) for bar in bars)
    return Cause('no_robot', name, f'{start}: {told}{queue}', '', '' if only_work else
                 'ask `swarm why` about the robots that do not work')


def _leaders_word(reason):
    """Return (why an order waits again, the leader's word on who could take it) of a reason."""
    if reason.endswith(CAN_TAKE):
        why, _, count = reason.rpartition('; ')
        return why, count
    why, found, bars = reason.partition(NO_ROBOT)
    return why.removesuffix('; '), found + bars
