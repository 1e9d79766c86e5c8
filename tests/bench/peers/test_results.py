import os
import random
import tempfile
import unittest

from bench.peers import compare, report, results, stats, table, verdict
from made_up import RUN, case, row


def samples(middle, seed, spread=0.02, count=20):
    draw = random.Random(seed)
    return [middle * (1 + spread * draw.gauss(0, 1)) for _ in range(count)]


class Statistics(unittest.TestCase):
    def test_geometric_mean(self):
        self.assertAlmostEqual(stats.geometric_mean([0.5, 2, 8]), 2)

    def test_an_interval_holds_the_true_ratio_about_as_often_as_it_says(self):
        inside = 0
        for seed in range(40):
            _, low, high = stats.ratio_interval(samples(10, seed), samples(11, seed + 1000), rounds=200)
            inside += low <= 1.1 <= high
        self.assertGreaterEqual(inside, 34)

    def test_an_interval_is_the_same_each_time(self):
        self.assertEqual(stats.ratio_interval([1, 2, 3], [2, 3, 4]), stats.ratio_interval([1, 2, 3], [2, 3, 4]))

    def test_a_meter_that_fell_means_disturbance(self):
        self.assertTrue(stats.is_disturbed(100, 90, best=101))
        self.assertTrue(stats.is_disturbed(90, 100, best=101))
        self.assertFalse(stats.is_disturbed(98, 99, best=101))


class ResultsFile(unittest.TestCase):
    def setUp(self):
        self.path = os.path.join(tempfile.mkdtemp(), "results.jsonl")

    def test_a_torn_last_line_is_skipped_and_the_next_line_is_whole(self):
        results.append(self.path, case("G1"))
        with open(self.path, "a", encoding="utf-8") as file:
            file.write('{"kind":"case","id":"G2"')
        results.append(self.path, case("G3"))
        self.assertEqual([entry["id"] for entry in results.cases_of(results.read(self.path))], ["G1", "G3"])

    def test_a_case_measured_again_replaces_the_older_one(self):
        for us in (1.0, 2.0):
            results.append(self.path, case("G1", [row("lathe", "zero-shot", [us])]))
        cases = results.cases_of(results.read(self.path))
        self.assertEqual([each["rows"][0]["us"] for each in cases], [[2.0]])

    def test_threads_make_another_case(self):
        self.assertNotEqual(results.key_of(case(threads=1)), results.key_of(case(threads=2)))


class Verdicts(unittest.TestCase):
    def setUp(self):
        self.case = case(rows=[row("lathe", "zero-shot", [20.0]), row("lathe", "author", [12.5]), row("openblas", "sgemm", [25.0]),
                               row("onednn", "packed", [16.0], packing="beforehand"), row("quick", "bf16", [1.0], numeric="reduced"),
                               row("broken", "x", [], numeric="wrong")])

    def test_the_best_of_all_peers_counts_in_the_same_numeric_class(self):
        v = verdict.judge(self.case)
        self.assertEqual((v.peer["peer"], v.zero_shot["variant"], v.lathe["variant"]), ("onednn", "zero-shot", "author"))
        self.assertAlmostEqual(v.ratio(v.zero_shot), 0.8)
        self.assertAlmostEqual(v.ratio(v.lathe), 1.28)

    def test_packing_inside_the_call_is_compared_with_the_same(self):
        v = verdict.judge(self.case, "in call")
        self.assertEqual(v.peer["peer"], "openblas")
        self.assertAlmostEqual(v.ratio(v.zero_shot), 1.25)
        self.assertIsNone(verdict.judge(self.case, "beforehand").lathe)

    def test_the_table_counts_what_was_lost(self):
        text = table.text([self.case])
        self.assertIn("zero-shot: geometric mean of 1 ratios 0.800, 1 below 1, lowest 0.800", text)

    def test_a_case_without_peers_has_no_ratio(self):
        v = verdict.judge(case(rows=[row("lathe", "zero-shot", [20.0])]))
        self.assertIsNone(v.ratio(v.zero_shot))
        self.assertIn("-", table.line(case(rows=[row("lathe", "zero-shot", [20.0])])))


class Comparison(unittest.TestCase):
    def changes(self, old, new, **more):
        return compare.changes([case("G1", [row("lathe", "zero-shot", old)])], [case("G1", [row("lathe", "zero-shot", new)], **more)])

    def test_ten_percent_are_found_and_noise_is_not(self):
        self.assertEqual(self.changes(samples(10, 1), samples(11, 2))[0][5], "slower")
        self.assertEqual(self.changes(samples(11, 1), samples(10, 2))[0][5], "faster")
        self.assertEqual(self.changes(samples(10, 1), samples(10, 2))[0][5], "same")

    def test_a_lower_clock_is_no_regression(self):
        self.assertEqual(self.changes(samples(10, 1), samples(11, 2), peak_gflops=100 / 1.1)[0][5], "same")

    def test_of_wide_samples_nothing_is_claimed(self):
        self.assertEqual(self.changes(samples(10, 1, 0.4), samples(10.5, 2, 0.4))[0][5], "same")

    def test_the_text_has_the_worst_first(self):
        found = [("a", "zero-shot", 0.9, 0.88, 0.92, "faster"), ("b", "zero-shot", 1.2, 1.1, 1.3, "slower")]
        text = compare.text(found, 0)
        self.assertLess(text.index("b   "), text.index("a   "))
        self.assertIn("2 compared, 1 slower, 1 faster", text)


class Report(unittest.TestCase):
    def setUp(self):
        rows = [row("lathe", "zero-shot", [20.0, 21.0]), row("onednn", "packed", [10.0, 10.5], packing="beforehand"), row("quick", "bf16", [1.0], numeric="reduced")]
        self.text = report.markdown([RUN, case(rows=rows)], "results.jsonl")

    def test_it_names_the_machine_and_what_was_not_measured(self):
        self.assertIn("A CPU (cpu1, x86-64-v3)", self.text)
        self.assertIn("not measured: mkl, pip could not install mkl", self.text)

    def test_a_loss_stands_in_the_same_row_as_a_win_would(self):
        self.assertRegex(self.text, r"\| G1 \| matmul M=7, N=5, K=3 \| onednn, packed \| 10.25 \| 0.98 \| 20.5 \| 0.49 \| 0.50 \|")
        self.assertIn("| products of matrices | 1 | 0.50 | 0.50 | 0.50 | 1 |", self.text)

    def test_a_peer_whose_time_is_mostly_its_call_has_a_star(self):
        self.assertIn("onnxruntime, one operator *", self.with_peer(20.0))
        self.assertNotIn("operator *", self.with_peer(50.0))

    def with_peer(self, us):
        return report.markdown([RUN, case(rows=[row("lathe", "zero-shot", [20.0]), row("onnxruntime", "one operator", [us])])], "x")

    def test_another_numeric_class_is_listed_apart(self):
        self.assertIn("| G1 | quick | bf16 | reduced | 1e-07 | 1 |", self.text)

    def test_a_busy_machine_is_told(self):
        self.assertIn("0 of 1 cases were disturbed", self.text)
        self.assertIn("1 of 1 cases were disturbed", report.markdown([RUN, case(preempted=0.5)], "x"))

    def test_the_page_needs_nothing_else(self):
        with tempfile.NamedTemporaryFile(suffix=".png") as picture:
            picture.write(b"picture")
            picture.flush()
            page = report.page(self.text, [picture.name])
        self.assertIn("data:image/png;base64,cGljdHVyZQ==", page)
        self.assertNotIn("http", page)


if __name__ == "__main__":
    unittest.main()
