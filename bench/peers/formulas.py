"""What operators compute, with the functions of NumPy's interface: evaluated in float64 this is the reference that every output
is compared with, and the same formula over jax.numpy is how XLA takes part. `depth` is how many terms a result adds up."""

import math

import numpy


def windows(xp, x, columns):
    """Pairs (r, s, part): what each place of the window sees of X, [N, H', W', ...]."""
    stride, pad = columns["stride"], columns["pad"]
    rows = (columns["H"] + 2 * pad - columns["R"]) // stride + 1
    width = (columns["W"] + 2 * pad - columns["S"]) // stride + 1
    padded = xp.pad(x, [(0, 0), (pad, pad), (pad, pad)] + [(0, 0)] * (x.ndim - 3))
    for r in range(columns["R"]):
        for s in range(columns["S"]):
            yield r, s, padded[:, r:r + stride * (rows - 1) + 1:stride, s:s + stride * (width - 1) + 1:stride]


def conv(xp, columns, params, x, f):
    return sum(part @ f[r, s] for r, s, part in windows(xp, x, columns))


def depthwise(xp, columns, params, x, f):
    return sum(part * f[r, s] for r, s, part in windows(xp, x, columns))


def grouped_conv(xp, columns, params, x, f):
    return sum(xp.einsum("nyxgc,gco->nyxgo", part, f[:, r, s]) for r, s, part in windows(xp, x, columns))


def matmul(xp, columns, params, a, b):
    return a @ b


def matmul_scaled(xp, columns, params, a, w, scale):
    return a @ (w * xp.repeat(scale, params["block"], axis=0)[:w.shape[0]])


def softmax(xp, columns, params, x):
    e = xp.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def layernorm(xp, columns, params, x, gain, bias):
    centred = x - x.mean(axis=1, keepdims=True)
    return centred / xp.sqrt((centred * centred).mean(axis=1, keepdims=True) + params["epsilon"]) * gain + bias


def rmsnorm(xp, columns, params, x, gain):
    return x / xp.sqrt((x * x).mean(axis=1, keepdims=True) + params["epsilon"]) * gain


def erf(xp, x):
    if xp is numpy:
        from scipy.special import erf as exact
        return exact(x)
    from jax.lax import erf as traced
    return traced(x)


def bias_gelu_erf(xp, columns, params, x, bias):
    x = x + bias
    return 0.5 * x * (1 + erf(xp, x * 0.7071067811865476))


def attention(xp, columns, params, query, key, value):
    score = xp.einsum("bhid,bhjd->bhij", query, key) * params["scale"]
    if params["causal"]:
        place = xp.arange(query.shape[2])[:, None] + key.shape[2] - query.shape[2]
        score = xp.where(xp.arange(key.shape[2])[None, :] <= place, score, -xp.inf)
    return xp.einsum("bhij,bhjd->bhid", softmax(xp, columns, params, score), value)


def edge(xp, x, reach):
    return xp.pad(x, [(reach, reach), (reach, reach)] + [(0, 0)] * (x.ndim - 2), mode="edge")


def blur3x3(xp, columns, params, x):
    p = edge(xp, x, 1)
    across = (p[:, :-2] + p[:, 1:-1] + p[:, 2:]) * 0.33333334
    return (across[:-2] + across[1:-1] + across[2:]) * 0.33333334


def unsharp_u8(xp, columns, params, x):
    p = edge(xp, x.astype(xp.int32), 2)
    bx = p[:, :-4] + p[:, 4:] + 4 * (p[:, 1:-3] + p[:, 3:-1]) + 6 * p[:, 2:-2]
    by = bx[:-4] + bx[4:] + 4 * (bx[1:-3] + bx[3:-1]) + 6 * bx[2:-2]
    x = p[2:-2, 2:-2]
    raised = x + params["amount"] * ((256 * x - by) * 0.00390625)
    return xp.clip(xp.round(raised), 0, 255).astype(xp.uint8)


def harris(xp, columns, params, x):
    gray = edge(xp, 0.299 * x[:, :, 0] + 0.587 * x[:, :, 1] + 0.114 * x[:, :, 2], 2)
    a, b, c = gray[:-2], gray[1:-1], gray[2:]
    gx = (a[:, 2:] - a[:, :-2] + 2 * (b[:, 2:] - b[:, :-2]) + c[:, 2:] - c[:, :-2]) * 0.08333333333333333
    gy = (c[:, :-2] - a[:, :-2] + 2 * (c[:, 1:-1] - a[:, 1:-1]) + c[:, 2:] - a[:, 2:]) * 0.08333333333333333
    nine = lambda g: sum(g[r:g.shape[0] - 2 + r, s:g.shape[1] - 2 + s] for r in range(3) for s in range(3))
    xx, yy, xy = nine(gx * gx), nine(gy * gy), nine(gx * gy)
    return xx * yy - xy * xy - params["kappa"] * (xx + yy) * (xx + yy)


def plain(function, depth=lambda columns: 1):
    return lambda xp, columns, params, *inputs: function(xp, *inputs), depth


def _terms(*names):
    return lambda columns: math.prod(columns[name] for name in names)


# Of each operator: its formula and its depth.
FORMULAS = {
    "matmul": (matmul, _terms("K")),
    "matmul_f16w": (matmul, _terms("K")),
    "matmul_u8s8": (matmul, _terms("K")),
    "matmul_q8": (matmul_scaled, _terms("K")),
    "matmul_q4": (matmul_scaled, _terms("K")),
    "conv": (conv, _terms("C", "R", "S")),
    "depthwise": (depthwise, _terms("R", "S")),
    "grouped_conv": (grouped_conv, _terms("C", "R", "S")),
    "softmax": (softmax, _terms("N")),
    "layernorm": (layernorm, _terms("N")),
    "rmsnorm": (rmsnorm, _terms("N")),
    "bias_gelu_erf": (bias_gelu_erf, lambda columns: 1),
    "sum_rows": plain(lambda xp, x: x.sum(axis=1), _terms("N")),
    "sum_cols": plain(lambda xp, x: x.sum(axis=0), _terms("M")),
    "transpose": plain(lambda xp, x: x.T),
    "prefix_sum": plain(lambda xp, x: xp.cumsum(x), _terms("N")),
    "attention": (attention, _terms("KV")),
    "blur3x3": (blur3x3, lambda columns: 1),
    "unsharp_u8": (unsharp_u8, lambda columns: 1),
    "harris": (harris, lambda columns: 9),
}


def reference(name, columns, params, inputs):
    """In float64; None for an operator that is not in the table."""
    if name not in FORMULAS:
        return None
    return numpy.asarray(FORMULAS[name][0](numpy, columns, params, *[x.astype(numpy.float64) for x in inputs]))


def numeric_class(name, columns, got, wanted):
    """("full", error) where the output is as near to the reference as the operator's own types allow, whatever the order of
    its sums; ("reduced", error) where it is as near as bf16 or quantised activations are; ("wrong", error) else. The error is
    relative to the largest value."""
    if got.shape != wanted.shape:
        got = got.reshape(wanted.shape) if got.size == wanted.size else got
    if got.shape != wanted.shape or not numpy.isfinite(got).all():
        return "wrong", float("inf")
    scale = max(float(numpy.abs(wanted).max(initial=0)), 1e-30)
    error = float(numpy.abs(got.astype(numpy.float64) - wanted).max(initial=0)) / scale
    if got.dtype.kind in "iu":  # what a formula rounds may fall to either side
        return ("full" if error <= 1.01 / scale else "wrong"), error
    full = 2e-6 + 3e-7 * math.sqrt(FORMULAS[name][1](columns))
    return ("full" if error <= full else "reduced" if error <= 0.03 else "wrong"), error
