// The pipeline is a table; so are the reasons for its order.
#include <doctest/doctest.h>
#include <fmt/core.h>

#include <set>

#include "jit/passes/pipeline.h"

namespace lathe {
namespace {

// The place of a pass in the pipeline; its length for a name that is none.
size_t place_of(std::string_view name) {
  size_t at = 0;
  while (at < pipeline().size() && pipeline()[at].name != name) ++at;
  return at;
}

}  // namespace

TEST_CASE("each fact about the order of passes holds in the pipeline") {
  for (const PassOrder& fact : pass_order()) {
    const std::string label = fmt::format("{} before {}: {}", fact.before, fact.after, fact.reason);
    CHECK_MESSAGE(place_of(fact.after) < pipeline().size(), label);
    CHECK_MESSAGE(place_of(fact.before) < place_of(fact.after), label);
    CHECK_MESSAGE(!fact.reason.empty(), label);
  }
}

TEST_CASE("each pass has a name of its own and stands in some fact about the order") {
  std::set<std::string_view> names, ordered;
  for (const PassOrder& fact : pass_order()) ordered.insert({fact.before, fact.after});
  for (const Pass& pass : pipeline()) {
    CHECK_MESSAGE(names.insert(pass.name).second, std::string(pass.name));
    CHECK_MESSAGE(ordered.count(pass.name) == 1, std::string(pass.name));
  }
}

TEST_CASE("stages are reached in order and the last is final") {
  for (size_t i = 1; i < pipeline().size(); ++i) CHECK(pipeline()[i].reached >= pipeline()[i - 1].reached);
  CHECK(pipeline().back().reached == ir::Stage::final);
}

}  // namespace lathe
