# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Machine code and plain Python give the same bits, and whoever lacks Numba has the latter."""

import random

import pytest
from robot_swarm_orch import compiled as module
from robot_swarm_orch.compiled import compiled, IS_COMPILED


def sum_of_products(values, factor):
    """Return a sum that a compiler with fast-math would order or fuse otherwise."""
    total = 0.0
    for value in values:
        total = total + value * factor
    return total


def test_machine_code_gives_the_same_bits_as_python():
    if not IS_COMPILED:
        pytest.skip('Numba is not installed, or turned off')
    np, rng = pytest.importorskip('numpy'), random.Random(4)
    values = np.array([rng.uniform(-1e3, 1e3) for _ in range(1000)])
    fast = compiled(sum_of_products)
    assert fast is not sum_of_products
    assert fast(values, 0.1) == sum_of_products(values.tolist(), 0.1)


def test_without_numba_a_function_stays_as_it_is(monkeypatch):
    monkeypatch.setattr(module, 'IS_COMPILED', False)
    assert compiled(sum_of_products) is sum_of_products


def test_without_a_folder_to_write_to_a_function_is_compiled_all_the_same(monkeypatch):
    class NoFolder:
        """Numba, as it is in an installation that nobody may write to."""

        @staticmethod
        def njit(*functions, cache=False):
            if cache:
                raise RuntimeError('cannot cache function: no locator available')
            return ('compiled', *functions)

    monkeypatch.setattr(module, 'IS_COMPILED', True)
    monkeypatch.setattr(module, 'numba', NoFolder)
    assert compiled(sum_of_products) == ('compiled', sum_of_products)
