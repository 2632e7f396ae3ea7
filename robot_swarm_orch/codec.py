# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
One canonical encoding of plain values, for the log, for snapshots and for signatures.

A registered dataclass becomes the list `[tag, field, ...]` in field order, and the whole becomes
MessagePack. Equal values give equal bytes on every machine: no maps with open order, no sets, no
floats of varying width (floats are always 64 bit). A tag is never used again for another meaning,
and fields are only ever appended, each with a default, so that old bytes stay readable.
"""

from dataclasses import fields, is_dataclass
from enum import IntEnum
from operator import attrgetter

import msgpack

from robot_swarm_orch.errors import WireError

_MAX_BYTES = 64 * 1024 * 1024
_by_tag = {}
_by_class = {}
_arrays = msgpack.Packer()


def register(tag: int):
    """
    Register a dataclass under a tag, as a class decorator.

    Tuples are the only sequences: lists come back as tuples. Enumerations must be IntEnum and
    come back as plain integers, which compare equal to them.
    """
    def decorate(cls):
        if not is_dataclass(cls):
            raise TypeError(f'{cls.__name__} must be a dataclass to be registered')
        if tag in _by_tag:
            raise ValueError(f'tag {tag} is taken by {_by_tag[tag].__name__}')
        names = [f.name for f in fields(cls)]
        _by_tag[tag] = cls
        _by_class[cls] = (tag, _values_of(names))
        return cls
    return decorate


def _values_of(names):
    """Return a function from an instance to the tuple of its fields."""
    if not names:
        return lambda value: ()
    getter = attrgetter(*names)
    return getter if len(names) > 1 else lambda value: (getter(value),)


def _plain(value):
    """Turn what MessagePack does not know into what it does; called for such values only."""
    known = _by_class.get(type(value))
    if known is not None:
        tag, values = known
        return msgpack.ExtType(1, msgpack.packb((tag, *values(value)), default=_plain,
                                                use_bin_type=True, strict_types=False))
    if isinstance(value, IntEnum):
        return int(value)
    raise TypeError(f'{type(value).__name__} has no canonical encoding; register it')


def _from_ext(code, data):
    """Rebuild a registered value from its extension bytes."""
    if code != 1:
        raise WireError(f'unknown extension {code} in encoded data: it is from a newer release')
    tag, *values = msgpack.unpackb(data, ext_hook=_from_ext, use_list=False, raw=False)
    cls = _by_tag.get(tag)
    if cls is None:
        raise WireError(f'unknown tag {tag} in encoded data: it is from a newer release')
    return cls(*values)


def pack(value) -> bytes:
    """Return the canonical bytes of a registered dataclass, or of tuples and scalars of them."""
    return msgpack.packb(value, default=_plain, use_bin_type=True)


def array_header(count: int) -> bytes:
    """Return what `pack` writes before the `count` values of a tuple."""
    return _arrays.pack_array_header(count)


def unpack(data: bytes):
    """Return the value behind canonical bytes; raise WireError when they are not such bytes."""
    if len(data) > _MAX_BYTES:
        raise WireError(f'{len(data)} bytes are more than the {_MAX_BYTES} allowed')
    try:
        return msgpack.unpackb(data, ext_hook=_from_ext, use_list=False, raw=False)
    except WireError:
        raise
    except Exception as error:  # msgpack raises many kinds on hostile input
        raise WireError(f'not canonical data: {error}') from error
