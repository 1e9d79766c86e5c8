/* The words of an error of a call, put together in the memory that the caller gave. */
#ifndef LATHE_WORDS
#define LATHE_WORDS

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "jit/embed/description.h"

static void add(char* text, size_t room, const char* format, ...) {
  const size_t used = strlen(text);
  va_list values;
  va_start(values, format);
  vsnprintf(text + used, room - used, format, values);
  va_end(values);
}

typedef struct {
  char what[300], got[300], need[300];
} Words;

static int32_t fail_at(Call* call, int32_t code, const Words* words, const char* where, const char* hint) {
  LatheError* error = call->error;
  if (!error) return code;
  error->code = code;
  error->text[0] = 0;
  add(error->text, sizeof error->text, "lathe: call: %s: %s: got %s, need %s", call->head.name, words->what, words->got,
      words->need);
  if (*where) add(error->text, sizeof error->text, "\n  at %s", where);
  if (*hint) add(error->text, sizeof error->text, "\n  hint: %s", hint);
  return code;
}

static int32_t fail(Call* call, int32_t code, const Words* words, const char* hint) {
  return fail_at(call, code, words, call->head.where, hint);
}

static void add_argument(char* text, size_t room, const Call* call, int64_t index) {
  const Argument* argument = &call->arguments[index];
  add(text, room, "%s '%s' (argument %" PRId64 ")", argument->is_output ? "output" : "input", argument->name,
      index + 1);
}

static void add_list(char* text, size_t room, const int64_t* values, int64_t count) {
  add(text, room, "[");
  for (int64_t i = 0; i < count; ++i) add(text, room, i ? ", %" PRId64 : "%" PRId64, values[i]);
  add(text, room, "]");
}

static void add_dtype(char* text, size_t room, int64_t dtype) {
  static const char kinds[] = "?iuf";
  if (dtype == LATHE_BOOL)
    add(text, room, "bool");
  else if (dtype == LATHE_BF16)
    add(text, room, "bf16");
  else if (dtype >> 8 > 0 && dtype >> 8 < 4)
    add(text, room, "%c%d", kinds[dtype >> 8], (int)(dtype & 255));
  else
    add(text, room, "element type %d", (int)dtype);
}

#endif
