// Parallel loops and scratch memory.
#include "jit/runtime/context.h"

#include <atomic>
#include <cstring>
#include <deque>

#include "helpers.h"
#include "jit/runtime/scratch.h"

using namespace lathe;

namespace {

struct Cover {
  std::vector<std::atomic<int>> hits;
  std::atomic<int> pieces{0};
  int64_t fail_at = -1;
  explicit Cover(int64_t count) : hits(static_cast<size_t>(count)) {}
  bool each_once() const {
    for (const auto& hit : hits) {
      if (hit != 1) return false;
    }
    return true;
  }
};

int32_t mark(LatheContext*, void* closure, int64_t begin, int64_t end) {
  auto* cover = static_cast<Cover*>(closure);
  ++cover->pieces;
  for (int64_t i = begin; i < end; ++i) {
    ++cover->hits[static_cast<size_t>(i)];
    if (i == cover->fail_at) return 5;
  }
  return 0;
}

int32_t run(LatheContext* context, Cover& cover) {
  return context->parallel_for(context, static_cast<int64_t>(cover.hits.size()), mark, &cover);
}

}  // namespace

TEST_CASE("a parallel loop runs every index once" * doctest::test_suite("threads")) {
  for (int threads : {0, 1, 2, 3, 5, 100}) {
    for (int64_t count : {0, 1, 2, 3, 7, 8, 9, 31, 1000}) {
      Cover cover(count);
      CHECK(run(context_for(threads), cover) == 0);
      CHECK(cover.each_once());
    }
  }
}

TEST_CASE("one thread gets the whole loop as one piece") {
  Cover cover(1000);
  run(context_for(1), cover);
  CHECK(cover.pieces == 1);
}

TEST_CASE("a loop is cut into about four pieces a thread" * doctest::test_suite("threads")) {
  Cover cover(1000), few(3);
  run(context_for(2), cover);
  CHECK(cover.pieces == 8);
  run(context_for(2), few);
  CHECK(few.pieces == 3);
}

TEST_CASE("a status that is not zero comes back" * doctest::test_suite("threads")) {
  for (int threads : {1, 2, 3}) {
    Cover cover(100);
    cover.fail_at = 42;
    CHECK(run(context_for(threads), cover) == 5);
  }
}

TEST_CASE("parallel loops nest" * doctest::test_suite("threads")) {
  struct Outer {
    std::deque<Cover> rows;
  } outer;
  for (int i = 0; i < 20; ++i) outer.rows.emplace_back(50);
  auto task = [](LatheContext* context, void* closure, int64_t begin, int64_t end) -> int32_t {
    auto* o = static_cast<Outer*>(closure);
    for (int64_t i = begin; i < end; ++i) {
      void* scratch = context->allocate(context, 1000);
      std::memset(scratch, static_cast<int>(i), 1000);
      run(context, o->rows[static_cast<size_t>(i)]);
      for (int b = 0; b < 1000; ++b) {
        if (static_cast<unsigned char*>(scratch)[b] != i) return 1;
      }
      context->release(context, scratch);
    }
    return 0;
  };
  for (int threads : {1, 2, 3}) {
    LatheContext* context = context_for(threads);
    CHECK(context->parallel_for(context, 20, task, &outer) == 0);
  }
  for (const Cover& row : outer.rows) {
    for (const auto& hit : row.hits) CHECK(hit == 3);
  }
}

TEST_CASE("contexts are kept, one for each number of threads" * doctest::test_suite("threads")) {
  CHECK(context_for(2) == context_for(2));
  CHECK(context_for(1) != context_for(3));
  CHECK(context_for(0) == context_for(-1));
  CHECK(context_for(200) == context_for(200));
}

TEST_CASE("scratch is aligned, distinct, and reused in stack order" * doctest::test_suite("threads")) {
  void* first = scratch_allocate(1);
  void* second = scratch_allocate(100);
  void* empty = scratch_allocate(0);
  void* third = scratch_allocate(65);
  for (void* memory : {first, second, empty, third}) CHECK(reinterpret_cast<uintptr_t>(memory) % 64 == 0);
  CHECK(static_cast<char*>(second) - static_cast<char*>(first) == 64);
  CHECK(static_cast<char*>(empty) - static_cast<char*>(second) == 128);
  CHECK(third != empty);
  scratch_release(third);
  scratch_release(empty);
  CHECK(scratch_allocate(10) == empty);
  scratch_release(empty);
  scratch_release(second);
  scratch_release(first);
  CHECK(scratch_use().used_bytes == 0);
}

TEST_CASE("scratch grows past a chunk and stays warm") {
  auto fill_and_empty = [] {
    std::vector<void*> blocks;
    for (int i = 0; i < 60; ++i) {
      blocks.push_back(scratch_allocate(50000 + 1000 * i));
      REQUIRE(blocks.back());
      std::memset(blocks.back(), i, 50000);
    }
    for (int i = 0; i < 60; ++i) CHECK(*static_cast<char*>(blocks[static_cast<size_t>(i)]) == i);
    CHECK(scratch_use().used_bytes >= 60 * 50000);
    std::vector<void*> in_order = blocks;
    while (!blocks.empty()) {
      scratch_release(blocks.back());
      blocks.pop_back();
    }
    CHECK(scratch_use().used_bytes == 0);
    return in_order;
  };
  auto first = fill_and_empty();
  int64_t kept = scratch_use().kept_bytes;
  CHECK(fill_and_empty() == first);
  CHECK(scratch_use().kept_bytes == kept);
}

TEST_CASE("large scratch is kept for the next call of about its size" * doctest::test_suite("threads")) {
  constexpr int64_t large = int64_t{20} << 20;
  void* memory = scratch_allocate(large);
  REQUIRE(memory);
  scratch_release(memory);
  int64_t kept = scratch_use().kept_bytes;
  void* again = scratch_allocate(large - 1000);
  CHECK(again == memory);
  CHECK(scratch_use().kept_bytes == kept);
  scratch_release(again);
  CHECK(scratch_use().used_bytes == 0);
}

TEST_CASE("kept large scratch is bounded") {
  std::vector<void*> blocks;
  for (int i = 0; i < 8; ++i) blocks.push_back(scratch_allocate(int64_t{64} << 20));
  for (size_t i = blocks.size(); i-- > 0;) scratch_release(blocks[i]);
  CHECK(scratch_use().kept_bytes <= (int64_t{300} << 20));
}

TEST_CASE("scratch that cannot be had is null") {
  CHECK(scratch_allocate(-1) == nullptr);
  CHECK(scratch_allocate(INT64_MAX) == nullptr);
  CHECK(scratch_allocate(int64_t{1} << 60) == nullptr);
  CHECK(scratch_use().used_bytes == 0);
}
