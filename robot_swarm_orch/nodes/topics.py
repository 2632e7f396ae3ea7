# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Every topic and service: its name, type, QoS profile, and the reason for the profile.

Fleet topics stand under `/fleet/<site>/`. A robot's own topics are relative: they stand in its
namespace, which is its id, and remap like those of any other node. `docs/topics.md` shows this
table; `python3 -m robot_swarm_orch.nodes.topics docs/topics.md` writes it there, and a test keeps
the two equal.

Each topic has one profile that publishers and subscriptions share, so that they always match; a
subscription of ours may ask for less than is offered.
Every policy named here can be overridden by parameter (`endpoints.overridden_qos`).
"""

from dataclasses import dataclass, replace
from importlib import import_module
import sys
from typing import Dict, Optional, Tuple

OURS = 'robot_swarm_orch'
_NAMESPACE = '/{robot}/'


@dataclass(frozen=True)
class Qos:
    """The policies that a topic sets; the others stay at the middleware's default."""

    reliable: bool
    latched: bool
    depth: int

    def __str__(self):
        """Return the profile in the words of the documentation."""
        reliability = 'reliable' if self.reliable else 'best effort'
        durability = 'transient local' if self.latched else 'volatile'
        return f'{reliability}, {durability}, keep last {self.depth}'


@dataclass(frozen=True)
class Topic:
    """
    One topic or service; `template` may hold `{site}`, `{robot}`, `{zone}`, `{coordinator}`.

    Publishers and subscriptions share `qos`, unless our subscriptions ask for less (`heard`).
    """

    key: str
    template: str
    type_name: str
    flow: str
    qos: Qos
    reason: str
    heard: Optional[Qos] = None

    def name(self, **parts) -> str:
        """
        Return the topic's name for a site, and a robot, a zone or a coordinator.

        A coordinator's id may hold what a topic's name may not; two that come to one name only
        read each other's words and drop them, since each word says whom it is for.
        """
        if 'coordinator' in parts:
            token = parts['coordinator'].replace('-', '_').replace('.', '_')
            parts['coordinator'] = f'c{token}' if token[:1].isdigit() else token
        return self.template.format(**parts)

    def shown_name(self, site: str) -> str:
        """Return the name by which parameters call it: without zone, robot, coordinator."""
        return replace(self, template=self.template.removeprefix(_NAMESPACE)).name(
            site=site, zone='', robot='', coordinator='').replace('//', '/').rstrip('/')

    @property
    def of_a_robot(self) -> 'Topic':
        """
        Return the topic as those call it who stand outside of the robot's namespace.

        Its name needs the robot then: a relative name said from elsewhere is another topic, on
        which no robot listens.
        """
        if self.template.startswith('/'):
            return self
        return replace(self, template=_NAMESPACE + self.template)

    @property
    def is_fleet(self) -> bool:
        """Return True for fleet topics, False for those in a robot's namespace or of ROS."""
        return self.template.startswith('/fleet/')

    @property
    def message(self):
        """Return the message or service class; raises ImportError when it is not installed."""
        package, folder, name = self.type_name.split('/')
        return getattr(import_module(f'{package}.{folder}'), name)


def _best_effort(depth):
    return Qos(reliable=False, latched=False, depth=depth)


def _reliable(depth):
    return Qos(reliable=True, latched=False, depth=depth)


def _latched(depth):
    return Qos(reliable=True, latched=True, depth=depth)


FLEET = '/fleet/{site}/'
OF_ROBOT = FLEET + 'robot/{robot}/'

RAFT = Topic(
    'raft', FLEET + 'raft/{coordinator}', f'{OURS}/msg/RaftMessage', 'coordinator -> coordinator',
    _reliable(256),
    'Consensus survives loss, but each lost append costs a heartbeat; volatile, because a '
    'restarted coordinator must not hear old votes; one for each receiver, because a word wakes '
    'all who listen.')
PRESENCE = Topic(
    'presence', FLEET + 'presence', f'{OURS}/msg/RaftMessage', 'coordinator -> coordinators',
    _best_effort(64),
    'Five times a second, so a lost one is harmless; no two processes take one place.')
LEASE = Topic(
    'lease', FLEET + 'lease', f'{OURS}/msg/FleetLease', 'leader -> robots', _best_effort(8),
    'A late word is worth nothing and the next comes in 50 ms; 8 deep, so that a deposed '
    "leader's word cannot push out its successor's.")
ROBOT_REPORT = Topic(
    'robot_report', FLEET + 'robot_report', f'{OURS}/msg/RobotReport', 'robot -> coordinators',
    _best_effort(256),
    'Whole state, at once when it changed: losing one is harmless; deep enough for all robots of '
    'a site between two readings.')
AUTHORITY = Topic(
    'authority', OF_ROBOT + 'authority', f'{OURS}/msg/MovementAuthority', 'leader -> robot',
    _best_effort(4),
    'States what the log holds and is repeated until the robot shows it, so a retransmitted old '
    'one would only cost time.')
COMMAND = Topic(
    'command', OF_ROBOT + 'command', f'{OURS}/msg/TaskCommand', 'leader -> robot', _reliable(8),
    'One step a robot is open at a time; repeated until acknowledged, with a time to live.')
COMMAND_ACK = Topic(
    'command_ack', FLEET + 'command_ack', f'{OURS}/msg/CommandAck', 'robot -> coordinators',
    _reliable(256),
    'The saga waits for it; deep enough for one answer of every robot between two readings.')
ROBOT_STATE = Topic(
    'robot_state', FLEET + 'zone/{zone}/robot_state', f'{OURS}/msg/RobotState',
    'robot -> robots of the zone', _best_effort(256),
    'Whole state at up to 10 Hz for whoever is near; read once a tick, so deep enough for a full '
    'zone.')
CALL_FOR_BIDS = Topic(
    'call_for_bids', FLEET + 'call_for_bids', f'{OURS}/msg/CallForBids', 'leader -> robots',
    _best_effort(2),
    'The next call comes soon, and the leader does without bids; only while orders wait.')
BID = Topic(
    'bid', FLEET + 'bid', f'{OURS}/msg/Bid', 'robot -> coordinators', _best_effort(256),
    'Worth nothing once it is late; deep enough for one answer of every robot that is asked.')
ORDER = Topic(
    'order', FLEET + 'order', f'{OURS}/msg/TaskOrder', 'client -> leader', _reliable(1000),
    'A burst of 1,000 orders must fit; an order is repeated until a TaskStatus names it.')
TASK_STATUS = Topic(
    'task_status', FLEET + 'task_status', f'{OURS}/msg/TaskStatus', 'leader -> clients',
    _reliable(1000),
    'Clients count on it; whoever missed one asks by sending the order again.')
FLEET_STATUS = Topic(
    'status', FLEET + 'status', f'{OURS}/msg/FleetStatus', 'leader -> everybody', _latched(1),
    'Latched, so that a screen or a starting robot sees the fleet at once.')
EMERGENCY_STOP = Topic(
    'emergency_stop', FLEET + 'emergency_stop', f'{OURS}/msg/EmergencyStop',
    'operator -> robots', _latched(16),
    'Latched: a robot that starts while the program of the operator still runs hears it too; '
    'robots that heard it keep it in their journals. 16 deep, so that one source cannot push out '
    "another's act.")
SUBMIT_ORDER = Topic(
    'submit_order', FLEET + 'submit_order', f'{OURS}/srv/SubmitOrder', 'client -> leader',
    _reliable(10), 'Service: answers once the order is on disk on a majority; only a leader '
    'answers, so call again with the same order_id after a timeout.')
OPERATE = Topic(
    'operate', FLEET + 'operate', f'{OURS}/srv/Operate', 'operator -> leader', _reliable(10),
    'Service: acts of people on orders, robots, ways, places and coordinators; answers once the '
    'act is in the log.')

GET_ORDER = Topic(
    'get_order', FLEET + 'get_order', f'{OURS}/srv/GetOrder', 'client -> leader', _reliable(10),
    'Service: one order with its history; only a leader answers, once a majority has confirmed '
    'that it leads.')
LIST_ORDERS = Topic(
    'list_orders', FLEET + 'list_orders', f'{OURS}/srv/ListOrders', 'client -> leader',
    _reliable(10), 'Service: orders by id, a page at a time; as get_order.')
GET_LOG = Topic(
    'get_log', FLEET + 'get_log', f'{OURS}/srv/GetLog', 'client -> leader', _reliable(10),
    "Service: a page of the leader's event log; as get_order.")

ODOM = Topic(
    'odom', 'odom', 'nav_msgs/msg/Odometry', 'base -> edge', _best_effort(1),
    'Only the newest counts; best effort hears reliable publishers too.')
POSE = Topic(
    'pose', 'pose', 'geometry_msgs/msg/PoseWithCovarianceStamped', 'localisation -> edge',
    _best_effort(4), 'Read when pose_source is `pose`; remap to amcl_pose for AMCL.')
SCAN = Topic(
    'scan', 'scan', 'sensor_msgs/msg/LaserScan', 'laser -> edge', _best_effort(1),
    'Sensor data: only the newest counts.')
IMAGE = Topic(
    'image', 'camera/image_raw', 'sensor_msgs/msg/Image', 'camera -> edge', _best_effort(1),
    'Sensor data: only the newest counts. Read with `camera: true`; rgb8, bgr8, mono8, rgba8 or '
    'bgra8.')
BATTERY_STATE = Topic(
    'battery_state', 'battery_state', 'sensor_msgs/msg/BatteryState', 'base -> edge',
    _best_effort(1), 'Slow whole state: only the newest counts.')
CMD_VEL = Topic(
    'cmd_vel', 'cmd_vel', 'geometry_msgs/msg/TwistStamped', 'edge -> base', _reliable(1),
    'Reliable matches both kinds of subscription; 1 deep, so that an old speed is never driven. '
    'The simulated base hears it best effort. geometry_msgs/msg/Twist with cmd_vel_stamped: '
    'false.',
    heard=_best_effort(1))
LOAD_COMMAND = Topic(
    'load_command', 'load_command', f'{OURS}/msg/LoadCommand', 'edge -> payload', _reliable(4),
    'Repeated until load_state names the action.')
LOAD_STATE = Topic(
    'load_state', 'load_state', f'{OURS}/msg/LoadState', 'payload -> edge', _latched(1),
    'Latched: after a reboot it decides at once whether a pick took place.')
SAFETY_STATE = Topic(
    'safety_state', 'safety_state', f'{OURS}/msg/SafetyState', 'edge -> people', _latched(1),
    'Sent when it changes, so whoever looks later must get the last one.')
DETECTIONS = Topic(
    'detections', 'detections', f'{OURS}/msg/Detections', 'edge -> people', _best_effort(4),
    'What the camera saw, image by image; the limiter has it already, so losing one is harmless.')
ROBOT_STOP = Topic(
    'robot_stop', 'emergency_stop', f'{OURS}/msg/EmergencyStop', 'operator -> edge', _latched(16),
    'As the fleet-wide stop, for one robot.')

MARKERS = Topic(
    'markers', FLEET + 'markers', 'visualization_msgs/msg/MarkerArray', 'viz -> RViz, Foxglove',
    _reliable(1),
    'The whole fleet 5 times a second while somebody listens; reliable, since RViz asks for that, '
    'and 1 deep: only the newest counts.')
ROADMAP = Topic(
    'roadmap', FLEET + 'roadmap', 'visualization_msgs/msg/MarkerArray', 'viz -> RViz, Foxglove',
    _latched(1), 'Streets and places, said once; latched for viewers that start later.')
MAP = Topic(
    'map', FLEET + 'map', 'nav_msgs/msg/OccupancyGrid', 'viz -> RViz, Foxglove', _latched(1),
    'Racks and free streets, said once; latched, as maps are everywhere in ROS.')
TF = Topic(
    'tf', '/tf', 'tf2_msgs/msg/TFMessage', 'viz -> all', _reliable(100),
    "Robots' poses with publish_tf: true, for simulated fleets; ROS's own profile for it.")

DIAGNOSTICS = Topic(
    'diagnostics', '/diagnostics', 'diagnostic_msgs/msg/DiagnosticArray', 'all -> people',
    _reliable(10), "ROS's own place for health, 1 Hz; figures as compact JSON under `metrics`.")
CLOCK = Topic(
    'clock', '/clock', 'rosgraph_msgs/msg/Clock', 'simulation -> all', _best_effort(1),
    'ROS time for nodes with use_sim_time.')

TOPICS: Tuple[Topic, ...] = (
    RAFT, PRESENCE, LEASE, ROBOT_REPORT, AUTHORITY, COMMAND, COMMAND_ACK, ROBOT_STATE,
    CALL_FOR_BIDS, BID, ORDER, TASK_STATUS, FLEET_STATUS, EMERGENCY_STOP, SUBMIT_ORDER, OPERATE,
    GET_ORDER, LIST_ORDERS, GET_LOG, ODOM, POSE, SCAN, IMAGE,
    BATTERY_STATE, CMD_VEL, LOAD_COMMAND, LOAD_STATE, SAFETY_STATE, DETECTIONS, ROBOT_STOP,
    MARKERS, ROADMAP, MAP, TF, DIAGNOSTICS, CLOCK)
BY_KEY: Dict[str, Topic] = {topic.key: topic for topic in TOPICS}


def _shown(template: str) -> str:
    """Return a template as people write it."""
    return template.replace('{', '<').replace('}', '>')


def markdown_table() -> str:
    """Return the table of `docs/topics.md`."""
    lines = ['| Topic | Type | From, to | QoS | Why |', '|---|---|---|---|---|']
    for topic in TOPICS:
        lines.append(f'| `{_shown(topic.template)}` | `{topic.type_name}` | {topic.flow} '
                     f'| {topic.qos} | {topic.reason} |')
    return '\n'.join(lines) + '\n'


BEGIN, END = '<!-- table: begin -->\n', '<!-- table: end -->\n'


def with_table(page: str) -> str:
    """Return the page with the table between its two marks replaced by the current one."""
    head, rest = page.split(BEGIN)
    return head + BEGIN + markdown_table() + END + rest.split(END)[1]


def main() -> None:
    """Write the table into the page named on the command line."""
    path = sys.argv[1]
    with open(path, encoding='utf-8') as page:
        text = with_table(page.read())
    with open(path, 'w', encoding='utf-8') as page:
        page.write(text)


if __name__ == '__main__':
    main()
