// Ten ways to lose speed, each planted in one line of the corpus, and each reported with the count that it raises. They
// are planted from outside: another schedule, another target, a pass left out, a program changed between two passes.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/loops/compare.h"
#include "jit/codegen/codegen.h"
#include "jit/passes/pipeline.h"
#include "tests/loops/corpus.h"

namespace lathe::test {
namespace {

struct Slowdown {
  const char* name;
  CorpusLine line;
  const char* count;  // that must be among the reasons
  std::function<void(Job&)> spoil_job = {};
  std::vector<std::string_view> left_out = {};  // passes
  std::function<ir::Program(ir::Program)> spoil_program = {};
  std::string_view spoilt_after = "lower";  // the pass behind which the program is changed
};

ir::Program spoilt_program(const Slowdown& s, const Job& job) {
  ir::Program program = compile_to_ir(job.op, job.options, "lower");
  if (s.spoil_program && s.spoilt_after == "lower") program = s.spoil_program(std::move(program));
  for (const Pass& pass : pipeline()) {
    const bool runs = std::find(s.left_out.begin(), s.left_out.end(), pass.name) == s.left_out.end();
    if (runs) program = pass.run(program, *job.options.target);
    if (s.spoil_program && pass.name == s.spoilt_after) program = s.spoil_program(std::move(program));
  }
  return program;
}

std::vector<loops::Worse> found(const Slowdown& s) {
  Job job = job_of(s.line);
  if (s.spoil_job) s.spoil_job(job);
  const std::string assembly = assembly_text(spoilt_program(s, job), *job.options.target);
  return loops::what_got_worse(golden_case(s.line.name(), s.line.target), loops::hot_loops(s.line.name(), assembly),
                               target_named(s.line.target));
}

bool names(const std::vector<loops::Worse>& worse, const std::string& count) {
  for (const loops::Worse& w : worse) {
    for (const std::string& reason : w.reasons) {
      if (reason.starts_with(count + ":")) return true;
    }
  }
  return false;
}

// A target description that is wrong about the machine, for the schedule and the passes; its instructions stay what
// they are.
void misjudge(Job& job, const std::function<void(Target&)>& change) {
  change(*job.options.target);
  job.options.schedule.reset();
  job.options.schedule = constructed_schedule(job.op, job.options);
}

void without(Job& job, DirectiveKind kind) {
  auto erase = [&](std::vector<Directive>& all) {
    std::erase_if(all, [&](const Directive& d) { return d.kind == kind; });
  };
  erase(job.options.schedule->directives);
  for (Specialization& s : job.options.schedule->specializations) erase(s.directives);
}

// Every block of a split as short as one vector.
void in_short_blocks(Job& job) {
  for (Directive& d : job.options.schedule->directives) {
    if (d.kind == DirectiveKind::split) d.value = make_integer(DType::i64, job.options.target->lanes(4));
  }
}

Expr renamed(const Expr& access, const std::string& buffer) {
  ExprNode node = *access.get();
  node.name = buffer;
  return make_access(node);
}

ir::Program with_changed_nodes(ir::Program program,
                               const std::function<Expr(const ir::Function&, const Expr&)>& change) {
  for (ir::Function& f : program.functions) {
    const auto in_whole = [&](const Expr& e) {
      return transform(e, [&](const Expr& part) { return change(f, part); });
    };
    f.body = ir::transform(f.body, [](const ir::Stmt& s) { return s; }, in_whole);
  }
  return program;
}

// Arguments read under the name of a result, as if the two could overlap: a store ends the life of what was read.
ir::Program with_overlaps(ir::Program program) {
  return with_changed_nodes(std::move(program), [](const ir::Function& f, const Expr& e) {
    if (e.kind() != ExprKind::access) return e;
    const auto named = [&](const ir::Buffer& b) { return b.name == e->name && b.read_only; };
    const auto result = [&](const ir::Buffer& b) { return !b.read_only && b.dtype == e.type().dtype; };
    const auto to = std::find_if(f.buffers.begin(), f.buffers.end(), result);
    if (std::none_of(f.buffers.begin(), f.buffers.end(), named) || to == f.buffers.end()) return e;
    return renamed(e, to->name);
  });
}

// Divided by, where it could be multiplied with the reciprocal.
ir::Program with_divisions(ir::Program program) {
  return with_changed_nodes(std::move(program), [](const ir::Function&, const Expr& e) {
    const bool is_product = e.kind() == ExprKind::op && e->op == Op::mul && is_float(e.type().dtype);
    return is_product ? make_op(Op::div, {e.arg(0), e.arg(1)}) : e;
  });
}

// Loops over lanes of which some are off, one element after the other.
ir::Program with_scalar_tails(ir::Program program) {
  const auto change = [](const ir::Stmt& s) {
    bool masked = false;
    ir::visit(s, [&](const ir::StmtNode& part) {
      masked = masked || (part.kind == ir::StmtKind::store && part.mask.defined());
    });
    if (s->kind != ir::StmtKind::loop || s->loop != ir::LoopKind::vector || !masked) return s;
    auto serial = std::make_shared<ir::StmtNode>(*s);
    serial->loop = ir::LoopKind::serial;
    return ir::Stmt(std::move(serial));
  };
  for (ir::Function& f : program.functions) f.body = ir::transform(f.body, change);
  return program;
}

}  // namespace

TEST_CASE("ten ways to lose speed are found") {
  const std::string v3 = "x86-64-v3", v4 = "x86-64-v4";
  const Slowdown slowdowns[] = {
      {.name = "spill",
       .line = {"dense", "constructed", v3},
       .count = "spills",
       .spoil_job = [](Job& job) { misjudge(job, [](Target& t) { t.vector_registers = 32; }); }},
      {.name = "extra load",
       .line = {"cumulative_sum", "constructed", v3},
       .count = "loads",
       .left_out = {"carry_values"}},
      {.name = "lost FMA",
       .line = {"gemv", "constructed", v3},
       .count = "arithmetic instructions",
       .left_out = {"contract"}},
      {.name = "narrow vector",
       .line = {"axpby", "constructed", v4},
       .count = "bytes of vectors",
       .spoil_job = [](Job& job) { misjudge(job, [](Target& t) { t.vector_bytes = 32; }); }},
      {.name = "division in the loop",
       .line = {"axpby", "constructed", v4},
       .count = "divisions",
       .spoil_program = with_divisions,
       .spoilt_after = "tidy"},
      {.name = "lost alias information",
       .line = {"matmul", "author", v3},
       .count = "loads",
       .spoil_program = with_overlaps,
       .spoilt_after = "tidy"},
      {.name = "scalar tail",
       .line = {"axpby", "constructed", v4},
       .count = "scalar operations",
       .spoil_program = with_scalar_tails},
      {.name = "lost unroll", .line = {"sum_cols", "constructed", v3}, .count = "cycles", .spoil_job = in_short_blocks},
      {.name = "lost streaming store",
       .line = {"blur3x3", "author", v3},
       .count = "streaming stores",
       .spoil_job = [](Job& job) { without(job, DirectiveKind::stream); }},
      {.name = "lost outlining",
       .line = {"conv", "constructed", v3},
       .count = "instructions in all",
       .left_out = {"outline_units", "outline_repeats"}},
  };
  for (const Slowdown& s : slowdowns) {
    const std::vector<loops::Worse> worse = found(s);
    std::string all;
    for (const loops::Worse& w : worse) all += w.text();
    CHECK_MESSAGE(names(worse, s.count), std::string(s.name) << " raises the " << std::string(s.count) << "; found:\n"
                                                             << all);
  }
}

}  // namespace lathe::test
