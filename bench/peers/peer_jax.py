"""XLA through JAX: the formulas of formulas.py over jax.numpy, convolutions as XLA has them, compiled ahead of the first call. XLA
packs nothing beforehand, but folds what is constant: weights are arguments."""

import time

import jax
import jax.numpy as jnp
import numpy
from jax import lax

from .formulas import FORMULAS
from .worker import copies_of, load_inputs

CONVOLUTIONS = ("conv", "depthwise", "grouped_conv")


def convolution(name, columns, layout):
    stride, pad, groups = columns["stride"], columns["pad"], columns.get("groups", 1)

    def call(x, f):
        return lax.conv_general_dilated(x, f, (stride, stride), [(pad, pad), (pad, pad)], feature_group_count=groups,
                                        dimension_numbers=("NHWC", "HWIO", "NHWC") if layout == "NHWC" else ("NCHW", "OIHW", "NCHW"))
    return call


def arguments_of_convolution(name, columns, layout, x, f):
    c, o, groups = columns["C"], columns["O"], columns.get("groups", 1)
    x = x.reshape(*x.shape[:3], c)
    f = f[:, :, None] if name == "depthwise" else f.transpose(1, 2, 3, 0, 4).reshape(*f.shape[1:4], o) if groups > 1 else f
    return (x, f) if layout == "NHWC" else (x.transpose(0, 3, 1, 2), f.transpose(3, 2, 0, 1))


class Call:
    def __init__(self, compiled, arguments, back):
        self.compiled, self.arguments, self.back, self.turn = compiled, arguments, back, 0

    def run(self, calls):
        start = time.perf_counter()
        for i in range(calls):
            result = self.compiled(*self.arguments[(self.turn + i) % len(self.arguments)])
            result.block_until_ready()
        us = (time.perf_counter() - start) * 1e6 / calls
        self.turn += calls
        self.result = result
        return us

    def output(self):
        return self.back(numpy.asarray(self.compiled(*self.arguments[0])))


class Adapter:
    def version(self):
        return jax.__version__

    def overhead_us(self):
        """Of a call that does next to nothing."""
        argument = jax.device_put(numpy.zeros((1, 1), numpy.float32))
        call = Call(jax.jit(lambda x: x + 1).lower(argument).compile(), [[argument]], lambda y: y)
        return min(call.run(200) for _ in range(20))

    def variants(self, request):
        if request["name"] in CONVOLUTIONS:
            return [{"variant": layout, "layout": layout, "packing": "in call"} for layout in ("NHWC", "NCHW")]
        return [{"variant": "jit", "layout": "row-major", "packing": "in call"}] if request["name"] in FORMULAS else []

    def prepare(self, request, variant):
        name, columns, params = request["name"], request["columns"], request["params"]
        inputs, back = list(load_inputs(request).values()), lambda y: y
        if name in CONVOLUTIONS:
            function = convolution(name, columns, variant)
            inputs = arguments_of_convolution(name, columns, variant, *inputs)
            back = back if variant == "NHWC" else lambda y: y.transpose(0, 2, 3, 1)
        else:
            function = lambda *given: self.formula(name, columns, params, *given)
        arguments = [[jax.device_put(copy) for copy in each] for each in zip(*[copies_of(numpy.ascontiguousarray(x), request["copies"]) for x in inputs])]
        return Call(jax.jit(function).lower(*arguments[0]).compile(), arguments, back)

    @staticmethod
    def formula(name, columns, params, *given):
        if name == "matmul_u8s8":
            return lax.dot(*given, preferred_element_type=jnp.int32)
        floats = [x.astype(jnp.float32) if x.dtype in (jnp.int8, jnp.float16) else x for x in given]
        return FORMULAS[name][0](jnp, columns, params, *floats)
