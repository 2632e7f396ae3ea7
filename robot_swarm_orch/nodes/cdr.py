# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Numbers straight from, and into, the bytes of serialized messages.

Making a Python message object costs ten times as much as reading the dozen numbers that matter,
and a fleet of 100 robots says some thousands of messages a second. So the busiest types (odometry,
scan, cmd_vel) go this way where the encoding is plain CDR in little-endian order, which is what
ROS 2 middlewares use; everything else takes the long way.

Layout (OMG DDS-RTPS 2.3, section 10.2): four bytes of header, then the fields in order, each
number aligned to its size, counted from behind the header. A string is its length with a closing
NUL, its bytes, and the NUL.
"""

import struct

PLAIN = b'\0\1\0\0'
STAMP = struct.Struct('<iI')
LENGTH = struct.Struct('<I')
HEADER_AT = 4
FRAME_AT = 12


def is_plain(data) -> bool:
    """Return whether bytes are plain CDR in little-endian order."""
    return data[:4] == PLAIN


def aligned(offset: int, size: int) -> int:
    """Return the first offset from `offset` on where a number of `size` bytes may stand."""
    return ((offset - 4 + size - 1) & -size) + 4


def behind_string(data, offset: int) -> int:
    """Return the offset behind the string that stands at an offset; raises struct.error."""
    offset = aligned(offset, 4)
    end = offset + 4 + LENGTH.unpack_from(data, offset)[0]
    if end > len(data):
        raise struct.error('a string is longer than the message')
    return end


def stamp_s(data) -> float:
    """Return the stamp of a message that begins with a Header [s]; raises struct.error."""
    sec, nanosec = STAMP.unpack_from(data, HEADER_AT)
    return (sec * 1_000_000_000 + nanosec) / 1_000_000_000
