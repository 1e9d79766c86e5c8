// Work in a process of its own: code that faults or never ends stops that process, and not the one that asked.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <functional>
#include <string>

namespace lathe {

// A child process, the lines that it writes, and the report of its fault.
class Child {
 public:
  explicit Child(const std::function<void(std::FILE* out)>& body);
  ~Child();
  Child(const Child&) = delete;

  int descriptor() const { return in_; }
  double cpu_seconds() const;

  // Reads what is there. False at the end.
  bool read_some(const std::function<void(const std::string& line)>& on_line);

  void kill_now();
  std::string report() const;                               // what it wrote to stderr
  std::string end();                                        // waits; "" where it ended by itself

 private:
  pid_t pid_ = -1;
  int in_ = -1;
  std::FILE* report_ = nullptr;
  std::string text_;
};

// Of this process: more than so many seconds of CPU time end it.
void limit_cpu_seconds(int seconds);

// Texts of several lines as one, and back.
std::string one_line(std::string text);
std::string many_lines(std::string text);

}  // namespace lathe
