# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The simulated disk: like the real one while all is well, else as bad as it may be."""

import copy
import errno
import os
import random

import pytest
from robot_swarm_orch.raft.disk import OsDisk, write_all
from robot_swarm_orch.sim.disk import PowerLost, SimDisk


def outcome(call):
    """Return what a call gave: its value, or the name of its OSError."""
    try:
        return call()
    except OSError as error:
        return errno.errorcode[error.errno]


def random_calls(disk, folder, seed):
    """Make random calls; return their outcomes and all files at the end."""
    rng, outcomes, opened = random.Random(seed), [], []
    disk.make_folder(folder)
    for _ in range(80):
        path = os.path.join(folder, f'f{rng.randint(0, 4)}')
        kind = rng.choice(['create', 'append', 'write', 'write', 'sync', 'end_with', 'rename',
                           'unlink', 'read', 'names', 'folder'])
        if kind in ('create', 'append'):
            descriptor = outcome(lambda: (disk.create if kind == 'create' else disk.append_to)(
                path))
            if isinstance(descriptor, int):
                opened.append(descriptor)
                descriptor = 'opened'
            outcomes.append(descriptor)
        elif kind in ('write', 'sync'):
            if opened:
                descriptor = rng.choice(opened)
                data = rng.randbytes(rng.randint(0, 3000))
                outcomes.append(outcome(lambda: disk.write(descriptor, data) if kind == 'write'
                                        else disk.sync(descriptor)))
        elif kind == 'end_with':
            offset, data = rng.randint(0, 2000), rng.randbytes(rng.randint(0, 1000))
            outcomes.append(outcome(lambda: disk.end_with(path, offset, data)))
        elif kind == 'rename':
            outcomes.append(outcome(lambda: disk.rename(path, path[:-1] + str(rng.randint(5, 9)))))
        elif kind == 'folder':
            outcomes.append(outcome(lambda: disk.sync_folder(folder)))
        elif kind == 'names':
            outcomes.append(sorted(disk.names(folder)))
        else:
            outcomes.append(outcome(lambda: getattr(disk, kind)(path)))
    for descriptor in opened:
        disk.close(descriptor)
    return outcomes, {name: disk.read(os.path.join(folder, name)) for name in disk.names(folder)}


@pytest.mark.parametrize('seed', range(25))
def test_a_healthy_simulated_disk_answers_like_the_real_one(tmp_path, seed):
    real = random_calls(OsDisk, str(tmp_path / 'a' / 'b'), seed)
    assert random_calls(SimDisk(), '/a/b', seed) == real


@pytest.mark.parametrize('disk, folder', [(OsDisk, None), (SimDisk(), '/a')])
def test_a_lock_is_taken_once_and_free_when_it_is_closed(tmp_path, disk, folder):
    path = os.path.join(folder or tmp_path, 'lock')
    held = disk.lock(path)
    with pytest.raises(BlockingIOError) as told:
        disk.lock(path)
    assert told.value.strerror == (str(os.getpid()) if folder is None else 'simulated')
    disk.close(held)
    disk.close(disk.lock(path))


def disk_with(data, unsynced):
    """Return a disk with a file of synced bytes and some behind them that are not."""
    disk = SimDisk()
    disk.make_folder('/a')
    descriptor = disk.create('/a/f')
    write_all(disk, descriptor, data)
    disk.sync(descriptor)
    disk.sync_folder('/a')
    write_all(disk, descriptor, unsynced)
    return disk, descriptor


def after_crashes(disk, times=300):
    """Return the sets of names and contents of /a/f that crashes left."""
    names, contents = set(), set()
    for seed in range(times):
        crashed = copy.deepcopy(disk)
        crashed.crash(random.Random(seed))
        names.add(tuple(sorted(crashed.files())))
        if '/a/f' in crashed.files():
            contents.add(crashed.read('/a/f'))
    return names, contents


def test_what_is_synced_survives_and_the_rest_comes_in_every_form():
    old, new = random.Random(1).randbytes(700), random.Random(2).randbytes(2000)
    disk, _ = disk_with(old, new)
    names, contents = after_crashes(disk)
    assert names == {('/a/f',)}
    assert all(left[:700] == old for left in contents)
    assert {old, old + new} <= contents
    assert any(left != (old + new)[:len(left)] for left in contents), 'a later sector came alone'
    assert any(left.endswith(bytes(100)) for left in contents), 'length came, data did not'
    assert len({len(left) for left in contents}) > 20


def test_a_synced_file_survives_whole_and_always():
    disk, descriptor = disk_with(b'old', b'new')
    disk.sync(descriptor)
    assert after_crashes(disk, 50) == ({('/a/f',)}, {b'oldnew'})


def test_names_are_lost_or_kept_one_by_one_until_their_folder_is_synced():
    disk, _ = disk_with(b'kept', b'')
    disk.sync(disk.create('/a/g.tmp'))
    disk.rename('/a/g.tmp', '/a/g')
    disk.unlink('/a/f')
    names, _ = after_crashes(disk)
    assert names == {('/a/f',), ('/a/f', '/a/g.tmp'), ('/a/f', '/a/g'), ('/a/g',), (),
                     ('/a/g.tmp',)}
    disk.sync_folder('/a')
    assert after_crashes(disk, 20)[0] == {('/a/g',)}


def test_a_failed_sync_leaves_bytes_that_can_be_read_and_are_not_safe_until_written_again():
    disk, descriptor = disk_with(b'old', b'new')
    disk.fails_to_sync = True
    with pytest.raises(OSError, match='Input/output error'):
        disk.sync(descriptor)
    disk.heal()
    disk.sync(descriptor)
    assert disk.read('/a/f') == b'oldnew'
    assert len(after_crashes(disk, 50)[1]) > 1
    disk.end_with('/a/f', 3, b'new')
    assert after_crashes(disk, 50)[1] == {b'oldnew'}


def test_a_killed_process_loses_its_locks_and_nothing_that_it_wrote():
    disk, descriptor = disk_with(b'old', b'new')
    disk.lock('/a/lock')
    disk.kill()
    assert disk.read('/a/f') == b'oldnew'
    disk.lock('/a/lock')
    with pytest.raises(PowerLost, match='dead'):
        disk.write(descriptor, b'late')


def test_the_power_goes_off_in_the_midst_of_the_chosen_change_and_stays_off():
    disk, descriptor = disk_with(b'old', b'')
    disk.crash_at = disk.steps + 2
    disk.write(descriptor, b'one')
    with pytest.raises(PowerLost):
        disk.write(descriptor, b'two')
    for call in (lambda: disk.sync(descriptor), lambda: disk.read('/a/f'),
                 lambda: disk.lock('/a/lock'), lambda: disk.create('/a/g')):
        with pytest.raises(PowerLost, match='power is off'):
            call()
    disk.close(descriptor)
    disk.crash(random.Random(1))
    assert disk.read('/a/f').startswith(b'old') and disk.crash_at is None


def test_a_full_disk_takes_what_fits_and_gives_back_what_is_removed():
    disk, descriptor = disk_with(b'x' * 100, b'')
    disk.free_bytes = 10
    assert disk.write(descriptor, b'y' * 15) == 10
    with pytest.raises(OSError) as full:
        disk.write(descriptor, b'z')
    assert full.value.errno == errno.ENOSPC
    disk.end_with('/a/f', 50, b'in place')
    disk.unlink('/a/f')
    assert disk.free_bytes == 58


def test_a_slow_disk_tells_what_its_syncs_cost():
    disk, descriptor = disk_with(b'', b'')
    disk.take_cost_s()
    disk.sync_s = 0.25
    disk.write(descriptor, b'x')
    disk.sync(descriptor)
    disk.sync_folder('/a')
    assert disk.take_cost_s() == 0.5 and disk.take_cost_s() == 0.0


def test_a_read_only_disk_is_read_and_nothing_else():
    disk, descriptor = disk_with(b'old', b'')
    disk.read_only = True
    assert disk.read('/a/f') == b'old' and disk.names('/a') == ['f']
    for call in (lambda: disk.write(descriptor, b'x'), lambda: disk.create('/a/g'),
                 lambda: disk.unlink('/a/f'), lambda: disk.append_to('/a/f'),
                 lambda: disk.lock('/a/lock')):
        with pytest.raises(OSError, match='Read-only file system'):
            call()


def test_a_flipped_byte_is_seen_and_stays():
    disk, _ = disk_with(b'abc', b'')
    disk.flip('/a/f', 1, 0x01)
    assert disk.read('/a/f') == b'acc'
    disk.crash(random.Random(1))
    assert disk.read('/a/f') == b'acc' and disk.files() == {'/a/f': 3}
