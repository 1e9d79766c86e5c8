import unittest

try:
    from bench.peers import measure
except ImportError:  # numpy comes with the peers
    measure = None


class Worker:
    """Answers a request at once and keeps it."""

    def __init__(self, seen, us):
        self.seen, self.us = seen, us

    def ask(self, **request):
        self.seen.append((request["handle"], request["calls"]))
        return {"us": self.us, "preempted": 0}


@unittest.skipUnless(measure, "numpy is not there")
class Turns(unittest.TestCase):
    def setUp(self):
        self.seen = []
        self.participants = [measure.Participant(Worker(self.seen, us), "peer", {}, handle, {}) for handle, us in enumerate((500, 250))]

    def test_every_second_round_goes_backwards_and_gives_times_in_order(self):
        self.assertEqual(measure.one_round(self.participants, 0), [500, 250])
        self.assertEqual(measure.one_round(self.participants, 1), [500, 250])
        self.assertEqual([handle for handle, _ in self.seen], [0, 0, 1, 1, 1, 1, 0, 0])

    def test_as_many_calls_warm_up_as_are_timed(self):
        self.participants[1].choose_batch()
        self.seen.clear()
        self.participants[1].turn()
        self.assertEqual(self.seen, [(1, 8), (1, 8)])


if __name__ == "__main__":
    unittest.main()
