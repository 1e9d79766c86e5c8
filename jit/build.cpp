#include "jit/build.h"

#include <fmt/format.h>

#include <algorithm>

#include "jit/codegen/object_files.h"
#include "jit/compile.h"
#include "jit/embed/embedded.h"
#include "jit/embed/lathe_call.h"
#include "jit/runtime/abi.h"
#include "lang/text.h"

namespace lathe {

namespace {

constexpr const char* levels_strongest_first[] = {"x86-64-v4", "x86-64-v3", "x86-64-v2"};

// What stands in C for a name of an argument: component 1 of C is C_1.
std::string c_name(std::string name) {
  std::replace_if(name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
}

// The numbers of LATHE_F32 and the others.
int64_t c_dtype(DType type) {
  const auto kind = [&] {
    switch (kind_of(type)) {
      case DTypeKind::signed_int:
        return 1;
      case DTypeKind::unsigned_int:
        return 2;
      case DTypeKind::floating:
        return type == DType::bf16 ? 5 : 3;
      case DTypeKind::boolean:
        return 4;
    }
    internal_error("build", "a kind of element type without a number");
  }();
  return kind * 256 + bits_of(type);
}

std::string c_param_type(DType type) {
  if (type == DType::f32) return "float";
  if (type == DType::f64) return "double";
  if (type == DType::boolean) return "int32_t";
  return fmt::format("{}int{}_t", is_signed(type) ? "" : "u", bits_of(type));
}

std::string place(const SourceLocation& where) { return where.known() ? to_string(where) : ""; }

// The description that jit/embed/lathe_call.c reads: numbers, with texts as offsets into one block.
//
//   ABI version, name, place, number of sizes, of arguments, of parameters, of conditions
//   for each size       name, lowest, highest, multiple of, the argument and the dimension that give it
//   for each argument   name, element type, whether it is an output, rank, a formula for each dimension
//   for each condition  meaning, place, a formula
//   for each level      number of schedule parameters, their values
//   a formula           text, number of steps, (code, value) for each
class Description {
 public:
  Description(const KernelSignature& signature, const std::vector<std::vector<TuneParam>>& levels)
      : signature_(signature) {
    add({LATHE_ABI_VERSION, text(signature.name), text(place(signature.where)), count(signature.sizes),
         count(signature.arguments), count(signature.params), count(signature.conditions)});
    for (size_t i = 0; i < signature.sizes.size(); ++i) add_size(i);
    for (const ArgumentSpec& argument : signature.arguments) {
      add({text(argument.name), c_dtype(argument.dtype), argument.is_output, count(argument.extents)});
      for (const SizeFormula& extent : argument.extents) add_formula(extent);
    }
    for (const CallCondition& condition : signature.conditions) {
      add({text(condition.meaning), text(place(condition.where))});
      add_formula(condition.formula);
    }
    for (const std::vector<TuneParam>& params : levels) {
      add({count(params)});
      for (const TuneParam& param : params) add({param.value});
    }
  }

  std::vector<int64_t> table() const { return table_; }
  std::string text() const { return text_; }

 private:
  template <class List>
  static int64_t count(const List& list) {
    return static_cast<int64_t>(list.size());
  }
  void add(std::initializer_list<int64_t> numbers) { table_.insert(table_.end(), numbers); }

  int64_t text(const std::string& words) {
    const auto at = static_cast<int64_t>(text_.size());
    text_ += words + '\0';
    return at;
  }

  void add_size(size_t index) {
    const SizeSpec& size = signature_.sizes[index];
    int64_t argument = -1, dimension = -1;
    for (size_t a = 0; a < signature_.arguments.size() && argument < 0; ++a) {
      const auto& extents = signature_.arguments[a].extents;
      for (size_t d = 0; d < extents.size() && argument < 0; ++d) {
        const auto& steps = extents[d].steps;
        if (steps.size() != 1 || steps[0].code != SizeFormula::Code::size) continue;
        if (steps[0].value == static_cast<int64_t>(index))
          argument = static_cast<int64_t>(a), dimension = static_cast<int64_t>(d);
      }
    }
    if (argument < 0) internal_error("build", "no dimension gives the size " + size.name);
    add({text(size.name), size.lowest, size.highest, size.multiple_of, argument, dimension});
  }

  void add_formula(const SizeFormula& formula) {
    add({text(formula.text), count(formula.steps)});
    for (const SizeFormula::Step& step : formula.steps) add({static_cast<int64_t>(step.code), step.value});
  }

  const KernelSignature& signature_;
  std::vector<int64_t> table_;
  std::string text_;
};

// What lathe_call.c has room for.
void check_room(const Operator& op, const KernelSignature& signature, const std::vector<std::vector<TuneParam>>& levels) {
  const auto check = [&](const std::string& what, size_t got, int most) {
    if (got <= static_cast<size_t>(most)) return;
    throw Error(ErrorCode::not_expressible, {.step = "build",
                                             .what = fmt::format("{} is too large for a function in C: {}", op.name, what),
                                             .got = std::to_string(got),
                                             .need = fmt::format("at most {}", most),
                                             .where = op.where});
  };
  check("its arguments", signature.arguments.size(), MOST_ARGUMENTS);
  size_t scalars = signature.sizes.size() + signature.arguments.size() + signature.params.size(), tunes = 0;
  for (const ArgumentSpec& argument : signature.arguments) {
    check("the rank of " + argument.name, argument.extents.size(), MOST_RANK);
    scalars += argument.extents.size();
    for (const SizeFormula& extent : argument.extents) check("steps of the extent " + extent.text, extent.steps.size(), MOST_DEPTH);
  }
  for (const CallCondition& c : signature.conditions) check("steps of the condition " + c.meaning, c.formula.steps.size(), MOST_DEPTH);
  for (const std::vector<TuneParam>& params : levels) tunes = std::max(tunes, params.size());
  check("its sizes, strides and parameters", scalars + tunes, MOST_SCALARS);
}

std::string extents_of(const ArgumentSpec& argument) {
  std::vector<std::string> texts;
  for (const SizeFormula& extent : argument.extents) texts.push_back(extent.text);
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::string header_text(const std::string& name, const Operator& op, const KernelSignature& signature) {
  std::string algorithm = print(op), parameters, arguments;
  for (size_t at = 0; (at = algorithm.find("*/", at)) != std::string::npos;) algorithm.insert(at + 1, " ");
  for (size_t at = 0; (at = algorithm.find('\n', at)) != std::string::npos; at += 4) algorithm.replace(at, 1, "\n   ");
  for (const ArgumentSpec& argument : signature.arguments) {
    const bool is_read = op.find_input(argument.name) != nullptr;
    parameters += fmt::format("const LatheTensor* {}, ", c_name(argument.name));
    arguments += fmt::format("   {}: {}, {}[{}]\n", c_name(argument.name),
                             !argument.is_output ? "read"
                             : is_read           ? "read and written"
                                                 : "written",
                             name_of(argument.dtype), extents_of(argument));
  }
  for (const RunParam& param : signature.params) {
    parameters += fmt::format("{} {}, ", c_param_type(param.dtype), c_name(param.name));
    arguments +=
        fmt::format("   {}: {}, {} in the definition\n", c_name(param.name), name_of(param.dtype), param.default_value);
  }
  return fmt::format(
      "/* {0}, compiled ahead of time by Lathe. Link with lib{0}.a and -lm.\n\n   {1}\n{2}\n"
      "   Returns 0, or the code of an error that `error` (may be null) describes. `context`: threads and memory of "
      "the\n"
      "   caller's; null: this thread and the C library's. May be called from several threads. */\n"
      "#ifndef LATHE_HAS_{0}\n#define LATHE_HAS_{0}\n\n#include \"lathe_kernel.h\"\n\n"
      "#if LATHE_ABI_VERSION != {4}\n#error \"{0}.h needs the lathe_kernel.h that was written with it: version {4}\"\n"
      "#endif\n\n"
      "#ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n"
      "int32_t {0}({3}LatheContext* context, LatheError* error);\n\n"
      "#ifdef __cplusplus\n}}\n#endif\n\n#endif\n",
      name, algorithm, arguments, parameters, LATHE_ABI_VERSION);
}

}  // namespace

std::vector<std::string> build_levels() {
  return {std::begin(levels_strongest_first), std::end(levels_strongest_first)};
}

BuiltKernel build(const Operator& op, const std::vector<BuildLevel>& levels,
                  const std::map<std::string, int64_t>& static_params) {
  BuiltKernel built;
  built.name = "lathe_" + c_name(op.name);
  CallFunction call;
  call.symbol = built.name;
  std::optional<KernelSignature> signature;  // levels differ in schedules alone
  std::vector<std::vector<TuneParam>> tunes;
  std::vector<std::pair<std::string, std::string>> files;
  for (const std::string& name : build_levels()) {
    auto level =
        std::find_if(levels.begin(), levels.end(), [&](const BuildLevel& l) { return l.target.level == name; });
    call.entries.emplace_back();
    tunes.emplace_back();
    if (level == levels.end()) continue;
    FinalProgram final =
        final_program(op, {.schedule = level->schedule, .target = level->target, .static_params = static_params});
    call.entries.back() = built.name + "_" + c_name(name);
    files.emplace_back(call.entries.back() + ".o", object_file(final.program, level->target, call.entries.back()));
    tunes.back() = final.signature.tune_params;
    signature = std::move(final.signature);
  }
  if (!signature) internal_error("build", "no level to build for");
  check_room(op, *signature, tunes);
  const Description description(*signature, tunes);
  call.tensors = signature->arguments.size();
  for (const RunParam& param : signature->params) call.params.push_back(param.dtype);
  call.table = description.table();
  call.text = description.text();
  files.emplace_back(built.name + ".o", call_object(call, target_named("x86-64-v2")));
  files.emplace_back("lathe_call.o", std::string(embedded_call_object));
  built.header = header_text(built.name, with_static_params(op, static_params), *signature);
  built.archive = archive_of(files);
  built.abi_header = std::string(embedded_abi_header);
  return built;
}

}  // namespace lathe
