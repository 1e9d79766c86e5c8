// examples/README.md shows what the lessons print: each line that begins with "$ " is run, in one folder that they share, and
// what it prints is compared with the lines below it. "..." is any number of lines, or a piece of one.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <sstream>

#include "tests/source_dir.h"
#include "tests/tools/helpers.h"
#include "tuner/jobs.h"

namespace {
using namespace lathe;
using namespace lathe::tools;

struct Command {
  std::string text;
  std::vector<std::string> printed;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<Command> commands_of(const std::string& page) {
  std::vector<Command> commands;
  bool inside = false;
  for (const std::string& line : lines_of(page)) {
    if (line.starts_with("```")) inside = line == "```console";
    else if (inside && line.starts_with("$ ")) commands.push_back({line.substr(2), {}});
    else if (inside) commands.back().printed.push_back(line);
  }
  return commands;
}

// Pieces between dots stand in the line, in order; the first begins it and the last ends it.
bool fits(const std::string& line, const std::string& pattern) {
  const size_t dots = pattern.find("...");
  if (dots == std::string::npos) return line == pattern;
  if (!line.starts_with(pattern.substr(0, dots))) return false;
  const std::string rest = pattern.substr(dots + 3);
  for (size_t at = dots; at <= line.size(); ++at) {
    if (fits(line.substr(at), rest)) return true;
  }
  return false;
}

bool fit(std::vector<std::string>::const_iterator line, std::vector<std::string>::const_iterator end, const std::vector<std::string>& patterns, size_t at) {
  for (; at < patterns.size() && patterns[at] != "..."; ++at, ++line) {
    if (line == end || !fits(*line, patterns[at])) return false;
  }
  if (at == patterns.size()) return line == end;
  for (; line != end; ++line) {
    if (fit(line, end, patterns, at + 1)) return true;
  }
  return fit(end, end, patterns, at + 1);
}

TEST_CASE("the lessons print what their page shows") {
  const TemporaryFolder folder;
  std::filesystem::create_directory_symlink(source_dir() + "/examples", folder.path("examples"));
  const std::string before = "cd '" + folder.path() + "' && export PATH=\"" PROGRAMS ":" COMMANDS ":$PATH\" LATHE_STORE=unused.sqlite && ";
  const std::vector<Command> commands = commands_of(read_file(source_dir() + "/examples/README.md", "test"));
  CHECK(commands.size() >= 15);
  for (const Command& command : commands) {
    const int status = std::system((before + "{ " + command.text + "; } >printed.txt").c_str());
    const std::string text = read_file(folder.path("printed.txt"), "test");
    const std::vector<std::string> printed = lines_of(text);
    CHECK(WIFEXITED(status));
    CHECK_MESSAGE(fit(printed.begin(), printed.end(), command.printed, 0), "$ " << command.text << "\n" << text);
  }
}

TEST_CASE("the lesson's job of a night is one") {
  const tuner::Job job = tuner::parse_job(read_file(source_dir() + "/examples/night.toml", "test"), "night.toml");
  CHECK(job.budget == "8h");
  CHECK(job.items.size() == 3);
  for (const tuner::JobItem& item : job.items) CHECK(std::filesystem::exists(source_dir() + "/" + item.op));
}

}  // namespace
