// Lathe as one of the workers that ./dev bench peers times in turns: one request a line on standard input, one answer a
// line on standard output, both JSON. Between requests it is blocked on its pipe and costs nothing.
//
//   describe  names of an operator's sizes, parameters and arguments; with sizes also shapes and what the formula needs
//   prepare   compiles, calls once, writes the outputs to files: a handle
//   run       mean microseconds of so many calls by a handle, after others that are not timed, and how often another process took
//             the CPU meanwhile
//   check     the handle's kernel against the interpreter, for operators of which the bench knows no formula
//   meter     the machine's rates now, and the bound that follows
//   drop      forgets all handles
#include <fmt/format.h>
#include <sys/resource.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "lang/oracle.h"
#include "tools/bound.h"
#include "tools/choice.h"
#include "tools/npy.h"

namespace lathe::bench {
namespace {

using nlohmann::json;
using Sizes = std::map<std::string, int64_t>;

tools::Choice choice_of(const json& request) {
  tools::Choice choice{.spec = request.at("operator")};
  const json params = request.value("params", json::object());
  for (const auto& [name, value] : params.items()) {
    choice.sets.push_back(fmt::format("{}={}", name, value.dump()));
  }
  choice.schedule = request.value("schedule", "naive");
  choice.target = request.value("target", "");
  choice.threads = request.value("threads", 1);
  return choice;
}

Sizes sizes_of(const json& request, const Operator& op) {
  std::string text;
  for (const auto& [name, value] : request.at("sizes").items()) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", name, value.dump());
  }
  return tools::sizes_of(op, text);
}

std::vector<int64_t> shape_of(const TensorArgument& argument, const Sizes& sizes) {
  std::vector<int64_t> shape;
  for (const Expr& extent : argument.extents) shape.push_back(evaluate_extent(extent, sizes));
  return shape;
}

double value_of(const ParamDecl& param, const tools::Chosen& chosen) {
  if (const auto set = chosen.static_params.find(param.name); set != chosen.static_params.end())
    return static_cast<double>(set->second);
  if (const auto set = chosen.run_params.find(param.name); set != chosen.run_params.end()) return set->second;
  return param.default_value;
}

json describe(const json& request) {
  const tools::Chosen chosen = tools::choose(choice_of(request));
  json answer = {
      {"name", chosen.op.name}, {"sizes", json::array()}, {"params", json::array()}, {"arguments", json::array()}};
  answer["author"] = schedule_for(chosen.file, chosen.op, chosen.target.level).has_value();
  for (const SizeDecl& size : chosen.op.sizes) answer["sizes"].push_back(size.name);
  for (const ParamDecl& param : chosen.op.params)
    answer["params"].push_back({{"name", param.name}, {"value", value_of(param, chosen)}});
  const bool sized = request.contains("sizes");
  const Sizes sizes = sized ? sizes_of(request, chosen.fixed) : Sizes{};
  for (const TensorArgument& argument : tensor_arguments(chosen.fixed)) {
    json row = {{"name", argument.name}, {"dtype", name_of(argument.dtype)}, {"output", argument.is_output}};
    if (sized) row["shape"] = shape_of(argument, sizes);
    answer["arguments"].push_back(row);
  }
  if (sized) {
    const Work work = count_work(chosen.fixed, sizes);
    answer["operations"] = work.operations;
    answer["bytes"] = work.bytes;
  }
  return answer;
}

int64_t preemptions() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_nivcsw;
}

// A kernel with its arguments, in as many copies as keep them out of the caches where that is wanted.
class Prepared {
 public:
  explicit Prepared(const json& request)
      : chosen_(tools::choose(choice_of(request))), sizes_(sizes_of(request, chosen_.fixed)), kernel_(compiled()) {
    const RunOptions run{.threads = request.value("threads", 1)};
    const json files = request.at("files");
    for (int copy = 0; copy < request.value("copies", 1); ++copy) {
      std::vector<Tensor> tensors;
      std::vector<TensorView> views;
      for (const TensorArgument& argument : tensor_arguments(chosen_.fixed)) {
        tensors.push_back(argument.is_input ? read(files.at(argument.name), argument)
                                            : taken(Tensor(argument.dtype, shape_of(argument, sizes_)), argument.name));
        views.push_back(tensors.back().view());
      }
      kernel_.run(views, run, chosen_.run_params);
      if (copy == 0) write_outputs(files, views);
      calls_.push_back(kernel_.bind(views, run, chosen_.run_params));
      tensors_.push_back(std::move(tensors));
    }
  }

  json facts() const {
    json packed_arguments = json::array();
    for (const ArgumentSpec& argument : kernel_.signature().arguments) {
      if (!argument.digits.empty()) packed_arguments.push_back(argument.name);
    }
    const CompileStats stats = kernel_.stats();
    return {{"compile_ms", stats.total_ms},       {"lower_ms", stats.lower_ms},    {"code_bytes", stats.code_bytes},
            {"schedule", chosen_.schedule_label}, {"target", chosen_.target.name}, {"packed", packed_arguments}};
  }

  // With how often the system took the CPU away meanwhile. `first`: calls that are not timed, right before.
  json run(int calls, int first) {
    const auto call = [this] { calls_[turn_++ % calls_.size()](); };
    for (int i = 0; i < first; ++i) call();
    const int64_t before = preemptions();
    const double us = tuner::time_us(call, calls) / calls;
    return {{"us", us}, {"preempted", preemptions() - before}};
  }

  json check() const {
    const CheckOptions options{.seed = 1, .exact = false, .max_points = 1000, .strides = CheckStrides::dense};
    CheckData data = make_check_data(chosen_.fixed, sizes_, options);
    for (const auto& [name, value] : chosen_.run_params) data.bindings.params[name] = value;
    const PackedCall call(kernel_, data.bindings.tensors);
    kernel_.run(call.arguments(), {.threads = 1}, data.bindings.params);
    call.unpack_outputs();
    const CheckReport report = compare(chosen_.fixed, data, options);
    return {{"good", report.good}, {"max_error", report.largest_error}, {"first_difference", report.first_difference}};
  }

 private:
  // From nothing: what a cache holds would hide what compiling costs.
  Kernel compiled() const {
    CompileOptions options = chosen_.compile_options();
    options.cache = Cache::none;
    return compile(chosen_.op, options);
  }

  // The tensor, in the layout that the kernel takes: this is what is done beforehand.
  Tensor taken(const Tensor& tensor, const std::string& name) const {
    for (const ArgumentSpec& argument : kernel_.signature().arguments) {
      if (argument.name == name && !argument.digits.empty()) return kernel_.pack(name, tensor.view());
    }
    return tensor;
  }

  Tensor read(const std::string& path, const TensorArgument& argument) const {
    tools::Array array = tools::read_npy(path);
    if (is_packed(argument.dtype)) return taken(tools::packed(array, argument.dtype, path).storage, argument.name);
    return taken(array.storage, argument.name);
  }

  void write_outputs(const json& files, const std::vector<TensorView>& views) const {
    const std::vector<TensorArgument> arguments = tensor_arguments(chosen_.fixed);
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (!arguments[i].is_output || !files.contains(arguments[i].name)) continue;
      Tensor ordinary;
      TensorView view = views[i];
      if (!kernel_.signature().arguments[i].digits.empty()) {
        ordinary = Tensor(arguments[i].dtype, shape_of(arguments[i], sizes_));
        kernel_.unpack(arguments[i].name, views[i], ordinary.view());
        view = ordinary.view();
      }
      tools::write_npy(files.at(arguments[i].name), view);
    }
  }

  const tools::Chosen chosen_;
  const Sizes sizes_;
  const Kernel kernel_;
  std::vector<std::vector<Tensor>> tensors_;
  std::vector<std::function<void()>> calls_;
  size_t turn_ = 0;
};

json meter(const json& request) {
  const tools::Chosen chosen = tools::choose(choice_of(request));
  const Work work = count_work(chosen.fixed, sizes_of(request, chosen.fixed));
  const int threads = request.value("threads", 1);
  tools::MachineRates machine;
  for (Pipe pipe : tools::pipes_of(work))
    machine.instructions_per_ns[pipe] = measure_pipe_rate(pipe, chosen.target, threads);
  machine.bandwidth = measure_bandwidth(std::max<int64_t>(work.bytes * request.value("copies", 1), 4096), threads);
  const tools::Bound bound = tools::bound_of(work, machine, chosen.target);
  return {{"bound_us", bound.us},
          {"bound_by", bound.by},
          {"peak_gflops", machine.instructions_per_ns[Pipe::mul] * chosen.target.lanes(4) * 2},
          {"read_gbytes_per_s", machine.bandwidth.read},
          {"memcpy_gbytes_per_s", machine.bandwidth.memcpy_}};
}

json hello() {
  const Target& host = host_target();
  return {{"cpu", host.cpu},
          {"level", host.level},
          {"l1_bytes", host.l1_bytes},
          {"l2_bytes", host.l2_bytes},
          {"l3_bytes", host.l3_bytes}};
}

class Worker {
 public:
  json answer(const json& request) {
    const std::string wanted = request.at("do");
    if (wanted == "hello") return hello();
    if (wanted == "describe") return describe(request);
    if (wanted == "meter") return meter(request);
    if (wanted == "prepare") {
      prepared_.push_back(std::make_unique<Prepared>(request));
      json facts = prepared_.back()->facts();
      facts["handle"] = prepared_.size() - 1;
      return facts;
    }
    if (wanted == "drop") return prepared_.clear(), json::object();
    Prepared& one = *prepared_.at(request.at("handle").get<size_t>());
    if (wanted == "run") return one.run(request.value("calls", 1), request.value("before", 0));
    if (wanted == "check") return one.check();
    throw Error(
        ErrorCode::wrong_use,
        {.step = "bench worker", .what = "no such request", .got = wanted, .need = "one of those in bench/worker.cpp"});
  }

 private:
  std::vector<std::unique_ptr<Prepared>> prepared_;
};

}  // namespace
}  // namespace lathe::bench

int main() {
  lathe::bench::Worker worker;
  for (std::string line; std::getline(std::cin, line);) {
    nlohmann::json answer;
    try {
      answer = worker.answer(nlohmann::json::parse(line));
    } catch (const std::exception& e) {
      answer = {{"error", e.what()}};
    }
    std::cout << answer.dump() << std::endl;
  }
}
