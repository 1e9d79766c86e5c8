/* Reads the description of a kernel that jit/build.cpp writes: a table of numbers, whose texts are offsets into one
   block of text; and evaluates its size formulas. */
#ifndef LATHE_DESCRIPTION
#define LATHE_DESCRIPTION

#include <stdbool.h>
#include <stdint.h>

#include "jit/embed/lathe_call.h"

typedef struct {
  const char *name, *where;
  int64_t sizes, arguments, params, conditions;
  const int64_t* rows;
} Head;

typedef struct {
  const char* name;
  int64_t lowest, highest, multiple_of, argument, dimension;
} Size;

typedef struct {
  const char* name;
  int64_t dtype, is_output, rank, first_scalar;
  const int64_t* extents;
} Argument;

typedef struct {
  const char* text;
  int64_t steps;
  const int64_t* rows; /* code, value */
} Formula;

typedef struct {
  const LatheKernel* kernel;
  Head head;
  Argument arguments[MOST_ARGUMENTS];
  const int64_t *conditions, *tunes; /* tunes: of each level, a count and the values of schedule parameters */
  int64_t scalars[MOST_SCALARS];
  void* buffers[MOST_ARGUMENTS];
  uintptr_t begin[MOST_ARGUMENTS], end[MOST_ARGUMENTS];
  LatheError* error;
} Call;

static const char* text_at(const Call* call, int64_t offset) { return call->kernel->text + offset; }

static const int64_t* read_formula(const Call* call, const int64_t* at, Formula* formula) {
  formula->text = text_at(call, at[0]);
  formula->steps = at[1];
  formula->rows = at + 2;
  return at + 2 + 2 * at[1];
}

static Size size_of(const Call* call, int64_t index) {
  const int64_t* at = call->head.rows + 6 * index;
  Size size = {text_at(call, at[0]), at[1], at[2], at[3], at[4], at[5]};
  return size;
}

static bool read_description(Call* call) {
  const int64_t* at = call->kernel->table;
  Head head = {text_at(call, at[1]), text_at(call, at[2]), at[3], at[4], at[5], at[6], at + 7};
  int64_t scalar = head.sizes;
  call->head = head;
  if (at[0] != LATHE_ABI_VERSION || head.arguments > MOST_ARGUMENTS) return false;
  at = head.rows + 6 * head.sizes;
  for (int64_t a = 0; a < head.arguments; ++a) {
    Argument argument = {text_at(call, at[0]), at[1], at[2], at[3], scalar, at + 4};
    Formula formula;
    if (argument.rank > MOST_RANK) return false;
    at += 4;
    for (int64_t d = 0; d < argument.rank; ++d) at = read_formula(call, at, &formula);
    scalar += argument.rank;
    call->arguments[a] = argument;
  }
  call->conditions = at;
  for (int64_t c = 0; c < head.conditions; ++c) {
    Formula formula;
    at = read_formula(call, at + 2, &formula);
  }
  call->tunes = at;
  return scalar + head.arguments + head.params <= MOST_SCALARS;
}

/* ---- Size formulas. Results saturate: docs in jit/runtime/size_formula.cpp. */

static int64_t saturated_add(int64_t a, int64_t b) {
  int64_t result;
  if (!__builtin_add_overflow(a, b, &result)) return result;
  return a < 0 ? INT64_MIN : INT64_MAX;
}

static int64_t saturated_sub(int64_t a, int64_t b) {
  int64_t result;
  if (!__builtin_sub_overflow(a, b, &result)) return result;
  return a < 0 ? INT64_MIN : INT64_MAX;
}

static int64_t saturated_mul(int64_t a, int64_t b) {
  int64_t result;
  if (!__builtin_mul_overflow(a, b, &result)) return result;
  return (a < 0) != (b < 0) ? INT64_MIN : INT64_MAX;
}

static int64_t floor_div(int64_t a, int64_t b) {
  if (b == 0) return 0;
  if (b == -1) return saturated_sub(0, a);
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

static int64_t floor_mod(int64_t a, int64_t b) {
  if (b == 0 || b == -1) return 0;
  const int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

/* Codes in the order of SizeFormula::Code. */
enum Code { CONSTANT, SIZE, ADD, SUB, MUL, DIV, MOD, MIN, MAX, EQ, NE, LT, LE, GT, GE, BOTH, EITHER, NEGATE };

static int64_t combine(int64_t code, int64_t a, int64_t b) {
  switch (code) {
    case ADD:
      return saturated_add(a, b);
    case SUB:
      return saturated_sub(a, b);
    case MUL:
      return saturated_mul(a, b);
    case DIV:
      return floor_div(a, b);
    case MOD:
      return floor_mod(a, b);
    case MIN:
      return a < b ? a : b;
    case MAX:
      return a > b ? a : b;
    case EQ:
      return a == b;
    case NE:
      return a != b;
    case LT:
      return a < b;
    case LE:
      return a <= b;
    case GT:
      return a > b;
    case GE:
      return a >= b;
    case BOTH:
      return a != 0 && b != 0;
    default:
      return a != 0 || b != 0; /* EITHER */
  }
}

static int64_t evaluate(const Formula* formula, const int64_t* sizes) {
  int64_t stack[MOST_DEPTH];
  int depth = 0;
  for (int64_t s = 0; s < formula->steps; ++s) {
    const int64_t code = formula->rows[2 * s], value = formula->rows[2 * s + 1];
    if (code == CONSTANT)
      stack[depth++] = value;
    else if (code == SIZE)
      stack[depth++] = sizes[value];
    else if (code == NEGATE)
      stack[depth - 1] = saturated_sub(0, stack[depth - 1]);
    else
      --depth, stack[depth - 1] = combine(code, stack[depth - 1], stack[depth]);
  }
  return stack[0];
}

#endif
