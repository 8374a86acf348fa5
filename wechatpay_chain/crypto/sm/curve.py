"""The curve of SM2, sm2p256v1, in plain Python. The time of its functions depends on their input.

GB/T 32918.5-2017.
"""

from __future__ import annotations

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
"""How many points there are; private keys and nonces are smaller."""
GENERATOR = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
SIZE = 32
"""Bytes of a coordinate, and of a private key."""

Point = tuple[int, int]
_Jacobian = tuple[int, int, int]
_INFINITY: _Jacobian = (1, 1, 0)


def is_on_curve(point: Point) -> bool:
    """Whether a point's coordinates are reduced and belong to the curve."""
    x, y = point
    return 0 <= x < P and 0 <= y < P and (y * y - (x * x + A) * x - B) % P == 0


def multiply(factor: int, point: Point) -> Point | None:
    """`factor` times a point; None for the point at infinity."""
    return _affine(_multiplied(factor, point))


def multiply_sum(first: int, one: Point, second: int, other: Point) -> Point | None:
    """`first` times one point plus `second` times another; None for the point at infinity."""
    return _affine(_added(_multiplied(first, one), _multiplied(second, other)))


def _multiplied(factor: int, point: Point) -> _Jacobian:
    base: _Jacobian = (*point, 1)
    result = _INFINITY
    for bit in f"{factor:b}":
        result = _doubled(result)
        if bit == "1":
            result = _added(result, base)
    return result


def _doubled(point: _Jacobian) -> _Jacobian:
    # https://hyperelliptic.org/EFD/g1p/auto-shortw-jacobian-3.html, dbl-2001-b
    x, y, z = point
    if not y or not z:
        return _INFINITY
    delta, gamma = z * z % P, y * y % P
    beta = x * gamma % P
    alpha = 3 * (x - delta) * (x + delta) % P
    doubled_x = (alpha * alpha - 8 * beta) % P
    doubled_z = ((y + z) * (y + z) - gamma - delta) % P
    return doubled_x, (alpha * (4 * beta - doubled_x) - 8 * gamma * gamma) % P, doubled_z


def _added(one: _Jacobian, other: _Jacobian) -> _Jacobian:
    # https://hyperelliptic.org/EFD/g1p/auto-shortw-jacobian-3.html, add-1998-cmo-2
    x1, y1, z1 = one
    x2, y2, z2 = other
    if not z1:
        return other
    if not z2:
        return one
    z1z1, z2z2 = z1 * z1 % P, z2 * z2 % P
    u1, u2 = x1 * z2z2 % P, x2 * z1z1 % P
    s1, s2 = y1 * z2 * z2z2 % P, y2 * z1 * z1z1 % P
    h, r = (u2 - u1) % P, (s2 - s1) % P
    if not h:
        return _INFINITY if r else _doubled(one)
    hh = h * h % P
    hhh, v = h * hh % P, u1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - s1 * hhh) % P, z1 * z2 * h % P


def _affine(point: _Jacobian) -> Point | None:
    x, y, z = point
    if not z:
        return None
    inverse = pow(z, -1, P)
    square = inverse * inverse % P
    return x * square % P, y * square * inverse % P
