# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Reads what an observer needs from a serialized RobotReport, without making a message of it.

Hearing a thousand reports a second as messages takes a fifth of a core, ten times as much as this.
The layout is CDR (OMG DDS-XTypes 1.3, section 7.4, "plain CDR", little endian) in the order of
RobotReport.msg; a test compares the two ways of reading. What is not read here (load's
mass, battery, order) keeps the default of `types.Report`.
"""

from struct import error as StructError, Struct

from robot_swarm_orch.errors import WireError
from robot_swarm_orch.types import Mode, Pose, Reason, Report

_LITTLE_ENDIAN = b'\x00\x01'
_STAMP = Struct('<iI')
_UINT32 = Struct('<I')
_IDS = Struct('<QQQQQB')  # boot_id, seq, term, lease_seq, site_hash, mode
_BOOT = Struct('<Q')
_PLACE = Struct('<qddffff')  # goal, x, y, yaw, speed, pose_error, footprint_radius
_TAIL = Struct('<BB')  # safety, emergency_stop
_HEADER = 4  # bytes of encapsulation, which alignment does not count
_NODES_MAX = 4096


def glance(data: bytes):
    """
    Return (stamp [s, ROS time], Report) of a serialized RobotReport.

    Raises WireError when the bytes are no such message.
    """
    if data[:2] != _LITTLE_ENDIAN:
        raise WireError('RobotReport.encapsulation: not plain little-endian CDR')
    try:
        sec, nanosec = _STAMP.unpack_from(data, _HEADER)
        at = _skip_text(data, _skip_text(data, _HEADER + _STAMP.size))
        robot, at = _text(data, at)
        at = _aligned(at, 8)
        boot_id, seq, term, lease_seq, site_hash, mode = _IDS.unpack_from(data, at)
        held, at = _nodes(data, at + _IDS.size)
        wanted, at = _nodes(data, at)
        at = _aligned(at, 8)
        goal, x_m, y_m, yaw_rad, speed_mps, error_m, radius_m = _PLACE.unpack_from(data, at)
        at = _skip_text(data, _aligned(at + _PLACE.size, 8) + 8)  # command_seq, order_id
        carrying = data[at] != 0
        at = _aligned(at + 1, 4) + 8  # load_mass, battery
        safety, stopped = _TAIL.unpack_from(data, at)
        report = Report(
            robot, boot_id, seq, Mode(mode), site_hash, held, wanted, Pose(x_m, y_m, yaw_rad),
            speed_mps, goal, term, lease_seq, carrying=carrying, pose_error_m=error_m,
            footprint_radius_m=radius_m, safety=Reason(safety), emergency_stop=bool(stopped))
    except (StructError, IndexError, UnicodeDecodeError, ValueError) as error:
        raise WireError(f'RobotReport.bytes: {error}') from error
    return sec + 1e-9 * nanosec, report


def head(data: bytes):
    """
    Return (stamp [s, ROS time], robot, boot id) of a serialized RobotReport.

    Raises WireError when the bytes are no such message.
    """
    if data[:2] != _LITTLE_ENDIAN:
        raise WireError('RobotReport.encapsulation: not plain little-endian CDR')
    try:
        sec, nanosec = _STAMP.unpack_from(data, _HEADER)
        robot, at = _text(data, _skip_text(data, _skip_text(data, _HEADER + _STAMP.size)))
        boot_id, = _BOOT.unpack_from(data, _aligned(at, 8))
    except (StructError, UnicodeDecodeError) as error:
        raise WireError(f'RobotReport.bytes: {error}') from error
    return sec + 1e-9 * nanosec, robot, boot_id


def _aligned(at: int, size: int) -> int:
    """Return the next offset at which a value of a size may begin."""
    return at + (_HEADER - at) % size


def _text(data: bytes, at: int):
    """Return a text and the offset behind it."""
    at = _aligned(at, 4)
    size, = _UINT32.unpack_from(data, at)
    at += 4
    return data[at:at + size - 1].decode('ascii'), at + size


def _skip_text(data: bytes, at: int) -> int:
    """Return the offset behind a text."""
    at = _aligned(at, 4)
    return at + 4 + _UINT32.unpack_from(data, at)[0]


def _nodes(data: bytes, at: int):
    """Return a list of nodes and the offset behind it."""
    at = _aligned(at, 4)
    count, = _UINT32.unpack_from(data, at)
    if count > _NODES_MAX:
        raise WireError(f'RobotReport.held: {count} nodes; at most {_NODES_MAX} are allowed')
    at += 4
    return Struct(f'<{count}I').unpack_from(data, at), at + 4 * count
