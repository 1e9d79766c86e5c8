"""repeat.c as a library, and pointers for it."""

import ctypes
import os
import subprocess

_HERE = os.path.dirname(os.path.abspath(__file__))


def library(folder):
    """Builds repeat.c in `folder` where it is not there or older than its source."""
    source, built = os.path.join(_HERE, "repeat.c"), os.path.join(folder, "repeat.so")
    os.makedirs(folder, exist_ok=True)
    if not os.path.exists(built) or os.path.getmtime(built) < os.path.getmtime(source):
        subprocess.run([os.environ.get("CC", "cc"), "-O2", "-shared", "-fPIC", "-o", built, source], check=True)
    loaded = ctypes.CDLL(built)
    for name in ("time_sgemm", "time_primitives", "time_additions", "time_sleep"):
        getattr(loaded, name).restype = ctypes.c_double
    return loaded


def pointers(arrays):
    return (ctypes.c_void_p * len(arrays))(*[array.ctypes.data for array in arrays])
