// oneTBB behind plain functions. Its library is not instrumented by ThreadSanitizer, so that its headers must not be
// either: they are included by on_threads.cpp alone.
#pragma once

#include <cstdint>

namespace lathe {

struct Arena;  // so many threads, the caller's among them

Arena* make_arena(int threads);  // never freed: workers may outlive static objects
int threads_of_machine();

// Calls run(data, begin, end) for parts of 0 to count, on several threads at once, and comes back after all of them.
// `arena` null: that of the caller.
void on_threads(Arena* arena, int64_t count, void (*run)(void* data, int64_t begin, int64_t end), void* data);

}  // namespace lathe
