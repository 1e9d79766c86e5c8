import sys
import unittest

from bench.peers.processes import Process, WorkerError

ECHO = "import json, sys\nfor line in sys.stdin:\n  r = json.loads(line)\n  print(json.dumps({'error': 'no'} if r.get('bad') else r), flush=True)"


def state(process):
    with open(f"/proc/{process.process.pid}/stat", encoding="utf-8") as file:
        return file.read().rsplit(")", 1)[1].split()[0]


class Token(unittest.TestCase):
    def setUp(self):
        self.process = Process("echo", [sys.executable, "-c", ECHO])
        self.addCleanup(self.process.end)

    def test_who_has_not_the_token_is_stopped_and_answers_when_it_has(self):
        for number in range(3):
            self.assertEqual(self.process.ask(number=number), {"number": number})
            self.assertEqual(state(self.process), "T")

    def test_an_error_is_an_answer(self):
        with self.assertRaisesRegex(WorkerError, "no"):
            self.process.ask(bad=True)
        self.assertEqual(self.process.ask(number=1), {"number": 1})

    def test_a_worker_that_is_gone_is_said(self):
        self.process.end()
        with self.assertRaisesRegex(WorkerError, "echo has ended"):
            self.process.ask(number=1)

    def test_a_worker_that_does_not_answer_is_ended(self):
        silent = Process("silent", [sys.executable, "-c", "import sys, time\nfor line in sys.stdin: time.sleep(60)"])
        self.addCleanup(silent.end)
        with self.assertRaisesRegex(WorkerError, "silent has not answered in 0.2 s"):
            silent.ask(seconds=0.2)
        self.assertFalse(silent.alive)


if __name__ == "__main__":
    unittest.main()
