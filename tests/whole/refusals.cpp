#include "tests/whole/refusals.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "jit/compile.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "tests/errors.h"
#include "tests/source_dir.h"

namespace lathe {
namespace {

const Operator& operator_named(const std::string& name) {
  static const SourceFile file = read_lathe_file(source_dir() + "/tests/whole/refusals.lathe");
  return find_operator(file, name);
}

// Line `number` of a text, counted from 1.
std::string line_of(const std::string& text, int number) {
  std::istringstream lines(text);
  std::string line;
  for (int i = 0; i < number; ++i) std::getline(lines, line);
  return line;
}

std::string text_of_file(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void compile_with(const Operator& op, const Schedule& schedule) {
  compile_to_ir(op, {.schedule = schedule, .target = target_named("x86-64-v3")}, "");
}

void check_form(const Refusal& r, const std::optional<Error>& error, const std::string& form) {
  const std::string label = fmt::format("{} of {}:\n{}\n", form, r.op, r.lines);
  if (!error) {
    FAIL_CHECK(label << "is not refused");
    return;
  }
  CHECK_MESSAGE(code_text(error->code()) == code_text(r.code), label << error->what());
  const ErrorParts& p = error->parts();
  CHECK_MESSAGE(fmt::format("{}: got {}, need {}", p.what, p.got, p.need) == r.message, label);
  CHECK_MESSAGE(p.hint == r.hint, label);
}

}  // namespace

void check_refusals(const std::vector<Refusal>& refusals, std::source_location at) {
  const std::string source = text_of_file(source_dir() + "/tests/whole/" + std::filesystem::path(at.file_name()).filename().string());
  for (const Refusal& r : refusals) {
    const Operator& op = operator_named(r.op);
    const std::string text = fmt::format("schedule for {}\n{}\n", r.op, r.lines);
    std::optional<Error> error = thrown_by([&] { compile_with(op, parse_schedule({text, {"refused", 1, 1}}, op)); });
    check_form(r, error, "the text");
    if (error) {
      const SourceLocation& where = error->parts().where;
      const std::string line = line_of(text, where.line);
      const size_t from = line.find(r.blamed);
      CHECK_MESSAGE((where.file == "refused" && from != std::string::npos && where.column > static_cast<int>(from)),
                    error->what() << "\n" << text);
    }
    error = thrown_by([&] {
      ScheduleBuilder s(op);
      r.build(s);
      compile_with(op, s);
    });
    check_form(r, error, "the C++ form");
    if (error) {
      const SourceLocation& where = error->parts().where;
      CHECK_MESSAGE((where.file == at.file_name() && line_of(source, where.line).find(r.blamed) != std::string::npos),
                    error->what() << "\n" << text);
    }
  }
}

}  // namespace lathe
