import unittest

try:
    import numpy
    from bench.peers import formulas
except ImportError:
    numpy = None


@unittest.skipUnless(numpy, "NumPy is not there")
class Classes(unittest.TestCase):
    def setUp(self):
        draw = numpy.random.default_rng(1)
        self.columns = {"M": 40, "N": 50, "K": 300}
        self.a, self.b = (draw.uniform(-1, 1, shape).astype(numpy.float32) for shape in ((40, 300), (300, 50)))
        self.wanted = formulas.reference("matmul", self.columns, {}, [self.a, self.b])

    def class_of(self, got):
        return formulas.numeric_class("matmul", self.columns, got, self.wanted)[0]

    def test_sums_in_f32_in_any_order_are_full(self):
        self.assertEqual(self.class_of(self.a @ self.b), "full")
        backwards = sum((self.a[:, k, None] * self.b[None, k] for k in reversed(range(300))), numpy.zeros((40, 50), numpy.float32))
        self.assertEqual(self.class_of(backwards), "full")

    def test_operands_rounded_to_bf16_are_reduced(self):
        rounded = [(x.view(numpy.uint32) & 0xFFFF0000).view(numpy.float32) for x in (self.a, self.b)]
        self.assertEqual(self.class_of(rounded[0] @ rounded[1]), "reduced")

    def test_another_product_is_wrong(self):
        self.assertEqual(self.class_of(self.a[::-1] @ self.b), "wrong")
        self.assertEqual(self.class_of(numpy.full((40, 50), numpy.nan)), "wrong")
        self.assertEqual(self.class_of(self.a), "wrong")

    def test_convolutions_by_hand(self):
        columns = {"N": 1, "H": 4, "W": 5, "C": 2, "O": 3, "R": 3, "S": 3, "stride": 2, "pad": 1}
        draw = numpy.random.default_rng(2)
        x, f = draw.uniform(-1, 1, (1, 4, 5, 2)), draw.uniform(-1, 1, (3, 3, 2, 3))
        y = formulas.reference("conv", columns, {}, [x, f])
        self.assertEqual(y.shape, (1, 2, 3, 3))
        one = sum(x[0, 2 - 1 + r, 2 - 1 + s, c] * f[r, s, c, 1] for r in range(3) for s in range(3) for c in range(2))
        self.assertAlmostEqual(y[0, 1, 1, 1], one)


if __name__ == "__main__":
    unittest.main()
