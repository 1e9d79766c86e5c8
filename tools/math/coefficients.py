#!/usr/bin/env python3
"""Derives the polynomials of jit/passes/math_formulas.cpp (needs mpmath; prints C++ constants and the error of each).

Each polynomial is a minimax fit by Lawson's iteration [1]: least squares, with more weight where the error was large.
Coefficients are then rounded to their type one after the
other, from the lowest power up, and those above are fitted again around the rounded ones, which costs little of the
accuracy that rounding all at once would lose (the idea of [2], by a greedy search). Errors count in units of 2^-24 of
the function's value: half a unit in the last place of an f32 just above a power of two.

[1] C. L. Lawson, Contributions to the theory of linear least maximum approximation, thesis, UCLA, 1961.
[2] N. Brisebarre and S. Chevillard, Efficient polynomial L-infinity approximations, ARITH 2007.
"""
import struct
from mpmath import mp, mpf, matrix, lu_solve, fdot, exp, log, sin, tanh, erf, erfc, sqrt, pi, cos

mp.prec = 160
f32, f64 = 24, 53


def rounded(value, bits):
    """The nearest number with this many significant bits."""
    if bits == f64:
        return mpf(float(value))
    return mpf(struct.unpack('f', struct.pack('f', float(value)))[0])


def minimax(target, weight, powers, low, high):
    """Coefficients c that make the maximum of |weight * (target - sum c[i] x^powers[i])| on [low, high] small."""
    n = len(powers)
    low, high = mpf(low), mpf(high)
    grid = [(low + high) / 2 - (high - low) / 2 * cos(pi * (i + mpf(1) / 2) / (16 * n)) for i in range(16 * n)]
    points = [(abs(weight(x)), target(x), [x**p for p in powers]) for x in grid]
    shares = [mpf(1)] * len(points)
    best = None
    for _ in range(30):
        normal, right = matrix(n, n), matrix(n, 1)
        for share, (w, t, basis) in zip(shares, points):
            scale = share * w * w
            for i in range(n):
                row = scale * basis[i]
                right[i] += row * t
                for j in range(i, n):
                    normal[i, j] += row * basis[j]
        for i in range(n):
            for j in range(i):
                normal[i, j] = normal[j, i]
        coefficients = list(lu_solve(normal, right))
        errors = [w * abs(t - fdot(coefficients, basis)) for w, t, basis in points]
        if best is None or max(errors) < best[0]:
            best = (max(errors), coefficients)
        shares = [share * e for share, e in zip(shares, errors)]
        total = sum(shares)
        shares = [share / total for share in shares]
    return best[1]


def fit(name, target, weight, powers, low, high, bits=f32):
    """Rounds the coefficient of the lowest power, takes it off the target, fits the rest again; then the next."""
    left, fixed = list(powers), []
    while left:
        rest = lambda x: target(x) - sum(a * x**p for a, p in fixed)
        coefficients = minimax(rest, weight, left, low, high)
        count = 1 if bits == f32 else len(left)             # an f64 has bits to spare
        fixed += [(rounded(a, bits), p) for a, p in zip(coefficients[:count], left)]
        left = left[count:]
    worst = max(abs(weight(x) * (target(x) - sum(a * x**p for a, p in fixed)))
                for x in [mpf(low) + (mpf(high) - mpf(low)) * i / 1000 for i in range(1, 1000)])
    digits = 9 if bits == f32 else 17
    print(f'{name}: error {float(worst * 2**24):.4f}')
    for a, p in reversed(fixed):
        print(f'  {mp.nstr(a, digits)}{"f" if bits == f32 else ""},  // x^{p}')


def split(name, value, bits_each, count=None):
    """Writes a constant as a sum of parts of few bits, so that products with small integers are exact."""
    print(name)
    parts = bits_each if isinstance(bits_each, list) else [bits_each] * count
    for bits in parts:
        exponent = mp.floor(mp.log(abs(value), 2)) + 1 - bits
        part = mp.nint(value / mpf(2)**exponent) * mpf(2)**exponent
        print(f'  {mp.nstr(part, 17)}  {float(part).hex()}')
        value -= part


near_zero = mpf(2)**-30
root = sqrt(mpf(2))
half_ln2 = log(mpf(2)) / 2 * mpf('1.002')

split('ln 2', log(mpf(2)), [9, 24])
split('ln 2, for fma', log(mpf(2)), [24, 24])
split('log2 e', 1 / log(mpf(2)), [24, 24])
split('log2 e, short', 1 / log(mpf(2)), [12, 24])
split('pi, for fma', pi, [24, 24, 24])
split('pi, f64', pi, [33, 53])

fit('e^x = 1 + x + x^2 P(x)', lambda x: (exp(x) - 1 - x) / x**2 if x else mpf(1) / 2, lambda x: x**2 / exp(x),
    range(5), -half_ln2, half_ln2)
fit('2^x = 1 + x P(x)', lambda x: (mpf(2)**x - 1) / x if x else log(mpf(2)), lambda x: x / mpf(2)**x,
    range(6), mpf('-0.501'), mpf('0.501'))
for degree in (6, 7):
    fit(f'log(1 + x) = x - x^2/2 + x^3 P(x), degree {degree}',
        lambda x: (log(1 + x) - x + x**2 / 2) / x**3 if abs(x) > 1e-9 else mpf(1) / 3 - x / 4,
        lambda x: x**3 / log(1 + x) if abs(x) > 1e-9 else x**2, range(degree + 1), root / 2 - 1, root - 1)
for degree in (7, 8):
    fit(f'log2(1 + x) = x log2 e + x^2 P(x), degree {degree}',
        lambda x: (log(1 + x) - x) / log(mpf(2)) / x**2 if abs(x) > 1e-9 else (x / 3 - mpf(1) / 2) / log(mpf(2)),
        lambda x: x**2 / (log(1 + x) / log(mpf(2))) if abs(x) > 1e-9 else x, range(degree + 1), root / 2 - 1, root - 1)
for degree in (3, 4):
    fit(f'sin(x) = x + x^3 P(x^2), degree {degree}',
        lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z, lambda z: z / (sin(sqrt(z)) / sqrt(z)),
        range(degree + 1), near_zero, (pi / 2 * mpf('1.001'))**2)
for degree in (3, 4):
    fit(f'tanh(x) = x + x^3 P(x^2), degree {degree}',
        lambda z: (tanh(sqrt(z)) / sqrt(z) - 1) / z, lambda z: z / (tanh(sqrt(z)) / sqrt(z)),
        range(degree + 1), near_zero, mpf('0.625')**2)
for degree in (4, 5):
    fit(f'erf(x) = x + x P(x^2), degree {degree}',
        lambda z: erf(sqrt(z)) / sqrt(z) - 1, lambda z: sqrt(z) / erf(sqrt(z)),
        range(degree + 1), near_zero, mpf('0.93')**2)
for degree in (6, 7, 8):
    fit(f'log(1 - erf(x)) = x P(x), degree {degree}',
        lambda x: log(erfc(x)) / x, lambda x: x * erfc(x) / erf(x), range(degree + 1), mpf('0.92'), mpf('4.0'))
for degree in (11, 12, 13):
    fit(f'log2(1 + x) = x P(x), f64, degree {degree}',
        lambda x: log(1 + x) / log(mpf(2)) / x if abs(x) > 1e-20 else 1 / log(mpf(2)), 
        lambda x: x / (log(1 + x) / log(mpf(2))) if abs(x) > 1e-20 else mpf(1), range(degree + 1), root / 2 - 1, root - 1,
        f64)
for degree in (5, 6):
    fit(f'2^x = 1 + x P(x), f64, degree {degree}', lambda x: (mpf(2)**x - 1) / x if x else log(mpf(2)),
        lambda x: x / mpf(2)**x, range(degree + 1), mpf('-0.501'), mpf('0.501'), f64)
