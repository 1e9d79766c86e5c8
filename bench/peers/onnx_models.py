"""Operators as ONNX models, for the run times that take them: one function each. Weights are inputs of the model or constants,
which a run time packs beforehand."""

import ml_dtypes
import numpy
from onnx import TensorProto, helper, numpy_helper

_TYPES = {"float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16, "int8": TensorProto.INT8, "uint8": TensorProto.UINT8,
          "int32": TensorProto.INT32}


class Graph:
    """Nodes as they are added; the last one's value is the result, of this type and shape. `back` takes it to the operator's
    layout. `contrib`: the run time also has the operators of com.microsoft."""

    def __init__(self, request, constant_weights, contrib):
        self.columns, self.params, self.constant_weights, self.contrib = request["columns"], request["params"], constant_weights, contrib
        self.nodes, self.constants, self.inputs, self.opsets = [], [], {}, {"": 21}
        self.type, self.shape, self.back = TensorProto.FLOAT, None, lambda result: result

    def input(self, array):
        name = f"x{len(self.inputs)}"
        self.inputs[name] = numpy.ascontiguousarray(array)
        return name

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(numpy.ascontiguousarray(array), name))
        return name

    def weight(self, array):
        return self.constant(array) if self.constant_weights else self.input(array)

    def add(self, kind, *inputs, domain="", **attributes):
        name = f"v{len(self.nodes)}"
        if domain:
            self.opsets[domain] = 1
        self.nodes.append(helper.make_node(kind, list(inputs), [name], domain=domain, **attributes))
        return name

    def model(self):
        self.nodes[-1].output[0] = "result"
        declared = [helper.make_tensor_value_info(name, _TYPES[array.dtype.name], array.shape) for name, array in self.inputs.items()]
        result = helper.make_tensor_value_info("result", self.type, self.shape)
        graph = helper.make_graph(self.nodes, "operator", declared, [result], self.constants)
        opsets = [helper.make_opsetid(domain, version) for domain, version in self.opsets.items()]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()


def matmul(g, a, b):
    g.add("MatMul", g.input(a), g.weight(b))
    g.shape = (a.shape[0], b.shape[1])


def matmul_f16w(g, a, b):
    g.add("MatMul", g.input(a), g.add("Cast", g.weight(b), to=TensorProto.FLOAT))
    g.shape = (a.shape[0], b.shape[1])


def matmul_u8s8(g, a, b):
    g.add("MatMulInteger", g.input(a), g.weight(b))
    g.shape, g.type = (a.shape[0], b.shape[1]), TensorProto.INT32


def matmul_q8(g, a, w, scale):
    blocked_product(g, a, w, scale, 8)


def matmul_q4(g, a, w, scale):
    blocked_product(g, a, w, scale, 4)


def blocked_product(g, a, w, scale, bits):
    """MatMulNBits, with weights as [N, blocks, bytes] of unsigned numbers that have their zero in the middle; or ONNX's own
    DequantizeLinear, which a run time may do on the way."""
    block, scale = g.params["block"], scale.astype(numpy.float32)
    if g.contrib:
        shifted = (w.astype(numpy.int16) + (1 << (bits - 1))).astype(numpy.uint8).T
        if bits == 4:
            shifted = shifted[:, 0::2] | shifted[:, 1::2] << 4
        packed = shifted.reshape(w.shape[1], -1, block * bits // 8)
        g.add("MatMulNBits", g.input(a), g.constant(packed), g.constant(scale.T.reshape(-1)), domain="com.microsoft", K=w.shape[0], N=w.shape[1],
              bits=bits, block_size=block, accuracy_level=g.params.get("accuracy_level", 0))
    else:
        weights = g.constant(w if bits == 8 else w.astype(ml_dtypes.int4))
        g.add("MatMul", g.input(a), g.add("DequantizeLinear", weights, g.constant(scale), axis=0, block_size=block))
    g.shape = (a.shape[0], w.shape[1])


def conv(g, x, f):
    convolution(g, x, f.transpose(3, 2, 0, 1))


def depthwise(g, x, f):
    convolution(g, x, f.transpose(2, 0, 1)[:, None])


def grouped_conv(g, x, f):
    c = g.columns
    convolution(g, x, f.transpose(0, 4, 3, 1, 2).reshape(c["O"], c["C"] // c["groups"], c["R"], c["S"]))


def convolution(g, x, f):
    """X as [N, C, H, W], F as [O, C / groups, R, S]: ONNX has no other layout."""
    c = g.columns
    x = x.reshape(*x.shape[:3], c["C"]).transpose(0, 3, 1, 2)
    g.add("Conv", g.input(x), g.weight(f), group=c.get("groups", 1), strides=[c["stride"]] * 2, pads=[c["pad"]] * 4)
    rows, width = ((c[extent] + 2 * c["pad"] - c[window]) // c["stride"] + 1 for extent, window in (("H", "R"), ("W", "S")))
    g.shape, g.back = (x.shape[0], c["O"], rows, width), lambda y: y.transpose(0, 2, 3, 1)


def softmax(g, x):
    g.add("Softmax", g.input(x), axis=-1)
    g.shape = x.shape


def layernorm(g, x, gain, bias):
    g.add("LayerNormalization", g.input(x), g.constant(gain), g.constant(bias), axis=-1, epsilon=g.params["epsilon"])
    g.shape = x.shape


def rmsnorm(g, x, gain):
    given = g.input(x)
    if g.contrib:
        g.add("SimplifiedLayerNormalization", given, g.constant(gain), axis=-1, epsilon=g.params["epsilon"])
    else:
        mean = g.add("ReduceMean", g.add("Mul", given, given), g.constant(numpy.array([-1])), keepdims=1)
        root = g.add("Sqrt", g.add("Add", mean, g.constant(numpy.float32(g.params["epsilon"]))))
        g.add("Mul", g.add("Div", given, root), g.constant(gain))
    g.shape = x.shape


def bias_gelu_erf(g, x, bias):
    if g.contrib:
        g.add("BiasGelu", g.input(x), g.constant(bias), domain="com.microsoft")
    else:
        g.add("Gelu", g.add("Add", g.input(x), g.constant(bias)), approximate="none")
    g.shape = x.shape


def sum_rows(g, x):
    g.add("ReduceSum", g.input(x), g.constant(numpy.array([1])), keepdims=0)
    g.shape = x.shape[:1]


def sum_cols(g, x):
    g.add("ReduceSum", g.input(x), g.constant(numpy.array([0])), keepdims=0)
    g.shape = x.shape[1:]


def transpose(g, x):
    g.add("Transpose", g.input(x), perm=[1, 0])
    g.shape = x.shape[::-1]


def prefix_sum(g, x):
    g.add("CumSum", g.input(x), g.constant(numpy.array(0)))
    g.shape = x.shape


def attention(g, query, key, value):
    """The fused operator where the run time has one, on [B, Q, H D]; else its parts."""
    b, h, q, d = query.shape
    if g.contrib and not g.params["causal"]:
        rows = [g.input(t.transpose(0, 2, 1, 3).reshape(b, t.shape[2], h * d)) for t in (query, key, value)]
        g.add("MultiHeadAttention", *rows, domain="com.microsoft", num_heads=h, scale=g.params["scale"])
        g.shape, g.back = (b, q, h * d), lambda y: y.reshape(b, q, h, d).transpose(0, 2, 1, 3)
        return
    score = g.add("MatMul", g.input(query), g.add("Transpose", g.input(key), perm=[0, 1, 3, 2]))
    score = g.add("Mul", score, g.constant(numpy.float32(g.params["scale"])))
    if g.params["causal"]:
        place = numpy.arange(q)[:, None] + key.shape[2] - q
        score = g.add("Add", score, g.constant(numpy.where(numpy.arange(key.shape[2])[None] <= place, 0, -numpy.inf).astype(numpy.float32)))
    g.add("MatMul", g.add("Softmax", score, axis=-1), g.input(value))
    g.shape = query.shape


WEIGHTED = {f.__name__: f for f in (matmul, matmul_f16w, matmul_u8s8, conv, depthwise, grouped_conv)}
BLOCKED = {f.__name__: f for f in (matmul_q8, matmul_q4)}  # weights of few bits, always constants
OTHERS = {f.__name__: f for f in (softmax, layernorm, rmsnorm, bias_gelu_erf, sum_rows, sum_cols, transpose, prefix_sum, attention)}


def build(request, arrays, constant_weights, contrib):
    graph = Graph(request, constant_weights, contrib)
    {**WEIGHTED, **BLOCKED, **OTHERS}[request["name"]](graph, *arrays)
    return graph
