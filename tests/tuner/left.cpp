// What `lathe tune` leaves for every `compile`.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>

#include "jit/tuned_files.h"
#include "schedules/text.h"
#include "tests/tuner/fixtures.h"
#include "tuner/dispatched.h"
#include "tuner/executed.h"
#include "tuner/tuned.h"

namespace lathe::tuner {
namespace {

const Sizes sizes{{"M", 64}, {"N", 64}, {"K", 64}};

// $LATHE_TUNED, as before at the end of the scope.
class TunedFolder {
 public:
  TunedFolder() { setenv("LATHE_TUNED", folder_.path("tuned").c_str(), 1); }
  ~TunedFolder() { setenv("LATHE_TUNED", "off", 1); }

 private:
  Folder folder_;
};

TuneOptions options_at(const Sizes& at) {
  TuneOptions options;
  options.sizes = at;
  options.target = avx2();
  return options;
}

// As a search says it: two vectors of columns, a loop by itself.
Tuned found(const std::string& directives) {
  Tuned tuned;
  tuned.schedule = parse_schedule({"schedule for product\n" + directives + "\n", {"found", 1}}, product());
  tuned.speedup = 2;
  tuned.confirmed = true;
  return tuned;
}

size_t variants_of(const ir::Program& program) {
  size_t variants = 0;
  for (const ir::Function& f : program.functions) variants += f.kind == ir::FunctionKind::variant;
  return variants;
}

size_t variants_now() { return variants_of(compile_to_ir(product(), {.target = avx2()}, "lower")); }

constexpr const char* kRows = "C.split(j, jo, ji, 16).reorder(jo, i, k, ji).vectorize(ji)";

TEST_CASE("compile takes what was tuned at its sizes unasked, before what is constructed") {
  const TunedFolder folder;
  const size_t constructed = variants_now();
  CHECK(leave_for_compile(product(), options_at(sizes), found(kRows)));
  CHECK(variants_now() == constructed + 1);
  const FinalProgram program = final_program(product(), {.target = avx2()});
  const auto taken = [&](const Sizes& at) { return dispatched(program.program, scalars_of(product(), at)); };
  CHECK(taken(sizes).front().taken);
  CHECK(!taken({{"M", 64}, {"N", 65}, {"K", 64}}).front().taken);
  CHECK(variants_of(compile_to_ir(product(), {.target = target_named("x86-64-v4")}, "lower")) > 0);
  CHECK(contains(tuned_file(product(), avx2()), "/product-"));
}

TEST_CASE("a kernel with what was tuned computes the same") {
  const TunedFolder folder;
  leave_for_compile(product(), options_at({{"M", 3}, {"N", 20}, {"K", 5}}), found(kRows));
  const Kernel kernel = compile(product(), {.target = target_named("x86-64-v2"), .cache = Cache::none});
  TuneOptions options = options_at({{"M", 3}, {"N", 20}, {"K", 5}});
  options.target = target_named("x86-64-v2");
  leave_for_compile(product(), options, found(kRows));
  const Kernel tuned = compile(product(), {.target = options.target, .cache = Cache::none});
  CHECK(tuned.stats().variants == kernel.stats().variants + 1);
  Tensor a(DType::f32, {3, 5}), b(DType::f32, {5, 20}), c(DType::f32, {3, 20});
  for (int i = 0; i < 100; ++i) b.as<float>()[i] = static_cast<float>(i);
  for (int i = 0; i < 15; ++i) a.as<float>()[i] = 1;
  tuned(a, b, c);
  CHECK(c.as<float>()[59] == 19 + 39 + 59 + 79 + 99);
}

TEST_CASE("what was tuned at the same sizes later takes the place of what was before; the oldest of five goes") {
  const TunedFolder folder;
  const size_t constructed = variants_now();
  leave_for_compile(product(), options_at(sizes), found(kRows));
  leave_for_compile(product(), options_at(sizes), found("C.split(j, jo, ji, 8).reorder(jo, i, k, ji).vectorize(ji)"));
  CHECK(variants_now() == constructed + 1);
  for (const int64_t m : {1, 2, 3, 4})
    leave_for_compile(product(), options_at({{"M", m}, {"N", 64}, {"K", 64}}), found(kRows));
  CHECK(variants_now() == constructed + 4);
  CHECK(!contains(tuned_text(product(), avx2()), "M == 64"));
}

TEST_CASE("nothing is left of searches that gained nothing, were not confirmed, or changed an argument's layout") {
  const TunedFolder folder;
  Tuned tuned = found(kRows);
  tuned.confirmed = false;
  CHECK(!leave_for_compile(product(), options_at(sizes), tuned));
  tuned = found(kRows);
  tuned.speedup = 1;
  CHECK(!leave_for_compile(product(), options_at(sizes), tuned));
  CHECK(!std::filesystem::exists(tuned_file(product(), avx2())));
  TuneOptions options = options_at(sizes);
  options.measure.layouts = {{"B", LayoutRight::constant}};
  CHECK(!leave_for_compile(product(), options, found(kRows)));
  CHECK(tuned_text(product(), avx2()).empty());
}

TEST_CASE("a later search that sees no gain in a fresh process takes away what was left for its sizes, and no more") {
  const TunedFolder folder;
  const size_t constructed = variants_now();
  leave_for_compile(product(), options_at(sizes), found(kRows));
  leave_for_compile(product(), options_at({{"M", 3}, {"N", 64}, {"K", 64}}), found(kRows));
  Tuned none = found(kRows);
  none.speedup = 1;
  none.confirmed = false;  // it had no time to look
  CHECK(!leave_for_compile(product(), options_at(sizes), none));
  CHECK(variants_now() == constructed + 2);
  none.confirmed = true;
  CHECK(!leave_for_compile(product(), options_at(sizes), none));
  CHECK(variants_now() == constructed + 1);
  CHECK(!contains(tuned_text(product(), avx2()), "M == 64"));
}

TEST_CASE(
    "what is left follows the store: the best that is confirmed, a pinned one before it, none where there is none") {
  const TunedFolder folder;
  const Folder files;
  const auto store = open_store(files.path("s.sqlite"), StoreUse::write);
  const Problem problem = problem_of(product(), sizes, 1, avx2());
  store->begin(problem, run_named("r", problem));
  const auto add = [&](int64_t number, int lanes, double speedup, bool confirmed) {
    Trial t = trial("r", number, speedup, confirmed);
    t.schedule =
        "schedule for product\nC.split(j, jo, ji, " + std::to_string(lanes) + ").reorder(jo, i, k, ji).vectorize(ji)\n";
    store->add(t);
    store->commit();
    return leave_for_compile(product(), avx2(), problem, *store);
  };
  const auto left_lanes = [&](int lanes) {
    return contains(tuned_text(product(), avx2()), "ji, " + std::to_string(lanes));
  };
  CHECK(!add(0, 8, 2, false));
  CHECK(add(1, 16, 1.3, true));
  CHECK(left_lanes(16));
  store->pin(problem.key(), {"r", 0});
  CHECK(leave_for_compile(product(), avx2(), problem, *store));
  CHECK(left_lanes(8));
  CHECK(!left_lanes(16));
  CHECK(add(2, 32, 3, true));
  CHECK(left_lanes(8));  // it stays pinned
  store->unpin(problem.key());
  CHECK(leave_for_compile(product(), avx2(), problem, *store));
  CHECK(left_lanes(32));
  CHECK(add(3, 32, 1, true));  // a later look at the same sees no gain
  CHECK(left_lanes(16));
  CHECK(!add(4, 16, 0.9, true));
  CHECK(tuned_text(product(), avx2()).empty());
}

TEST_CASE(
    "what is left and no longer parses or lowers is passed over; a given, a known and a constructed schedule know none "
    "of it") {
  const TunedFolder folder;
  const size_t constructed = variants_now();
  const Schedule plain = constructed_schedule(product(), {.target = avx2()});
  leave_for_compile(product(), options_at(sizes), found(kRows));
  CHECK(constructed_schedule(product(), {.target = avx2()}) == plain);
  const CompileOptions given{.schedule = plain, .target = avx2()};
  CHECK(variants_of(compile_to_ir(product(), given, "lower")) == constructed);
  const CompileOptions known{.target = avx2(), .known = tuned_schedules("/nowhere/none.sqlite"), .sizes = sizes};
  CHECK(variants_of(compile_to_ir(product(), known, "lower")) == constructed);
  std::ofstream(tuned_file(product(), avx2()))
      << "schedule for product\nspecialize(M == 1) {\n  C.vectorize(no_such_loop)\n}\n"
      << "schedule for product\nno directive at all\n";
  CHECK(variants_now() == constructed);
}

}  // namespace
}  // namespace lathe::tuner
