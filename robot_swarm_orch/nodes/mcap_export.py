# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
`swarm log export`: the event log as an MCAP file that Foxglove and `ros2 bag` read.

The log is replayed, and what the leader said of it then is written again at the times of the log:
TaskStatus for each change of an order, MovementAuthority whenever a robot's nodes change,
FleetStatus once a second, and each line of the log as LogLine and as rcl_interfaces/Log on
`/rosout`. What robots reported (poses, modes, batteries) is in no log, so it is not here either:
robots' modes are LOST or UNKNOWN.

Format: MCAP version 0 with the profile ros2: schemas are .msg texts (`ros2msg`), messages are CDR.
"""

from dataclasses import replace
import os
from pathlib import Path
import sys

from rcl_interfaces.msg import Log
from rclpy.serialization import serialize_message
from robot_swarm_orch.coordinator import events
from robot_swarm_orch.coordinator.chronicle import Chronicle
from robot_swarm_orch.coordinator.notes import QUIET
from robot_swarm_orch.coordinator.replay import first_entry, replay
from robot_swarm_orch.coordinator.wording import event_at, events_of, line_of
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.wire import Wire
from robot_swarm_orch.nodes.wire_checks import is_robot_id
from robot_swarm_orch.orders import OrderState
from robot_swarm_orch.types import FleetView, Grant, Mode

LOG_TOPIC = topics.FLEET + 'log'
_VIEW_PERIOD_NS = 1_000_000_000
_BY_TRAFFIC = (events.AuthorityChanged, events.StateDigest)
# Of rcl_interfaces/Log; its constants are numbers in some releases of ROS, bytes in others.
_INFO, _WARN = 20, 30
_TROUBLE = (OrderState.FAILED, OrderState.IN_DOUBT)


def export(chronicle: Chronicle, options) -> int:
    """Write the file that the options name, whole or not at all, and say what is in it."""
    if not is_robot_id(options.site):
        raise ConfigError(f'--site {options.site!r} is no site id: letters, digits, underscores')
    first = options.first or first_entry(chronicle)
    last = options.last or chronicle.reach()[1]
    if first > last:
        raise ConfigError(f'--from {first} lies behind --to {last}')
    target = Path(options.mcap)
    if target.exists():
        raise ConfigError(f'{target} exists: nothing is written over')
    aside = target.with_name(f'{target.name}.{os.getpid()}.tmp')
    try:
        with open(aside, 'xb') as file:
            recording = Recording(file, options.site, _ros_offset_ms(chronicle, first, last))
            replay(chronicle, first, last, recording.entry)
            recording.finish()
        os.replace(aside, target)
    finally:
        aside.unlink(missing_ok=True)
    counts = ', '.join(f'{count} {topic}' for topic, count in recording.summary().items())
    print(f'{target}: entries {first} to {last}: {counts}')
    return 0


def _ros_offset_ms(chronicle, first, last) -> int:
    """Return the ROS time of the first entry that has one, less its log time [ms]; 0: none has."""
    return next((kept.ros_time_ms - kept.time_ms for kept in chronicle.entries(first, last)
                 if kept.ros_time_ms), 0)


class Recording:
    """An MCAP file to which a replay is written; `entry` is the replay's watcher."""

    def __init__(self, file, site_id: str, offset_ms: int = 0):
        """
        Begin the file; ConfigError if the library is missing.

        offset_ms: what log times lack to ROS times at first [ms].
        """
        try:
            from mcap.writer import Writer
        except ImportError as error:
            raise ConfigError(f'{error}: pip install mcap, in the Python {sys.executable}'
                              ) from error
        self._writer = Writer(file)
        self._writer.start(profile='ros2', library='robot_swarm_orch')
        self._wire, self._site_id = Wire(site_id), site_id
        self._schemas, self._channels, self._counts = {}, {}, {}
        self._owned = {}  # robot number -> nodes told last
        self._time_ns, self._offset_ns = 0, 1_000_000 * offset_ms
        self._view_ns = None

    def entry(self, kept, batch, effects, state) -> None:
        """Write what an entry brought about."""
        self._move_time(kept)
        term = kept.entry.term
        if effects is not None:
            for change in effects.changes:
                self._status(change, state, term)
            quiet = all(type(event) in _BY_TRAFFIC for event in batch.events)
            for number in effects.granted if quiet and self._owned else range(
                    len(state.keeper.names)):
                self._authority(number, state, term)
        known = events_of(kept.entry)
        for position in range(len(known)):
            if type(known[position]) not in QUIET:
                self._line(kept, position, known, effects)
        if self._view_ns is None or self._time_ns >= self._view_ns + _VIEW_PERIOD_NS:
            self._view_ns = self._time_ns
            self._view(state, term)

    def finish(self) -> None:
        """Write the end of the file."""
        self._writer.finish()

    def summary(self) -> dict:
        """Return how many messages there are by topic, authorities of all robots together."""
        result = {}
        for name, count in sorted(self._counts.items()):
            name = name if '/robot/' not in name else topics.AUTHORITY.shown_name(self._site_id)
            result[name] = result.get(name, 0) + count
        return result

    def _move_time(self, kept):
        """Go on to an entry's ROS time, or, where it has none, by its log time; never back."""
        log_ns = 1_000_000 * kept.time_ms
        if kept.ros_time_ms:
            self._offset_ns = 1_000_000 * kept.ros_time_ms - log_ns
        self._time_ns = max(self._time_ns, log_ns + self._offset_ns)
        self._wire.set_time(self._time_ns)

    def _status(self, change, state, term):
        order = state.order(change.order_id)
        if order is not None:
            status = replace(state.status_of(order, term), state=OrderState(change.state),
                             robot=change.robot, reason=change.reason)
            self._write(topics.TASK_STATUS.name(site=self._site_id),
                        self._wire.write_status(status))

    def _authority(self, number, state, term):
        """Write what a robot owns, if that has changed."""
        keeper = state.keeper
        nodes = keeper.nodes_of(number)
        if self._owned.get(number) != nodes:
            self._owned[number] = nodes
            robot = keeper.names[number]
            self._write(topics.AUTHORITY.name(site=self._site_id, robot=robot),
                        self._wire.write_grant(Grant(
                            robot, keeper.boots[number], keeper.site_hash, term,
                            keeper.last_seq[number], keeper.last_seq[number], nodes,
                            commit_index=state.index)))

    def _line(self, kept, position, known, effects):
        refused = effects.refused.get(position, '') if effects else ''
        changes = [change for change in effects.changes
                   if change.position == position] if effects else []
        line = replace(
            line_of(kept.entry, kept.ros_time_ms, position, event_at(known, position), refused,
                    changes), time_s=1e-9 * self._time_ns)
        self._write(LOG_TOPIC.format(site=self._site_id), self._wire.write_log_line(line))
        grave = refused or line.kind == 'RobotLost' or any(
            change.state in _TROUBLE for change in changes)
        sec, nanosec = divmod(self._time_ns, 1_000_000_000)
        msg = Log(level=_WARN if grave else _INFO, name=f'fleet.{self._site_id}',
                  msg=line.text, file='', function=line.kind, line=0)
        msg.stamp.sec, msg.stamp.nanosec = sec, nanosec
        self._write('/rosout', msg)

    def _view(self, state, term):
        keeper = state.keeper
        robots = [name for name, number in sorted(keeper.numbers.items())
                  if keeper.enrolled[number]]
        blocked = keeper.shut_nodes.union(keeper.blocked)
        view = FleetView(
            term, '', state.index, keeper.site_hash, (), tuple(robots),
            tuple(Mode.LOST if state.robots[name].lost else Mode.UNKNOWN for name in robots),
            tuple(sorted(blocked)), len(state.waiting), len(state.live) - len(state.waiting),
            state.done, blocked_edges=tuple(sorted(keeper.shut_edges)))
        self._write(topics.FLEET_STATUS.name(site=self._site_id), self._wire.write_view(view))

    def _write(self, name, msg):
        channel = self._channels.get(name)
        if channel is None:
            channel = self._channels[name] = self._writer.register_channel(
                topic=name, message_encoding='cdr', schema_id=self._schema(type(msg)),
                metadata={'offered_qos_profiles': ''})
        self._counts[name] = self._counts.get(name, 0) + 1
        self._writer.add_message(channel, self._time_ns, serialize_message(msg), self._time_ns,
                                 self._counts[name])

    def _schema(self, message):
        """Return the number of a message type's schema."""
        name = type_name(message)
        if name not in self._schemas:
            self._schemas[name] = self._writer.register_schema(
                name=name, encoding='ros2msg', data=definition(message).encode())
        return self._schemas[name]


def type_name(message) -> str:
    """Return the name of a message class, such as std_msgs/msg/Header."""
    package, folder = message.__module__.split('.')[:2]
    return f'{package}/{folder}/{message.__name__}'


def definition(message) -> str:
    """Return the .msg text of a message class, and behind it those of all that it is made of."""
    name = type_name(message)
    texts, wanted = {}, [name]
    while wanted:
        one = wanted.pop()
        if one not in texts:
            texts[one] = _file_of(one).read_text(encoding='utf-8')
            wanted += _parts_of(one, texts[one])
    first = texts.pop(name)
    return first + ''.join(f'\n{"=" * 80}\nMSG: {_short(one)}\n{texts[one]}'
                           for one in sorted(texts))


def _short(name):
    """Return a type's name as definitions have it, without the folder."""
    return name.replace('/msg/', '/')


def _parts_of(name, text):
    """Return the names of the message types in a .msg text."""
    package = name.split('/', 1)[0]
    for line in text.splitlines():
        kind = line.partition('#')[0].split(' ', 1)[0].partition('[')[0].strip()
        if '/' in kind:
            yield '{}/msg/{}'.format(*kind.replace('/msg/', '/').split('/'))
        elif kind[:1].isupper():
            yield f'{package}/msg/{kind}'


def _file_of(name):
    """Return the installed .msg file of a type; ConfigError if it is nowhere."""
    for prefix in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep):
        path = Path(prefix) / 'share' / f'{name}.msg'
        if path.is_file():
            return path
    raise ConfigError(f'share/{name}.msg is in no folder of AMENT_PREFIX_PATH: source the setup '
                      'file of ROS and of this package, or use ./swarm')
