# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Bearer tokens (RFC 6750, RFC 7519): who calls, and in which role.

A token names its key (`kid`); it is checked with that key's one algorithm. It must say who gave it
out, for whom, to whom, in which role and for how long, which may not be long: there is no list of
revoked tokens, a key is taken out of the set instead.
"""

from collections import OrderedDict
from dataclasses import dataclass
import re
import secrets
from typing import Dict

from robot_swarm_orch.errors import SwarmError
from robot_swarm_orch.gateway.keys import pyjwt
from robot_swarm_orch.gateway.settings import ROLES

_NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9_.@:-]{0,63}').fullmatch
_REQUIRED = ['iss', 'aud', 'sub', 'iat', 'nbf', 'exp', 'jti', 'role']
TOKEN_MAX = 4096


class BadToken(SwarmError):
    """A token that is not accepted; the message says why, without its content."""


@dataclass(frozen=True)
class Caller:
    """Who calls. `token_id` and `until_s` (epoch seconds) are those of the token, if any."""

    subject: str
    role: str
    token_id: str = ''
    until_s: float = float('inf')

    def may(self, role: str) -> bool:
        """Return whether this caller has a role, or one above it."""
        return ROLES.index(self.role) >= ROLES.index(role)


class Verifier:
    """Checks tokens against a key set. Tokens that were good are remembered until they expire."""

    def __init__(self, keys: Dict[str, object], issuer: str, audience: str, life_max_s: float,
                 leeway_s: float, remembered_max: int = 4096):
        """Trust these keys (`keys.load_keys`) for this audience."""
        self._jwt = pyjwt()
        self._keys, self._issuer, self._audience = keys, issuer, audience
        self._life_max_s, self._leeway_s = life_max_s, leeway_s
        self._remembered_max = remembered_max
        self._good = OrderedDict()  # token -> (Caller, not before [epoch s])

    def caller(self, token: str, now_s: float) -> Caller:
        """Return whose token it is at a time [s since the epoch]; raise BadToken."""
        known = self._good.get(token)
        if known is None:
            known = self._check(token)
            self._good[token] = known
            if len(self._good) > self._remembered_max:
                self._good.popitem(last=False)
        caller, not_before_s = known
        if now_s > caller.until_s + self._leeway_s:
            raise BadToken('the token has expired')
        if now_s < not_before_s - self._leeway_s:
            raise BadToken('the token is not good yet')
        return caller

    def _check(self, token):
        """Return (Caller, not before [epoch s]) of a token, whatever the time is."""
        jwt = self._jwt
        if len(token) > TOKEN_MAX:
            raise BadToken(f'the token is longer than {TOKEN_MAX} characters')
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys.get(header.get('kid'))
            if key is None:
                raise BadToken('the token names no key (kid) that is trusted here')
            if header.get('alg') != key.algorithm_name:
                raise BadToken("the token's algorithm is not its key's")
            if 'crit' in header:
                raise BadToken('the token asks for extensions (crit) that are not known here')
            claims = jwt.decode(
                token, key, algorithms=[key.algorithm_name], audience=self._audience,
                issuer=self._issuer, options={
                    'require': _REQUIRED, 'verify_exp': False, 'verify_nbf': False,
                    'verify_iat': False, 'strict_aud': True})
        except jwt.InvalidAudienceError as error:
            raise BadToken(f'the token is for another audience: aud must be {self._audience!r}, '
                           'the site id') from error
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise BadToken(f'the token is not accepted: {error}') from error
        return self._read(claims)

    def _read(self, claims):
        times = [claims[name] for name in ('iat', 'nbf', 'exp')]
        if not all(type(time) in (int, float) and 0.0 <= time < 1e11 for time in times):
            raise BadToken('iat, nbf and exp of the token must be seconds since the epoch')
        issued_s, not_before_s, until_s = times
        if not 0.0 < until_s - min(issued_s, not_before_s) <= self._life_max_s:
            raise BadToken(f'a token may be good for {self._life_max_s:g} s at most')
        if not isinstance(claims['sub'], str) or not _NAME(claims['sub']):
            raise BadToken('sub of the token must be 1 to 64 of A-Z a-z 0-9 _ . @ : -')
        if not isinstance(claims['jti'], str) or not 0 < len(claims['jti']) <= 64:
            raise BadToken('jti of the token must be a text of 1 to 64 characters')
        if claims['role'] not in ROLES:
            raise BadToken(f'role of the token must be one of {", ".join(ROLES)}')
        return (Caller(claims['sub'], claims['role'], claims['jti'], until_s),
                max(not_before_s, issued_s))


def issue(key: dict, subject: str, role: str, issuer: str, audience: str, life_s: float,
          now_s: float) -> str:
    """Return a token, signed with a private JSON Web Key (`keys.make_key`)."""
    jwt = pyjwt()
    claims = {'iss': issuer, 'aud': audience, 'sub': subject, 'role': role,
              'iat': int(now_s), 'nbf': int(now_s), 'exp': int(now_s + life_s),
              'jti': secrets.token_urlsafe(16)}
    return jwt.encode(claims, jwt.PyJWK(key, key['alg']).key, key['alg'],
                      headers={'kid': key['kid']})


class OneTime:
    """Tokens that were used for an act for which each counts once; forgotten as they expire."""

    def __init__(self, kept_max: int = 10_000):
        """Start with none used."""
        self._kept_max = kept_max
        self._used = {}  # token id -> until [epoch s]

    def use(self, caller: Caller, now_s: float) -> bool:
        """Use a caller's token; return False if it was used before, or too many are in memory."""
        if not caller.token_id:
            return True  # without keys there are no tokens, and this machine alone is served
        if caller.token_id in self._used:
            return False
        if len(self._used) >= self._kept_max:
            self._used = {name: until_s for name, until_s in self._used.items()
                          if until_s >= now_s}
            if len(self._used) >= self._kept_max:
                return False
        self._used[caller.token_id] = caller.until_s + 60.0
        return True
