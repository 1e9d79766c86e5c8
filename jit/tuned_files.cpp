#include "jit/tuned_files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "jit/runtime/content_key.h"
#include "lang/text.h"
#include "schedules/text.h"
#include "support/environment.h"
#include "support/error.h"
#include "support/messages.h"
#include "targets/fingerprint.h"

namespace lathe {

namespace {

namespace fs = std::filesystem;

constexpr size_t kMost = 4;         // each is a variant that every kernel of the operator has
constexpr size_t kNameDigits = 24;  // of a hash
constexpr std::string_view kBegin = "schedule for ";

std::string tuned_folder() {
  if (const std::string given(setting(Setting::tuned)); !given.empty()) return given == "off" ? "" : given;
  if (const std::string data(setting(Setting::user_data)); data.starts_with('/')) return data + "/lathe/tuned";
  if (const std::string home(setting(Setting::home)); home.starts_with('/')) return home + "/.local/share/lathe/tuned";
  return "";
}

// Under another name first, so that a reader finds all of it or what was there before.
void write_file(const std::string& path, const std::string& text) {
  std::error_code failed;
  fs::create_directories(fs::path(path).parent_path(), failed);
  const std::string own = fmt::format("{}.{}", path, getpid());
  std::ofstream out(own);
  out << text;
  out.close();
  if (out) fs::rename(own, path, failed);
  if (!out || failed) {
    fs::remove(own, failed);
    send_message(fmt::format("lathe: tune: {} cannot be written: calls of compile do not find the schedule", path));
  }
}

// The newest first; the oldest of too many go. No file where there is none.
void write_schedules(const Operator& op, const Target& target, std::vector<Schedule> all) {
  const std::string path = tuned_file(op, target);
  std::error_code failed;
  if (all.empty()) {
    fs::remove(path, failed);
    return;
  }
  if (all.size() > kMost) all.resize(kMost);
  std::string text = fmt::format("# {} on {}\n", op.name, fingerprint_of(target));
  for (auto s = all.rbegin(); s != all.rend(); ++s) text += print(*s) + "\n";
  write_file(path, text);
}

bool holds_under(const Schedule& s, const Expr& condition) { return s.specializations[0].condition == condition; }

bool is_one_variant(const Schedule& s) {
  return s.specializations.size() == 1 && s.specializations[0].condition.defined();
}

}  // namespace

std::string tuned_file(const Operator& op, const Target& target) {
  const std::string folder = tuned_folder();
  if (folder.empty()) return "";
  return fmt::format("{}/{}-{}.txt", folder, op.name,
                     content_key(print(op) + "\n" + fingerprint_of(target)).substr(0, kNameDigits));
}

std::string tuned_text(const Operator& op, const Target& target) {
  std::error_code none;
  const std::string folder = tuned_folder();
  if (folder.empty() || !fs::is_directory(folder, none)) return "";
  std::ifstream in(tuned_file(op, target));
  std::stringstream text;
  if (in) text << in.rdbuf();
  return text.str();
}

std::vector<Schedule> kept_schedules(const Operator& op, const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(kBegin)) parts.emplace_back();
    if (!parts.empty()) parts.back() += line + "\n";
  }
  std::vector<Schedule> schedules;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    try {
      Schedule schedule = parse_schedule({*part, {"tuned", 1}}, op);
      if (is_one_variant(schedule)) schedules.push_back(std::move(schedule));
    } catch (const Error& error) {  // of another version
      if (kind_of(error.code()) != ErrorKind::user) throw;
    }
  }
  return schedules;
}

void keep_tuned(const Operator& op, const Target& target, const Schedule& schedule) {
  if (tuned_file(op, target).empty()) return;
  if (!is_one_variant(schedule)) internal_error("tune", "a schedule to keep has one variant");
  std::vector<Schedule> all = kept_schedules(op, tuned_text(op, target));
  std::erase_if(all, [&](const Schedule& s) { return holds_under(s, schedule.specializations[0].condition); });
  all.insert(all.begin(), schedule);
  write_schedules(op, target, std::move(all));
}

void forget_tuned(const Operator& op, const Target& target, const Expr& condition) {
  std::vector<Schedule> all = kept_schedules(op, tuned_text(op, target));
  const size_t forgotten = std::erase_if(all, [&](const Schedule& s) { return holds_under(s, condition); });
  if (forgotten > 0) write_schedules(op, target, std::move(all));
}

Schedule with_variants_first(const std::vector<Schedule>& first, const Schedule& schedule) {
  if (first.empty()) return schedule;
  Schedule all = schedule;
  for (Specialization& s : all.specializations)
    s.directives.insert(s.directives.begin(), all.directives.begin(), all.directives.end());
  if (all.specializations.empty()) all.specializations.push_back({make_true(), all.directives, all.where});
  all.directives.clear();
  for (auto s = first.rbegin(); s != first.rend(); ++s)
    all.specializations.insert(all.specializations.begin(), s->specializations[0]);
  return all;
}

}  // namespace lathe
