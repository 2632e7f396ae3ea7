# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The bytes of a `FileStore`: records with checksums in numbered segment files, and snapshot files.

A record is `magic, length, crc, payload`: 4 bytes `SWRF`, the payload's length and the CRC-32 of
length and payload as little-endian 32-bit numbers, then a MessagePack list. One save is one
record, and each record is on disk before the next one is written. So a crash can damage the last
record only, and anything else that is damaged was damaged later, by the disk or by a person.

Records: `[HEADER, layout, segment number, identity, hard state]` opens each segment; `[SAVE, hard
state, [[term, index, kind, data], ...], snapshot mark or nil]` is one save. A hard state is
`[term, vote, commit, amnesic]`, a snapshot mark `[index, term]`: the snapshot itself has a file of
its own, `[layout, index, term, [[voter, ...], [learner, ...]], data]`.
"""

import os
import re
import struct
import zlib

import msgpack

from robot_swarm_orch.raft.disk import write_all
from robot_swarm_orch.raft.errors import CorruptLog
from robot_swarm_orch.raft.members import members_of
from robot_swarm_orch.raft.messages import Snapshot

LAYOUT_VERSION = 2
ROOM_BYTES = 256 * 1024
"""What a disk that was full must take before its log is read anew: room for many records."""

SUMMED_BYTES = 4 * 1024 * 1024
WRITTEN_BYTES = 512 * 1024
"""How much of a snapshot is summed, or written and synced, in one go: some milliseconds."""

HEADER = 0
SAVE = 1

_MAGIC = b'SWRF'
_FRAME = struct.Struct('<4sII')
_LENGTH = struct.Struct('<I')
_BLOB, _BLOB_TYPE = struct.Struct('>BI'), 0xc6  # MessagePack: bytes, with their number in 32 bits
_SEGMENT_NAME = re.compile(r'^segment-(\d{16})\.log$')
_SNAPSHOT_NAME = re.compile(r'^snapshot-(\d{16})-(\d{16})\.snap$')


def frame(values):
    """Return the bytes of one record that holds the list `values`."""
    payload = msgpack.packb(values)
    length = _LENGTH.pack(len(payload))
    crc = zlib.crc32(payload, zlib.crc32(length))
    return _FRAME.pack(_MAGIC, len(payload), crc) + payload


def parse(data, offset):
    """Return (values, next offset) of the record at `offset`, or None if no whole one is there."""
    if offset + _FRAME.size > len(data):
        return None
    magic, length, crc = _FRAME.unpack_from(data, offset)
    start = offset + _FRAME.size
    end = start + length
    if magic != _MAGIC or end > len(data):
        return None
    payload = data[start:end]
    if zlib.crc32(payload, zlib.crc32(_LENGTH.pack(length))) != crc:
        return None
    return msgpack.unpackb(payload, use_list=True), end


def scan(data):
    """
    Return (records, good, last): all whole records from the start, and two offsets.

    `good` is behind the last of them, and `len(data)` unless something else follows; `last` is
    where the last of them begins.
    """
    records = []
    last = offset = 0
    while offset < len(data):
        parsed = parse(data, offset)
        if parsed is None:
            break
        records.append(parsed[0])
        last, offset = offset, parsed[1]
    return records, offset, last


def next_whole_record(data, offset):
    """Return the offset of a whole record anywhere behind `offset`, or None."""
    while True:
        offset = data.find(_MAGIC, offset + 1)
        if offset < 0:
            return None
        if parse(data, offset) is not None:
            return offset


def segment_name(number):
    """Return the file name of segment `number`."""
    return f'segment-{number:016d}.log'


def list_segments(disk, directory):
    """Return the segments' numbers in `directory`, in order; CorruptLog if one is missing."""
    numbers = sorted(int(match.group(1)) for match in map(
        _SEGMENT_NAME.match, disk.names(directory)) if match)
    for before, after in zip(numbers, numbers[1:]):
        if after != before + 1:
            raise CorruptLog(
                f'{os.path.join(directory, segment_name(before + 1))} is missing, though later '
                f'segments exist. {WAY_OUT}')
    return numbers


WAY_OUT = (
    'Nothing was changed. Restore this directory from a copy, or, if a majority of the other '
    'coordinators is healthy, move it away and let this one start empty under a new id.')


def snapshot_name(index, term):
    """Return the file name of the snapshot at `index` and `term`."""
    return f'snapshot-{index:016d}-{term:016d}.snap'


class SnapshotFile:
    """
    A snapshot on its way to the disk, where it is whole or not at all.

    It is written aside in slices, each of which is synced, so that none takes long; then renamed,
    and its name synced. What a crash leaves is not in use, and removed at the next start.
    """

    def __init__(self, disk, directory, snapshot):
        """Begin a file; OSError if the disk refuses, as in `step`."""
        self._disk, self._directory = disk, directory
        self._path = os.path.join(directory, snapshot_name(snapshot.index, snapshot.term))
        size = len(snapshot.data)
        head = b''.join((
            msgpack.Packer().pack_array_header(5), *map(msgpack.packb, (
                LAYOUT_VERSION, snapshot.index, snapshot.term,
                [snapshot.members.voters, snapshot.members.learners])),
            _BLOB.pack(_BLOB_TYPE, size)))
        self._size = len(head) + size
        self._crc = zlib.crc32(head, zlib.crc32(_LENGTH.pack(self._size)))
        self._head = head
        self._to_sum = _slices(snapshot.data, SUMMED_BYTES)
        self._to_write = _slices(snapshot.data, WRITTEN_BYTES)
        self._descriptor, self._is_safe = None, False

    def step(self) -> bool:
        """Do a slice of the work; return True once the snapshot is safe under its name."""
        try:
            return self._step()
        except OSError:
            self._close()
            raise

    def _step(self):
        if self._is_safe:
            return True
        if self._to_sum:
            self._crc = zlib.crc32(self._to_sum.pop(), self._crc)
        elif self._descriptor is None:
            self._descriptor = self._disk.create(self._path + '.tmp')
            write_all(self._disk, self._descriptor,
                      _FRAME.pack(_MAGIC, self._size, self._crc) + self._head)
        elif self._to_write:
            write_all(self._disk, self._descriptor, self._to_write.pop())
            self._disk.sync(self._descriptor)
        else:
            self._close()
            self._disk.rename(self._path + '.tmp', self._path)
            self._disk.sync_folder(self._directory)
            self._is_safe = True
        return self._is_safe

    def _close(self):
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            self._disk.close(descriptor)

    def abandon(self) -> None:
        """Remove what is written; nobody wants it any more."""
        if self._descriptor is not None:
            self._close()
            self._disk.unlink(self._path + '.tmp')


def _slices(data, size):
    """Return slices of bytes, the first one last."""
    view = memoryview(data)
    return [view[at:at + size] for at in range(0, len(view), size)][::-1]


def write_snapshot(disk, directory, snapshot):
    """Put `snapshot` on disk whole or not at all, in one go."""
    file = SnapshotFile(disk, directory, snapshot)
    while not file.step():
        pass


def list_snapshots(disk, directory):
    """Return (index, term) of each snapshot in `directory`, oldest first."""
    return sorted((int(match.group(1)), int(match.group(2))) for match in map(
        _SNAPSHOT_NAME.match, disk.names(directory)) if match)


def read_newest_snapshot(disk, directory):
    """Return the newest Snapshot in `directory`, or None; CorruptLog if it is damaged."""
    held = list_snapshots(disk, directory)
    if not held:
        return None
    index, term = held[-1]
    path = os.path.join(directory, snapshot_name(index, term))
    data = disk.read(path)
    records, good, _ = scan(data)
    if len(records) != 1 or good != len(data) or records[0][:3] != [LAYOUT_VERSION, index, term]:
        raise CorruptLog(
            f'{path}: the snapshot is damaged (checksum or length, offset 0), and older log '
            f'entries are gone. {WAY_OUT}')
    return Snapshot(index, term, records[0][4], members_of(records[0][3]))


def remove_leftovers(disk, directory):
    """Remove what a crash left half written; it was never in use."""
    for name in disk.names(directory):
        if name.endswith('.tmp'):
            disk.unlink(os.path.join(directory, name))


def try_room(disk, directory):
    """Raise OSError unless the disk takes `ROOM_BYTES` more, which are given back at once."""
    remove_leftovers(disk, directory)
    path = os.path.join(directory, 'room.tmp')
    descriptor = disk.create(path)
    try:
        write_all(disk, descriptor, bytes(ROOM_BYTES))
        disk.sync(descriptor)
    finally:
        disk.close(descriptor)
        disk.unlink(path)
