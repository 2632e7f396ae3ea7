# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Keys of those who give tokens out: JSON Web Keys (RFC 7517), each pinned to one algorithm.

A key set is a file `{"keys": [...]}`. Each key has its own `kid` and its `alg`: a token is checked
with the key that it names and with that key's algorithm, whatever the token says of itself.
"""

import base64
import json
import os
from pathlib import Path
import re
import secrets
import stat
from typing import Dict

from robot_swarm_orch.errors import ConfigError

# alg -> (kty, crv): what a key for it must be
ALGORITHMS = {'EdDSA': ('OKP', 'Ed25519'), 'ES256': ('EC', 'P-256'), 'HS256': ('oct', None)}
SECRET_BYTES_MIN = 32
_KID = re.compile(r'[A-Za-z0-9_.-]{1,64}').fullmatch


def pyjwt():
    """Return PyJWT; raises ConfigError when it, or what it signs with, is not there."""
    try:
        import cryptography  # noqa: F401: PyJWT signs with it
        import jwt
    except ImportError as error:
        raise ConfigError('tokens need PyJWT and cryptography: python3 -m pip install '
                          f'"PyJWT[crypto]" ({error})') from error
    return jwt


def load_keys(path: str) -> Dict[str, object]:
    """Return {kid: jwt.PyJWK} of a key set; raise ConfigError for what could not be trusted."""
    file = Path(path)
    try:
        content = json.loads(file.read_text(encoding='utf-8'))
        listed = content['keys']
    except OSError as error:
        raise ConfigError(f'keys_file {path}: {error.strerror}') from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f'keys_file {path} is no JSON Web Key Set {{"keys": [...]}}: '
                          f'{error}') from error
    if not isinstance(listed, list) or not listed:
        raise ConfigError(f'keys_file {path} holds no keys: add one with `swarm token key`')
    keys = {}
    for number, entry in enumerate(listed):
        where = f'keys_file {path}, key {number + 1}'
        key = _read_key(entry, where)
        if entry['kid'] in keys:
            raise ConfigError(f'{where}: kid {entry["kid"]!r} is there twice')
        if entry['kty'] == 'oct' and file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError(f'{where} is a shared secret that others on this machine can read: '
                              f'chmod 600 {path}')
        keys[entry['kid']] = key
    return keys


def _read_key(entry, where):
    if not isinstance(entry, dict) or not _KID(str(entry.get('kid', ''))):
        raise ConfigError(f'{where} has no kid of 1 to 64 of A-Z a-z 0-9 _ . -')
    algorithm = entry.get('alg')
    if algorithm not in ALGORITHMS:
        raise ConfigError(f'{where}: alg {algorithm!r} is not one of {", ".join(ALGORITHMS)}')
    if (entry.get('kty'), entry.get('crv')) != ALGORITHMS[algorithm]:
        raise ConfigError(f'{where}: kty {entry.get("kty")!r} with crv {entry.get("crv")!r} is no '
                          f'key for {algorithm}')
    if 'd' in entry:
        raise ConfigError(f'{where} is a private key: the gateway needs the public one only, and '
                          'whoever reads the private one can give out tokens')
    if algorithm == 'HS256' and len(_unpad(str(entry.get('k', '')))) < SECRET_BYTES_MIN:
        raise ConfigError(f'{where}: a secret of less than {SECRET_BYTES_MIN} bytes can be '
                          'guessed: make one with `swarm token key --alg HS256`')
    jwt = pyjwt()
    try:
        return jwt.PyJWK(entry, algorithm)
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise ConfigError(f'{where} is malformed: {error}') from error


def _unpad(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + '=' * (-len(text) % 4))
    except ValueError:
        return b''


def make_key(kid: str, algorithm: str) -> dict:
    """Return a new private JSON Web Key."""
    if not _KID(kid):
        raise ConfigError(f'{kid!r} is no kid: 1 to 64 of A-Z a-z 0-9 _ . -')
    jwt = pyjwt()
    if algorithm == 'HS256':
        secret = base64.urlsafe_b64encode(secrets.token_bytes(SECRET_BYTES_MIN)).rstrip(b'=')
        made = {'kty': 'oct', 'k': secret.decode('ascii')}
    else:
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519
        private, kind = ((ed25519.Ed25519PrivateKey.generate(), jwt.algorithms.OKPAlgorithm)
                         if algorithm == 'EdDSA' else
                         (ec.generate_private_key(ec.SECP256R1()), jwt.algorithms.ECAlgorithm))
        made = json.loads(kind.to_jwk(private))
    return {**made, 'kid': kid, 'alg': algorithm, 'use': 'sig'}


def public_part(key: dict) -> dict:
    """Return what the gateway needs to know of a key; of a shared secret, all."""
    return {name: value for name, value in key.items() if name not in ('d', 'key_ops')}


def add_to_set(path: Path, key: dict) -> None:
    """Add the public part of a key to a key set, which is made if it is missing."""
    listed = json.loads(path.read_text(encoding='utf-8'))['keys'] if path.exists() else []
    if any(known['kid'] == key['kid'] for known in listed):
        raise ConfigError(f'{path} has a key {key["kid"]!r} already: choose another --kid')
    write_private(path, {'keys': [*listed, public_part(key)]})


def write_private(path: Path, content) -> None:
    """Write JSON into a file that nobody else on this machine may read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + '.new')
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), 'w',
              encoding='utf-8') as file:
        json.dump(content, file, indent=2)
        file.write('\n')
    new.replace(path)
