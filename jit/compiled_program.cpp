#include "jit/compiled_program.h"

#include <mutex>
#include <unordered_map>

#include "jit/runtime/content_key.h"
#include "jit/runtime/disk_cache.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "support/bytes.h"

namespace lathe {

namespace {

struct Table {
  std::mutex mutex;
  std::unordered_map<std::string, std::weak_ptr<const CompiledProgram>> programs;
};

Table& table() {
  static auto* const one = new Table;  // never freed: threads may outlive static objects
  return *one;
}

CompiledProgramPtr in_memory(const std::string& key) {
  std::lock_guard lock(table().mutex);
  auto found = table().programs.find(key);
  return found == table().programs.end() ? nullptr : found->second.lock();
}

void keep_in_memory(const std::string& key, const CompiledProgramPtr& program) {
  constexpr size_t sweep_size = 256;  // keys are texts: those of dead programs are not kept for long
  std::lock_guard lock(table().mutex);
  auto& programs = table().programs;
  if (programs.size() % sweep_size == sweep_size - 1) {
    std::erase_if(programs, [](const auto& entry) { return entry.second.expired(); });
  }
  programs[key] = program;
}

void write(ByteWriter& out, const SizeFormula& formula) {
  out.text(formula.text);
  out.number(formula.steps.size());
  for (const SizeFormula::Step& step : formula.steps) {
    out.number(static_cast<int64_t>(step.code));
    out.number(step.value);
  }
}

SizeFormula read_formula(ByteReader& in) {
  SizeFormula formula;
  formula.text = in.text();
  for (uint64_t i = 0, n = in.number(); i < n && in.good(); ++i) {
    const auto code = in.number<SizeFormula::Code>();
    formula.steps.push_back({code, in.number<int64_t>()});
  }
  return formula;
}

void write(ByteWriter& out, const Lowered& entry) {
  out.number(entry.params.size());
  for (const BoundParam& p : entry.params) {
    out.text(p.name);
    for (int64_t value : {p.value, p.lowest, p.highest}) out.number(value);
  }
  out.number(entry.layouts.size());
  for (const auto& [tensor, layout] : entry.layouts) {
    out.text(tensor);
    out.number(layout.size());
    for (const LayoutDigit& digit : layout) {
      out.number(digit.dimension);
      for (int64_t value : {digit.divisor, digit.modulus}) out.number(value);
    }
  }
}

Lowered read_entry(ByteReader& in) {
  Lowered entry;
  for (uint64_t i = 0, n = in.number(); i < n && in.good(); ++i) {
    std::string name = in.text();
    const auto value = in.number<int64_t>(), lowest = in.number<int64_t>(), highest = in.number<int64_t>();
    entry.params.push_back({std::move(name), value, lowest, highest});
  }
  for (uint64_t i = 0, n = in.number(); i < n && in.good(); ++i) {
    Layout& layout = entry.layouts[in.text()];
    for (uint64_t d = 0, digits = in.number(); d < digits && in.good(); ++d) {
      const auto dimension = in.number<size_t>();
      const auto divisor = in.number<int64_t>(), modulus = in.number<int64_t>();
      layout.push_back({dimension, divisor, modulus});
    }
  }
  return entry;
}

std::string written(const CompiledProgram& program) {
  ByteWriter out;
  write(out, program.entry);
  for (int64_t count : {program.made.code_bytes, int64_t{program.made.variants}, int64_t{program.made.units},
                        program.made.ir_instructions, int64_t{program.has_conditions}}) {
    out.number(count);
  }
  write(out, program.scratch.outside);
  write(out, program.scratch.inside);
  return out.take() + stored_form(program.code);
}

// Null where it cannot be used, whatever the reason: compiling will tell.
CompiledProgramPtr read(std::string_view bytes, const Target& target) try {
  ByteReader in(bytes);
  auto program = std::make_shared<CompiledProgram>();
  program->entry = read_entry(in);
  program->made.code_bytes = in.number<int64_t>();
  program->made.variants = in.number<int>();
  program->made.units = in.number<int>();
  program->made.ir_instructions = in.number<int64_t>();
  program->has_conditions = in.number<int>() != 0;
  program->scratch.outside = read_formula(in);
  program->scratch.inside = read_formula(in);
  std::optional<LoadedProgram> code = load_stored(in.rest(), target);
  if (!code) return nullptr;
  program->code = std::move(*code);
  return program;
} catch (const Error&) {
  return nullptr;
}

}  // namespace

std::string program_key(const Operator& op, const Schedule* schedule, const Target& target) {
  return maker_text() + key_text(target) + print(op) + (schedule ? print(*schedule) : "");
}

CompiledProgramPtr find_program(const std::string& key, const Target& target, Cache cache, CacheHit& hit) {
  hit = CacheHit::miss;
  if (cache == Cache::none) return nullptr;
  CompiledProgramPtr program = in_memory(key);
  if (program) hit = CacheHit::memory;
  DiskCache* disk = !program && cache == Cache::disk ? disk_cache() : nullptr;
  const std::optional<std::string> bytes = disk ? disk->find(key) : std::nullopt;
  if (!bytes) return program;
  program = read(*bytes, target);
  if (!program) return nullptr;
  hit = CacheHit::disk;
  keep_in_memory(key, program);
  return program;
}

void keep_program(const std::string& key, const CompiledProgramPtr& program, Cache cache) {
  if (cache == Cache::none) return;
  keep_in_memory(key, program);
  if (cache == Cache::disk && disk_cache()) disk_cache()->store(key, written(*program));
}

}  // namespace lathe
