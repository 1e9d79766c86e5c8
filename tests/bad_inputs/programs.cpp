// What a program in C++ can do wrong with the library's objects, and files that are not what they should be: each is answered
// with code and words, and where an author wrote something, with that line of this file.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <functional>
#include <limits>
#include <sstream>

#include "jit/compile.h"
#include "jit/ir/text.h"
#include "jit/runtime/host.h"
#include "lang/func.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "tests/bad_inputs/kinds.h"
#include "tests/errors.h"
#include "tests/source_dir.h"
#include "tests/tools/helpers.h"
#include "tools/npy.h"

namespace lathe {
namespace {

struct BadProgram {
  std::string kind;
  std::function<void()> use;
  std::string answer;                                       // code and text, without the place in this file
  std::string blamed = "";                                  // stands in the line of this file that is blamed; "": none is
};

// Names that cases share.
const char* const one_row = "f(X: f32[N]; s = 2, p: f32 = 1) -> Y: f32[N]\n  Y[i] = X[i] * p + f32(s)\n";

Operator scaled() { return parse_file_text(one_row, "f.lathe").operators.at(0); }

void parse(const std::string& text) { parse_file_text(text, "bad.lathe"); }

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

std::string definitions(int count) {
  std::string lines;
  for (int n = 0; n < count; ++n) lines += fmt::format("  F{}[i] = X[i]\n", n);
  return lines;
}

void read_npy_bytes(const std::string& bytes) {
  tools::TemporaryFolder folder;
  folder.write("in.npy", bytes);
  tools::read_npy(folder.path("in.npy"));
}

std::string npy(const std::string& header, const std::string& data) {
  return std::string("\x93NUMPY\x01\0", 8) + static_cast<char>(header.size()) + std::string(1, '\0') + header + data;
}

std::string description_with(const std::string& from, const std::string& to) {
  std::ifstream in(source_dir() + "/targets/x86-64-v3.toml");
  std::stringstream text;
  text << in.rdbuf();
  std::string s = text.str();
  return s.replace(s.find(from), from.size(), to);
}

void parse_ir(const std::string& body) {
  ir::parse_program("program p\nentry main(X: f32 readonly, Y: f32; n: i64) {\n" + body + "\n}\n", "bad.ir");
}

Kernel kernel_with_param() {
  const Operator op = scaled();
  const std::string text = "schedule for f\nparam block = 8 in 4..64\nY.split(i, io, ii, block)\n";
  return compile(op, {.schedule = parse_schedule({text, {"f.lathe", 3, 1}}, op), .target = target_named("x86-64-v2")});
}

std::vector<BadProgram> cases();

// The text without names of folders and without the line "  at .../programs.cpp:12", and the number 12; 0 where there is none.
std::pair<std::string, int> without_place(const std::string& answer) {
  std::istringstream lines(answer);
  std::string text;
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    if (const size_t slash = line.find("/in.npy"), begin = line.find("npy: ") + 5; slash != std::string::npos) {
      line.erase(begin, slash + 1 - begin);
    }
    size_t at = line.find("programs.cpp:");
    if (const size_t first = line.find("first is at "); first != std::string::npos && at != std::string::npos) {
      line.replace(first + 12, line.find(';') - first - 12, "...");
      at = std::string::npos;
    }
    if (line.rfind("  at ", 0) == 0 && at != std::string::npos) {
      number = std::stoi(line.substr(at + 13));
    } else {
      text += (text.empty() ? "" : "\n") + line;
    }
  }
  return {text, number};
}

std::string own_line(int number) {
  std::ifstream in(source_dir() + "/tests/bad_inputs/programs.cpp");
  std::string line;
  for (int i = 0; i < number; ++i) std::getline(in, line);
  return line;
}

}  // namespace

std::vector<BadInput> bad_programs() {
  std::vector<BadInput> list;
  for (const BadProgram& bad : cases()) list.push_back({bad.kind, "", bad.answer});
  return list;
}

TEST_CASE("bad programs and files are answered with code, words and place") {
  for (const BadProgram& bad : cases()) {
    const auto [answer, line] = without_place(error_of(bad.use));
    CHECK_MESSAGE(answer == bad.answer, bad.kind);
    CHECK_MESSAGE((line > 0) == !bad.blamed.empty(), bad.kind << "\n" << answer);
    if (line > 0) CHECK_MESSAGE(own_line(line).find(bad.blamed) != std::string::npos, bad.kind << ": " << own_line(line));
  }
}

namespace {

std::vector<BadProgram> cases() {
  const Var i("i"), j("j");
  const Size N("N");
  const Input X("X", f32, {N});
  return {
      {"definition in C++", [=] { Func F("F"); F(i) = X(i); F(i) = X(i) + 1; },
       "L103 lathe: algorithm: F is defined twice: got a second definition, need one definition\n"
       "  hint: the first is at ...; over(domain, F(...)) = ... updates it", "F(i) = X(i) + 1"},
      {"definition in C++", [=] { Func F("F"); F(i + 1) = X(i); },
       "L110 lathe: algorithm: the indices that define F: got an expression, need distinct Vars", "F(i + 1)"},
      {"definition in C++", [=] { Func F("F"), G("G"); F(i) = G(i) + X(i); },
       "L110 lathe: algorithm: G is read: got no definition, need a definition before the first read", "G(i)"},
      {"definition in C++", [=] { Func F("F"); F(i) = Expr(); },
       "L110 lathe: algorithm: F has no value: got an empty expression, need a value", "F(i) = Expr()"},
      {"definition in C++", [=] { Func F("F"); make_operator("f", {X}, {{F, {N}}}); },
       "L110 lathe: algorithm: output F has no value: got no definition, need a definition before the operator is made", "make_operator"},
      {"definition in C++", [=] { Func F("F"); over(RDom(0, N, "n"), F(i)) = X(i); },
       "L110 lathe: algorithm: F is updated: got no definition, need a definition before the first update", "over("},

      {"types in C++", [=] { Func F("F"); F(i) = X(i) + cast(i32, X(i)); make_operator("f", {X}, {{F, {N}}}); },
       "L104 lathe: define: operands of + have different types: got f32, i32, need one type\n"
       "  hint: cast one of them: f32(...)", "X(i)"},
      {"types in C++", [=] { select(X(i), X(i), X(i)); },
       "L104 lathe: define: the condition of select has the wrong type: got f32, need bool", "X(i)"},
      {"types in C++", [=] { X(i) << Expr(1); },
       "L104 lathe: define: operands of << have the wrong type: got f32, f32, need integers", "X(i)"},
      {"types in C++", [=] { sqrt(cast(i32, X(i))); },
       "L104 lathe: define: operands of sqrt have the wrong type: got i32, need floats", "X(i)"},
      {"types in C++", [=] { Func F("F"); F(i) = X(X(i)); make_operator("f", {X}, {{F, {N}}}); },
       "L104 lathe: algorithm: F indexes X: got f32, need i64", "X(X(i))"},
      {"types in C++", [=] { popcount(X(i)); },
       "L104 lathe: define: operands of popcount have the wrong type: got f32, need integers", "X(i)"},

      {"operator in C++", [=] { Func F("F"); F(i, j) = X(i); make_operator("f", {X}, {{F, {N}}}); },
       "L105 lathe: algorithm: output F: got 1 extents, need 2, one for each index", "make_operator"},
      {"operator in C++", [=] { Func F("F"); F(i) = X(j); make_operator("f", {X}, {{F, {N}}}); },
       "L102 lathe: algorithm: F uses a name that stands for nothing: got j, need an index, size or parameter", "X(j)"},
      {"operator in C++", [=] { Func F("F"), G("F"); F(i) = X(i); G(i) = F(i); make_operator("f", {X}, {{G, {N}}}); },
       "L103 lathe: algorithm: Func F has the name of another Func: got F, need names used once", "F(i) = X(i)"},
      {"operator in C++", [=] { make_operator("f", {X}, {}); },
       "L110 lathe: algorithm: f computes nothing: got no outputs, need one or more", "make_operator"},
      {"operator in C++", [=] { Input Z("Z", f32, {Size("N", 1, 5)}); Func F("F"); F(i) = X(i) + Z(i); make_operator("f", {X, Z}, {{F, {N}}}); },
       "L103 lathe: algorithm: two sizes of one name in input Z: got N in 1..5 multiple of 1, need 0..1099511627776 multiple of 1, as before", "Input Z"},
      {"operator in C++", [=] { Func F("F"); F(i) = X(i, i); make_operator("f", {X}, {{F, {N}}}); },
       "L105 lathe: algorithm: F reads X[i, i]: got 2 indices, need 1", "X(i, i)"},

      {"target that does not exist or fit", [] { target_named("x86-64-v9"); },
       "L303 lathe: target: no such target description: got x86-64-v9, need one of x86-64-v2, x86-64-v3, x86-64-v4\n"
       "  hint: did you mean 'x86-64-v2'?", ""},
      {"target that does not exist or fit", [] { target_named(""); },
       "L303 lathe: target: no such target description: got no name, need one of x86-64-v2, x86-64-v3, x86-64-v4", ""},
      {"target that does not exist or fit",
       [] { Target t = target_named("x86-64-v3"); t.features.push_back("+quantum"); check_runs_on(t, target_named("x86-64-v3")); },
       "L302 lathe: target: this machine cannot run code for x86-64-v3: got no quantum, need every feature that the target names\n"
       "  hint: choose a lower level, or leave the target out to use the host's own", ""},
      {"target that does not exist or fit", [] { check_runs_on(target_named("x86-64-v4"), target_named("x86-64-v2")); },
       "L302 lathe: target: this machine cannot run code for x86-64-v4: got no avx, avx2, bmi, bmi2, f16c, fma, lzcnt, movbe, xsave, avx512f, avx512bw, avx512cd, avx512dq, avx512vl, evex512, need every feature that the target names\n"
       "  hint: choose a lower level, or leave the target out to use the host's own", ""},
      {"target that does not exist or fit",
       [] { Target t = host_target(); t.features.push_back("+quantum"); compile(scaled(), {.target = t}); },
       "L302 lathe: load: target host cannot run on this machine: got a CPU without quantum, need all features of the target\n"
       "  hint: compile for the target \"host\"", ""},

      {"broken target description", [] { parse_target("name = ", "mine.toml"); },
       "L101 lathe: target: the description is no TOML: got Error while parsing key-value pair: encountered end-of-file, need TOML 1.0\n"
       "  at mine.toml:1:8", ""},
      {"broken target description", [] { parse_target(description_with("bytes = 32", "byte = 32"), "mine.toml"); },
       "L401 lathe: target: missing key 'vector.bytes': got no such key, need every key of a target description\n"
       "  at mine.toml:13:1", ""},
      {"broken target description", [] { parse_target(description_with("threads = 1", ""), "mine.toml"); },
       "L401 lathe: target: missing key 'threads': got no such key, need every key of a target description\n"
       "  at mine.toml:1:1", ""},
      {"broken target description", [] { parse_target(description_with("threads = 1", "threads = \"all\""), "mine.toml"); },
       "L401 lathe: target: bad value of 'threads': got \"all\", need an integer in 1..65536\n"
       "  at mine.toml:10:11", ""},
      {"broken target description", [] { parse_target(description_with("threads = 1", "threads = -1"), "mine.toml"); },
       "L401 lathe: target: bad value of 'threads': got -1, need an integer in 1..65536\n"
       "  at mine.toml:10:11", ""},
      {"broken target description", [] { parse_target(description_with("\"x86-64-v3\"\ncpu", "\"x86-64-v9\"\ncpu"), "mine.toml"); },
       "L401 lathe: target: bad value of 'level': got \"x86-64-v9\", need one of x86-64-v2, x86-64-v3, x86-64-v4\n"
       "  at mine.toml:3:9", ""},

      {"parameter that the operator does not have", [] { compile(scaled(), {.static_params = {{"ss", 1}}}); },
       "L102 lathe: compile: f has no static parameter of this name: got ss, need one of s\n"
       "  at f.lathe:1:1\n"
       "  hint: did you mean s?", ""},
      {"parameter that the operator does not have", [] { compile(scaled(), {.static_params = {{"p", 1}}}); },
       "L102 lathe: compile: f has no static parameter of this name: got p, need one of s\n"
       "  at f.lathe:1:1", ""},
      {"parameter that the operator does not have", [] { compile(scaled(), {.tune_params = {{"kc", 1}}}); },
       "L102 lathe: call: f: the schedule has no such param: got 'kc', need none\n"
       "  at f.lathe:1:1", ""},
      {"parameter that the operator does not have", [] { kernel_with_param().set_tune_param("blok", 8); },
       "L102 lathe: call: f: the schedule has no such param: got 'blok', need one of block\n"
       "  at f.lathe:1:1\n"
       "  hint: did you mean 'block'?", ""},

      {"param outside of its range", [] { kernel_with_param().set_tune_param("block", 3); },
       "L204 lathe: call: f: param 'block' of the schedule is outside its range: got 3, need 4..64\n"
       "  at f.lathe:1:1", ""},
      {"param outside of its range", [] { kernel_with_param().set_tune_param("block", 65); },
       "L204 lathe: call: f: param 'block' of the schedule is outside its range: got 65, need 4..64\n"
       "  at f.lathe:1:1", ""},
      {"param outside of its range", [] { kernel_with_param().set_tune_param("block", std::numeric_limits<int64_t>::min()); },
       "L204 lathe: call: f: param 'block' of the schedule is outside its range: got -9223372036854775808, need 4..64\n"
       "  at f.lathe:1:1", ""},

      {"name that is none of several", [] { compile_to_ir(scaled(), {}, "flaten"); },
       "L102 lathe: passes: no pass of this name: got flaten, need one of lower, carry_values, flatten, simplify, hoist_storage, collapse_loops, outline_units, outline_repeats, hoist_scalars, expand_loops, tidy, contract, hoist_masks, share_values, expand_math\n"
       "  hint: did you mean flatten?", ""},
      {"name that is none of several", [] { find_operator(parse_file_text(one_row, "f.lathe"), "g"); },
       "L102 lathe: parse: an unknown operator: got 'g', need f", ""},
      {"name that is none of several",
       [] { find_operator(parse_file_text(std::string(one_row) + "ff(X: f32[N]) -> Y: f32[N]\n  Y[i] = X[i]\n", "f.lathe"), ""); },
       "L102 lathe: parse: the operator to use is not named: got 'f.lathe', a file of 2 operators, need f, ff", ""},

      {"text that is no text", [] { parse("f(X: f32[N]) -> Y: f32[N]\n  Y[i] = X[i] \xff\xfe\n"); },
       "L101 lathe: parse: a byte that is not UTF-8: got 0xff, need UTF-8 text\n"
       "  at bad.lathe:2:15", ""},
      {"text that is no text", [] { parse(std::string("f(X: f32[N])\0 -> Y", 19)); },
       "L101 lathe: parse: a character that begins nothing: got 0x00, need a name, a number or punctuation\n"
       "  at bad.lathe:1:13", ""},
      {"text that is no text", [] { parse("\x7f" "ELF\x02\x01\x01"); },
       "L101 lathe: parse: a character that begins nothing: got 0x7f, need a name, a number or punctuation\n"
       "  at bad.lathe:1:1", ""},
      {"text that is no text", [] { read_lathe_file("/nonexistent/f.lathe"); },
       "L401 lathe: read: a file cannot be read: got '/nonexistent/f.lathe' (No such file or directory), need a readable .lathe file", ""},
      {"text that is no text", [] { read_lathe_file("/"); },
       "L401 lathe: read: a file cannot be read: got '/' (Is a directory), need a readable .lathe file", ""},
      {"text that is no text", [] { find_operator(parse_file_text("# nothing here\n", "f.lathe"), ""); },
       "L102 lathe: parse: the operator to use is not named: got 'f.lathe', a file of 0 operators, need a file with an operator in it", ""},

      {"text that is too deep or too long", [] { parse("f(X: f32[N]) -> Y: f32[N]\n  Y[i] = " + repeated("(", 100000)); },
       "L101 lathe: parse: an expression is nested too deeply: got more than 200 levels, need fewer parentheses, or a Func for a part of it\n"
       "  at bad.lathe:2:210", ""},
      {"text that is too deep or too long", [] { parse("f(X: f32[N]) -> Y: f32[N]\n  Y[i] = X[i]" + repeated(" + X[i]", 5000) + "\n"); },
       "L101 lathe: parse: an expression is too long: got more than 2000 operators in a row, need a Func for a part of it\n"
       "  at bad.lathe:2:14071", ""},
      {"text that is too deep or too long", [] { parse("f(X: f32[" + repeated("9", 400) + "]) -> Y: f32[1]\n  Y[i] = X[i]\n"); },
       "L108 lathe: parse: an integer is too large: got 9999999999999999999999999999999999999999..., need an integer below 2^64\n"
       "  at bad.lathe:1:10", ""},
      {"text that is too deep or too long", [] { parse("f(X: f32[N]) -> Y: f32[N]\n" + definitions(1001)); },
       "L110 lathe: algorithm: f has too many definitions: got more than 1000, need several operators, each for a part\n"
       "  at bad.lathe:1002:3", ""},
      {"text that is too deep or too long",
       [] {
         const std::string deep = repeated("(", 100) + "F@[i]" + repeated(" + X[i])", 100);
         std::string lines = "f(X: f32[N]) -> Y: f32[N]\n  F0[i] = X[i]\n";
         for (int n = 1; n <= 12; ++n) lines += fmt::format("  F{}[i] = {}\n", n, std::string(deep).replace(deep.find('@'), 1, std::to_string(n - 1)));
         std::string places;
         for (int n = 0; n <= 12; ++n) places += fmt::format("F{}.compute_inline()\n", n);
         const SourceFile file = parse_file_text(lines + "  Y[i] = F12[i]\n\nschedule for f\n" + places, "bad.lathe");
         compile_to_ir(file.operators.at(0), {.schedule = schedule_for(file, file.operators.at(0), "x86-64-v3"), .target = target_named("x86-64-v3")}, "");
       },
       "L301 lathe: schedule: F10.compute_inline(): got a formula of 1012 levels, with what F10 inlines, need at most 1000\n"
       "  at bad.lathe:28:5\n"
       "  hint: leave it out: what is deeper is computed whole", ""},
      {"text that is too deep or too long", [] { parse_ir(repeated("{", 5000)); },
       "L101 lathe: parse: statements nested too deeply: got '{', need fewer levels\n"
       "  at bad.ir:3:500", ""},

      {"broken loop IR", [] { parse_ir("Y[0] = X[0"); },
       "L101 lathe: parse: unexpected text: got '}', need ']'\n"
       "  at bad.ir:4:1", ""},
      {"broken loop IR", [] { parse_ir("Z[0] = X[0]"); },
       "L102 lathe: parse: a store to an unknown buffer: got Z, need a parameter or an alloc around the store\n"
       "  at bad.ir:3:1", ""},
      {"broken loop IR", [] { parse_ir("for i in 0, n sideways {\n  Y[i] = X[i]\n}"); },
       "L101 lathe: parse: IR: got 'sideways', need serial, parallel, vector or unroll\n"
       "  at bad.ir:3:15", ""},
      {"broken loop IR", [] { parse_ir("alloc t: f99[8] heap\nt[0] = X[0]"); },
       "L101 lathe: parse: type: got 'f99', need an element type such as f32, or f32x16\n"
       "  at bad.ir:3:10", ""},
      {"broken loop IR", [] { parse_ir("Y[ramp(0, 1, 1)] = X[0]"); },
       "L108 lathe: parse: a vector has an impossible number of lanes: got 1, need 2 .. 65536\n"
       "  at bad.ir:3:14", ""},
      {"broken loop IR", [] { ir::parse_program("schedule for f\n", "bad.ir"); },
       "L101 lathe: parse: unexpected text: got 'schedule', need 'program'\n"
       "  at bad.ir:1:1", ""},

      {"broken array file", [] { tools::read_npy("/nonexistent/a.npy"); },
       "L401 lathe: npy: /nonexistent/a.npy cannot be read: got No such file or directory, need a file that exists and may be read", ""},
      {"broken array file", [] { read_npy_bytes("not an array"); },
       "L401 lathe: npy: in.npy is not a .npy file: got 12 bytes without its magic string, need a file made by numpy.save", ""},
      {"broken array file", [] { read_npy_bytes(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }", "1234")); },
       "L401 lathe: npy: in.npy is torn: got 4 bytes of elements, need 16 for shape (4)", ""},
      {"broken array file", [] { read_npy_bytes(npy("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", "12345678")); },
       "L401 lathe: npy: in.npy has elements of a type that Lathe has not: got '<c8', need bool, i8 to i64, u8 to u64, f16, bf16, f32 or f64\n"
       "  hint: convert it in NumPy: numpy.save(path, array.astype('float32'))", ""},
      {"broken array file", [] { read_npy_bytes(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "1234")); },
       "L401 lathe: npy: in.npy has a broken header: got '-1,), }', need an extent, 0 to 2^63 - 1", ""},
      {"broken array file", [] { read_npy_bytes(npy("{'descr': '<f4', 'shape': (1,", "1234")); },
       "L401 lathe: npy: in.npy has a broken header: got '', need an extent, 0 to 2^63 - 1", ""},
  };
}

}  // namespace

}  // namespace lathe
