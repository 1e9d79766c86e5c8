// Compiles an operator as a caller gets it, runs it on generated data, and compares each element with the reference.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "jit/compile.h"
#include "jit/runtime/host.h"
#include "lang/needed_regions.h"
#include "lang/oracle.h"
#include "lang/program.h"
#include "schedules/text.h"
#include "stdlib/library.h"
#include "support/small_float.h"
#include "tests/operators/sizes.h"
#include "tests/operators/table.h"

namespace lathe::reference {
namespace {

constexpr double most_work = 30'000;  // terms of one call at the usual sizes

const stdlib::LibraryOperator& row_of(const std::string& name) {
  for (const stdlib::LibraryOperator& row : stdlib::operators()) {
    if (row.name == name) return row;
  }
  throw std::runtime_error("no operator " + name);
}

// An operator of the library for one of its element types.
struct Instance {
  Instance(const stdlib::LibraryOperator& of, DType for_type)
      : row(of), type(for_type), op(generic() ? row.instance(type) : row.algorithm()), is_usual(op == row.algorithm()) {}

  bool generic() const { return !row.types.empty(); }

  // The input has the operator's element type, and not one of its own.
  bool is_generic(const std::string& input) const {
    return generic() && row.instance(f32).find_input(input)->dtype != row.instance(f64).find_input(input)->dtype;
  }

  const stdlib::LibraryOperator& row;
  DType type;                                               // f32 where it is not generic
  Operator op;
  bool is_usual;                                            // it is that of the default type
};

// Values of the inputs. They are drawn apart from those of the oracle, so that neither shares a blind spot.
class Values {
 public:
  Values(const Entry& entry, uint64_t seed, unsigned specials)
      : entry_(entry), random_(seed), specials_(special_values(specials)) {}

  void fill(const std::string& name, const TensorView& view, bool is_generic) {
    const auto given = entry_.options.ranges.find(name);
    const bool whole = !is_float(view.dtype);
    std::pair<double, double> range = {-2, 2};
    if (whole) range = {is_generic ? -9 : 0, 9};
    if (whole && bits_of(view.dtype) <= 8) range = {lowest(view.dtype), highest(view.dtype)};
    if (given != entry_.options.ranges.end()) range = given->second;
    if (whole) range.first = std::max(range.first, lowest(view.dtype));
    const CellStore store = cell_store(view.dtype);
    std::vector<Ix> point(view.shape.size(), 0);
    for (Ix left = view.elements(); left > 0; --left) {
      Ix offset = 0;
      for (size_t d = 0; d < point.size(); ++d) offset += point[d] * view.strides[d];
      store(view.data, offset, value(view.dtype, range));
      for (size_t d = point.size(); d-- > 0;) {
        if (++point[d] < view.shape[d]) break;
        point[d] = 0;
      }
    }
  }

 private:
  static double lowest(DType type) {
    return type == DType::boolean || !is_signed(type) ? 0 : -std::exp2(bits_of(type) - 1);
  }
  static double highest(DType type) {
    return type == DType::boolean ? 1 : std::exp2(bits_of(type) - (is_signed(type) ? 1 : 0)) - 1;
  }

  Cell value(DType type, const std::pair<double, double>& range) {
    Cell cell;
    const double share = static_cast<double>(random_() >> 11) * 0x1p-53;
    if (!is_float(type)) {
      cell.i = static_cast<Ix>(std::floor(range.first + share * (range.second - range.first + 1)));
      return cell;
    }
    cell.f = range.first + share * (range.second - range.first);
    if (!specials_.empty() && random_() % 16 == 0) cell.f = specials_[random_() % specials_.size()];
    return cell;
  }

  static std::vector<double> special_values(unsigned kinds) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    std::vector<double> all;
    if (kinds & nans) all.push_back(std::numeric_limits<double>::quiet_NaN());
    if (kinds & infinities) all.insert(all.end(), {infinity, -infinity});
    if (kinds & zeros) all.insert(all.end(), {0.0, -0.0});
    if (kinds & denormals) all.insert(all.end(), {1e-41, -1e-42, 1e-38, 1e-310, -1e-312});
    return all;
  }

  const Entry& entry_;
  std::mt19937_64 random_;
  std::vector<double> specials_;
};

// The strides of an input, by kind.
std::vector<Ix> strides_of(DType type, const std::vector<Ix>& shape, CheckStrides kind) {
  std::vector<Ix> strides = dense_strides(type, shape);
  if (kind == CheckStrides::dense) return strides;
  const bool turned = kind == CheckStrides::transposed && !is_packed(type);
  Ix stride = 1;
  for (size_t n = 0; n < shape.size(); ++n) {
    const size_t d = turned ? n : shape.size() - 1 - n;
    strides[d] = stride;
    stride = stride * std::max<Ix>(shape[d], 1) + (turned ? 0 : 3);
    if (is_packed(type)) stride += stride % 2;
  }
  return strides;
}

struct Data {
  std::map<std::string, GuardedTensor> tensors;
  Bindings now, before;  // as called; inputs as they were
  std::map<std::string, Tensor> copies;
  std::map<std::string, Ix> integers;
};

// `op`: the instance without its static parameters.
Data data_for(const Entry& entry, const Instance& instance, const Operator& op, const Sizes& sizes, uint64_t seed,
              unsigned specials) {
  Data data;
  data.now.sizes = sizes;
  for (const ParamDecl& param : op.params) {
    if (!param.is_static) data.now.params[param.name] = param.default_value;
  }
  for (const auto& [name, value] : constants_of(op, data.now)) data.integers[name] = value.integer;
  data.before = data.now;
  Values values(entry, seed, specials);
  const auto kind = static_cast<CheckStrides>(seed % 3);
  for (const TensorArgument& argument : tensor_arguments(op)) {
    std::vector<Ix> shape;
    for (const Expr& extent : argument.extents) shape.push_back(evaluate_extent(extent, data.integers));
    const auto strides = strides_of(argument.dtype, shape, argument.is_output ? CheckStrides::dense : kind);
    GuardedTensor tensor(argument.dtype, shape, strides, seed % 2 == 0 ? Placement::at_start : Placement::at_end);
    const TensorView view = tensor.view();
    if (argument.is_input) values.fill(argument.name, view, instance.is_generic(argument.name));
    data.now.tensors[argument.name] = data.before.tensors[argument.name] = view;
    if (argument.is_input && argument.is_output) {
      data.before.tensors[argument.name] = (data.copies[argument.name] = copy_of(view)).view();
    } else if (argument.is_input) {
      tensor.make_read_only();
    }
    data.tensors.emplace(argument.name, std::move(tensor));
  }
  return data;
}

// The outputs by component, with the argument that each is written to.
struct Component {
  std::string name, argument;
};
std::vector<Component> components_of(const Operator& op) {
  std::vector<Component> all;
  for (const OutputDecl& output : op.outputs) {
    const FuncContents& func = *op.find_func(output.func);
    for (int c = 0; c < func.components(); ++c) all.push_back({component_name(func, c), written_argument(op, func, c)});
  }
  return all;
}

Call computed(const Entry& entry, const Operator& op, const Data& data, bool rounds, Sampling sampling) {
  std::map<std::string, Out> outs;
  for (const Component& c : components_of(op)) outs.emplace(c.name, Out(data.now.tensors.at(c.argument).shape, sampling));
  Call call(data.before, data.integers, std::move(outs));
  Real::rounds = rounds;
  entry.compute(call);
  Real::rounds = false;
  return call;
}

// What may be off: four times what a loop may be, and the rounding of the stored type.
long double allowance(const Entry& entry, DType type, const Real& needed) {
  long double allowed = 4 * entry.options.within * needed.error;
  if (type == f16) allowed += std::max(std::fabs(needed.value) * 0x1p-11L, 0x1p-25L);
  if (type == bf16) allowed += std::fabs(needed.value) * 0x1p-8L + 0x1p-134L;
  if (!is_float(type) && needed.error > 0) allowed = std::ceil(allowed);
  return allowed;
}

// An exact value as the type stores it.
long double stored(DType type, long double value) {
  if (type == f16) return static_cast<double>(Float16(static_cast<double>(value)));
  if (type == bf16) return static_cast<double>(BFloat16(static_cast<double>(value)));
  if (type == f32 || type == f64) return Arithmetic(type).rounded(value);
  if (std::isinf(value)) return value < 0 ? Arithmetic(type).lowest() : Arithmetic(type).highest();   // of nothing
  return value;
}

bool agrees(long double got, const Real& needed, const Entry& entry, DType type) {
  if (needed.error == 0) {
    const long double value = stored(type, needed.value);
    return std::isnan(value) ? std::isnan(got) : got == value;
  }
  if (std::isnan(needed.error) || std::isinf(needed.error)) return true;  // nothing is promised
  if (std::isnan(needed.value)) return std::isnan(got);
  if (std::isinf(needed.value)) return got == needed.value;
  const long double allowed = allowance(entry, type, needed);
  if (std::isinf(got)) return std::fabs(needed.value) + allowed >= Arithmetic(type).overflow();
  return std::fabs(got - needed.value) <= allowed;
}

// The largest errors in units of what a loop may be off, over all calls: of few elements such a loop is right by luck.
struct Worst {
  long double got = 0, of_loop = 0;
};

class Comparison {
 public:
  Comparison(const Entry& entry, std::string label, Worst& worst)
      : entry_(entry), label_(std::move(label)), worst_(worst) {}

  void compare(const std::string& name, const TensorView& view, const Out& needed, const Out& of_loop) {
    std::vector<Ix> point(view.shape.size(), 0);
    for (size_t n = 0; n < needed.values().size(); ++n) {
      Ix offset = 0;
      for (size_t d = 0; d < point.size(); ++d) offset += point[d] * view.strides[d];
      long double got = 0;
      if (is_float(view.dtype))
        got = load_as_double(view, offset);
      else if (view.dtype == u64)
        got = static_cast<uint64_t>(load_as_integer(view, offset));
      else
        got = load_as_integer(view, offset);
      const Real& exact = needed.values()[n];
      if (needed.has(n) && !agrees(got, exact, entry_, view.dtype)) {
        FAIL_CHECK(fmt::format("{}: {}[{}]: got {}, need {} within {}", label_, name, fmt::join(point, ", "),
                               double(got), double(exact.value), double(allowance(entry_, view.dtype, exact))));
        return;
      }
      if (needed.has(n) && view.dtype == Real::in.type && exact.error > 0 && std::isfinite(exact.value) && std::isfinite(got) &&
          std::isfinite(exact.error)) {
        worst_.got = std::max(worst_.got, std::fabs(got - exact.value) / exact.error);
        worst_.of_loop = std::max(worst_.of_loop, std::fabs(of_loop.values()[n].value - exact.value) / exact.error);
      }
      for (size_t d = point.size(); d-- > 0;) {
        if (++point[d] < view.shape[d]) break;
        point[d] = 0;
      }
    }
  }

 private:
  const Entry& entry_;
  std::string label_;
  Worst& worst_;
};

class Check {
 public:
  // `params`: the static parameters, which `op` has no more.
  Check(const Entry& entry, const Instance& instance, const Operator& op, Sizes params, const Kernel& kernel,
        std::string label)
      : entry_(entry),
        instance_(instance),
        op_(op),
        params_(std::move(params)),
        kernel_(kernel),
        label_(std::move(label)) {}

  void run(const Sizes& sizes, unsigned specials, Sampling sampling = Sampling::all) {
    Data data = data_for(entry_, instance_, op_, sizes, ++seed_, specials);
    data.integers.insert(params_.begin(), params_.end());
    const Call exact = computed(entry_, op_, data, false, sampling),
               of_loop = computed(entry_, op_, data, true, sampling);
    kernel_.run(data.now.tensors, {.threads = 2}, data.now.params);
    std::string at = label_ + (specials != no_specials ? " with special values" : "");
    for (const auto& [name, value] : sizes) at += fmt::format(" {}={}", name, value);
    Comparison comparison(entry_, at, worst_);
    bool computed_something = false;
    for (const Component& c : components_of(op_)) {
      computed_something = computed_something || !exact.outs().at(c.name).values().empty();
      comparison.compare(c.name, data.now.tensors.at(c.argument), exact.outs().at(c.name), of_loop.outs().at(c.name));
      CHECK_MESSAGE(!data.tensors.at(c.argument).damage(),
                    fmt::format("{}: {} is written outside of its elements", at, c.name));
    }
    reach_.add(sizes, computed_something);
  }

  void check_reach() const {
    const std::string missing = reach_.missing(op_);
    CHECK_MESSAGE(missing.empty(), fmt::format("{}: compared at no size that is {}", label_, missing));
  }

  // Errs at most four times as much as a loop does.
  void finish() const {
    const long double most = 4 * entry_.options.within * std::max(worst_.of_loop, 0.5L);
    CHECK_MESSAGE(worst_.got <= most, fmt::format("{}: errs by {} of the bound, a loop by {}", label_,
                                                  double(worst_.got), double(worst_.of_loop)));
  }

 private:
  const Entry& entry_;
  const Instance& instance_;
  const Operator& op_;
  Sizes params_;
  const Kernel& kernel_;
  std::string label_;
  uint64_t seed_ = 0;
  Worst worst_;
  Reach reach_;
};

double work_at(const Operator& op, const Sizes& sizes) {
  Bindings bindings;
  bindings.sizes = sizes;
  return needed_regions(op, constants_of(op, bindings)).work;
}

void check_one(const Entry& entry, const Instance& instance, const Sizes& params) {
  const Operator &given = instance.op, op = with_static_params(given, params);
  std::string label = entry.name;
  if (instance.generic()) label += fmt::format(" of {}", name_of(instance.type));
  for (const auto& [name, value] : params) label += fmt::format(" {}={}", name, value);
  CompileOptions options;
  options.static_params = params;
  if (instance.is_usual) options.schedule = schedule_for(instance.row.schedules(), host_target().level);
  const Kernel kernel = compile(given, options);
  Sizes fixed;
  for (const auto& [name, value] : static_values(given, params)) fixed[name] = value->integer_value;
  Check check(entry, instance, op, fixed, kernel, label);
  std::vector<Sizes> all;
  for (Sizes& sizes : default_check_sizes(op)) {
    if (work_at(op, sizes) <= most_work) all.push_back(std::move(sizes));
  }
  for (const Sizes& sizes : all) check.run(sizes, no_specials);
  const bool floats = is_float(instance.type);
  if (instance.is_usual || floats) {                        // the large ones, for the types that most compute in
    for (const Sizes& sizes : entry.options.sizes) check.run(sizes, no_specials);
    for (const Sizes& sizes : picture_sizes(op)) {
      const auto& listed = entry.options.sizes;
      if (std::find(listed.begin(), listed.end(), sizes) == listed.end()) check.run(sizes, no_specials, entry.options.of_pictures);
    }
    check.check_reach();
  }
  if (entry.options.specials != no_specials && floats) {
    for (const Sizes& sizes : all) check.run(sizes, entry.options.specials);
  }
  check.finish();
}

}  // namespace

namespace {

void check_instance(const Entry& entry, const Instance& instance) {
  Real::in = Arithmetic(instance.type);
  for (const auto& params : entry.options.params) {
    try {
      check_one(entry, instance, params);
    } catch (const std::exception& error) {
      FAIL_CHECK(fmt::format("{}: {}", entry.name, error.what()));
    }
  }
  Real::in = Arithmetic(f32);
}

}  // namespace

void check_all(const std::vector<Entry>& entries, DTypeSet types) {
  for (const Entry& entry : entries) {
    const stdlib::LibraryOperator& row = row_of(entry.name);
    if (row.types.empty() && types.has(f32)) check_instance(entry, Instance(row, f32));
    for (DType type : types_in(row.types)) {
      if (types.has(type)) check_instance(entry, Instance(row, type));
    }
  }
}

}  // namespace lathe::reference
