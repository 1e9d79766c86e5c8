import os
import tempfile
import unittest

from bench.peers.cases import CaseError, parse_columns, read_cases, spec_of, split_columns

SUITE = os.path.join(os.path.dirname(__file__), "..", "..", "..", "bench", "suite", "cases.csv")


class Cases(unittest.TestCase):
    def read(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".csv", delete=False) as file:
            file.write(text)
        self.addCleanup(os.remove, file.name)
        return read_cases(file.name)

    def test_the_suite_is_read_whole(self):
        cases = {case.id: case for case in read_cases(SUITE)}
        self.assertEqual(len(cases), 56)
        self.assertEqual(cases["G4"].columns, {"M": 127, "N": 131, "K": 137})
        self.assertEqual(cases["G4"].min_bytes, 207932)
        self.assertEqual(cases["C5"].note, "720p RGB")

    def test_columns_beyond_id_operator_and_sizes_may_be_missing(self):
        self.assertEqual(self.read("id,operator,sizes\na,relu,\"M=3,N=4\"\n")[0].flops, 0)

    def test_what_is_wrong_is_said_with_its_line_and_values(self):
        for text, message in (("id,sizes\n", "no column operator; got id, sizes"),
                              ("id,operator,sizes\na,relu,M3\n", ":2: got 'M3' in 'M3', need NAME=VALUE"),
                              ("id,operator,sizes\na,relu,\"M=3,M=4\"\n", ":2: M is given twice in 'M=3,M=4'"),
                              ("id,operator,sizes\na,relu,M=x\n", ":2: M = 'x', need an integer"),
                              ("id,operator,sizes,flops\na,relu,M=3,-1\n", ":2: flops = '-1', need an integer from 0"),
                              ("id,operator,sizes\na,relu\n", ":2: got 2 values, need id, operator and sizes"),
                              ("id,operator,sizes\na,relu,M=3\na,relu,M=4\n", ":3: the id a is there twice")):
            with self.subTest(text=text), self.assertRaises(CaseError) as raised:
                self.read(text)
            self.assertIn(message, str(raised.exception))

    def test_a_name_alone_is_of_the_standard_library(self):
        self.assertEqual(spec_of("conv"), "stdlib:conv")
        self.assertEqual(spec_of("mine.lathe"), "mine.lathe")
        self.assertEqual(spec_of("mine.lathe:op"), "mine.lathe:op")

    def test_columns_are_sizes_or_parameters_or_only_describe(self):
        columns = parse_columns("N=1,C=3,O=8,stride=2,groups=1", "here")
        self.assertEqual(split_columns(columns, ["N", "C", "O"], ["stride", "pad"]), ({"N": 1, "C": 3, "O": 8}, {"stride": 2}, ["groups"]))

    def test_groups_divide_the_channels_of_an_operator_that_has_groups(self):
        sizes, _, unused = split_columns({"C": 128, "O": 64, "groups": 32}, ["G", "C", "O"], [])
        self.assertEqual((sizes, unused), ({"G": 32, "C": 4, "O": 2}, []))
        with self.assertRaisesRegex(CaseError, "C = 128 is no multiple of groups = 3"):
            split_columns({"C": 128, "groups": 3}, ["G", "C"], [])

    def test_a_size_without_a_column_is_refused(self):
        with self.assertRaisesRegex(CaseError, "no value for size K; got M, N"):
            split_columns({"M": 1, "N": 2}, ["M", "N", "K"], [])


if __name__ == "__main__":
    unittest.main()
