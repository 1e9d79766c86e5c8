"""ONNX Runtime and OpenVINO: one model of one operator each, weights as constants (which they pack beforehand) or as inputs.
Weights of few bits may meet
activations in f32 or, in a numeric class of its own, in 8 bits. Both hold their arguments in place for all calls. What Python adds to a call is in their times."""

import time

import numpy

from . import onnx_models
from .worker import copies_of, load_inputs

IN_8_BITS = "constant weights, activations in 8 bits"
CONSTANT = {"variant": "constant weights", "layout": "ONNX", "packing": "beforehand"}
INPUT = {"variant": "weights as input", "layout": "ONNX", "packing": "in call"}
PLAIN = {"variant": "one operator", "layout": "ONNX", "packing": "in call"}


class Call:
    """`calls` are functions without arguments, one for each copy of the operator's arguments."""

    def __init__(self, calls, result, back, kept):
        self.calls, self.result, self.back, self.kept, self.turn = calls, result, back, kept, 0

    def run(self, calls):
        each = [self.calls[(self.turn + i) % len(self.calls)] for i in range(calls)] if len(self.calls) > 1 else None
        one = self.calls[0]
        start = time.perf_counter()
        if each is None:
            for _ in range(calls):
                one()
        else:
            for call in each:
                call()
        us = (time.perf_counter() - start) * 1e6 / calls
        self.turn += calls
        return us

    def output(self):
        return self.back(self.result())


class Models:
    contrib = False  # whether it has the operators of com.microsoft

    def variants(self, request):
        if request["name"] in onnx_models.BLOCKED:
            return [CONSTANT, {**CONSTANT, "variant": IN_8_BITS}]
        if request["name"] in onnx_models.WEIGHTED:
            return [CONSTANT, INPUT]
        return [PLAIN] if request["name"] in onnx_models.OTHERS else []

    def overhead_us(self):
        """Of a call that does next to nothing."""
        request = {"name": "transpose", "columns": {}, "params": {}, "copies": 1, "threads": 1}
        graph = onnx_models.build(request, [numpy.zeros((1, 1), numpy.float32)], True, self.contrib)
        call = self.call(graph.model(), {name: [array] for name, array in graph.inputs.items()}, request, PLAIN["variant"], graph.back)
        return min(call.run(200) for _ in range(20))

    def prepare(self, request, variant):
        if variant == IN_8_BITS:
            request = {**request, "params": {**request["params"], "accuracy_level": 4}}
        graph = onnx_models.build(request, load_inputs(request).values(), variant != INPUT["variant"], self.contrib)
        copies = {name: copies_of(array, request["copies"]) for name, array in graph.inputs.items()}
        return self.call(graph.model(), copies, request, variant, graph.back)


class OnnxRuntime(Models):
    contrib = True

    def __init__(self):
        import onnxruntime
        self.ort = onnxruntime
        onnxruntime.set_default_logger_severity(3)

    def version(self):
        return self.ort.__version__

    def call(self, model, copies, request, variant, back):
        options = self.ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = request["threads"], 1
        session = self.ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        info = session.get_outputs()[0]
        kind = {"tensor(float)": numpy.float32, "tensor(int32)": numpy.int32}[info.type]
        calls, outputs = [], []
        for i in range(request["copies"]):
            binding = session.io_binding()
            for name, arrays in copies.items():
                binding.bind_ortvalue_input(name, self.ort.OrtValue.ortvalue_from_numpy(arrays[i]))
            outputs.append(copies_of(numpy.zeros(info.shape, kind), 1)[0])
            binding.bind_output(info.name, "cpu", 0, kind, info.shape, outputs[-1].ctypes.data)
            calls.append(lambda binding=binding: session.run_with_iobinding(binding))
        return Call(calls, lambda: outputs[0], back, (session, copies))


class OpenVino(Models):
    def __init__(self):
        import openvino
        self.ov = openvino
        self.core = openvino.Core()

    def version(self):
        return self.ov.__version__

    def call(self, model, copies, request, variant, back):
        settings = {"INFERENCE_NUM_THREADS": request["threads"], "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32",
                    "DYNAMIC_QUANTIZATION_GROUP_SIZE": 32 if variant == IN_8_BITS else 0}
        compiled = self.core.compile_model(self.core.read_model(model), "CPU", settings)
        calls, requests = [], []
        for i in range(request["copies"]):
            request = compiled.create_infer_request()
            for name, arrays in copies.items():
                request.set_tensor(name, self.ov.Tensor(arrays[i], shared_memory=True))
            requests.append(request)
            calls.append(lambda request=request: (request.start_async(), request.wait()))
        return Call(calls, lambda: requests[0].get_output_tensor(0).data, back, (compiled, copies))
