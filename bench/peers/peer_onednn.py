"""oneDNN: each operator as one primitive, with f32 arithmetic; weights in place, or in the layout that it likes (packed
beforehand). Convolutions have weights in that layout only, and convert them in every call or beforehand: in place it falls to loops
that take seconds. Convolutions with channels last and before rows. No Winograd: that is a numeric class of its own."""

import ctypes

import numpy

from . import native, onednn
from .onednn import DST, FORWARD_INFERENCE, SCALE, SHIFT, SRC, SRC_1, WEIGHTS
from .worker import copies_of, load_inputs

IN_PLACE = {"variant": "in place", "layout": "row-major", "packing": "in call"}
PACKED = {"variant": "packed", "layout": "row-major", "packing": "beforehand"}
CONVOLUTIONS = [{"variant": f"{layout} {how}", "layout": layout, "packing": packing} for layout in ("NHWC", "NCHW")
                for how, packing in (("packed", "beforehand"), ("and packing", "in call"))]


class Primitive:
    """A primitive with copies of its arguments. `arrays` is (number of the argument, array in the primitive's axes);
    `packed` the number of the one that is converted beforehand, or with `each_call` by every call."""

    def __init__(self, adapter, desc, arrays, copies, packed=None, each_call=False):
        dnnl = self.dnnl = adapter.dnnl
        self.repeat, self.turn, self.copies = adapter.repeat, 0, copies
        self.kept, self.lists, steps = [], [], [dnnl.primitive(desc)]
        for _ in range(copies):
            pairs = []
            for number, array in arrays:
                if number == packed:
                    memory, storage, reorder, conversion = dnnl.packed(desc, copy_in_axes(array))
                    if each_call:
                        steps = [reorder, steps[-1]]
                        self.lists.append(dnnl.arguments(conversion))
                else:
                    storage = copy_in_axes(array)
                    memory = dnnl.memory(dnnl.desc_of(storage), storage)
                self.kept.append(storage)
                pairs.append((number, memory))
                if number == DST and len(self.lists) < len(steps):
                    self.result = storage
            self.lists.append(dnnl.arguments(pairs))
        self.steps = len(steps)
        self.counts = (ctypes.c_int * self.steps)(*[len(each) for each in self.lists[:self.steps]])
        self.primitives = (ctypes.c_void_p * self.steps)(*steps)
        self.pointers = (ctypes.c_void_p * len(self.lists))(*[ctypes.addressof(each) for each in self.lists])
        self.execute = ctypes.cast(dnnl.dll.dnnl_primitive_execute, ctypes.c_void_p)
        self.axes = None  # of the result, to give it in the operator's layout

    def run(self, calls):
        us = self.repeat.time_primitives(self.execute, self.dnnl.stream, self.primitives, self.steps, self.counts, self.pointers,
                                         self.copies, self.turn, calls)
        self.turn = (self.turn + calls) % self.copies
        return us

    def output(self):
        return self.result if self.axes is None else self.axes(self.result)


def copy_in_axes(array):
    """An aligned copy with the same order of axes in memory."""
    order = sorted(range(array.ndim), key=lambda axis: -array.strides[axis])
    return copies_of(array.transpose(order), 1)[0].transpose(numpy.argsort(order))


class Adapter:
    def __init__(self, path, folder):
        self.dnnl = onednn.Library(path)
        self.repeat = native.library(folder)

    def version(self):
        return self.dnnl.version()

    def variants(self, request):
        name = request["name"]
        if name in ("matmul", "matmul_u8s8"):
            return [IN_PLACE, PACKED]
        if name in ("conv", "depthwise", "grouped_conv"):
            return CONVOLUTIONS
        return [IN_PLACE] if name in ("softmax", "layernorm", "bias_gelu_erf", "sum_rows", "sum_cols", "transpose") else []

    def prepare(self, request, variant):
        inputs = list(load_inputs(request).values())
        name = request["name"]
        if name.startswith("matmul"):
            return self.matmul(request, variant, *inputs)
        return (self.convolution if self.variants(request) is CONVOLUTIONS else getattr(self, name))(request, variant, *inputs)

    def algorithm(self, name):
        return self.dnnl.number("alg_kind", name)

    def matmul(self, request, variant, a, b):
        c = numpy.zeros((a.shape[0], b.shape[1]), numpy.float32 if a.dtype == numpy.float32 else numpy.int32)
        packed = WEIGHTS if variant == "packed" else None
        weights = self.dnnl.desc(b.shape, b.dtype) if packed else self.dnnl.desc_of(b)
        desc = self.dnnl.primitive_desc("matmul", self.dnnl.desc_of(a), weights, None, self.dnnl.desc_of(c), None)
        return Primitive(self, desc, [(SRC, a), (WEIGHTS, b), (DST, c)], request["copies"], packed)

    def convolution(self, request, variant, x, f):
        """X as [N, H, W, (G,) C], F as [(G,) R, S, (C,) (O)]: the operator's own axes."""
        columns = request["columns"]
        groups, stride, pad = columns.get("groups", 1), columns["stride"], columns["pad"]
        n, h, w = x.shape[:3]
        r, s, c, o = columns["R"], columns["S"], columns["C"], columns["O"]
        rows, width = ((extent + 2 * pad - window) // stride + 1 for extent, window in ((h, r), (w, s)))
        x = x.reshape(n, h, w, c).transpose(0, 3, 1, 2)
        if request["name"] == "depthwise":
            f = f.reshape(r, s, groups, 1, 1).transpose(2, 4, 3, 0, 1)
        elif groups > 1:
            f = f.transpose(0, 4, 3, 1, 2)
        else:
            f = f.transpose(3, 2, 0, 1)
        y = numpy.zeros((n, rows, width, o), numpy.float32).transpose(0, 3, 1, 2)
        if variant.startswith("NCHW"):
            x, y = numpy.ascontiguousarray(x), numpy.ascontiguousarray(y)
        weights = self.dnnl.desc(f.shape, f.dtype)
        two = lambda value: (ctypes.c_int64 * 12)(value, value)
        desc = self.dnnl.primitive_desc("convolution_forward", FORWARD_INFERENCE, self.algorithm("convolution_direct"), self.dnnl.desc_of(x),
                                        weights, None, self.dnnl.desc_of(y), two(stride), two(0), two(pad), two(pad), None)
        call = Primitive(self, desc, [(SRC, x), (WEIGHTS, f), (DST, y)], request["copies"], WEIGHTS, variant.endswith("packing"))
        call.axes = lambda result: result.transpose(0, 2, 3, 1)
        return call

    def softmax(self, request, variant, x):
        y = numpy.zeros_like(x)
        desc = self.dnnl.primitive_desc("softmax_forward", FORWARD_INFERENCE, self.algorithm("softmax_accurate"),
                                        self.dnnl.desc_of(x), self.dnnl.desc_of(y), 1, None)
        return Primitive(self, desc, [(SRC, x), (DST, y)], request["copies"])

    def layernorm(self, request, variant, x, gain, bias):
        y = numpy.zeros_like(x)
        use_scale, use_shift = 2, 4
        statistics = self.dnnl.desc((x.shape[0],), x.dtype, (1,))
        desc = self.dnnl.primitive_desc("layer_normalization_forward", FORWARD_INFERENCE, self.dnnl.desc_of(x), self.dnnl.desc_of(y), statistics,
                                        ctypes.c_float(request["params"].get("epsilon", 1e-5)), use_scale | use_shift, None)
        return Primitive(self, desc, [(SRC, x), (SCALE, gain), (SHIFT, bias), (DST, y)], request["copies"])

    def bias_gelu_erf(self, request, variant, x, bias):
        y, row = numpy.zeros_like(x), bias.reshape(1, -1)
        desc = self.dnnl.primitive_desc("binary", self.algorithm("binary_add"), self.dnnl.desc_of(x), self.dnnl.desc_of(row),
                                        self.dnnl.desc_of(y), self.dnnl.post_op("eltwise_gelu_erf"))
        return Primitive(self, desc, [(SRC, x), (SRC_1, row), (DST, y)], request["copies"])

    def sum_rows(self, request, variant, x):
        return self._sum(request, x, numpy.zeros((x.shape[0], 1), x.dtype))

    def sum_cols(self, request, variant, x):
        return self._sum(request, x, numpy.zeros((1, x.shape[1]), x.dtype))

    def _sum(self, request, x, y):
        desc = self.dnnl.primitive_desc("reduction", self.algorithm("reduction_sum"), self.dnnl.desc_of(x), self.dnnl.desc_of(y),
                                        ctypes.c_float(0), ctypes.c_float(0), None)
        call = Primitive(self, desc, [(SRC, x), (DST, y)], request["copies"])
        call.axes = lambda result: result.reshape(-1)
        return call

    def transpose(self, request, variant, x):
        y = numpy.zeros((x.shape[1], x.shape[0]), x.dtype).transpose()
        desc = self.dnnl.primitive_desc_of_reorder(self.dnnl.desc_of(x), self.dnnl.desc_of(y))
        call = Primitive(self, desc, [(SRC, x), (DST, y)], request["copies"])
        call.axes = numpy.transpose
        return call
