// A worker whose candidates misbehave: the faults that a miscompiled kernel would have. Which one follows from the
// schedule: a tile of R rows in the last variant, which is for most sizes, has fault R of the list that is given as
// argument
// ("crash,hang,wrong"), counted from 1; the rest is right.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>
#include <span>
#include <vector>

#include "tuner/worker.h"

namespace {

using lathe::TensorView;

std::vector<std::string> faults;

const std::string* fault_of(const std::string& schedule) {
  const size_t tile = schedule.rfind("width "),
               rows = schedule.find(" rows", tile == std::string::npos ? schedule.size() : tile);
  if (rows == std::string::npos) return nullptr;
  const size_t from = schedule.rfind(' ', rows - 1);
  const size_t number = static_cast<size_t>(std::stoul(schedule.substr(from + 1, rows - from)));
  return number >= 1 && number <= faults.size() ? &faults[number - 1] : nullptr;
}

void fill_memory() {
  std::vector<std::vector<char>> all;
  for (;;) all.emplace_back(size_t{64} << 20, 'x');
}

[[gnu::noinline]] int deep(volatile char* above) {
  volatile char frame[4096];
  frame[0] = static_cast<char>(*above + 1);
  return frame[0] == above[0] ? 0 : deep(frame) + frame[0];  // never equal
}

void misbehave(const std::string& schedule, std::span<const TensorView> arguments) {
  const std::string* fault = fault_of(schedule);
  if (!fault || arguments.back().elements() == 0) return;
  auto* const out = static_cast<float*>(arguments.back().data);
  const int64_t count = arguments.back().elements();
  static volatile uintptr_t nowhere = 16;  // unknown to the compiler
  if (*fault == "crash") *reinterpret_cast<volatile int*>(nowhere) = 1;
  if (*fault == "abort") abort();
  if (*fault == "exit") _exit(3);
  char top = 0;
  if (*fault == "stack") deep(&top);
  if (*fault == "hang") for (;;) usleep(1000);
  if (*fault == "memory") fill_memory();
  if (*fault == "beyond") for (int64_t i = count; i < count + 4096; ++i) static_cast<volatile float*>(out)[i] = 1;
  if (*fault == "before") for (int64_t i = -1; i > -4096; --i) static_cast<volatile float*>(out)[i] = 1;
  if (*fault == "input") *static_cast<volatile float*>(arguments.front().data) = 1;
  if (*fault == "wrong") out[count - 1] += 1;
  if (*fault == "first") out[0] = 0.5f;
  if (*fault == "unwritten") std::memset(out, 0xFF, static_cast<size_t>(count) * sizeof(float));
  if (*fault == "talk") [[maybe_unused]] const auto n = write(1, "nonsense\n", 9);
}

}  // namespace

int main(int argc, char** argv) {
  std::istringstream list(argc > 1 ? argv[1] : "");
  for (std::string name; std::getline(list, name, ',');) faults.push_back(name);
  return lathe::tuner::run_worker(0, 1, misbehave);
}
