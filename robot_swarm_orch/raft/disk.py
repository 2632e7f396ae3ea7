# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The operating system as a store sees it: the dozen calls that a `FileStore` makes, and no others.

`OsDisk` is the real one. `sim/disk.py: SimDisk` has the same methods and loses power on command,
so that the very same store code is put to the test. What the store may take for granted is POSIX's
promise and no more: data is safe once its file is synced, a new, renamed or removed name once its
folder is synced, and before that any part of it may be on the disk, in any order.

All methods raise OSError as the system does.
"""

import contextlib
import fcntl
import os

_APPEND = os.O_WRONLY | os.O_APPEND
_FILE_MODE, _FOLDER_MODE = 0o640, 0o750


class OsDisk:
    """The real disk."""

    # Files, by path

    @staticmethod
    def read(path):
        """Return all bytes of a file."""
        with open(path, 'rb') as file:
            return file.read()

    rename = staticmethod(os.rename)
    unlink = staticmethod(os.unlink)

    @staticmethod
    def end_with(path, offset, data):
        """Let a file end with `data` from `offset` on, and sync it."""
        descriptor = os.open(path, os.O_WRONLY)
        try:
            os.lseek(descriptor, offset, os.SEEK_SET)
            write_all(OsDisk, descriptor, data)
            os.ftruncate(descriptor, offset + len(data))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    # Files, by descriptor

    @staticmethod
    def create(path):
        """Make a new file and return a descriptor to write it; FileExistsError if it is there."""
        return os.open(path, _APPEND | os.O_CREAT | os.O_EXCL, _FILE_MODE)

    @staticmethod
    def append_to(path):
        """Return a descriptor to write behind the end of a file."""
        return os.open(path, _APPEND)

    write = staticmethod(os.write)
    """write(descriptor, data) -> how many bytes of it were taken."""

    sync = staticmethod(os.fdatasync)
    """sync(descriptor): return when all that was written, and the file's length, is safe."""

    close = staticmethod(os.close)

    # Folders

    names = staticmethod(os.listdir)

    @staticmethod
    def make_folder(folder):
        """Make a folder, and those above it, where they are missing, and sync their names."""
        folder = os.path.abspath(folder)
        above = os.path.dirname(folder)
        if not os.path.isdir(folder):
            if above != folder:
                OsDisk.make_folder(above)
            with contextlib.suppress(FileExistsError):  # another process may be as quick
                os.mkdir(folder, _FOLDER_MODE)
        elif not os.access(above, os.R_OK):
            return  # somebody else made the folder, and keeps its name
        OsDisk.sync_folder(above)

    @staticmethod
    def sync_folder(folder):
        """Return when new, renamed and removed names in `folder` are safe."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @staticmethod
    def lock(path):
        """
        Take the lock at `path` until it is closed or the process ends; return its descriptor.

        Raises BlockingIOError, whose text is the number of the process that has it, if one has.
        """
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, _FILE_MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f'{os.getpid()}\n'.encode())
        except BlockingIOError as error:
            holder = os.read(descriptor, 32).decode(errors='replace').strip()
            os.close(descriptor)
            raise BlockingIOError(error.errno, holder or 'unknown') from error
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor


def write_all(disk, descriptor, data):
    """Write all of `data`, however the system splits it."""
    view = memoryview(data)
    while view:
        view = view[disk.write(descriptor, view):]
