// Each operator of the standard library computes what plain loops in another arithmetic say: at sizes of 0, 1, primes
// and beside tiles, on inputs with strides, with NaN, infinities, zeros of both signs and denormals.
#include <doctest/doctest.h>

#include <set>

#include "stdlib/library.h"
#include "tests/operators/table.h"

namespace lathe::reference {

TEST_CASE("matrix products compute their definition") { check_all(linear()); }
TEST_CASE("quantised operators compute their definition") { check_all(quantized()); }
TEST_CASE("convolutions compute their definition") { check_all(convolutions()); }
TEST_CASE("reductions and normalisations compute their definition") { check_all(reductions()); }
TEST_CASE("functions of elements compute their definition") { check_all(elementwise()); }
TEST_CASE("sequence models compute their definition") { check_all(sequences()); }
TEST_CASE("layout and pooling compute their definition") { check_all(layouts()); }
TEST_CASE("pictures compute their definition") { check_all(pictures()); }

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
