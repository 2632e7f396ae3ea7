# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The nearest cause of what one robot does: a function for each reason that its limiter can give.

`Cause.kind` is the word for programs; docs/why.md lists all of them, with what to do.
"""

from dataclasses import dataclass
from typing import Optional, Tuple

from robot_swarm_orch.insight.picture import Picture, Wait
from robot_swarm_orch.types import GrantStatus, Mode, Reason, Report

# Slower than this a robot stands [m/s].
STILL_MPS = 0.02
# A robot that was not heard for this long is silent [s]: it reports five times a second.
SILENT_S = 1.5
_NAMED_MAX = 6


@dataclass(frozen=True)
class Cause:
    """
    One link of the chain.

    `who` is the robot (or order) that it is about and `text` is said behind its name; `link` is
    said behind `which` when another waits for it. `holder` is whom the chain goes on to.
    `remedy` is what a person must do, '' when nothing.
    """

    kind: str
    who: str
    text: str
    link: str = ''
    remedy: str = ''
    node: int = -1
    holder: str = ''


def cause_of(picture: Picture, robot: str) -> Cause:
    """Return the nearest cause of what a robot does now."""
    report = picture.reports.get(robot)
    if report is None and not picture.is_known(robot):
        return _unknown(picture, robot)
    if report is None or picture.report_ages_s.get(robot, 0.0) > SILENT_S:
        return _silent(picture, robot)
    if has_twin(picture.boots.get(robot, ())):
        return Cause('twins', robot, 'stands: two programs report under this one name', '',
                     'give one of the two robots a name of its own and restart it')
    rule = _RULES.get(report.safety)
    if rule is not None:
        return rule(picture, report)
    return _at_work(picture, report)


def has_twin(boots) -> bool:
    """Return whether boot ids, each change noted once, come from two programs at once."""
    return len(boots) > len(set(boots))


# -- who was not heard ---------------------------------------------------------------------------

def _unknown(picture, robot):
    return Cause(
        'unknown', robot,
        f'is unknown on site {picture.site_id}: no leader has it enrolled, and no report of it '
        f'was heard within {picture.listened_s:.0f} s', '',
        f'check its name (known: {some(picture.robots())}), site id and ROS domain, or enrol it '
        f'({_operate(picture, 1, robot, "node: NODE")})')


def _silent(picture, robot):
    """Return why nothing is heard of a robot, as far as it can be told."""
    age_s = picture.silent_s.get(robot)
    if age_s is None:
        age_s = picture.report_ages_s.get(robot)
    for_s = f'at least {picture.listened_s:.0f} s' if age_s is None else f'{age_s:.0f} s'
    safety = picture.safeties.get(robot)
    if safety is not None and safety.reason == Reason.INACTIVE and safety.detail:
        return Cause('halted', robot, f'stands: its program failed ({safety.detail})', '',
                     'restart its edge node, and report the fault with its log')
    if safety is not None and safety.reason == Reason.STALE_ODOM:
        return Cause('stale_odom', robot, f'is silent for {for_s}: it has no odometry'
                     f'{_detail(safety)}, so it knows no place to report', '', _ODOM_REMEDY)
    mode = picture.mode_in_view(robot)
    if age_s is None and mode not in (None, Mode.UNKNOWN, Mode.LOST):
        return Cause('unheard', robot, f'is heard by the leader ({mode.name}), but was not heard '
                     f'here within {picture.listened_s:.0f} s: ask again')
    lost = mode == Mode.LOST
    held = ' and counts as lost; it keeps its nodes' if lost else ''
    return Cause(
        'silent', robot, f'is silent for {for_s}{held}', '',
        'look after its power, its network and its edge node; if it was taken away, clear it '
        f'({_operate(picture, 2, robot)})')


def _operate(picture, verb, robot, more=''):
    """Return the service call of an operator's act."""
    fields = f'verb: {verb}, robot_id: {robot}' + (f', {more}' if more else '')
    return (f'`ros2 service call /fleet/{picture.site_id}/operate robot_swarm_orch/srv/Operate '
            f'"{{{fields}}}"`')


# -- the limiter's reasons -----------------------------------------------------------------------

_ODOM_REMEDY = 'look after its base driver, the topic `odom` and the source of its pose'


def _verb(report):
    return 'stands' if abs(report.speed_mps) < STILL_MPS else 'drives'


def _safety(picture, report):
    """Return the limiter's word if it is about the reason that the report gives, else None."""
    safety = picture.safeties.get(report.robot)
    return safety if safety is not None and safety.reason == report.safety else None


def _detail(safety):
    return f' ({safety.detail})' if safety is not None and safety.detail else ''


def _since(picture, report):
    """Return for how long the limiter has given its reason, '' when that is not known."""
    if _safety(picture, report) is None or report.robot not in picture.safety_ages_s:
        return ''
    return f' since {max(0.0, picture.safety_ages_s[report.robot]):.1f} s'


def _emergency(picture, report):
    fleet = picture.view is not None and picture.view.emergency_stop
    safety = _safety(picture, report)
    by = f' by {safety.detail}' if safety is not None and safety.detail else ''
    whom = 'of all robots' if fleet else 'of this robot'
    only = '' if fleet else f' --robot {report.robot}'
    return Cause('emergency', report.robot, f'stands: emergency stop {whom}{by}', '',
                 f'when all is safe, release it with `swarm estop --release{only}`')


def _inactive(picture, report):
    if report.mode == Mode.MANUAL:
        return Cause('manual', report.robot, 'is in manual mode: a person drives it', '',
                     'switch it back to automatic when it stands on the roadmap')
    safety = _safety(picture, report)
    if safety is not None and safety.detail:
        return Cause('halted', report.robot, f'stands: its program failed ({safety.detail})', '',
                     'restart its edge node, and report the fault with its log')
    return Cause('inactive', report.robot, 'stands: its edge node is not active', '',
                 'activate it with `ros2 lifecycle set NODE activate`')


def _stale_odom(picture, report):
    return Cause('stale_odom', report.robot,
                 f'stands: no fresh odometry{_since(picture, report)}', '', _ODOM_REMEDY)


def _stale_scan(picture, report):
    return Cause('stale_scan', report.robot,
                 f'stands: no fresh laser scan{_since(picture, report)}', '',
                 'look after its laser scanner and the topic `scan`')


def _stale_camera(picture, report):
    """Return what is wrong with the camera: always the same image, or none."""
    detail = (_safety(picture, report) or _NO_SAFETY).detail
    if detail.startswith('frozen'):
        return Cause('camera_frozen', report.robot, 'stands: its camera is frozen, always the '
                     f'same image{_since(picture, report)}', '', 'restart the camera driver')
    return Cause('stale_camera', report.robot,
                 f'stands: no fresh camera image{_since(picture, report)}', '',
                 'look after its camera and the topic `camera/image_raw`')


def _fenced(picture, report):
    return Cause('fenced', report.robot,
                 'stands: another program took its name over, or a person cleared it; it joins '
                 'anew by itself', '',
                 'if it does not, look for a second robot of this name, or enrol it where it '
                 f'stands ({_operate(picture, 1, report.robot, "node: NODE")})')


def _pose(picture, report):
    """Return what is wrong with the pose: not known well enough, or not where it should be."""
    robot, at = report.robot, f'({report.pose.x_m:.2f}, {report.pose.y_m:.2f})'
    if report.mode == Mode.LOST:
        detail = (_safety(picture, report) or _NO_SAFETY).detail
        known = detail or f'pose error {report.pose_error_m:.2f} m is more than allowed'
        return Cause('pose_error', robot, f'stands: {known}', '',
                     'help it to find its place (initial pose, or drive it by hand past known '
                     'things); it goes on by itself')
    if report.mode == Mode.JOINING:
        grant = picture.grants.get(robot)
        owned = some(grant.nodes) if grant is not None and grant.nodes else 'others'
        return Cause('pose_outside', robot, f'stands: it may not join at {at}, outside the nodes '
                     f'that the log keeps for it ({owned})', '',
                     'push it there, or clear it and enrol it where it stands')
    return Cause('pose_outside', robot,
                 f'stands: at {at} it is off the nodes that it holds ({some(report.held)})', '',
                 'push it back onto its node, or check its position and clear and enrol it anew')


def _joining(picture, report):
    """Return why a robot is not let in yet."""
    grant = picture.grants.get(report.robot)
    text = 'stands: joining, and no leader has answered yet'
    if grant is not None and grant.status == GrantStatus.REFUSED:
        why = grant.reason.split(': ', 1)[-1]
        wait = ' switch off the other one' if 'another boot' in why else ' give it that roadmap'
        return Cause('joining_refused', report.robot, f'stands: joining is refused, {why}', '',
                     f'if it lasts,{wait}')
    if grant is not None and grant.status == GrantStatus.UNENROLLED:
        return Cause('unenrolled', report.robot, 'stands: joining, but it is not enrolled', '',
                     'enrol it where it stands '
                     f'({_operate(picture, 1, report.robot, "node: NODE")})')
    if picture.lease is None:
        return Cause('joining', report.robot, f'{text}: {no_lease(picture)[0]}', '',
                     no_lease(picture)[1])
    return Cause('joining', report.robot, text)


def _lease(picture, report):
    """Return why a robot has no lease: nobody leads, or one does not hear the other."""
    robot, lease = report.robot, picture.lease
    since = _since(picture, report)
    start = f'{"stands" if _verb(report) == "stands" else "brakes"}: safe stop, no lease{since}'
    if lease is None:
        why, remedy = no_lease(picture)
        last = (_safety(picture, report) or _NO_SAFETY).detail
        last = last or (f'last heard term {report.term}' if report.term else '')
        return Cause('no_leader', robot, f'{start}, {why}' + (f' ({last})' if last else ''), '',
                     remedy)
    if robot not in dict(lease.heard):
        return Cause('leader_deaf', robot, f'{start}: {lease.leader_id} leads (term {lease.term}) '
                     'but does not hear its reports', '', _LINK_REMEDY)
    return Cause('robot_deaf', robot, f'{start}: {lease.leader_id} leads (term {lease.term}) and '
                 'hears it, but its word does not reach the robot in time', '', _LINK_REMEDY)


_LINK_REMEDY = 'if it lasts, look after the network between the robot and the coordinators'


def no_lease(picture: Picture) -> Tuple[str, str]:
    """Return why no lease was heard, and what to do."""
    alive, voters = sorted(picture.alive), sorted(picture.voters | picture.alive)
    if not alive:
        return ('no coordinator leads and none is heard',
                'start the coordinators: a majority of them must run')
    missing = [name for name in voters if name not in picture.alive]
    if missing:
        return (f'no coordinator leads: of {len(voters)} only {", ".join(alive)} '
                f'{"is" if len(alive) == 1 else "are"} heard',
                f'start {", ".join(missing)}, or look after the network: a majority must run')
    return (f'no coordinator leads, though {", ".join(alive)} are heard',
            'if it lasts, look at their logs, disks and cores (`swarm doctor`)')


def _in_doubt(picture, report):
    safety = _safety(picture, report)
    what = safety.detail if safety is not None and safety.detail else 'its pick or drop'
    order = f' of order {report.order_id}' if report.order_id else ''
    call = _operate(picture, 3, report.robot, 'happened: true')
    return Cause('in_doubt', report.robot,
                 f'stands: nobody can tell whether {what}{order} took place', '',
                 f'look where the load is and settle it ({call}, or false)')


def _payload(picture, report):
    """Return what the payload device does, and where."""
    safety = _safety(picture, report)
    verb, _, place = (safety.detail if safety is not None else '').partition(' at ')
    doing = {'pick': 'picking', 'drop': 'dropping', 'dock': 'docking', 'charge': 'charging'}.get(
        verb, 'dropping' if report.carrying else 'picking')
    place = place or _where(picture, report)
    words = f'is {doing} at {place}' if place else f'is {doing}'
    return Cause('payload', report.robot, words, words, '', report.held[0] if report.held else -1)


def _scan(picture, report):
    safety = _safety(picture, report)
    near = f' about {safety.detail} ahead' if safety is not None and safety.detail else ' ahead'
    remedy = 'clear the way' if _verb(report) == 'stands' else ''
    return Cause('scan', report.robot, f'{_verb(report)}: the laser sees something{near}', '',
                 remedy)


def _peer(picture, report):
    safety = _safety(picture, report)
    other = safety.detail if safety is not None else ''
    slows = 'stands' if _verb(report) == 'stands' else 'drives slowly'
    if not picture.is_known(other):
        return Cause('peer', report.robot, f'{slows}: a neighbour is near')
    return Cause('peer', report.robot, f'{slows}: {other} is near', '', '', -1, other)


def _detection(picture, report):
    return Cause('detection', report.robot, f'{_verb(report)}: the camera sees something ahead'
                 f'{_detail(_safety(picture, report))}', '',
                 'clear the lane' if _verb(report) == 'stands' else '')


def _authority(picture, report):
    """Return which node a robot waits for, and who has it."""
    wait = picture.waits.get(report.robot) or _wait_seen(picture, report)
    if wait is None or wait.node in report.held:
        if _verb(report) == 'drives':
            return _drive(picture, report, ', slowing towards the end of what it holds')
        return Cause('grant', report.robot, 'stands: waiting for its next node, which nobody '
                     'holds', 'waits for its next node, which nobody holds')
    node, holder = name_of(picture, wait.node), wait.holder
    stands = (f'stands: waiting for {node}' if _verb(report) == 'stands'
              else f'slows down: it has to wait for {node}')
    if wait.kind == 'held' and holder:
        return Cause('node_held', report.robot, f'{stands} held by {holder}',
                     f'waits for {node} held by {holder}', '', wait.node, holder)
    if wait.kind == 'shut':
        why = 'which people have blocked, or the street to it'
        return Cause('way_blocked', report.robot, f'{stands}, {why}', f'waits for {node}, {why}',
                     'swarm unblock, once it is free again', wait.node)
    if wait.kind == 'area':
        why = 'in an area that has as many robots as it takes'
        return Cause('area_full', report.robot, f'{stands}, {why}', f'waits for {node}, {why}',
                     '', wait.node)
    if wait.kind == 'paused':
        why = 'but people have paused it, or the area'
        return Cause('paused', report.robot, f'{stands}, {why}', f'waits for {node}, {why}',
                     'swarm resume, once it may go on', wait.node)
    if wait.kind == 'promised':
        return Cause('node_promised', report.robot, f'{stands}, which {holder} takes first',
                     f'waits for {node}, which {holder} takes first', '', wait.node, holder)
    if wait.kind == 'ring':
        why = 'free, but to enter it would close a ring of waiting robots'
        return Cause('node_kept_free', report.robot, f'{stands} ({why})',
                     f'waits for {node} ({why})', '', wait.node)
    by = f' by the body of {holder}' if holder else ''
    return Cause('node_blocked', report.robot, f'{stands} blocked{by}',
                 f'waits for {node} blocked{by}',
                 f'remove {holder or "what blocks it"} and enrol it anew, which unblocks the node',
                 wait.node)


def _wait_seen(picture, report: Report) -> Optional[Wait]:
    """Return what a robot waits for as the reports tell it, when the leader's word is missing."""
    holders = {node: other.robot for other in picture.reports.values() for node in other.held
               if other.robot != report.robot}
    blocked = () if picture.view is None else picture.view.blocked
    for node in report.wanted:
        if node in holders:
            return Wait(report.robot, node, 'held', holders[node])
        if node in blocked:
            return Wait(report.robot, node, 'blocked')
    return None


# -- nothing limits it ---------------------------------------------------------------------------

def _at_work(picture, report):
    """Return what a robot does that nothing limits."""
    robot = report.robot
    if 'no_way' in report.errors:
        blocked = () if picture.view is None else picture.view.blocked
        return Cause('no_way', robot, f'stands: no way leads to {name_of(picture, report.goal)}'
                     + (f' (blocked: {some(blocked)})' if blocked else ''), '',
                     'free the blocked nodes, or check the directions of the streets')
    if report.goal >= 0:
        if _verb(report) == 'drives':
            return _drive(picture, report)
        goal = name_of(picture, report.goal)
        return Cause('starting', robot, f'stands for a moment on its way to {goal}: turning, or '
                     'about to start', f'is about to drive to {goal}')
    if report.order_id:
        return Cause('between_steps', robot, f'stands between two steps of order '
                     f'{report.order_id}', f'is between two steps of order {report.order_id}')
    place = _where(picture, report)
    place = f' at {place}' if place else ''
    return Cause('idle', robot, f'is idle{place}: it has no order', f'stands{place} without an '
                 'order')


def _drive(picture, report, more=''):
    order = f' for order {report.order_id}' if report.order_id else ''
    goal = name_of(picture, report.goal) if report.goal >= 0 else 'the end of its base'
    words = f'drives to {goal}{order} at {abs(report.speed_mps):.1f} m/s'
    return Cause('driving', report.robot, words + (more or ', and nothing limits it'),
                 f'is driving on to {goal}')


# -- words ---------------------------------------------------------------------------------------

def name_of(picture: Picture, node: int) -> str:
    """Return a node's number, with the name of the place there."""
    place = picture.place(node)
    return f'node {node} ({place})' if place else f'node {node}'


def _where(picture, report):
    """Return the place, or else the node, where a robot is."""
    if not report.held:
        return ''
    return picture.place(report.held[0]) or f'node {report.held[0]}'


def some(names) -> str:
    """Return the first of some names or nodes as words."""
    words = ', '.join(map(str, names[:_NAMED_MAX]))
    return (words or 'none') + (', ...' if len(names) > _NAMED_MAX else '')


class _NoSafety:
    """Stands for the limiter's word where none was heard."""

    detail = ''


_NO_SAFETY = _NoSafety()

_RULES = {
    Reason.EMERGENCY: _emergency, Reason.INACTIVE: _inactive, Reason.STALE_ODOM: _stale_odom,
    Reason.FENCED: _fenced, Reason.POSE: _pose, Reason.JOINING: _joining, Reason.LEASE: _lease,
    Reason.IN_DOUBT: _in_doubt, Reason.PAYLOAD: _payload, Reason.STALE_SCAN: _stale_scan,
    Reason.STALE_CAMERA: _stale_camera, Reason.SCAN: _scan, Reason.PEER: _peer,
    Reason.DETECTION: _detection, Reason.AUTHORITY: _authority,
}
