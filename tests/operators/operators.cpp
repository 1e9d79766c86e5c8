// Each operator of the standard library computes what plain loops in another arithmetic say: at sizes of 0, 1, primes
// and beside tiles, on inputs with strides, with NaN, infinities, zeros of both signs and denormals.
#include <doctest/doctest.h>

#include <set>

#include "stdlib/library.h"
#include "tests/operators/table.h"

namespace lathe::reference {

TEST_CASE("matrix products compute their definition") { check_all(linear(), {f32}); }
TEST_CASE("quantised operators compute their definition") { check_all(quantized(), {f32}); }
TEST_CASE("convolutions compute their definition") { check_all(convolutions(), {f32}); }
TEST_CASE("reductions and normalisations compute their definition") { check_all(reductions(), {f32}); }
TEST_CASE("functions of elements compute their definition") { check_all(elementwise(), {f32}); }
TEST_CASE("sequence models compute their definition") { check_all(sequences(), {f32}); }
TEST_CASE("layout and pooling compute their definition") { check_all(layouts(), {f32}); }
TEST_CASE("pictures compute their definition") { check_all(pictures(), {f32}); }

TEST_CASE("matrix products compute their definition in f64") { check_all(linear(), {f64}); }
TEST_CASE("convolutions compute their definition in f64") { check_all(convolutions(), {f64}); }
TEST_CASE("reductions and normalisations compute their definition in f64") { check_all(reductions(), {f64}); }
TEST_CASE("functions of elements compute their definition in f64") { check_all(elementwise(), {f64}); }
TEST_CASE("sequence models compute their definition in f64") { check_all(sequences(), {f64}); }
TEST_CASE("layout and pooling compute their definition in f64") { check_all(layouts(), {f64}); }
TEST_CASE("pictures compute their definition in f64") { check_all(pictures(), {f64}); }

TEST_CASE("matrix products compute their definition in integers") { check_all(linear(), dtypes::integers); }
TEST_CASE("convolutions compute their definition in integers") { check_all(convolutions(), dtypes::integers); }
TEST_CASE("reductions compute their definition in integers") { check_all(reductions(), dtypes::integers); }
TEST_CASE("functions of elements compute their definition in integers") { check_all(elementwise(), dtypes::integers); }
TEST_CASE("layout and pooling compute their definition in integers") { check_all(layouts(), dtypes::integers); }
TEST_CASE("pictures compute their definition in integers") { check_all(pictures(), dtypes::integers); }

TEST_CASE("what moves elements moves those of every type") {
  for (const auto& table : {elementwise, sequences, layouts, pictures}) check_all(table(), {f16, bf16, DType::boolean});
}

TEST_CASE("each operator of the library has a reference") {
  std::set<std::string> names;
  for (const auto& table : {linear, quantized, convolutions, reductions, elementwise, sequences, layouts, pictures}) {
    for (const Entry& entry : table()) names.insert(entry.name);
  }
  for (const stdlib::LibraryOperator& row : stdlib::operators()) {
    CHECK_MESSAGE(names.contains(std::string(row.name)), "no reference of " << std::string(row.name));
  }
}

}  // namespace lathe::reference
