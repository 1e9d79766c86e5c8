// Emits one LLVM function from one body of the final-stage IR.
//
// LLVM's middle end never runs, so what it would do for a final form is done while emitting:
//   - An expression that reads no memory is emitted outside of the loops that do not change it, and once (hoist).
//   - Registers become SSA values: a stack slot for each group of elements, promoted right after.
//   - Addresses are strength-reduced: see emit_address.cpp.
//   - A load is reused until something may have changed its buffer or control flow joins (loads_).
//
// `level` counts enclosing loops: 0 is the function's body, n the body of the n-th loop. A value of level n is emitted
// in the preheader of loop n + 1 when it is wanted further inside. Loops that became tasks start again at 0.
#pragma once

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include <functional>
#include <limits>
#include <map>
#include <set>
#include <unordered_map>

#include "jit/codegen/number_order.h"
#include "jit/codegen/offset_form.h"
#include "jit/ir/ir.h"
#include "targets/target.h"

namespace lathe::codegen {

struct EmittedFunction {
  const ir::Function* source = nullptr;
  llvm::Function* function = nullptr;
  bool returns_status = false;                 // it or a callee has heap allocations or parallel loops
};

// What all functions of a program share.
struct ModuleState {
  const ir::Program& program;
  const Target& target;
  llvm::Module& module;
  std::map<std::string, EmittedFunction> functions;
};

// The level of what reads memory: it is emitted where it stands.
inline constexpr int reads_memory = std::numeric_limits<int>::max();

struct Variable {
  Type type;
  llvm::Value* value = nullptr;
  int level = 0;
  OffsetForm form;                             // i64 scalars only
  Expr definition;                             // lets that read no memory; else undefined
};

struct BufferState {
  DType dtype = DType::f32;
  ir::Space space = ir::Space::argument;
  llvm::Value* pointer = nullptr;              // registers: null
  int level = 0;
  std::map<std::pair<int64_t, int>, llvm::AllocaInst*> slots;   // registers: by first element and lanes
};

// An index vector whose lane l is base + l * stride.
struct LaneForm {
  OffsetForm base, stride;
};

class Emitter {
 public:
  Emitter(ModuleState& state, llvm::Function* function, const NeverNan& never_nan, bool returns_status);

  // Set up before `run`: the context argument, buffers and variables of level 0. LatheEntry gives them in two arrays.
  void set_context(llvm::Value* context) { context_ = context; }
  void add_arrays(const ir::Function& source, llvm::Value* buffers, llvm::Value* scalars);
  void add_buffer(const std::string& name, DType dtype, llvm::Value* pointer);
  void add_variable(const std::string& name, Type type, llvm::Value* value);
  llvm::IRBuilder<>& builder() { return builder_; }

  // Emits the body, the return, and promotes registers.
  void run(const ir::Stmt& body);
  // The same for the iterations [begin, end) of a parallel loop.
  void run_task(const ir::StmtNode& loop, llvm::Value* min, llvm::Value* begin, llvm::Value* end);

 private:
  // The address base + counter * stride of an access inside a loop; `placeholder` stands for it until the loop is done
  // and the addresses of all accesses are known.
  struct PendingAddress {
    llvm::Instruction* placeholder;
    const BufferState* buffer;
    OffsetForm base, stride;                   // bytes, without the constant term; of lower levels
  };
  struct LoopState {
    llvm::BasicBlock* preheader;               // ends with a branch; hoisted code goes before it
    llvm::BasicBlock* header;
    llvm::PHINode* counter;
    int atom;                                  // of the loop variable
    OffsetForm min;
    size_t outer_frame;                        // the frame that hoisted values belong to
    std::vector<PendingAddress> pending;
    std::vector<std::pair<llvm::PHINode*, llvm::Value*>> pointers;    // and the bytes to add each time
  };
  // Values known in a region of structured code: its own and those of the regions around it are valid in it.
  struct Frame {
    std::unordered_map<Expr, llvm::Value*> values;
    std::map<OffsetForm, llvm::Value*> forms;
    std::map<std::pair<const BufferState*, OffsetForm>, llvm::Value*> pointers;
    std::map<std::tuple<OffsetForm, OffsetForm, int>, llvm::Value*> counts;   // of lanes below a bound
  };
  struct Atom {
    Expr expr;
    int level;
  };
  // Where a value that came to this function lies in memory: a task inside reads it there, and nobody copies it.
  struct Origin {
    llvm::Value* base;
    uint64_t offset_bytes;
    llvm::Type* type;  // as it lies
    llvm::Value* value;
  };

  // --- emit_stmt.cpp
  void emit(const ir::Stmt& s);
  void emit_body(const ir::Stmt& s);
  void emit_let(const ir::StmtNode& s);
  void emit_branch(const ir::StmtNode& s);
  void go_to(llvm::BasicBlock* next);
  void emit_alloc(const ir::StmtNode& s);
  void emit_heap(const ir::StmtNode& s);
  llvm::Value* at_least_one(llvm::Value* extent);
  void emit_call(const ir::StmtNode& s);
  bool passes_all_on(const ir::StmtNode& call) const;
  std::pair<llvm::Value*, llvm::Value*> arrays_for(const ir::StmtNode& call);
  void emit_prefetch(const ir::StmtNode& s);
  void emit_trace(const ir::StmtNode& s);
  llvm::Value* emit_instruction(const Expr& e);
  llvm::Value* emit_scaling(const Expr& e);
  void leave_unless_zero(llvm::Value* status);
  void finish();

  // --- emit_loop.cpp
  void emit_serial(const ir::StmtNode& s);
  void emit_counted(const ir::StmtNode& s, const OffsetForm& min_form, llvm::Value* min, llvm::Value* end,
                    bool guarded);

  // --- emit_parallel.cpp
  struct Capture {
    std::string name;
    llvm::Value* value;
    std::optional<Type> type;  // none: a buffer
  };
  std::vector<Capture> captures_of(const ir::StmtNode& s);
  std::optional<Origin> origin_of(const Capture& capture) const;
  void add_captured(const Capture& capture, DType buffer_dtype, const Origin& place);
  llvm::Value* load_from(llvm::Value* base, uint64_t offset_bytes, llvm::Type* type);
  void emit_parallel(const ir::StmtNode& s);

  // --- emit_expr.cpp
  llvm::Value* emit(const Expr& e);
  llvm::Value* emit_node(const Expr& e);
  llvm::Value* emit_op(const Expr& e);
  llvm::Value* emit_division(const Expr& e);                // null: as any other operation
  llvm::Value* emit_cast(const Expr& e);
  llvm::Value* emit_ramp(const Expr& e);
  llvm::Value* emit_prefix(const Expr& e);     // null unless e is a lane number below a bound
  llvm::Value* hoist(int level, const std::function<llvm::Value*()>& emit_here);
  llvm::Value* known(const Expr& e) const;
  int level_of(const Expr& e) const;

  // --- emit_address.cpp
  OffsetForm form_of(const Expr& e);
  std::optional<LaneForm> lane_form_of(const Expr& e);
  OffsetForm atom_of(const Expr& e);
  int level_of(const OffsetForm& form) const;
  llvm::Value* emit_form(const OffsetForm& form);
  llvm::Value* emit_top_terms(const OffsetForm& top, int level);
  llvm::Value* address(const BufferState& buffer, const OffsetForm& offset_elems);
  llvm::Value* varying_address(const BufferState& buffer, const OffsetForm& bytes);
  llvm::Value* invariant_pointer(const BufferState& buffer, const OffsetForm& bytes);
  void resolve_addresses();
  void resolve_group(const std::vector<PendingAddress>& group);
  llvm::PHINode* make_pointer(const BufferState& buffer, const OffsetForm& base, const OffsetForm& stride);

  // --- emit_memory.cpp
  // What an access or a store addresses: one element, lanes one after the other, or a vector of element offsets.
  struct Place {
    Type type;
    std::vector<llvm::Value*> addresses;       // one; of each lane where not contiguous
    bool contiguous = true;
  };
  Place place_of(const BufferState& buffer, const Expr& index, int lanes);
  llvm::Value* emit_access(const Expr& e);
  llvm::Value* load(const Expr& e, const BufferState& buffer);
  llvm::Value* load_masked(const Place& place, llvm::Value* mask);
  llvm::Value* gather(llvm::Value* pointers, Type type, llvm::Value* mask);
  llvm::Value* emit_offsets(const Expr& index);
  llvm::Value* load_scalar(llvm::Value* address, DType dtype);
  void emit_store(const ir::StmtNode& s);
  void store_lanes_together(const Place& place, llvm::Value* value, const ir::StmtNode& s);
  void write_waiting();
  void write_waiting_to(const std::string& buffer);
  void store_masked(const Place& place, llvm::Value* value, const Expr& mask);
  void store_prefix(const Place& place, llvm::Value* value, llvm::Value* count);
  void store_lanes(const Place& place, llvm::Value* value, llvm::Value* mask);
  int64_t register_number(const Expr& index, int lanes);    // of the first element
  llvm::Value* load_register(BufferState& buffer, const Expr& index, int lanes);
  llvm::Value* load_part(BufferState& buffer, int64_t first, int lanes);
  llvm::AllocaInst* slot_of(BufferState& buffer, int64_t first, int lanes);
  llvm::Value* load_slot(llvm::AllocaInst* slot);
  llvm::Value* prefix_count(const Expr& mask, int lanes);   // null unless the mask is a lane number below a bound
  void forget_loads(const std::string& buffer);
  llvm::Align alignment_of(DType dtype) const { return llvm::Align(static_cast<uint64_t>(bytes_of(dtype))); }

  // --- emit_interleaved.cpp
  static int64_t small_stride(const std::optional<LaneForm>& form, int lanes);
  static std::vector<Expr> accesses_apart(const ir::Stmt& s);
  std::optional<std::pair<Expr, int64_t>> whole_range(const Expr& e, const LaneForm& form, int64_t stride);
  llvm::Value* load_apart(const Expr& e, const BufferState& buffer, const LaneForm& form, int64_t stride);
  int64_t mergeable_stores(const std::vector<ir::Stmt>& statements, size_t at);
  void emit_merged_stores(const std::vector<ir::Stmt>& statements, size_t at, int64_t stride);
  size_t transposable_stores(const std::vector<ir::Stmt>& statements, size_t at);
  void emit_transposed_stores(const std::vector<ir::Stmt>& statements, size_t at, size_t count);

  // --- emit_repeated.cpp
  struct RepeatForm {
    OffsetForm base;
    int64_t times;
  };
  std::optional<RepeatForm> repeat_form_of(const Expr& e);
  llvm::Value* wanted_elements(const Expr& mask, int times);
  llvm::Value* load_repeated(const Expr& e, const BufferState& buffer, const RepeatForm& form, llvm::Value* mask);

  // --- emit_halves.cpp
  bool chooses_odd_lanes(const Expr& condition);
  llvm::Value* emit_halves(const Expr& e);                  // null: as any other cast

  int depth() const { return depth_; }
  BufferState& buffer_named(const std::string& name);
  llvm::AllocaInst* entry_alloca(llvm::Type* type, uint64_t align_bytes);
  llvm::BasicBlock* new_block(const char* name);
  llvm::Value* pointer_plus(llvm::Value* pointer, int64_t bytes);

  ModuleState& state_;
  llvm::LLVMContext& context_of_llvm_;
  llvm::Function* function_;
  const NeverNan& never_nan_;
  bool returns_status_;
  llvm::IRBuilder<> builder_;
  llvm::Value* context_ = nullptr;
  llvm::BasicBlock* leave_ = nullptr;          // where a failure goes: releases what is held, then returns
  llvm::AllocaInst* status_ = nullptr;
  std::vector<llvm::AllocaInst*> promotable_;

  std::map<std::string, Variable> variables_;
  std::map<std::string, BufferState> buffers_;
  std::map<std::string, Origin> origins_;
  const ir::Function* from_arrays_ = nullptr;  // whose arguments came in two arrays
  std::vector<Atom> atoms_;
  std::unordered_map<Expr, int> atom_numbers_;
  std::vector<LoopState> loops_;
  std::vector<Frame> frames_;
  int depth_ = 0;                              // of the code being emitted: less than loops_.size() while hoisting
  int floor_ = 0;                              // the level that nothing is hoisted beyond
  size_t frame_ = 0;
  std::unordered_map<Expr, llvm::Value*> loads_;
  std::vector<Expr> apart_;                    // accesses_apart of the piece of straight code being emitted
  std::vector<std::pair<std::string, OffsetForm>> prefetched_;   // lines that it has asked for
  // Stores that bypass the caches under a condition wait until straight code ends, so that it is asked once for all.
  struct WaitingStore {
    std::string buffer;
    llvm::Value *value, *address;
    llvm::Align alignment;
  };
  std::vector<WaitingStore> waiting_;
  Expr waiting_for_;                           // their condition
};

// Field numbers of LatheContext.
enum class ContextField : uint8_t { parallel_for, allocate, release, user, trace };
llvm::Value* load_context_field(llvm::IRBuilder<>& builder, llvm::Value* context, ContextField field);

// Names that a statement uses and does not define.
struct FreeNames {
  std::set<std::string> variables, buffers;
};
FreeNames free_names(const ir::StmtNode& s);

}  // namespace lathe::codegen
