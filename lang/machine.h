// Runs compiled Funcs (lang/program.h) point by point. What a register holds is the Domain's business: plain cells for
// the interpreter, values with error bounds for the point oracle. A Domain has
//
//   Value                                                  what a register holds
//   of_cell(cell), of_index(int64)                         exact values
//   index(value), truth(value)                             its integer, its boolean
//   apply(step, a, b, c), cast(step, a)                    a scalar operator, a conversion
//   after(value, other)                                    the value, chosen or addressed by `other`
//   accumulate(dtype, plain, left, term, combined)     the next partial result of a reduction
//   finish(dtype, plain, value, terms)                 the result of a reduction
//
// A Func is evaluated where someone reads it, once for each point: its values are kept in a dense table where the
// needed box is known and small, in a hash map otherwise. Pure Funcs that read no other Func are evaluated again
// instead; that is cheaper than a look-up. A Func with updates always has a table: before a value is first read at some
// values of its free indices, the updates run there, each over its whole domain.
#pragma once

#include <algorithm>
#include <limits>
#include <set>
#include <unordered_map>

#include "lang/needed_regions.h"
#include "lang/program.h"

namespace lathe {

// The tensor `name` of the bindings, checked against its declaration; throws Error.
const TensorView& bound_tensor(const Bindings& bindings, const std::string& name, DType dtype,
                               const std::vector<int64_t>& shape);
[[noreturn]] void fail_read_outside(const Operator& op, const FuncContents& reader, const Read& read,
                                    const int64_t* indices, const std::vector<int64_t>& extents);

// The index that a read at `index` uses in [0, extent), or -1 where nothing is there to read.
int64_t index_by_boundary(Boundary boundary, int64_t index, int64_t extent);

struct PointHash {
  size_t operator()(const std::vector<int64_t>& point) const {
    uint64_t h = point.size();
    for (int64_t i : point) h = (h ^ (static_cast<uint64_t>(i) + (h << 7))) * 0x9e3779b97f4a7c15u;
    return h ^ (h >> 29);
  }
};

// Absent: a read with Boundary::none was outside, and a pure Func hands that on to the reduction that reads it.
enum class PointState : uint8_t { unknown, known, absent };

struct TooMuchWork {};  // thrown; the machine is of no use any more

// The known values of one Func, `components` for each point.
template <class Value>
class PointTable {
 public:
  PointTable(const std::optional<Box>& box, int components) : components_(components) {
    if (!box || points_in(*box) * components > max_dense_values) return;
    box_ = *box;
    values_.resize(static_cast<size_t>(points_in(box_)) * components);
    states_.resize(static_cast<size_t>(points_in(box_)));
  }

  struct Place {
    Value* values;
    PointState* state;                                      // the caller sets it
  };

  // The place of this point's values. Places stay where they are.
  Place place(const int64_t* point, size_t rank) {
    size_t offset = 0;
    bool inside = !states_.empty();
    for (size_t d = 0; d < rank && inside; ++d) {
      inside = box_[d].low <= point[d] && point[d] <= box_[d].high;
      offset = offset * box_[d].length() + (point[d] - box_[d].low);
    }
    if (inside) return {&values_[offset * components_], &states_[offset]};
    auto& [values, state] = others_[std::vector<int64_t>(point, point + rank)];
    values.resize(components_);
    return {values.data(), &state};
  }

 private:
  static constexpr double max_dense_values = 1 << 25;
  int components_;
  Box box_;
  std::vector<Value> values_;
  std::vector<PointState> states_;
  std::unordered_map<std::vector<int64_t>, std::pair<std::vector<Value>, PointState>, PointHash> others_;
};

template <class Domain>
class Machine {
 public:
  using Value = typename Domain::Value;

  // `boxes` are those of needed_regions(), or empty for single points.
  Machine(const Operator& op, const Bindings& bindings, const std::vector<std::optional<Box>>& boxes) : op_(op) {
    const auto constants = constants_of(op, bindings);
    const auto shape_of = [&](const std::vector<Expr>& extents) {
      std::vector<int64_t> shape;
      for (const Expr& extent : extents) shape.push_back(constant_extent(extent, constants));
      return shape;
    };
    for (const InputDecl& input : op.inputs) {
      const auto shape = shape_of(input.extents);
      inputs_.push_back({bound_tensor(bindings, input.name, input.dtype, shape), cell_load(input.dtype)});
    }
    for (size_t f = 0; f < op.funcs.size(); ++f) {
      const FuncContents& func = op.funcs[f];
      const std::vector<FuncPart> stages = parts_of(func);
      Frame& frame = frames_.emplace_back(frame_of(stages[0].loops, constants));
      for (size_t u = 1; u < stages.size(); ++u) frame.updates.push_back(frame_of(stages[u].loops, constants));
      for (size_t d = 0; d < func.vars.size() && !func.updates.empty(); ++d) {
        if (func.updates[0].indices[d] == make_var(func.vars[d])) frame.free.push_back(d);
      }
      if (!func.updates.empty()) frame.box = (boxes.empty() ? needed_regions(op, constants).boxes : boxes)[f];
      if (const OutputDecl* output = op.find_output(func.name)) frame.extents = shape_of(output->extents);
      const bool reads_funcs = std::any_of(frame.program.reads.begin(), frame.program.reads.end(),
                                           [](const Read& read) { return read.of_func; });
      if (func.is_reduction() || reads_funcs || !func.updates.empty()) {
        frame.table.emplace(boxes.empty() ? std::nullopt : boxes[f], func.components());
      }
    }
  }

  const std::vector<int64_t>& output_extents(size_t func) const { return frames_[func].extents; }
  int64_t work() const { return work_; }  // points and terms that were computed so far
  void limit_work(int64_t most) { most_work_ = most; }  // more of it throws TooMuchWork

  // All components at this point, valid until the next call; null when absent. `keep` false: nobody asks for it again.
  const Value* at(size_t func, const int64_t* point, bool keep = true) {
    Frame& frame = frames_[func];
    if (!frame.updates.empty() && !frame.updating) return updated(func, point);
    const Program& program = frame.program;
    PointState unkept = PointState::unknown;
    typename PointTable<Value>::Place result = {frame.results.data(), &unkept};
    if ((keep || frame.updating) && frame.table) result = frame.table->place(point, program.vars);
    if (*result.state != PointState::unknown) return *result.state == PointState::known ? result.values : nullptr;
    for (int d = 0; d < program.vars; ++d) frame.registers[d] = domain_.of_index(point[d]);
    count_work();
    run(func, frame, 0, program.body);
    if (op_.funcs[func].is_reduction()) {
      reduce(func);
    } else if (!run(func, frame, program.body, program.steps.size())) {
      *result.state = PointState::absent;
      return nullptr;
    }
    for (size_t i = 0; i < program.results.size(); ++i) result.values[i] = frame.registers[program.results[i]];
    *result.state = PointState::known;
    return result.values;
  }

 private:
  struct Frame {
    Program program;
    std::vector<Value> registers;
    std::vector<Value> results;
    std::vector<int64_t> extents;                           // of an output
    std::optional<PointTable<Value>> table;
    // Of a Func with updates:
    std::vector<Frame> updates;
    std::optional<Box> box;                                 // of what anyone needs
    std::vector<size_t> free;                               // indices that its updates leave free
    std::set<std::vector<int64_t>> done;                    // values of the free indices for which the updates have run
    bool updating = false;                                  // they run now: reads give what is there
    Value addressed{};                                      // everything that says where updates wrote
  };
  struct BoundInput {
    TensorView view;
    CellLoad load;
  };

  void count_work() {
    if (++work_ > most_work_) throw TooMuchWork();
  }

  static int64_t constant_extent(const Expr& extent, const std::map<std::string, Scalar>& constants) {
    std::map<std::string, int64_t> integers;
    for (const auto& [name, value] : constants) integers[name] = value.integer;
    return evaluate_extent(extent, integers);
  }

  Frame frame_of(const FuncContents& func, const std::map<std::string, Scalar>& constants) {
    Frame frame;
    frame.program = compile_func(op_, func, constants);
    frame.registers.resize(frame.program.registers);
    for (const auto& [index, cell] : frame.program.presets) frame.registers[index] = domain_.of_cell(cell);
    frame.results.resize(func.components());
    frame.addressed = domain_.of_cell({});
    return frame;
  }

  // The values at this point after all updates.
  const Value* updated(size_t func, const int64_t* point) {
    Frame& frame = frames_[func];
    std::vector<int64_t> free;
    for (size_t d : frame.free) free.push_back(point[d]);
    frame.updating = true;
    if (frame.done.insert(free).second) {
      for (Frame& update : frame.updates) run_update(func, update, free);
    }
    const Value* const values = at(func, point);
    frame.updating = false;
    for (size_t i = 0; i < frame.results.size(); ++i) frame.results[i] = domain_.after(values[i], frame.addressed);
    return frame.results.data();
  }

  void run_update(size_t func, Frame& update, const std::vector<int64_t>& free) {
    Frame& frame = frames_[func];
    const Program& p = update.program;
    const size_t components = frame.results.size(), rank = frame.program.vars;
    const int placed = rank > 0 ? p.ready[components] : p.body;
    for (size_t d = 0; d < free.size(); ++d) update.registers[d] = domain_.of_index(free[d]);
    run(func, update, 0, p.body);
    for_each_term(update, [&] {
      count_work();
      run(func, update, p.body, placed);
      int64_t point[max_interpreted_rank];
      bool needed = true;
      for (size_t d = 0; d < rank; ++d) {
        const Value& index = update.registers[p.results[components + d]];
        point[d] = domain_.index(index);
        frame.addressed = domain_.after(frame.addressed, index);
        if (frame.box) needed = needed && (*frame.box)[d].low <= point[d] && point[d] <= (*frame.box)[d].high;
      }
      if (!needed) return;                                  // its value has no meaning, and may have no values to read
      run(func, update, placed, p.steps.size());
      const auto place = frame.table->place(point, rank);
      for (size_t i = 0; i < components; ++i) place.values[i] = update.registers[p.results[i]];
      *place.state = PointState::known;
    });
  }

  // Sets the reduction variables to each point of their domain, in lexicographic order.
  template <class Action>
  void for_each_term(Frame& frame, const Action& action) {
    const Program& p = frame.program;
    Value* const registers = frame.registers.data();
    int64_t extents[max_interpreted_rank] = {}, at[max_interpreted_rank] = {};
    bool empty = false;
    for (int r = 0; r < p.rvars; ++r) {
      extents[r] = domain_.index(registers[p.extents[r]]);
      registers[p.vars + r] = domain_.of_index(0);
      empty = empty || extents[r] <= 0;
    }
    for (int r = empty ? -1 : p.rvars; r >= 0;) {
      action();
      for (r = p.rvars - 1; r >= 0; --r) {
        at[r] = at[r] + 1 < extents[r] ? at[r] + 1 : 0;
        registers[p.vars + r] = domain_.of_index(at[r]);
        if (at[r] != 0) break;
      }
    }
  }

  void reduce(size_t func) {
    Frame& frame = frames_[func];
    const Program& p = frame.program;
    Value* const registers = frame.registers.data();
    const size_t components = p.left.size();
    for (size_t i = 0; i < components; ++i) registers[p.left[i]] = registers[p.identity[i]];
    int64_t terms = 0;
    for_each_term(frame, [&] {
      count_work();
      if (!run(func, frame, p.body, p.steps.size())) return;
      ++terms;
      for (size_t i = 0; i < components; ++i) {
        frame.results[i] = domain_.accumulate(p.dtypes[i], p.plain[i], registers[p.left[i]], registers[p.terms[i]],
                                              registers[p.combined[i]]);
      }
      for (size_t i = 0; i < components; ++i) registers[p.left[i]] = frame.results[i];
    });
    for (size_t i = 0; i < components; ++i) {
      Value& left = registers[p.left[i]];
      left = domain_.finish(p.dtypes[i], p.plain[i], left, terms);
      for (int extent : p.extents) left = domain_.after(left, registers[extent]);
    }
  }

  // Runs steps [begin, end); false when a read with Boundary::none was outside.
  bool run(size_t func, Frame& frame, size_t begin, size_t end) {
    Value* const r = frame.registers.data();
    const Step* const steps = frame.program.steps.data();
    for (size_t pc = begin; pc < end; ++pc) {
      const Step& step = steps[pc];
      switch (step.kind) {
        case Step::Kind::apply: r[step.result] = domain_.apply(step, r[step.a], r[step.b], r[step.c]); break;
        case Step::Kind::cast: r[step.result] = domain_.cast(step, r[step.a]); break;
        case Step::Kind::read:
          if (!read(func, frame.program.reads[step.a], r, r[step.result])) return false;
          break;
        case Step::Kind::move: r[step.result] = domain_.after(r[step.a], r[step.b]); break;
        case Step::Kind::jump: pc = step.a - 1; break;
        case Step::Kind::jump_if_not:
          if (!domain_.truth(r[step.a])) pc = step.b - 1;
          break;
      }
    }
    return true;
  }

  bool read(size_t func, const Read& read, const Value* registers, Value& result) {
    int64_t at[max_interpreted_rank];
    const size_t rank = read.indices.size();
    for (size_t d = 0; d < rank; ++d) at[d] = domain_.index(registers[read.indices[d]]);
    if (read.of_func) {
      const Value* const values = this->at(read.tensor, at);
      if (!values) return false;
      result = values[read.component];
    } else if (!read_input(func, read, registers, at, result)) {
      return false;
    }
    for (int index : read.indices) result = domain_.after(result, registers[index]);
    return true;
  }

  bool read_input(size_t func, const Read& read, const Value* registers, int64_t* at, Value& result) {
    const BoundInput& input = inputs_[read.tensor];
    const std::vector<int64_t>& extents = input.view.shape;
    bool outside = false, missing = false;
    for (size_t d = 0; d < extents.size(); ++d) {
      if (at[d] >= 0 && at[d] < extents[d]) continue;
      outside = true;
      if (read.boundary == Boundary::inside) fail_read_outside(op_, op_.funcs[func], read, at, extents);
      at[d] = index_by_boundary(read.boundary, at[d], extents[d]);
      missing = missing || at[d] < 0;
    }
    if (missing && read.boundary != Boundary::none && read.boundary != Boundary::constant) {
      fail_read_outside(op_, op_.funcs[func], read, at, extents);  // an empty input has no nearest element
    }
    if (outside && read.boundary == Boundary::none) return false;
    if (outside && read.boundary == Boundary::constant) {
      result = registers[read.boundary_value];
    } else {
      int64_t offset = 0;
      for (size_t d = 0; d < extents.size(); ++d) offset += at[d] * input.view.strides[d];
      result = domain_.of_cell(input.load(input.view.data, offset));
    }
    return true;
  }

  const Operator& op_;
  const Domain domain_{};
  int64_t work_ = 0, most_work_ = std::numeric_limits<int64_t>::max();
  std::vector<BoundInput> inputs_;
  std::vector<Frame> frames_;
};

}  // namespace lathe
