#!/usr/bin/env python3
# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Train the classifier of the lane ahead on rendered pictures, and judge it on others.

    python training/train_lane.py --out robot_swarm_orch/models

writes `lane.onnx` and `lane.json`, the record of how it came about. Needs mujoco with OpenGL (see
sim/cameras.py), onnx and onnxruntime. The pictures of a seed are the same in every run on one
machine; another version of Mesa or NumPy may round some otherwise.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from datetime import date
import hashlib
from importlib.metadata import version
import json
import os
from pathlib import Path
import platform
import sys
import time

import numpy as np

sys.path.append(str(Path(__file__).resolve().parent.parent))
from convnet import ConvNet, to_onnx  # noqa: E402,I100
from robot_swarm_orch.bringup import default_site_file  # noqa: E402
from robot_swarm_orch.onnx_runtime import open_session  # noqa: E402
from robot_swarm_orch.sim.lane_samples import SampleMaker  # noqa: E402
from robot_swarm_orch.sim.obstacles import Lane  # noqa: E402
from robot_swarm_orch.site import load_site  # noqa: E402

NAME, VERSION = 'lane', '1'
CLASSES = ('clear', 'blocked')
CHUNK = 500
# Seeds of the pictures; chunk k of a set uses its seed plus k. They never meet.
TRAIN_SEED, VALID_SEED, TEST_SEED, OTHER_SEED = 1_000, 500_000, 600_000, 700_000
# A blocked lane taken for clear is worse than the other way round.
BLOCKED_WEIGHT = 2.0
# The warehouse that no training picture shows: other aisles, other racks.
OTHER_SITE = {'name': 'other', 'warehouse': {'columns': 8, 'column_cells': 3, 'blocks': 2,
                                             'block_cells': 7, 'rack_margin_m': 1.3,
                                             'spacing_m': 2.2}}


def chunk(job):
    """Return the samples of one chunk as arrays: pictures, truth, kinds, distances."""
    seed, count, other = job
    maker = SampleMaker(load_site(OTHER_SITE if other else default_site_file()), seed)
    samples = [maker.draw() for _ in range(count)]
    maker.close()
    return (np.stack([s.picture for s in samples]), np.array([s.blocked for s in samples]),
            [s.obstacle for s in samples], np.array([s.ahead_m for s in samples]))


def pictures(seed, count, workers, other=False, cache=None):
    """Return a set of samples, the same for any number of workers, from the cache if there."""
    known = cache and cache / f'{seed}_{count}_{int(other)}.npz'
    if known and known.is_file():
        kept = np.load(known)
        return kept['x'], kept['truth'], kept['kinds'].tolist(), kept['ahead']
    drawn = draw(seed, count, workers, other)
    if known:
        cache.mkdir(parents=True, exist_ok=True)
        np.savez(known, x=drawn[0], truth=drawn[1], kinds=drawn[2], ahead=drawn[3])
    return drawn


def draw(seed, count, workers, other):
    """Draw a set of samples."""
    jobs = [(seed + k, min(CHUNK, count - k * CHUNK), other)
            for k in range((count + CHUNK - 1) // CHUNK)]
    with ProcessPoolExecutor(workers) as pool:
        parts = list(pool.map(chunk, jobs))
    return (np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts]),
            sum((p[2] for p in parts), []), np.concatenate([p[3] for p in parts]))


def train(net, data, valid, epochs, batch, seed):
    """Train in place, mirrored at random; keep the weights that do best on `valid`."""
    x, truth = data[:2]
    rng = np.random.default_rng(seed)
    best, kept, steps = -1.0, None, epochs * (len(x) // batch)
    done = 0
    for epoch in range(epochs):
        began, losses = time.monotonic(), []
        order = rng.permutation(len(x))
        for start in range(0, len(x) - batch + 1, batch):
            index = np.sort(order[start:start + batch])
            rows, answers = x[index], truth[index]
            mirrored = rng.random(batch) < 0.5
            rows[mirrored] = rows[mirrored, :, ::-1]
            weight = np.where(answers, BLOCKED_WEIGHT, 1.0)
            rate = 0.5 * (1.0 + np.cos(np.pi * done / steps))
            losses.append(net.step(rows, answers, weight, max(rate, 0.01)))
            done += 1
        right = figures(net.logits(valid[0]) > 0.0, valid)
        score = right['accuracy'] - right['missed_ratio']
        if score > best:
            best, kept = score, net.state()
        print(f'epoch {epoch + 1}: loss {np.mean(losses):.4f}, validation {right["accuracy"]:.4f},'
              f' missed {right["missed_ratio"]:.4f}, {time.monotonic() - began:.0f} s', flush=True)
    net.restore(kept)


def figures(says, data) -> dict:
    """Return accuracy, confusion and misses of answers on a set."""
    truth = data[1]
    confusion = [[int((~truth & ~says).sum()), int((~truth & says).sum())],
                 [int((truth & ~says).sum()), int((truth & says).sum())]]
    kinds, ahead = np.array(data[2]), data[3]
    missed = {kind: [int((truth & ~says & (kinds == kind)).sum()),
                     int((truth & (kinds == kind)).sum())]
              for kind in sorted(set(kinds[truth]))}
    by_way = {f'{low}-{low + 1} m': [int((truth & ~says & near).sum()), int((truth & near).sum())]
              for low in range(4) for near in [(ahead >= low) & (ahead < low + 1)]}
    return {'pictures': len(truth), 'accuracy': round(float((says == truth).mean()), 5),
            'missed_ratio': round(confusion[1][0] / max(1, truth.sum()), 5),
            'false_alarm_ratio': round(confusion[0][1] / max(1, (~truth).sum()), 5),
            'confusion [truth clear, blocked][said clear, blocked]': confusion,
            'missed of blocked, by kind': missed, 'missed of blocked, by distance': by_way}


def answers(session, x):
    """Return what the exported model says to each picture."""
    return np.array([session.run(['probabilities'], {'image': row[None]})[0][0, 1] >= 0.5
                     for row in x])


def main() -> int:
    """Train, export, judge, and write the record."""
    parse = argparse.ArgumentParser(description=__doc__.split('\n')[1])
    parse.add_argument('--out', type=Path, required=True, help='folder of model and record')
    parse.add_argument('--pictures', type=int, default=24_000, help='to train on (%(default)s)')
    parse.add_argument('--held-out', type=int, default=2_000, help='to judge on (%(default)s)')
    parse.add_argument('--epochs', type=int, default=12)
    parse.add_argument('--batch', type=int, default=64)
    parse.add_argument('--seed', type=int, default=1, help='of weights and order')
    parse.add_argument('--cache', type=Path, help='folder that keeps drawn pictures for a next '
                       'run; empty it when the drawing changes')
    parse.add_argument('--workers', type=int, default=os.cpu_count())
    chosen = parse.parse_args()
    began = time.monotonic()
    data = pictures(TRAIN_SEED, chosen.pictures, chosen.workers, cache=chosen.cache)
    valid = pictures(VALID_SEED, 1_000, chosen.workers, cache=chosen.cache)
    print(f'pictures: {time.monotonic() - began:.0f} s', flush=True)
    net = ConvNet(*data[0].shape[1:3], chosen.seed)
    train(net, data, valid, chosen.epochs, chosen.batch, chosen.seed)
    lane = Lane()
    model = to_onnx(net, {
        'name': NAME, 'version': VERSION, 'kind': 'lane', 'classes': ','.join(CLASSES),
        'lane_length_m': str(lane.length_m), 'lane_half_width_m': str(lane.half_width_m),
        'trained_on': 'pictures rendered by sim/cameras.py'}).SerializeToString()
    chosen.out.mkdir(parents=True, exist_ok=True)
    (chosen.out / f'{NAME}.onnx').write_bytes(model)
    session = open_session(chosen.out / f'{NAME}.onnx')
    results = {}
    for title, seed, other in (('the site of the training pictures', TEST_SEED, False),
                               ('a warehouse of other measures', OTHER_SEED, True)):
        held = pictures(seed, chosen.held_out, chosen.workers, other, chosen.cache)
        results[title] = figures(answers(session, held[0]), held)
    record = {
        'model': f'{NAME} {VERSION}', 'date': date.today().isoformat(),
        'command': f'python training/train_lane.py --out {chosen.out} --pictures '
                   f'{chosen.pictures} --held-out {chosen.held_out} --epochs {chosen.epochs} '
                   f'--batch {chosen.batch} --seed {chosen.seed}',
        'sha256': hashlib.sha256(model).hexdigest(), 'bytes': len(model), 'weights': net.count(),
        'seeds': {'weights and order': chosen.seed, 'training pictures': TRAIN_SEED,
                  'validation pictures': VALID_SEED, 'held-out pictures': TEST_SEED,
                  'held-out pictures of the other warehouse': OTHER_SEED},
        'training': {'pictures': len(data[1]), 'blocked': int(data[1].sum()),
                     'validation pictures': len(valid[1]), 'epochs': chosen.epochs,
                     'batch': chosen.batch, 'weight of blocked': BLOCKED_WEIGHT},
        'held out': results,
        'versions': {'python': platform.python_version(), **{
            name: version(name) for name in ('mujoco', 'numpy', 'onnx', 'onnxruntime')}},
        'minutes': round((time.monotonic() - began) / 60.0, 1)}
    (chosen.out / f'{NAME}.json').write_text(json.dumps(record, indent=2) + '\n')
    print(json.dumps(record, indent=2))
    return 0


if __name__ == '__main__':
    sys.exit(main())
