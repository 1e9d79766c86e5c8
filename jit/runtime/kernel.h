// A compiled operator: checks its arguments, then runs. Re-entrant: one Kernel may be called from many threads.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "jit/runtime/abi.h"
#include "support/error.h"
#include "support/tensor_view.h"

namespace lathe {

// A formula over the sizes of a call as a postfix program, with its text for messages.
struct SizeFormula {
  enum class Code : uint8_t { constant, size, add, sub, mul, div, mod, min, max, eq, ne, lt, le, gt, ge, both, either, negate };
  struct Step {
    Code code;
    int64_t value;                                          // constant; size: its position
  };
  std::vector<Step> steps;
  std::string text;
  // Floor division, x / 0 = 0 and x % 0 = 0; results saturate at the ends of 64 bits.
  int64_t evaluate(const int64_t* sizes) const;
  bool is_valid(size_t size_count) const;                   // leaves one value, reads only sizes that exist
};

struct SizeSpec {
  std::string name;
  int64_t lowest = 0, highest = int64_t{1} << 40, multiple_of = 1;
};
// Which digit of which index a dimension of an argument holds, where the schedule gives the argument's layout.
struct ArgumentDigit {
  size_t dimension = 0;
  int64_t divisor = 1, modulus = 0;                         // index / divisor, modulo `modulus` unless that is 0
};
struct ArgumentSpec {
  std::string name;
  DType dtype = DType::f32;
  bool is_output = false;
  std::vector<SizeFormula> extents;                         // a formula that is one `size` step binds that size first
  std::vector<ArgumentDigit> digits = {};                   // of each dimension; empty: the caller's layout
};
struct RunParam {
  std::string name;
  DType dtype = DType::i64;
  double default_value = 0;
};
struct TuneParam {                                          // a schedule's `param`
  std::string name;
  int64_t value = 0, lowest = 0, highest = 0;
};
// Something that must hold at the call, such as "H + 2*pad - R >= 0" for a read to stay inside.
struct CallCondition {
  SizeFormula formula;
  std::string meaning;                                      // "Y reads X[y + r] inside"
  SourceLocation where;
};

struct KernelSignature {
  std::string name;
  std::vector<SizeSpec> sizes;
  std::vector<ArgumentSpec> arguments;                      // inputs, then outputs
  std::vector<RunParam> params;
  std::vector<TuneParam> tune_params;
  std::vector<CallCondition> conditions;
  SourceLocation where;                                     // of the operator
};

// Where the code of a kernel came from: compiled, at least in part; or all of it found, in this process or on disk.
enum class CacheHit : uint8_t { miss, memory, disk };
std::string_view name_of(CacheHit hit);

// What compiling cost and made.
struct CompileStats {
  double lower_ms = 0, codegen_ms = 0, total_ms = 0;        // of everything
  double first_ms = 0;                                      // until the kernel could run: total_ms unless it waited for less
  int64_t code_bytes = 0;
  int variants = 0, units = 0;
  int64_t ir_instructions = 0;                              // LLVM instructions given to instruction selection
  int shared_functions = 0;                                 // whose code was there already
  CacheHit cache = CacheHit::miss;
};

// Bytes of scratch memory that a call holds at once, at most, over the scalars of its entry (abi.h).
struct ScratchNeed {
  SizeFormula outside, inside;  // of parallel loops; inside: for each thread. No steps: none
};

// Machine code in memory; lives as long as a kernel that uses it.
struct LoadedCode {
  LatheEntry entry = nullptr;
  std::shared_ptr<const void> owner;
  ScratchNeed scratch = {};
};

struct RunOptions {
  int threads = 0;                                          // 0: all of the machine; 1: this thread alone
  LatheContext* context = nullptr;                          // the caller's threads and scratch memory instead (abi.h)
};

// Compiles what a kernel still lacks: gives code that replaces the kernel's, and brings the statistics up to date.
using CompileRest = std::function<LoadedCode(CompileStats& stats)>;

class Kernel {
 public:
  Kernel(KernelSignature signature, LoadedCode code, CompileStats stats);
  // Runs `code` until `rest`, called on a thread of the process in the background, has given better code. A call takes
  // one or the other, whole. When `rest` throws, a message says so (support/messages.h), and `code` stays. Nothing needs
  // to wait before it drops the kernel.
  Kernel(KernelSignature signature, LoadedCode code, CompileStats stats, CompileRest rest);

  // Positional: inputs, then outputs. Checks count, dtypes, ranks, extents, sizes in range, strides of outputs, null
  // data, overlap, conditions; throws Error before anything is written.
  template <class... View> void operator()(const View&... views) const {
    const std::array<const TensorView*, sizeof...(views)> list = {&static_cast<const TensorView&>(views)...};
    run_each(list, {}, nullptr);
  }
  void run(std::span<const TensorView> arguments, const RunOptions& options = {},
           const std::map<std::string, double>& params = {}) const;
  // By name; the same checks, and unknown or missing names.
  void run(const std::map<std::string, TensorView>& arguments, const RunOptions& options = {},
           const std::map<std::string, double>& params = {}) const;

  // Runs without the checks that the first `run` of these views made: for timing.
  std::function<void()> bind(std::span<const TensorView> arguments, const RunOptions& options = {},
                             const std::map<std::string, double>& params = {}) const;

  // How much scratch memory a call at these sizes holds at once on so many threads, at most: what an allocator of the
  // caller's must have. With parameters of the schedule as they are set now, and all that is compiled so far.
  int64_t scratch_bytes(const std::map<std::string, int64_t>& sizes, int threads = 1) const;

  // The argument in the layout that the kernel takes (free_layout, constant), as a tensor of one dimension for each
  // digit: once for a constant; into such a tensor that is there, for one that is converted at each call. `unpack`
  // brings an output back.
  Tensor pack(const std::string& argument, const TensorView& view) const;
  void pack(const std::string& argument, const TensorView& view, const TensorView& packed) const;
  void unpack(const std::string& argument, const TensorView& packed, const TensorView& view) const;

  void set_tune_param(const std::string& name, int64_t value);     // Error{bad_factor} outside its range
  const KernelSignature& signature() const;
  CompileStats stats() const;                               // so far

  // Returns when nothing is left to compile; false where compiling the rest has failed.
  bool wait() const;

 private:
  struct State;
  void run_each(std::span<const TensorView* const> arguments, const RunOptions& options,
                const std::map<std::string, double>* params) const;  // null: none
  std::shared_ptr<State> state_;
};

// How many times machine code was generated in this process: shows that no size triggers a compilation.
int64_t compile_events();
void count_compile_event();

}  // namespace lathe
