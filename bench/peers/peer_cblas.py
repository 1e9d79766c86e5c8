"""OpenBLAS, BLIS and MKL: libraries with cblas_sgemm. A is read in place, packing is inside the call: that is all the interface
has."""

import ctypes
import os

from . import native
from .worker import copies_of, load_inputs


class Product:
    def __init__(self, repeat, sgemm, request):
        self.a, self.b = (copies_of(array, request["copies"]) for array in load_inputs(request).values())
        (self.m, self.k), self.n = self.a[0].shape, self.b[0].shape[1]
        self.c = copies_of((self.a[0][:, :1] * self.b[0][:1, :]), request["copies"])
        self.repeat, self.sgemm, self.turn = repeat, sgemm, 0
        self.lists = [native.pointers(arrays) for arrays in (self.a, self.b, self.c)]

    def run(self, calls):
        us = self.repeat.time_sgemm(self.sgemm, self.m, self.n, self.k, *self.lists, len(self.a), self.turn, calls)
        self.turn = (self.turn + calls) % len(self.a)
        return us

    def output(self):
        return self.c[0]


class Adapter:
    def __init__(self, path, folder, symbol="cblas_sgemm"):
        self.path, self.symbol = path, symbol
        self.library = ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)
        self.sgemm = ctypes.cast(getattr(self.library, symbol), ctypes.c_void_p)
        self.repeat = native.library(folder)

    def version(self):
        return os.path.basename(self.path)

    def variants(self, request):
        return [{"variant": "sgemm", "layout": "row-major", "packing": "in call"}] if request["name"] == "matmul" else []

    def prepare(self, request, variant):
        return Product(self.repeat, self.sgemm, request)


class OpenBlas(Adapter):
    def version(self):
        config = getattr(self.library, self.symbol.replace("cblas_sgemm", "openblas_get_config"))
        config.restype = ctypes.c_char_p
        return config().decode()


class Blis(Adapter):
    def version(self):
        self.library.bli_info_get_version_str.restype = ctypes.c_char_p
        self.library.bli_arch_string.restype = ctypes.c_char_p
        return f"{self.library.bli_info_get_version_str().decode()}, {self.library.bli_arch_string(self.library.bli_arch_query_id()).decode()}"


class Mkl(Adapter):
    def version(self):
        text = ctypes.create_string_buffer(200)
        self.library.MKL_Get_Version_String(text, 200)
        return text.value.decode().strip()
