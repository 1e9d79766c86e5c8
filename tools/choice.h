// What the verbs share: which operator, at which sizes and parameters, with which schedule, for which target.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lathe.h"

namespace CLI {
class App;
}

namespace lathe::tools {

inline constexpr const char* zero_shot_label = "zero-shot";  // of a schedule that was constructed

// The options as they were typed.
struct Choice {
  std::string spec = {};                // FILE[:op] or stdlib:op; op may name alternatives
  std::string alternative = {};         // the one of them; "": the first
  std::vector<std::string> sizes = {};  // "M=7,N=4093" each: one combination
  std::vector<std::string> sets = {};   // "stride=2" each
  std::string schedule = "default";
  std::string target = {};  // "": the host
  bool runs = true;         // the target must be one that this machine can run
  int threads = 1;
  bool json = false;
};

// Declares the options above; a verb takes the groups it needs.
void add_operator_options(CLI::App& app, Choice& choice);  // FILE[:op], --set, --json
void add_size_options(CLI::App& app, Choice& choice);      // --size
void add_schedule_option(CLI::App& app, Choice& choice);   // --schedule
void add_compile_options(CLI::App& app, Choice& choice);   // --schedule, --target
void add_thread_option(CLI::App& app, Choice& choice);     // --threads

// An operator of a file, ready to compile.
struct Chosen {
  SourceFile file;
  std::string path;
  Operator op;                                   // as written
  Operator fixed;                                // with its static parameters replaced
  std::optional<Alternative> meaning = {};       // of alternatives: the first, and how near this one comes to it
  std::map<std::string, int64_t> static_params;  // those that --set gives
  std::map<std::string, double> run_params;
  Target target;
  std::optional<Schedule> schedule;              // set by choose()
  std::string
      schedule_label;  // "author", "zero-shot", with the sizes that were tuned if any, "naive", or the file's path

  CompileOptions compile_options() const;
};
Chosen choose(const Choice& choice);
// For this target instead of the one that the choice names.
Chosen choose_for(const Choice& choice, const Target& target);
std::vector<Chosen> choose_all(const Choice& choice);      // each of several alternatives

// The values of every size of the operator. Error for unknown, missing or repeated names and values out of range.
std::map<std::string, int64_t> sizes_of(const Operator& op, const std::string& text);
// "M=7,N=4093" in the operator's order.
std::string size_text(const Operator& op, const std::map<std::string, int64_t>& sizes);

// "name=value" pairs between commas, in order. `option` is named in messages.
std::vector<std::pair<std::string, std::string>> parse_assignments(const std::string& text, const std::string& option);
int64_t parse_integer(const std::string& text, const std::string& what);
double parse_number(const std::string& text, const std::string& what);

// The path of a file and the name of an operator in it ("" for the only one) from FILE[:op] or stdlib:op.
struct FileAndOperator {
  std::string path, name;
};
FileAndOperator resolve(const std::string& spec);
std::vector<std::string> stdlib_files();  // sorted paths; $LATHE_STDLIB replaces the built-in folder

[[noreturn]] void wrong_use(const std::string& what, const std::string& got, const std::string& need,
                            const std::string& hint = "");

}  // namespace lathe::tools
