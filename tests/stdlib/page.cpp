// docs/stdlib.md is made of the comments above the operators in stdlib/*.lathe, of their signatures, and
// of the times that ./dev bench stdlib last wrote to bench/results/stdlib.txt. With LATHE_UPDATE=1 the page is rewritten
// instead.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "lang/text.h"
#include "stdlib/library.h"
#include "support/environment.h"
#include "tests/source_dir.h"

namespace lathe {
namespace {

constexpr const char* labels[] = {"cost", "bound", "error", "edges", "source"};

// The comment above an operator:
//   # NAME: what it computes
//   #   its formula, over several lines
//   #   cost: ... and the other labels, one or more lines each
struct Block {
  std::string file, formula;
  std::map<std::string, std::string> parts;
};

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Where a line of a block belongs: a label that it begins with is taken off.
std::string label_of(std::string& line) {
  for (const char* label : labels) {
    const std::string start = std::string(label) + ": ";
    if (line.rfind(start, 0) != 0) continue;
    line = line.substr(start.size());
    return label;
  }
  return "";
}

void add_line(std::string& text, const std::string& line) { text += (text.empty() ? "" : " ") + line; }

Block block_of(const std::string& file, const std::string& name, const std::vector<std::string>& comment) {
  Block block{file, "", {}};
  std::string* text = &block.formula;
  for (size_t i = 0; i < comment.size(); ++i) {
    std::string line = comment[i].substr(std::min(comment[i].size(), comment[i].find_first_not_of("# ")));
    if (i == 0) {
      REQUIRE_MESSAGE(line.rfind(name + ": ", 0) == 0, "the comment above " << name << " does not begin with its name");
      continue;
    } else if (const std::string label = label_of(line); !label.empty()) {
      text = &block.parts[label];
    }
    add_line(*text, line);
  }
  return block;
}

// A file of the library: what stands at its head, and the blocks of its operators.
struct Page {
  SourceFile file;
  std::string head;
  std::map<std::string, Block> blocks;
};

Page page_of(const std::string& stem) {
  const std::string path = fmt::format("{}/stdlib/{}.lathe", source_dir(), stem);
  Page page{read_lathe_file(path), "", {}};
  const auto lines = lines_of(path);
  std::vector<std::string> comment;
  for (const std::string& line : lines) {
    if (line.rfind("#", 0) == 0) {
      comment.push_back(line);
      continue;
    }
    if (page.head.empty() && line.empty()) {
      for (const std::string& part : comment) {
        if (part == "#") break;  // what follows is about schedules
        add_line(page.head, part.substr(2));
      }
    }
    const size_t bracket = line.find('(');
    if (!line.empty() && line[0] != ' ' && bracket != std::string::npos && line.find("->") != std::string::npos) {
      const std::string name = line.substr(0, bracket);
      page.blocks[name] = block_of(stem, name, comment);
    }
    comment.clear();
  }
  return page;
}

// Times of the library on one machine.
struct Times {
  std::map<std::string, std::string> head;                  // "machine", "date", "lathe", "load"
  std::map<std::string, std::string> zero_shot;             // by operator: "0.83 at M=512,N=512,K=512"
};

// "# machine: ..." and lines of operator, sizes, microseconds, those of the bound, what bounds, fraction, between tabs.
Times times_of(const std::string& path) {
  Times times;
  for (const std::string& line : lines_of(path)) {
    if (const size_t colon = line.find(": "); line.rfind("# ", 0) == 0 && colon != std::string::npos) {
      times.head[line.substr(2, colon - 2)] = line.substr(colon + 2);
      continue;
    }
    std::vector<std::string> fields(1);
    for (char c : line) {
      if (c == '\t')
        fields.emplace_back();
      else
        fields.back() += c;
    }
    if (fields.size() == 6) times.zero_shot[fields[0]] = fmt::format("{:.2f} at {}", std::stod(fields[5]), fields[1]);
  }
  return times;
}

std::string escaped(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '|' || c == '*') out += '\\';
    out += c;
  }
  return out;
}

// "(X: f32[M, N]) -> Y: f32[M, N]", as the operator's text form has it.
std::string signature_of(const SourceFile& file, std::string_view name) {
  const GenericOperator* generic = file.find_generic(name);
  const std::string text = generic ? generic->header : print(find_operator(file, std::string(name)));
  return text.substr(name.size(), text.find('\n') - name.size());
}

// Something is computed, and not only moved or chosen.
bool computes(const Operator& op) {
  return std::any_of(op.funcs.begin(), op.funcs.end(), [](const FuncContents& f) {
    const bool moves = std::all_of(f.values.begin(), f.values.end(), [](const Expr& value) {
      return value.kind() == ExprKind::access || (value.kind() == ExprKind::op && value->op == Op::select);
    });
    return f.is_reduction() || !f.updates.empty() || !moves;
  });
}

// What every block has to say: the work where there is some, the bytes, what bounds both, the error, and what counts outside.
void check_block(const std::string& name, const Operator& op, const Block& block) {
  CHECK_MESSAGE(!block.formula.empty(), name << " has no formula");
  for (const char* part : {"cost", "bound", "error"}) {
    CHECK_MESSAGE(block.parts.contains(part), name << " says nothing of its " << part);
  }
  const std::string cost = block.parts.contains("cost") ? block.parts.at("cost") : "";
  CHECK_MESSAGE(cost.ends_with(" bytes"), name << " does not end its cost with bytes");
  CHECK_MESSAGE((!computes(op) || cost.find("; ") != std::string::npos), name << " does not say how many operations it takes");
  CHECK_MESSAGE((print(op).find(" outside ") == std::string::npos || block.parts.contains("edges")),
                name << " does not say what counts outside");
}

std::string row_of(const stdlib::LibraryOperator& row, const SourceFile& file, const Block& block, const Times& times) {
  check_block(std::string(row.name), row.algorithm(), block);
  const auto part = [&](const char* label, const char* before) {
    const auto found = block.parts.find(label);
    return found == block.parts.end() ? "" : before + found->second;
  };
  const auto measured = times.zero_shot.find(std::string(row.name));
  return fmt::format("| `{}` | {}: {}{}{} | `{}` | {} | {} | {} | {} |\n", row.name, row.text, escaped(block.formula),
                     escaped(part("edges", ". Edges: ")), escaped(part("source", ". ")),
                     escaped(signature_of(file, row.name)), escaped(part("cost", "")), escaped(part("error", "")),
                     escaped(part("bound", "")), measured == times.zero_shot.end() ? "-" : measured->second);
}

constexpr const char* introduction = R"(# The standard library

Made of the comments in `stdlib/*.lathe` by `tests/stdlib/page.cpp`.

Each operator is a formula, without a word of how it is computed: `stdlib:NAME` on the command line, `stdlib::NAME()` in C++.

```
lathe run stdlib:softmax --in X=x.npy --out Y=y.npy
lathe run stdlib:softmax --in X=x64.npy --out Y=y64.npy --set dtype=f64
lathe run stdlib:conv --in X=x.npy --in F=f.npy --out Y=y.npy --set stride=2
lathe run 'einsum:bij,bjk->bik' --in left=a.npy --in right=b.npy --out result=c.npy
```

Names in brackets are sizes, of any value unless `lathe list` says otherwise; what stands behind a semicolon is set by `--set`. So is
the element type `dtype`: `floats` are f32 and f64, `integers` all from i8 to u64, `numbers` both, `any` also bool, f16 and bf16
([language.md](language.md#generic-operators)); in C++ `stdlib::softmax(f64)`. Where an operator has fewer dimensions than the data, see
the data in another shape. `einsum:` and `broadcast:` build products, transposes, sums and broadcasts of any rank from their indices
([stdlib/einsum.h](../stdlib/einsum.h)).

- *Error bounds*: u = 2^-24 in f32, 2^-53 in f64; integers wrap. Every operator is held to its bound, in each type that it admits,
  against loops in another arithmetic, by `tests/operators/`: at sizes of 0, 1, primes and beside tiles, at 96 x 96 and 1280 x 720
  where there are two dimensions, with strides, and with NaN, infinities, zeros of both signs and denormals where they have a
  meaning. "4 times that of a loop" is an upper bound of the errors of a loop in the same type, and four times the largest that it has.
  The bound is the operator's numeric class: 1, that of its definition, unless it names another, a factor of the definition's bound.
- *Bounded by*: what a perfect schedule would wait for. Memory: `cost` names the bytes that must move at least once, in the default
  type.
)";

std::string introduction_of(const Times& times) {
  const auto head = [&](const char* name) { return times.head.contains(name) ? times.head.at(name) : "unknown"; };
  return introduction +
         fmt::format("- *Zero-shot*: the fraction of that bound that the constructed kernel reaches on one thread. \"-\": not measured.\n"
                     "  Above 1: the bound counts what the kernel does not do, such as rows of a table that no word names, or a division for\n"
                     "  each element that became one for each row. Measured on {};\n"
                     "  Lathe {}, {}, load {}. `./dev bench stdlib` measures\n"
                     "  anew, for [bench/results/stdlib.txt](../bench/results/stdlib.txt).\n",
                     head("machine"), head("lathe"), head("date"), head("load"));
}

}  // namespace

TEST_CASE("docs/stdlib.md says what the comments of the library say") {
  std::map<std::string, std::string> stem_of;
  std::map<std::string, Page> pages;
  for (const auto& entry : std::filesystem::directory_iterator(source_dir() + "/stdlib")) {
    if (entry.path().extension() != ".lathe") continue;
    const std::string stem = entry.path().stem().string();
    for (const auto& [name, block] : (pages[stem] = page_of(stem)).blocks) stem_of[name] = stem;
  }
  const Times times = times_of(source_dir() + "/bench/results/stdlib.txt");
  std::string text = introduction_of(times), last;
  for (const stdlib::LibraryOperator& row : stdlib::operators()) {
    const std::string stem = stem_of[std::string(row.name)];
    REQUIRE_MESSAGE(!stem.empty(), "no comment of " << std::string(row.name));
    if (stem != last) {
      text += fmt::format("\n## [{0}](../stdlib/{0}.lathe)\n\n{1}\n\n", stem, escaped(pages[stem].head));
      text +=
          "| operator | what it computes | arguments | cost | error bound | bounded by | zero-shot |\n"
          "|---|---|---|---|---|---|---|\n";
    }
    text += row_of(row, pages[stem].file, pages[stem].blocks.at(std::string(row.name)), times);
    last = stem;
  }
  const std::string path = source_dir() + "/docs/stdlib.md";
  if (is_on(Setting::update)) {
    std::ofstream(path) << text;
    return;
  }
  std::ifstream in(path);
  std::stringstream page;
  page << in.rdbuf();
  CHECK_MESSAGE(page.str() == text,
                "docs/stdlib.md is old: LATHE_UPDATE=1 build/release/tests/test_stdlib rewrites it");
}

}  // namespace lathe
