"""The peers: what each needs, how it is held to so many threads and to an instruction set, and its adapter. To add one: a row
here, and an adapter (worker.py says what that is)."""

import dataclasses
import glob
import os
import subprocess
import sys


@dataclasses.dataclass(frozen=True)
class Peer:
    name: str
    packages: tuple = ()  # of Python
    debian: tuple = ()
    threads: tuple = ()  # environment variables with the number of threads
    settings: dict = dataclasses.field(default_factory=dict)
    held: dict = None  # environment that holds it to x86-64-v3; None: cannot be held
    adapter: object = None  # (folder of the environment) -> adapter

    def environment(self, threads, target):
        """None where it cannot be held to the target."""
        if target and (target != "x86-64-v3" or self.held is None):
            return None
        # What slows one down on a machine may be set for the sake of another program.
        env = {name: value for name, value in os.environ.items() if name not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
        env.update({name: str(threads) for name in self.threads})
        env.update(self.settings)
        env.update(self.held if target else {})
        return env


def _library(folder, *patterns):
    for pattern in patterns:
        found = sorted(glob.glob(os.path.join(folder, pattern), recursive=True))
        if found:
            return found[0]
    raise RuntimeError(f"no {patterns[0]} below {folder}")


def _openblas(folder):
    from .peer_cblas import OpenBlas
    return OpenBlas(_library(folder, "lib/**/scipy_openblas32/lib/libscipy_openblas.so"), folder, "scipy_cblas_sgemm")


def _blis(folder):
    from .peer_cblas import Blis
    path = _library("/usr/lib/x86_64-linux-gnu", "blis-openmp/libblis.so.4", "blis-pthread/libblis.so.4")
    if "BLIS_ARCH_TYPE" not in os.environ:
        number = _blis_arch(path)
        if number is not None:  # read once, when the library is loaded
            os.environ["BLIS_ARCH_TYPE"] = number
            os.execv(sys.executable, sys.orig_argv)
    return Blis(path, folder)


def _blis_arch(path):
    """The number to choose where BLIS does not know this CPU and falls to its generic code."""
    code = ("import ctypes, sys; b = ctypes.CDLL(sys.argv[1]); b.bli_arch_string.restype = ctypes.c_char_p\n"
            "if b.bli_arch_string(b.bli_arch_query_id()) == b'generic':\n"
            "  print([i for i in range(9) if b.bli_arch_string(i) == sys.argv[2].encode()][0])")
    flags = open("/proc/cpuinfo", encoding="utf-8").read()
    wanted = "skx" if "avx512f" in flags else "haswell"
    answer = subprocess.run([sys.executable, "-c", code, path, wanted], capture_output=True, text=True, check=False).stdout.strip()
    return answer or None


def _mkl(folder):
    from .peer_cblas import Mkl
    return Mkl(_library(folder, "lib/libmkl_rt.so.*"), folder)


def _onednn(folder):
    from .peer_onednn import Adapter
    return Adapter(_library(folder, "lib/libdnnl.so.3"), folder)


def _onnxruntime(folder):
    from .peer_onnx import OnnxRuntime
    return OnnxRuntime()


def _openvino(folder):
    from .peer_onnx import OpenVino
    return OpenVino()


def _jax(folder):
    from .peer_jax import Adapter
    return Adapter()


PEERS = [
    Peer("openblas", ("scipy-openblas32",), threads=("OPENBLAS_NUM_THREADS",), held={"OPENBLAS_CORETYPE": "Haswell"}, adapter=_openblas),
    Peer("blis", debian=("libblis4-openmp",), threads=("BLIS_NUM_THREADS", "OMP_NUM_THREADS"), adapter=_blis),
    Peer("mkl", ("mkl",), threads=("MKL_NUM_THREADS", "OMP_NUM_THREADS"), settings={"MKL_THREADING_LAYER": "GNU"},
         held={"MKL_ENABLE_INSTRUCTIONS": "AVX2"}, adapter=_mkl),
    Peer("onednn", ("onednn-cpu-gomp",), threads=("OMP_NUM_THREADS",), held={"ONEDNN_MAX_CPU_ISA": "AVX2"}, adapter=_onednn),
    Peer("onnxruntime", ("onnxruntime", "onnx"), adapter=_onnxruntime),
    Peer("openvino", ("openvino", "onnx"), adapter=_openvino),
    # As many threads as it may use CPUs: the processes are pinned.
    Peer("jax", ("jax",), settings={"JAX_PLATFORMS": "cpu"}, held={"XLA_FLAGS": "--xla_cpu_max_isa=AVX2"}, adapter=_jax),
]


def named(name):
    for peer in PEERS:
        if peer.name == name:
            return peer
    raise KeyError(f"no peer {name}; there are {', '.join(peer.name for peer in PEERS)}")


if __name__ == "__main__":  # python -m bench.peers.peers NAME FOLDER: that peer's worker
    from .worker import serve
    serve(named(sys.argv[1]).adapter(sys.argv[2]))
