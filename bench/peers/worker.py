"""The loop of a worker process: one request a line on standard input, one answer a line on standard output, as bench/worker.cpp
does for Lathe. What a peer is stands in an adapter:

  version()                       of the library
  overhead_us()                   what Python adds to a call, where it is called from Python; optional
  variants(request)               names, layouts and packing of the ways to compute the request's operator; [] for none
  prepare(request, variant)       a call: its run(calls) gives mean microseconds, its output() the result in the operator's layout

A request has `name` (the operator's), `columns` (of the case), `params`, `threads`, `copies` (of the arguments, so many that
they leave the caches) and `files` (.npy, by argument)."""

import json
import os
import resource
import sys

import numpy


def load_inputs(request):
    """Arguments by name, in the order of the operator."""
    return {name: numpy.load(request["files"][name]) for name in request["inputs"]}


def copies_of(array, count):
    """Aligned copies: a vector of any width begins at a cache line."""
    copies = []
    for _ in range(count):
        raw = numpy.empty(array.nbytes + 64, numpy.uint8)
        start = -raw.ctypes.data % 64
        copy = raw[start:start + array.nbytes].view(array.dtype).reshape(array.shape)
        copy[...] = array
        copies.append(copy)
    return copies


class Worker:
    def __init__(self, adapter):
        self.adapter = adapter
        self.calls = []

    def answer(self, request):
        wanted = request["do"]
        if wanted == "hello":
            overhead = getattr(self.adapter, "overhead_us", lambda: 0)
            return {"version": self.adapter.version(), "overhead_us": overhead()}
        if wanted == "variants":
            return {"variants": self.adapter.variants(request)}
        if wanted == "prepare":
            call = self.adapter.prepare(request, request["variant"])
            call.run(1)
            output = next(path for name, path in request["files"].items() if name not in request["inputs"])
            numpy.save(output, numpy.ascontiguousarray(call.output()))
            self.calls.append(call)
            return {"handle": len(self.calls) - 1}
        if wanted == "drop":
            self.calls.clear()
            return {}
        if wanted == "run":
            if request.get("before"):
                self.calls[request["handle"]].run(request["before"])
            before = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
            us = self.calls[request["handle"]].run(request["calls"])
            return {"us": us, "preempted": resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw - before}
        raise ValueError(f"no such request: {wanted}")


def serve(adapter):
    # Libraries may print: what they do goes to standard error, the answers alone to where standard output was.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    worker = Worker(adapter)
    for line in sys.stdin:
        try:
            answer = worker.answer(json.loads(line))
        except Exception as error:  # whatever a peer throws is an answer, not the end of the run
            answer = {"error": f"{type(error).__name__}: {error}"[:500]}
        print(json.dumps(answer), file=answers, flush=True)
