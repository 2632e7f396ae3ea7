# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The command line of `swarm log` and `swarm replay`: what happened, and the fleet as it was then.

With --data they read a coordinator's data_dir, running or not, and need no ROS.
"""

from dataclasses import asdict
from datetime import datetime
import json
from pathlib import Path
import re
import time

from robot_swarm_orch.cli.arguments import a_positive, a_whole
from robot_swarm_orch.cli.common import add_json, on_fleet
from robot_swarm_orch.coordinator.chronicle import Chronicle, LINES_MAX
from robot_swarm_orch.coordinator.chronicle_file import NAME
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.orders import LogLine

_UNITS_S = {'s': 1, 'm': 60, 'h': 3600, 'd': 86_400}
_RECENT = '1h'
FOLLOW_PERIOD_S = 0.5


def add_log(verbs) -> None:
    """Add `swarm log` and `swarm log export`."""
    command = verbs.add_parser(
        'log', help='what happened to orders and robots, and what people did, line by line',
        description='Show what the coordinators decided and what people did, from the event log '
        "of the running fleet's leader, or with --data from a coordinator's data_dir, whether it "
        'runs or not. docs/event_log.md.')
    add = command.add_argument
    add('--site', default='warehouse', metavar='ID',
        help='site id of the fleet (default: %(default)s)')
    add('--timeout', type=a_positive, default=5.0, metavar='SECONDS',
        help='how long to wait for an answer (default: %(default)g)')
    _add_data(command, required=False)
    add('--order', default='', metavar='ID', help='only what concerns this order')
    add('--robot', default='', metavar='ID', help='only what concerns this robot')
    add('--since', default='', metavar='TIME', help='from 90s, 10m, 2h, 1d ago on, or from a time '
        f'such as 2026-05-04T13:00; all: from the beginning (default: {_RECENT}; all, with '
        '--order or --robot)')
    add('--follow', action='store_true', help='go on with what happens from now on')
    add('--json', action='store_true', help='print a JSON object for each line')
    command.set_defaults(verb=_log)
    export = command.add_subparsers(metavar='ACT').add_parser(
        'export', help='write it into a file for Foxglove and ros2 bag',
        description='Write the event log into an MCAP file: statuses of orders and of the fleet, '
        'movement authorities and log lines, at the times of the log. Needs `pip install mcap`.')
    _add_data(export)
    export.add_argument('--mcap', required=True, metavar='FILE', help='file to write; it must not '
                        'exist')
    export.add_argument('--site', default='warehouse', metavar='ID',
                        help='site id that topics are named by (default: %(default)s)')
    export.add_argument('--from', dest='first', type=a_whole, default=0, metavar='INDEX',
                        help='first log entry (default: the oldest that can be rebuilt)')
    export.add_argument('--to', dest='last', type=a_whole, default=0, metavar='INDEX',
                        help='last log entry (default: the newest)')
    export.set_defaults(verb=_export)


def add_replay(verbs) -> None:
    """Add `swarm replay`."""
    command = verbs.add_parser(
        'replay', help='the fleet as it was: robots, orders, who owned which node',
        description="Rebuild the fleet's state at an entry of the log, from a coordinator's "
        'data_dir, whether it runs or not, and show it. docs/event_log.md.')
    _add_data(command)
    which = command.add_mutually_exclusive_group()
    which.add_argument('--at', type=a_whole, default=None, metavar='INDEX',
                       help='after this log entry (default: the newest)')
    which.add_argument('--order', default='', metavar='ID',
                       help='when this order last changed; its history is shown, too')
    command.add_argument('--site-file', default='', metavar='YAML', help='names the nodes')
    add_json(command)
    command.set_defaults(verb=_replay)


def _add_data(command, required=True) -> None:
    command.add_argument('--data', required=required, default='', metavar='DIR',
                         help="a coordinator's data_dir, or a copy of it")


def _replay(options) -> int:
    from robot_swarm_orch.cli.replay import show_replay
    with open_chronicle(options.data) as chronicle:
        return show_replay(chronicle, options)


def _export(options) -> int:
    from robot_swarm_orch.nodes.mcap_export import export
    with open_chronicle(options.data) as chronicle:
        return export(chronicle, options)


def _log(options) -> int:
    if options.data:
        with open_chronicle(options.data) as chronicle:
            return _show(_FileLog(chronicle), options)
    from robot_swarm_orch.nodes.log_client import FleetLog
    return on_fleet(lambda client, _: _show(FleetLog(client, options.timeout), options), options)


def open_chronicle(data: str) -> Chronicle:
    """Return the event log in a data_dir; ConfigError names those below it if there is none."""
    folder = Path(data)
    if not (folder / NAME).is_file():
        below = sorted(str(path.parent) for path in folder.glob(f'*/{NAME}'))
        if below:
            raise ConfigError(f'{folder} holds the data of several coordinators: name one of '
                              f'{", ".join(below)}')
    return Chronicle.of(folder)


class _FileLog:
    """The event log in a data_dir, as `_show` reads it."""

    def __init__(self, chronicle):
        self._chronicle = chronicle

    def now_ms(self) -> int:
        """Return the ROS time of the newest entry [ms]; durations count back from there."""
        newest = self._chronicle.reach()[1]
        return max((kept.ros_time_ms for kept in self._chronicle.entries(newest - 1000, newest)),
                   default=0)

    def index_at(self, time_ms: int) -> int:
        """Return the newest index before a ROS time [ms]."""
        return self._chronicle.index_at(time_ms)

    def page(self, after: int, order_id: str, robot: str):
        """Return (lines, next `after`)."""
        return self._chronicle.lines(after, LINES_MAX, order_id, robot)


def _show(log, options) -> int:
    """Print the lines that the options ask for; with --follow until it is interrupted."""
    after = _begin(log, options)
    while True:
        lines, upto = log.page(after, options.order, options.robot)
        for line in lines:
            print(json_of(line) if options.json else text_of(line), flush=options.follow)
        if upto == after or not lines:
            if not options.follow:
                return 0
            time.sleep(FOLLOW_PERIOD_S)
        after = upto


def _begin(log, options) -> int:
    """Return behind which index to begin; ConfigError for a --since that means nothing."""
    since = options.since or ('all' if options.order or options.robot else _RECENT)
    if since == 'all':
        return 0
    ago = re.fullmatch(r'(\d+(?:\.\d+)?)([smhd])', since)
    if ago:
        return log.index_at(log.now_ms() - int(1000 * float(ago[1]) * _UNITS_S[ago[2]]))
    try:
        return log.index_at(int(1000 * datetime.fromisoformat(since).timestamp()))
    except ValueError:
        raise ConfigError(f'--since {since!r} is no time: give 90s, 10m, 2h, 1d, all, or a time '
                          'such as 2026-05-04T13:00') from None


def json_of(line: LogLine) -> str:
    """Return a line as JSON; what is JSON within it becomes part of it."""
    values = asdict(line)
    values['event'] = json.loads(values.pop('json') or '{}')
    return json.dumps(values)


def text_of(line: LogLine) -> str:
    """Return a line for people: when, which entry, what, and who if somebody acted."""
    by = f'  [{line.who}]' if line.who else ''
    return f'{when(line.time_s)}  {line.index:>8}  {line.text}{by}'


def when(time_s: float) -> str:
    """Return a ROS time as local time, or a dash if it is unknown."""
    if not time_s:
        return f'{"-":>23}'
    return datetime.fromtimestamp(time_s).isoformat(' ', timespec='milliseconds')
