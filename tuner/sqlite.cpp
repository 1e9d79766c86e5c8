#include "tuner/sqlite.h"

#include <sqlite3.h>

#include <memory>

#include "support/error.h"

namespace lathe::tuner {

namespace {

constexpr int kBusyMs = 15000;                              // another process commits within milliseconds

using Statement = std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)>;

void bind(sqlite3_stmt* statement, int at, const SqlValue& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) {
    sqlite3_bind_int64(statement, at, *integer);
  } else if (const auto* number = std::get_if<double>(&value)) {
    sqlite3_bind_double(statement, at, *number);
  } else {
    const std::string& text = std::get<std::string>(value);
    sqlite3_bind_text(statement, at, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
  }
}

}  // namespace

int64_t SqlRow::integer(int column) const { return sqlite3_column_int64(statement_, column); }
double SqlRow::number(int column) const { return sqlite3_column_double(statement_, column); }
std::string SqlRow::text(int column) const {
  const unsigned char* text = sqlite3_column_text(statement_, column);
  return text ? std::string(reinterpret_cast<const char*>(text), static_cast<size_t>(sqlite3_column_bytes(statement_, column))) : "";
}

SqlDatabase::SqlDatabase(std::string path, bool write) : path_(std::move(path)) {
  // A reader too may have to roll back what a process left that was killed, so it opens for writing where it can.
  int code = sqlite3_open_v2(path_.c_str(), &database_, SQLITE_OPEN_READWRITE | (write ? SQLITE_OPEN_CREATE : 0), nullptr);
  if (code != SQLITE_OK && !write) {
    sqlite3_close(database_);
    code = sqlite3_open_v2(path_.c_str(), &database_, SQLITE_OPEN_READONLY, nullptr);
  }
  if (code != SQLITE_OK) {
    const std::string got = sqlite3_errstr(code);
    sqlite3_close(database_);
    throw Error(ErrorCode::bad_store, {.step = "store", .what = path_ + " cannot be opened", .got = got,
                                       .need = write ? "a file that can be written" : "a file that can be read"});
  }
  sqlite3_busy_timeout(database_, kBusyMs);
}

SqlDatabase::~SqlDatabase() { sqlite3_close(database_); }

void SqlDatabase::fail(int code) const {
  const std::string got = sqlite3_errmsg(database_);
  switch (code & 0xff) {
    case SQLITE_FULL:
      throw Error(ErrorCode::store_full, {.step = "store", .what = path_ + " cannot grow", .got = got,
                                          .need = "room on the disk, or a larger limit", .where = {},
                                          .hint = "what was committed before is kept; tuning goes on from there"});
    case SQLITE_READONLY:
      throw Error(ErrorCode::bad_store, {.step = "store", .what = path_ + " cannot be written", .got = got,
                                         .need = "a file and a folder that can be written"});
    case SQLITE_NOTADB: case SQLITE_CORRUPT:
      throw Error(ErrorCode::bad_store, {.step = "store", .what = path_ + " is no tuning store, or is damaged", .got = got,
                                         .need = "a file that `lathe tune` wrote", .where = {},
                                         .hint = "move it away; what was exported can be imported into a new one"});
    default:
      throw Error(ErrorCode::bad_store, {.step = "store", .what = path_ + " cannot be used", .got = got,
                                         .need = "a store that can be read and written"});
  }
}

void SqlDatabase::query(const char* sql, const std::vector<SqlValue>& values,
                        const std::function<void(const SqlRow&)>& row) const {
  sqlite3_stmt* raw = nullptr;
  if (const int code = sqlite3_prepare_v2(database_, sql, -1, &raw, nullptr); code != SQLITE_OK) fail(code);
  const Statement statement(raw, sqlite3_finalize);
  for (size_t i = 0; i < values.size(); ++i) bind(raw, static_cast<int>(i) + 1, values[i]);
  int code = sqlite3_step(raw);
  for (; code == SQLITE_ROW; code = sqlite3_step(raw)) row(SqlRow(raw));
  if (code != SQLITE_DONE) fail(code);
}

void SqlDatabase::run(const char* sql, const std::vector<SqlValue>& values) const { query(sql, values, [](const SqlRow&) {}); }

int64_t SqlDatabase::integer(const char* sql) const {
  int64_t value = 0;
  query(sql, {}, [&](const SqlRow& row) { value = row.integer(0); });
  return value;
}

int64_t SqlDatabase::changes() const { return sqlite3_changes(database_); }
bool SqlDatabase::is_read_only() const { return sqlite3_db_readonly(database_, "main") == 1; }

void SqlDatabase::transaction(const std::function<void()>& body) const {
  run("BEGIN IMMEDIATE");
  try {
    body();
    run("COMMIT");
  } catch (...) {
    if (sqlite3_get_autocommit(database_) == 0) sqlite3_exec(database_, "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
}

}  // namespace lathe::tuner
