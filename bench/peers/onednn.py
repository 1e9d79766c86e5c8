"""As much of oneDNN's C interface (version 3) as the bench calls. Its wheel has no headers: numbers of enumerators are found by
their names, which the library prints."""

import ctypes
import functools

import numpy

DTYPES = {"float16": "f16", "float32": "f32", "int32": "s32", "int8": "s8", "uint8": "u8"}
SRC, DST, WEIGHTS, SCALE, SHIFT, SRC_1 = 1, 17, 33, 51, 52, 2
WEIGHTS_MD = 131  # of dnnl_query_t
FORWARD_INFERENCE = 96
ANY = 1  # the layout that a primitive likes best
_DIMS = ctypes.c_int64 * 12


class ExecArg(ctypes.Structure):
    _fields_ = [("arg", ctypes.c_int), ("memory", ctypes.c_void_p)]


class Library:
    def __init__(self, path):
        self.dll = ctypes.CDLL(path)
        self.kept = []  # what memories point to
        self.engine, self.stream = ctypes.c_void_p(), ctypes.c_void_p()
        self.call("engine_create", ctypes.byref(self.engine), 1, ctypes.c_size_t(0))
        self.call("stream_create", ctypes.byref(self.stream), self.engine, 1)

    def call(self, name, *arguments):
        status = getattr(self.dll, "dnnl_" + name)(*arguments)
        if status:
            raise RuntimeError(f"dnnl_{name} gives {status}" + (": unimplemented" if status == 3 else ""))

    def version(self):
        class Version(ctypes.Structure):
            _fields_ = [("parts", ctypes.c_int * 3)]
        self.dll.dnnl_version.restype = ctypes.POINTER(Version)
        return ".".join(str(part) for part in self.dll.dnnl_version().contents.parts)

    @functools.cache
    def number(self, kind, name):
        """Of an algorithm ("alg_kind") or a type ("dt") with this name."""
        to_text = getattr(self.dll, f"dnnl_{kind}2str")
        to_text.restype = ctypes.c_char_p
        for value in range(0x40000):
            if to_text(value) == name.encode():
                return value
        raise RuntimeError(f"this oneDNN has no {name}")

    def desc(self, shape, dtype, strides=None):
        """A description of memory: with strides in elements, or with any layout where they are None."""
        made = ctypes.c_void_p()
        dims, kind = _DIMS(*shape), self.number("dt", DTYPES[numpy.dtype(dtype).name])
        if strides is None:
            self.call("memory_desc_create_with_tag", ctypes.byref(made), len(shape), dims, kind, ANY)
        else:
            self.call("memory_desc_create_with_strides", ctypes.byref(made), len(shape), dims, kind, _DIMS(*strides))
        return made

    def desc_of(self, array):
        """Of an array, or of a view of one with permuted axes."""
        return self.desc(array.shape, array.dtype, [stride // array.itemsize for stride in array.strides])

    def primitive_desc(self, name, *arguments):
        made = ctypes.c_void_p()
        self.call(name + "_primitive_desc_create", ctypes.byref(made), self.engine, *arguments)
        return made

    def primitive(self, primitive_desc):
        made = ctypes.c_void_p()
        self.call("primitive_create", ctypes.byref(made), primitive_desc)
        return made

    def memory(self, desc, array):
        made = ctypes.c_void_p()
        self.call("memory_create", ctypes.byref(made), desc, self.engine, ctypes.c_void_p(array.ctypes.data))
        return made

    def arguments(self, pairs):
        return (ExecArg * len(pairs))(*[ExecArg(number, memory) for number, memory in pairs])

    def execute(self, primitive, pairs):
        self.call("primitive_execute", primitive, self.stream, len(pairs), self.arguments(pairs))
        self.call("stream_wait", self.stream)

    def packed(self, primitive_desc, array, which=WEIGHTS_MD):
        """(memory, storage) of the array in the layout that the primitive wants, and the primitive that converted it with its
        arguments, to do it again."""
        self.dll.dnnl_primitive_desc_query_md.restype = ctypes.c_void_p
        self.dll.dnnl_memory_desc_get_size.restype = ctypes.c_size_t
        wanted = ctypes.c_void_p(self.dll.dnnl_primitive_desc_query_md(primitive_desc, which, 0))
        raw = numpy.zeros(self.dll.dnnl_memory_desc_get_size(wanted) + 64, numpy.uint8)
        storage = raw[-raw.ctypes.data % 64:]
        target, source = self.memory(wanted, storage), self.memory(self.desc_of(array), array)
        reorder = self.primitive(self.primitive_desc_of_reorder(self.desc_of(array), wanted))
        conversion = [(SRC, source), (DST, target)]
        self.execute(reorder, conversion)
        self.kept.append(array)
        return target, storage, reorder, conversion

    def primitive_desc_of_reorder(self, source, target):
        made = ctypes.c_void_p()
        self.call("reorder_primitive_desc_create", ctypes.byref(made), source, self.engine, target, self.engine, None)
        return made

    def post_op(self, algorithm):
        """Attributes that apply an elementwise function to what a primitive writes."""
        operations, attributes = ctypes.c_void_p(), ctypes.c_void_p()
        self.call("post_ops_create", ctypes.byref(operations))
        self.call("post_ops_append_eltwise", operations, self.number("alg_kind", algorithm), ctypes.c_float(0), ctypes.c_float(0))
        self.call("primitive_attr_create", ctypes.byref(attributes))
        self.call("primitive_attr_set_post_ops", attributes, operations)
        return attributes
