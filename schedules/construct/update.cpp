#include "schedules/construct/update.h"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/simplify.h"
#include "schedules/construct/shape.h"

namespace lathe::construct {

namespace {

constexpr int64_t kChains = 8;                              // steps side by side, where each waits for its own last one
constexpr int64_t kFewSteps = 16;                           // of a domain variable, as straight code
constexpr int64_t kPart = 64;                               // vectors that one thread takes through the domain

class UpdateShaper {
 public:
  UpdateShaper(const NestFacts& facts, const Update& update, Stage stage) : facts_(facts), update_(update), stage_(std::move(stage)) {}

  void run() {
    if (facts_.func.vars.empty()) {  // each step may need the one before
      facts_.because("order", [] {
        return std::string("no index stays free, and each step may need the one before: it runs in order, in no lanes");
      });
      return;
    }
    const std::string& last = facts_.func.vars.back();
    if (facts_.is_last(last) && facts_.constant_extent(last).value_or(facts_.lanes()) >= facts_.lanes()) {
      vectors(last);
    } else {
      chains(last);
    }
    threads();
  }

 private:
  std::string fresh(std::string name) {
    const auto& vars = facts_.func.vars;
    while (std::find(vars.begin(), vars.end(), name) != vars.end() || facts_.is_term(name)) name += "_";
    return name;
  }

  // Neighbours in lanes, inside of the domain: what is read and written is one row after the other.
  void vectors(const std::string& v) {
    const std::string part = fresh(v + "p"), rest = fresh(v + v), outer = fresh(v + "o"), inner = fresh(v + "i");
    const int64_t vectors = facts_.decisions.number(facts_.name("vectors"), kPart, 1, 1024);
    stage_.split(v, part, rest, Expr(vectors * facts_.lanes())).split(rest, outer, inner, Expr(facts_.lanes()));
    nest(v, part, {outer, inner});
    stage_.vectorize(inner);
    facts_.because("vector", [&] {
      return fmt::format(
          "lanes run along {}, which stays free and is stored side by side; the domain runs in order around them", v);
    });
  }

  // Whether a step of the innermost domain variable may read what the step before it wrote: the processor waits for it.
  bool waits() const {
    if (update_.rvars.empty()) return false;
    const std::string& step = update_.rvars.back().name;
    const Expr one(int64_t{1});
    const Substitution before{{step, make_var(step) - one}};
    Facts domain;
    for (const ReductionVar& r : update_.rvars) domain.bound(r.name, Expr(int64_t{0}), r.extent - one);
    return std::any_of(facts_.reads.begin(), facts_.reads.end(), [&](const Read& read) {
      if (read.tensor != facts_.whole.name) return false;
      for (size_t d = 0; d < read.at.size(); ++d) {
        const Expr written = substitute(update_.indices[d], before);
        if (domain.at_most(read.at[d] + one, written) || domain.at_most(written + one, read.at[d])) return false;
      }
      return true;
    });
  }

  // Nothing lies side by side: some steps of the index, each a chain of its own.
  void chains(const std::string& v) {
    const std::string outer = fresh(v + "o"), inner = fresh(v + "i");
    const int64_t chains = waits() ? kChains : 1;
    stage_.split(v, outer, inner, Expr(facts_.decisions.number(facts_.name("chains"), chains, 1, 32)));
    nest(v, outer, {inner});
    stage_.unroll(inner);
    if (chains == 1) unroll_few_steps();
    facts_.because("vector", [&] {
      return chains > 1
          ? fmt::format("no free index is stored side by side in enough steps: {} runs in chains that do not wait for each other", v)
          : fmt::format("no free index is stored side by side in enough steps, and no step of the domain waits for the one before it: {} runs in order", v);
    });
  }

  // Few steps as straight code keep in registers what the ones before them read and wrote.
  void unroll_few_steps() {
    int64_t steps = 0;
    if (update_.rvars.empty() || !is_integer_constant(update_.rvars.back().extent, &steps) || steps > kFewSteps) return;
    stage_.unroll(update_.rvars.back().name);
  }

  void nest(const std::string& v, const std::string& block, const std::vector<std::string>& inside) {
    std::vector<std::string> all;
    for (const std::string& other : facts_.func.vars) all.push_back(other == v ? block : other);
    outermost_ = all.front();
    for (const std::string& t : facts_.terms()) all.push_back(t);
    all.insert(all.end(), inside.begin(), inside.end());
    stage_.reorder(all);
  }

  void threads() {
    if (const Expr work = facts_.work(); work.defined()) stage_.parallel(outermost_, worth_threads(work));
  }

  const NestFacts& facts_;
  const Update& update_;
  Stage stage_;
  std::string outermost_;
};

}  // namespace

void shape_update(const NestFacts& facts, const Update& update, Stage stage) {
  UpdateShaper(facts, update, std::move(stage)).run();
}

}  // namespace lathe::construct
