#include "tests/fuzz/coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <sstream>

namespace lathe {
namespace {

constexpr std::string_view directive_names[] = {
#define LATHE_DIRECTIVE(name, signature, text) #name,
#include "schedules/directives.def"
#undef LATHE_DIRECTIVE
};
constexpr int directive_count = static_cast<int>(std::size(directive_names));

struct Impossible {
  std::string_view a, b, reason;
};
constexpr Impossible impossible[] = {
#define LATHE_IMPOSSIBLE(a, b, reason) {#a, #b, reason},
#include "tests/fuzz/impossible_pairs.def"
#undef LATHE_IMPOSSIBLE
    {"", "", ""},
};

bool is_impossible(const CoveragePair& pair) {
  const std::string a = name_of(pair.first), b = name_of(pair.second);
  return std::any_of(std::begin(impossible), std::end(impossible), [&](const Impossible& row) {
    return (row.a == a && row.b == b) || (!pair.second.is_construct && row.a == b && row.b == a);
  });
}

std::vector<CoveragePair> all_pairs() {
  std::vector<CoveragePair> pairs;
  for (int a = 0; a < directive_count; ++a) {
    for (int b = a; b < directive_count; ++b) pairs.push_back({{false, a}, {false, b}});
  }
  for (int a = 0; a < directive_count; ++a) {
    for (size_t c = 0; c < construct_count; ++c) pairs.push_back({{false, a}, {true, static_cast<int>(c)}});
  }
  return pairs;
}

// The Func of a part: "H.update2" is H's.
std::string owner_of(const Operator& op, const std::string& name) {
  for (const FuncContents& f : op.funcs) {
    if (name == f.name || name.starts_with(f.name + ".update")) return f.name;
  }
  return name;
}

bool reads(const FuncContents& func, const std::string& tensor) {
  bool found = false;
  for_each_value(func, [&](const Expr& v) {
    visit(v, [&](const Expr& e) { found = found || (e.kind() == ExprKind::access && e->name == tensor); });
  });
  return found;
}

// The nests that a directive shapes, by the names of their Funcs.
std::set<std::string> nests_of(const Directive& d, const Operator& op, const std::vector<Directive>& all) {
  std::set<std::string> nests{owner_of(op, d.func)};
  if (!d.target.empty()) nests.insert(owner_of(op, d.target));
  for (const Directive& s : all) {
    if (s.kind == DirectiveKind::stage_at && (s.func == d.func || (!s.name.empty() && s.name == d.func))) nests.insert(s.target);
  }
  const bool read_elsewhere = d.kind == DirectiveKind::compute_inline || d.kind == DirectiveKind::compute_root ||
                              d.kind == DirectiveKind::free_layout || d.kind == DirectiveKind::constant || d.kind == DirectiveKind::layout;
  if (read_elsewhere) {
    for (const FuncContents& f : op.funcs) if (reads(f, d.func)) nests.insert(f.name);
  }
  return nests;
}

bool meet(const std::set<std::string>& a, const std::set<std::string>& b) {
  return std::any_of(a.begin(), a.end(), [&](const std::string& name) { return b.count(name) > 0; });
}

constexpr std::string_view statements[] = {"block", "let", "loop", "branch", "alloc", "store", "prefetch", "trace", "call"};
constexpr std::string_view loops[] = {"serial", "parallel", "vector", "unroll"};
constexpr std::string_view spaces[] = {"argument", "heap", "stack", "registers"};
constexpr std::string_view requests[] = {"read", "soon", "write"};
constexpr std::string_view expressions[] = {"constant", "var", "op", "cast", "access", "reduce", "ramp", "broadcast", "instruction"};

// Everything that should be seen at least once.
std::vector<std::string> wanted_terms() {
  std::vector<std::string> terms;
  for (std::string_view d : directive_names) terms.push_back(fmt::format("directive {}", d));
  for (size_t c = 0; c < construct_count; ++c) terms.push_back(fmt::format("construct {}", name_of(static_cast<Construct>(c))));
#define LATHE_OP(name, text, arity, form, operands, result, pipe, meaning) terms.push_back("op " #name);
#include "lang/ops.def"
#undef LATHE_OP
#define LATHE_DTYPE(name, text, bits, kind, role) terms.push_back("dtype " text);
#include "support/dtypes.def"
#undef LATHE_DTYPE
  for (std::string_view s : statements) terms.push_back(fmt::format("statement {}", s));
  for (std::string_view s : loops) terms.push_back(fmt::format("loop {}", s));
  for (std::string_view s : spaces) if (s != "argument") terms.push_back(fmt::format("space {}", s));
  for (std::string_view s : requests) terms.push_back(fmt::format("request {}", s));
  for (std::string_view s : expressions) if (s != "reduce") terms.push_back(fmt::format("expression {}", s));
  for (const char* s : {"masked load", "masked store", "streaming store", "loop that is parallel under a condition"}) terms.push_back(s);
  return terms;
}

}  // namespace

std::string name_of(const CoverageItem& item) {
  return std::string(item.is_construct ? name_of(static_cast<Construct>(item.number)) : directive_names[item.number]);
}

const std::vector<CoveragePair>& wanted_pairs() {
  static const std::vector<CoveragePair> pairs = [] {
    std::vector<CoveragePair> list = all_pairs();
    std::erase_if(list, is_impossible);
    return list;
  }();
  return pairs;
}

void Coverage::add_terms(const Operator& op) {
  const Constructs constructs = constructs_of(op);
  for (size_t c = 0; c < construct_count; ++c) {
    if (constructs[c]) seen_.insert(fmt::format("construct {}", name_of(static_cast<Construct>(c))));
  }
  for (const InputDecl& in : op.inputs) seen_.insert(fmt::format("dtype {}", name_of(in.dtype)));
  for (const FuncContents& f : op.funcs) {
    for_each_value(f, [&](const Expr& v) {
      visit(v, [&](const Expr& e) {
        if (e.kind() == ExprKind::op) seen_.insert(fmt::format("op {}", info_of(e->op).name));
      });
    });
  }
}

void Coverage::add(const Operator& op, const Schedule& schedule) {
  add_terms(op);
  std::vector<Directive> all = schedule.directives;
  for (const Specialization& s : schedule.specializations) all.insert(all.end(), s.directives.begin(), s.directives.end());
  std::vector<std::set<std::string>> nests;
  for (const Directive& d : all) nests.push_back(nests_of(d, op, all));
  std::map<std::string, Constructs> constructs;
  for (const FuncContents& f : op.funcs) constructs[f.name] = constructs_of(op, f);
  for (size_t i = 0; i < all.size(); ++i) {
    const CoverageItem mine = item_of(all[i].kind);
    seen_.insert(fmt::format("directive {}", name_of(mine)));
    for (size_t j = 0; j < i; ++j) {
      if (meet(nests[i], nests[j])) pairs_.insert(std::minmax(mine, item_of(all[j].kind)));
    }
    for (const std::string& nest : nests[i]) {
      for (size_t c = 0; c < construct_count; ++c) {
        if (constructs[nest][c]) pairs_.insert({mine, {true, static_cast<int>(c)}});
      }
    }
  }
}

void Coverage::add(const ir::Program& program) {
  const auto see = [&](const char* kind, std::string_view name) { seen_.insert(fmt::format("{} {}", kind, name)); };
  for (const ir::Function& f : program.functions) {
    ir::visit(
        f.body,
        [&](const ir::StmtNode& s) {
          see("statement", statements[static_cast<size_t>(s.kind)]);
          if (s.kind == ir::StmtKind::loop) {
            see("loop", loops[static_cast<size_t>(s.loop)]);
            if (s.values.size() > 2) seen_.insert("loop that is parallel under a condition");
          }
          if (s.kind == ir::StmtKind::alloc) see("space", spaces[static_cast<size_t>(s.space)]);
          if (s.kind == ir::StmtKind::prefetch) see("request", requests[static_cast<size_t>(s.request)]);
          if (s.mask.defined()) seen_.insert("masked store");
          if (s.streaming.defined()) seen_.insert("streaming store");
        },
        [&](const Expr& whole) {
          visit(whole, [&](const Expr& e) {
            see("expression", expressions[static_cast<size_t>(e.kind())]);
            if (e->mask.defined()) seen_.insert("masked load");
          });
        });
  }
}

void Coverage::merge(const Coverage& other) {
  pairs_.insert(other.pairs_.begin(), other.pairs_.end());
  seen_.insert(other.seen_.begin(), other.seen_.end());
}

Coverage Coverage::without(const Coverage& other) const {
  Coverage rest;
  for (const CoveragePair& pair : pairs_) if (!other.has(pair)) rest.pairs_.insert(pair);
  for (const std::string& term : seen_) if (!other.seen_.count(term)) rest.seen_.insert(term);
  return rest;
}

std::string Coverage::text() const {
  std::string text;
  for (const auto& [a, b] : pairs_) text += fmt::format("{} {} {};", a.number, static_cast<int>(b.is_construct), b.number);
  text += "|";
  for (const std::string& term : seen_) text += term + ";";
  return text;
}

Coverage Coverage::from(const std::string& text) {
  Coverage coverage;
  std::istringstream pairs(text.substr(0, text.find('|'))), terms(text.substr(text.find('|') + 1));
  for (std::string one; std::getline(pairs, one, ';');) {
    std::istringstream numbers(one);
    CoveragePair pair;
    numbers >> pair.first.number >> pair.second.is_construct >> pair.second.number;
    coverage.pairs_.insert(pair);
  }
  for (std::string one; std::getline(terms, one, ';');) coverage.seen_.insert(one);
  return coverage;
}

std::vector<CoveragePair> Coverage::missing() const {
  std::vector<CoveragePair> pairs = wanted_pairs();
  std::erase_if(pairs, [&](const CoveragePair& pair) { return has(pair); });
  return pairs;
}

std::vector<std::string> Coverage::gaps() const {
  std::vector<std::string> lines;
  for (const std::string& term : wanted_terms()) if (!seen_.count(term)) lines.push_back(term);
  for (const auto& [a, b] : missing()) lines.push_back(fmt::format("{} with {}", name_of(a), name_of(b)));
  for (const CoveragePair& pair : pairs_) {
    if (is_impossible(pair)) {
      lines.push_back(fmt::format("{} with {} is listed as impossible, and was met", name_of(pair.first), name_of(pair.second)));
    }
  }
  return lines;
}

std::string Coverage::summary() const {
  size_t terms = 0;
  const std::vector<std::string> wanted = wanted_terms();
  for (const std::string& term : wanted) terms += seen_.count(term);
  const size_t listed = all_pairs().size() - wanted_pairs().size();
  return fmt::format("coverage: {} of {} kinds, {} of {} pairs; {} pairs are impossible", terms, wanted.size(),
                     wanted_pairs().size() - missing().size(), wanted_pairs().size(), listed);
}

}  // namespace lathe
