// As much of SQLite as the store needs: a connection, and statements with values. Failures become Errors.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace lathe::tuner {

using SqlValue = std::variant<int64_t, double, std::string>;

class SqlRow {
 public:
  explicit SqlRow(sqlite3_stmt* statement) : statement_(statement) {}
  int64_t integer(int column) const;
  double number(int column) const;
  std::string text(int column) const;

 private:
  sqlite3_stmt* statement_;
};

class SqlDatabase {
 public:
  SqlDatabase(std::string path, bool write);
  ~SqlDatabase();
  SqlDatabase(const SqlDatabase&) = delete;

  void run(const char* sql, const std::vector<SqlValue>& values = {}) const;
  void query(const char* sql, const std::vector<SqlValue>& values, const std::function<void(const SqlRow&)>& row) const;
  int64_t integer(const char* sql) const;                   // the one value of a pragma or query
  int64_t changes() const;                                  // rows that the last `run` changed
  bool is_read_only() const;
  // Runs `body` as one transaction, which takes the write lock first. Nothing of it stays where it throws.
  void transaction(const std::function<void()>& body) const;

 private:
  [[noreturn]] void fail(int code) const;
  std::string path_;
  sqlite3* database_ = nullptr;
};

}  // namespace lathe::tuner
