# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
A simulated disk under a real `FileStore`: it loses power, fills up, fails, slows down and rots.

    disk = SimDisk()
    store = FileStore('/c1', disk=disk)     # the store code itself, on a disk in memory

    disk.crash(rng)                 power lost: what is synced stays, of the rest anything may
    disk.kill()                     process killed: all that was written stays, as after kill -9
    disk.crash_at = disk.steps + n  the n-th change from now raises PowerLost in the midst of it;
                                    the owner throws its store away and calls crash(rng)
    disk.sync_s = 0.02              each sync costs so much time ...
    disk.take_cost_s()              ... which the caller charges: the sum since the last call [s]
    disk.free_bytes = 4096          how much still fits; then ENOSPC. None: no limit
    disk.read_only = True           all changes give EROFS
    disk.fails_to_sync = True       syncs give EIO
    disk.heal()                     ends slowness, lack of room, read-only and failing syncs
    disk.flip(path, offset)         a bit of that byte rots
    disk.files()                    {path: size in bytes}, for choosing what shall rot

After `crash` or `kill` make a new FileStore; the old one's descriptors are void (PowerLost).

What is kept apart, and how it is lost (Pillai et al., "All File Systems Are Not Created Equal",
OSDI 2014): of a file's sectors written and not synced, any subset, each torn in the middle if need
be; of its length, the old, the new or one between, with zeros or old rubbish where no sector came;
of names made, changed and removed since their folder was synced, any subset, while a rename
happens whole or not at all. A sync that fails leaves its sectors readable and clean, but nobody
knows whether they are on the disk, and no later sync writes them (Rebello et al., "Can
Applications Recover from fsync Failures?", USENIX ATC 2020).

A run is replayed by the same calls and the same generators; `copy.deepcopy(disk)` branches it.
"""

import errno
import os

_FOLDER = None


class PowerLost(Exception):
    """The simulated power went off in the midst of a change to the disk."""


class _File:
    """Bytes as programs see them and as they lie on the disk, and the sectors that may differ."""

    __slots__ = ('seen', 'kept', 'dirty', 'doubtful')

    def __init__(self):
        self.seen, self.kept = bytearray(), bytearray()
        self.dirty, self.doubtful = set(), set()

    def write(self, offset, data, sector_bytes):
        """Write where programs see it."""
        self.seen.extend(bytes(max(0, offset - len(self.seen))))
        self.seen[offset:offset + len(data)] = data
        touched = range(offset // sector_bytes, -(-(offset + len(data)) // sector_bytes))
        self.dirty.update(touched)
        self.doubtful.difference_update(touched)

    def sync(self, sector_bytes):
        """Let dirty sectors and the length reach the disk; doubtful ones do not (see above)."""
        kept, size = self.kept, len(self.seen)
        del kept[size:]
        kept.extend(bytes(size - len(kept)))
        for sector in self.dirty:
            at = sector * sector_bytes
            kept[at:at + sector_bytes] = self.seen[at:at + sector_bytes]
        self.dirty.clear()

    def fail_sync(self):
        """Forget what is to be written, as the system does after an error of the device."""
        self.doubtful |= self.dirty
        self.dirty.clear()

    def lose_power(self, rng, sector_bytes):
        """Keep what is synced, and of the rest what `rng` says."""
        unsafe = self.dirty | self.doubtful
        shorter, longer = sorted((len(self.kept), len(self.seen)))
        size = rng.choice((len(self.kept), len(self.seen), rng.randint(shorter, longer)))
        image = bytearray(self.kept[:size])
        filler = rng.choice((bytes, rng.randbytes))
        image.extend(filler(size - len(image)))
        for sector in self._arrived(rng, sorted(unsafe)):
            at = sector * sector_bytes
            end = min(at + sector_bytes, size, len(self.seen))
            if rng.random() < 0.1:
                end = rng.randint(at, max(at, end))
            if end > at:
                image[at:end] = self.seen[at:end]
        self.seen, self.kept = image, bytearray(image)
        self.dirty.clear()
        self.doubtful.clear()

    @staticmethod
    def _arrived(rng, sectors):
        """Return which sectors reached the disk: a first part of them, or any."""
        if rng.random() < 0.5:
            return sectors[:rng.randint(0, len(sectors))]
        return [sector for sector in sectors if rng.random() < 0.5]


class SimDisk:
    """One computer's disk; its calls are those of `raft/disk.py: OsDisk`."""

    def __init__(self, sector_bytes=512):
        """Start empty and healthy; a sector is what the disk writes at once."""
        self._sector_bytes = sector_bytes
        self._seen = {'/': _FOLDER}   # path -> _File, as programs see it
        self._kept = {'/': _FOLDER}   # the same, on the disk
        self._pending = []            # (folder, {path: _File, or '' if removed}), oldest first
        self._open = {}               # descriptor -> (path, _File, or None for a lock)
        self._next_descriptor = 3
        self._cost_s = 0.0
        self._is_off = False
        self.steps = 0
        self.crash_at = None
        self.heal()

    # Faults

    def heal(self):
        """End slowness, lack of room, read-only mode and failing syncs."""
        self.sync_s = 0.0
        self.free_bytes = None
        self.read_only = False
        self.fails_to_sync = False

    def kill(self):
        """Let the process die: its descriptors and locks go, what it wrote stays as it is."""
        self._open.clear()
        self._is_off = False
        self.crash_at = None
        self._cost_s = 0.0

    def crash(self, rng):
        """Let the computer lose power and come back; `rng` decides what was not yet safe."""
        for changes in self._survivors(rng):
            _apply(self._kept, changes)
        for path in sorted(self._kept):
            if not self._is_reachable(path):
                del self._kept[path]
            elif self._kept[path] is not _FOLDER:
                self._kept[path].lose_power(rng, self._sector_bytes)
        self._seen = dict(self._kept)
        self._pending.clear()
        self.kill()

    def _survivors(self, rng):
        """Return the changes of names that reached the disk: the first ones, or any."""
        changes = [changes for _, changes in self._pending]
        if rng.random() < 0.5:
            return changes[:rng.randint(0, len(changes))]
        return [change for change in changes if rng.random() < 0.5]

    def _is_reachable(self, path):
        return path == '/' or (os.path.dirname(path) in self._kept
                               and self._is_reachable(os.path.dirname(path)))

    def flip(self, path, offset, mask=0x10):
        """Let bits of one byte rot, on the disk and in what programs see."""
        file = self._file(path)
        for image in {id(image): image for image in (file.seen, file.kept)}.values():
            if offset < len(image):
                image[offset] ^= mask

    def files(self):
        """Return {path: size in bytes} of all files, as programs see them."""
        return {path: len(file.seen) for path, file in sorted(self._seen.items())
                if file is not _FOLDER}

    def take_cost_s(self):
        """Return the time that syncs took since the last call [s]."""
        cost_s, self._cost_s = self._cost_s, 0.0
        return cost_s

    # The calls of OsDisk

    def read(self, path):
        """Return all bytes of a file."""
        self._check_on()
        return bytes(self._file(path).seen)

    def rename(self, path, new_path):
        """Give a file another name in the same folder."""
        file = self._file(path)
        self._change_names({path: '', new_path: file})

    def unlink(self, path):
        """Remove a file's name."""
        file = self._file(path)
        self._change_names({path: ''})
        if self.free_bytes is not None:
            self.free_bytes += len(file.seen)

    def end_with(self, path, offset, data):
        """Let a file end with `data` from `offset` on, and sync it."""
        self._check_writable()
        file = self._file(path)
        is_last = self._count()
        self._take_room(file, offset + len(data) - len(file.seen))
        file.write(offset, data, self._sector_bytes)
        del file.seen[offset + len(data):]
        self._lose_power_if(is_last)
        self._sync(file)

    def create(self, path):
        """Make a new file and return a descriptor to write it."""
        self._check_on()
        if path in self._seen:
            raise _error(errno.EEXIST, path)
        file = _File()
        self._change_names({path: file})
        return self._descriptor(path, file)

    def append_to(self, path):
        """Return a descriptor to write behind the end of a file."""
        self._check_writable()
        return self._descriptor(path, self._file(path))

    def write(self, descriptor, data):
        """Write behind the end, as far as there is room; return how many bytes were taken."""
        self._check_writable()
        file = self._written(descriptor)
        is_last = self._count()
        count = self._take_room(file, len(data))
        file.write(len(file.seen), data[:count], self._sector_bytes)
        self._lose_power_if(is_last)
        return count

    def sync(self, descriptor):
        """Make the file's bytes and length safe."""
        self._check_writable()
        self._sync(self._written(descriptor))

    def close(self, descriptor):
        """Give a descriptor or a lock back."""
        self._open.pop(descriptor, None)

    def names(self, folder):
        """Return the names in a folder."""
        self._check_on()
        return [os.path.basename(path) for path in self._seen
                if path != '/' and os.path.dirname(path) == folder]

    def make_folder(self, folder):
        """Make a folder, and those above it, where they are missing, and sync their names."""
        self._check_on()
        above = os.path.dirname(folder)
        if folder not in self._seen:
            self.make_folder(above)
            self._change_names({folder: _FOLDER})
        if folder != '/':
            self.sync_folder(above)

    def sync_folder(self, folder):
        """Make changed names in a folder safe."""
        self._begin_sync()
        if self.fails_to_sync:
            raise _error(errno.EIO, folder)
        for above, changes in self._pending:
            if above == folder:
                _apply(self._kept, changes)
        self._pending = [change for change in self._pending if change[0] != folder]

    def lock(self, path):
        """Take a lock; BlockingIOError if it is taken."""
        self._check_writable()
        if any(held == path for held, _ in self._open.values()):
            raise BlockingIOError(errno.EWOULDBLOCK, 'simulated')
        return self._descriptor(path, None)

    # Within

    def _file(self, path):
        file = self._seen.get(path)
        if file is _FOLDER:
            raise _error(errno.ENOENT, path)
        return file

    def _descriptor(self, path, file):
        self._next_descriptor += 1
        self._open[self._next_descriptor] = (path, file)
        return self._next_descriptor

    def _written(self, descriptor):
        if descriptor not in self._open:
            raise PowerLost('this store belongs to a process that is dead: make a new one')
        return self._open[descriptor][1]

    def _check_on(self):
        if self._is_off:
            raise PowerLost('the simulated power is off: call crash(), then make a new store')

    def _check_writable(self):
        self._check_on()
        if self.read_only:
            raise _error(errno.EROFS)

    def _take_room(self, file, growth):
        """Return how many of `growth` bytes fit; ENOSPC if none of them does."""
        if self.free_bytes is None or growth <= 0:
            return growth
        taken = min(growth, self.free_bytes)
        if taken == 0:
            raise _error(errno.ENOSPC)
        self.free_bytes -= taken
        return taken

    def _count(self):
        """Count one change; return True if the power goes off in the midst of it."""
        self.steps += 1
        return self.steps == self.crash_at

    def _lose_power_if(self, is_last):
        if is_last:
            self._is_off = True
            raise PowerLost(f'the simulated power went off at change {self.steps}')

    def _change_names(self, changes):
        """Change names in one folder, all or none of them."""
        self._check_writable()
        is_last = self._count()
        _apply(self._seen, changes)
        self._pending.append((os.path.dirname(next(iter(changes))), changes))
        self._lose_power_if(is_last)

    def _begin_sync(self):
        """Count and charge a sync; the power may go off before anything of it is done."""
        self._check_on()
        self._lose_power_if(self._count())
        self._cost_s += self.sync_s

    def _sync(self, file):
        self._begin_sync()
        if self.fails_to_sync:
            file.fail_sync()
            raise _error(errno.EIO)
        file.sync(self._sector_bytes)


def _apply(names, changes):
    """Bring changes into a table of names; '' removes one."""
    for path, file in changes.items():
        if file == '':
            names.pop(path, None)
        else:
            names[path] = file


def _error(number, path=None):
    """Return the OSError that the system would raise."""
    return OSError(number, os.strerror(number), path)
