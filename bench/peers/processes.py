"""Worker processes and the token: one of them runs, all others are stopped by the system, threads and all."""

import contextlib
import json
import os
import selectors
import signal
import subprocess


class WorkerError(Exception):
    """What a worker answered instead, or that it is gone."""


class Process:
    def __init__(self, name, command, env=None, cpus=None, cwd=None):
        self.name = name
        pin = (lambda: os.sched_setaffinity(0, cpus)) if cpus else None
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env, cwd=cwd, preexec_fn=pin)

    def ask(self, seconds=600, **request):
        """The answer; the worker is stopped before and after."""
        try:
            self.process.send_signal(signal.SIGCONT)
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            line = self._line(seconds)
        except (BrokenPipeError, ProcessLookupError, ValueError):  # ValueError: its pipe is closed
            raise WorkerError(f"{self.name} has ended with {self.process.poll()}") from None
        if not line:
            raise WorkerError(f"{self.name} has ended with {self.process.wait()}")
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)  # until it is
        answer = json.loads(line)
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer

    def _line(self, seconds):
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.process.stdout, selectors.EVENT_READ)
            if not waiting.select(seconds):
                self.end()
                raise WorkerError(f"{self.name} has not answered in {seconds} s")
        return self.process.stdout.readline()

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):  # of a request that was never read
                pipe.close()

    @property
    def alive(self):
        return self.process.poll() is None
