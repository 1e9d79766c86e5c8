"""Results that no machine gave."""


def row(peer, variant, us, numeric="full", packing="in call", **more):
    return {"peer": peer, "variant": variant, "layout": "row-major", "packing": packing, "us": us, "numeric": numeric, "error": 1e-7,
            **({"compile_ms": 9.0} if peer == "lathe" else {}), **more}


def case(id="G1", rows=(), **more):
    return {"kind": "case", "id": id, "operator": "matmul", "sizes": "M=7,N=5,K=3", "note": "", "threads": 1, "target": "", "cold": False,
            "operations": 210.0, "bytes": 284, "unused": [], "bound_us": 10.0, "bound_by": "mul", "peak_gflops": 100.0,
            "peak_spread": [99.0, 101.0], "read_gbytes_per_s": 30.0, "blocks_repeated": 0, "still_disturbed": False, "preempted": 0.0,
            "rows": list(rows), **more}


RUN = {"kind": "run", "date": "2026-01-02T03:04:05", "lathe": "abc1234", "threads": 1, "target": "", "cold": False, "repetitions": 20, "load": 0.1,
       "machine": {"model": "A CPU", "cpu": "cpu1", "level": "x86-64-v3", "cores": 2, "system": "Linux", "l1_bytes": 32768, "l2_bytes": 524288,
                   "l3_bytes": 33554432},
       "peers": {"openblas": {"version": "1.2", "overhead_us": 0}, "onnxruntime": {"version": "3.4", "overhead_us": 5.0}}, "tune": None,
       "absent": {"mkl": "pip could not install mkl"}}
