/* The checks of jit/runtime/kernel_checks.cpp in the same order, with the words of kernel_errors.cpp, for programs in
 * C. */
#include "jit/embed/lathe_call.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#include "jit/embed/description.h"
#include "jit/embed/words.h"

/* ---- Checks. Each returns 0 or the code of the error. */

static int32_t check_argument(Call* call, int64_t index, const LatheTensor* tensor) {
  const Argument* argument = &call->arguments[index];
  Words words = {"", "", ""};
  if (tensor->dtype != argument->dtype) {
    add(words.what, sizeof words.what, "wrong element type of ");
    add_argument(words.what, sizeof words.what, call, index);
    add_dtype(words.got, sizeof words.got, tensor->dtype);
    add_dtype(words.need, sizeof words.need, argument->dtype);
    return fail(call, 502, &words, "");
  }
  if (tensor->rank != argument->rank) {
    add(words.what, sizeof words.what, "wrong rank of ");
    add_argument(words.what, sizeof words.what, call, index);
    add(words.got, sizeof words.got, "%d dimensions: ", (int)tensor->rank);
    add_list(words.got, sizeof words.got, tensor->shape, tensor->rank);
    add(words.need, sizeof words.need, "%d: [", (int)argument->rank);
    const int64_t* at = argument->extents;
    for (int64_t d = 0; d < argument->rank; ++d) {
      Formula formula;
      at = read_formula(call, at, &formula);
      add(words.need, sizeof words.need, d ? ", %s" : "%s", formula.text);
    }
    add(words.need, sizeof words.need, "]");
    return fail(call, 503, &words, "");
  }
  for (int64_t d = 0; d < argument->rank; ++d) {
    if (tensor->shape[d] >= 0) continue;
    add(words.what, sizeof words.what, "negative extent of ");
    add_argument(words.what, sizeof words.what, call, index);
    add(words.what, sizeof words.what, ", dimension %d", (int)d);
    add(words.got, sizeof words.got, "%" PRId64, tensor->shape[d]);
    add(words.need, sizeof words.need, "at least 0");
    return fail(call, 503, &words, "");
  }
  return 0;
}

static int32_t check_sizes(Call* call, const LatheTensor* const* tensors) {
  for (int64_t s = 0; s < call->head.sizes; ++s) {
    const Size size = size_of(call, s);
    const int64_t value = tensors[size.argument]->shape[size.dimension];
    Words words = {"", "", ""};
    call->scalars[s] = value;
    const bool inside = value >= size.lowest && value <= size.highest;
    if (inside && (size.multiple_of <= 1 || value % size.multiple_of == 0)) continue;
    add(words.what, sizeof words.what, "size '%s' is outside its declared range", size.name);
    add(words.got, sizeof words.got, "%s = %" PRId64, size.name, value);
    if (inside)
      add(words.need, sizeof words.need, "a multiple of %" PRId64, size.multiple_of);
    else
      add(words.need, sizeof words.need, "%" PRId64 "..%" PRId64, size.lowest, size.highest);
    return fail(call, 507, &words, "");
  }
  return 0;
}

static int32_t check_extents(Call* call, int64_t index, const LatheTensor* tensor) {
  const Argument* argument = &call->arguments[index];
  const int64_t* at = argument->extents;
  for (int64_t d = 0; d < argument->rank; ++d) {
    Formula formula;
    Words words = {"", "", ""};
    char value[32], hint[200] = "";
    at = read_formula(call, at, &formula);
    const int64_t need = evaluate(&formula, call->scalars);
    if (tensor->shape[d] == need) continue;
    if (need < 0) {
      add(words.what, sizeof words.what, "at these sizes the extent of ");
      add_argument(words.what, sizeof words.what, call, index);
      add(words.what, sizeof words.what, ", dimension %d, is negative", (int)d);
      add(words.got, sizeof words.got, "%s = %" PRId64, formula.text, need);
      add(words.need, sizeof words.need, "at least 0");
      return fail(call, 503, &words, "");
    }
    snprintf(value, sizeof value, "%" PRId64, need);
    add(words.what, sizeof words.what, "wrong extent of ");
    add_argument(words.what, sizeof words.what, call, index);
    add(words.what, sizeof words.what, ", dimension %d", (int)d);
    add(words.got, sizeof words.got, "%" PRId64, tensor->shape[d]);
    if (strcmp(value, formula.text) == 0)
      add(words.need, sizeof words.need, "%s", value);
    else
      add(words.need, sizeof words.need, "%s = %s", formula.text, value);
    if (formula.steps == 1 && formula.rows[0] == SIZE) {
      const Size size = size_of(call, formula.rows[1]);
      add(hint, sizeof hint, "%s is dimension %d of '%s'", size.name, (int)size.dimension,
          call->arguments[size.argument].name);
    }
    return fail(call, 503, &words, hint);
  }
  return 0;
}

static int32_t check_conditions(Call* call) {
  const int64_t* at = call->conditions;
  for (int64_t c = 0; c < call->head.conditions; ++c) {
    const char *meaning = text_at(call, at[0]), *where = text_at(call, at[1]);
    bool used[MOST_SCALARS] = {false};
    Formula formula;
    Words words = {"", "", ""};
    at = read_formula(call, at + 2, &formula);
    if (evaluate(&formula, call->scalars) != 0) continue;
    for (int64_t s = 0; s < formula.steps; ++s) {
      if (formula.rows[2 * s] == SIZE) used[formula.rows[2 * s + 1]] = true;
    }
    add(words.what, sizeof words.what, "at these sizes it does not hold that %s", meaning);
    for (int64_t s = 0; s < call->head.sizes; ++s) {
      if (used[s])
        add(words.got, sizeof words.got, "%s%s = %" PRId64, *words.got ? ", " : "", size_of(call, s).name,
            call->scalars[s]);
    }
    if (!*words.got) add(words.got, sizeof words.got, "no size");
    add(words.need, sizeof words.need, "%s", formula.text);
    return fail_at(call, 508, &words, *where ? where : call->head.where, "");
  }
  return 0;
}

static bool is_packed(const Argument* argument) { return (argument->dtype & 255) < 8; }

/* Strides as given, or of a tensor without gaps. */
static void read_strides(Call* call, int64_t index, const LatheTensor* tensor) {
  const Argument* argument = &call->arguments[index];
  int64_t* strides = call->scalars + argument->first_scalar;
  int64_t step = 1;
  for (int64_t d = argument->rank; d-- > 0;) {
    const int64_t extent = tensor->shape[d];
    const int64_t room = is_packed(argument) && d + 1 == argument->rank ? extent + (extent & 1) : extent;
    strides[d] = tensor->strides ? tensor->strides[d] : step;
    if (room > 0 && __builtin_mul_overflow(step, room, &step)) step = INT64_MAX;
  }
}

/* The bytes that a tensor may touch; false where they do not fit the address space. */
static bool byte_range(Call* call, int64_t index, const LatheTensor* tensor) {
  const Argument* argument = &call->arguments[index];
  const int64_t* strides = call->scalars + argument->first_scalar;
  int64_t elements = 1, low = 0, high = 1, bytes = ((argument->dtype & 255) + 7) / 8, unused;
  bool fits = true;
  call->begin[index] = call->end[index] = 0;
  for (int64_t d = 0; d < argument->rank; ++d) {
    if (tensor->shape[d] == 0) return true;
    fits &= !__builtin_mul_overflow(elements, tensor->shape[d], &elements);
  }
  for (int64_t d = 0; d < argument->rank; ++d) {
    int64_t span;
    if (tensor->shape[d] == 1) continue;
    fits &= !__builtin_mul_overflow(tensor->shape[d] - 1, strides[d], &span);
    fits &= !__builtin_add_overflow(strides[d] < 0 ? low : high, span, strides[d] < 0 ? &low : &high);
  }
  if (is_packed(argument)) low = low / 2 - (low % 2 != 0), high = high / 2 + high % 2;
  fits = fits && !__builtin_mul_overflow(elements, bytes, &unused) && !__builtin_mul_overflow(low, bytes, &low) &&
         !__builtin_mul_overflow(high, bytes, &high);
  if (!fits) return false;
  const uintptr_t data = (uintptr_t)tensor->data, below = 0 - (uintptr_t)low;
  if (data == 0) {
    call->end[index] = (uintptr_t)high;
    return true;
  }
  call->begin[index] = data - below;
  call->end[index] = data + (uintptr_t)high;
  return below <= data && (uintptr_t)high <= UINTPTR_MAX - data;
}

static int32_t check_packing(Call* call, int64_t index, const LatheTensor* tensor) {
  const Argument* argument = &call->arguments[index];
  const int64_t* strides = call->scalars + argument->first_scalar;
  for (int64_t d = 0; d < argument->rank; ++d) {
    const bool is_last = d + 1 == argument->rank;
    Words words = {"", "", ""};
    if (tensor->shape[d] <= 1 || (is_last ? strides[d] == 1 : strides[d] % 2 == 0)) continue;
    add(words.what, sizeof words.what, "bad stride of ");
    add_argument(words.what, sizeof words.what, call, index);
    add(words.what, sizeof words.what, ", dimension %d", (int)d);
    add(words.got, sizeof words.got, "%" PRId64, strides[d]);
    add(words.need, sizeof words.need,
        is_last ? "1 along the last dimension of packed elements"
                : "an even stride: rows of packed elements begin at whole bytes");
    return fail(call, 504, &words, "");
  }
  return 0;
}

/* Whether each element of an output has a place of its own: jit/runtime/kernel_checks.h, stride_fault. */
static int32_t check_output_strides(Call* call, int64_t index, const LatheTensor* tensor) {
  const Argument* argument = &call->arguments[index];
  const int64_t* strides = call->scalars + argument->first_scalar;
  int64_t order[MOST_RANK], count = 0, span = 1;
  Words words = {"", "", ""};
  for (int64_t d = argument->rank; d-- > 0;) {
    int64_t at = count;
    if (tensor->shape[d] <= 1) continue;
    if (strides[d] <= 0) {
      add(words.what, sizeof words.what, "bad stride of ");
      add_argument(words.what, sizeof words.what, call, index);
      add(words.what, sizeof words.what, ", dimension %d", (int)d);
      add(words.got, sizeof words.got, "%" PRId64, strides[d]);
      add(words.need, sizeof words.need, "a positive stride where a dimension of an output has several elements");
      return fail(call, 504, &words, "");
    }
    ++count;
    for (; at > 0 && strides[order[at - 1]] > strides[d]; --at) order[at] = order[at - 1];
    order[at] = d;
  }
  for (int64_t i = 0; i < count; ++i) {
    const int64_t d = order[i];
    if (strides[d] < span) {
      add(words.what, sizeof words.what, "elements of ");
      add_argument(words.what, sizeof words.what, call, index);
      add(words.what, sizeof words.what, " overlap along dimension %d", (int)d);
      add_list(words.got, sizeof words.got, tensor->shape, argument->rank);
      add(words.got, sizeof words.got, " strides ");
      add_list(words.got, sizeof words.got, strides, argument->rank);
      add(words.need, sizeof words.need, "each stride of an output to step over what the smaller ones span");
      return fail(call, 504, &words, "");
    }
    span += (tensor->shape[d] - 1) * strides[d];
  }
  return 0;
}

static int32_t check_memory(Call* call, int64_t index, const LatheTensor* tensor) {
  const Argument* argument = &call->arguments[index];
  Words words = {"", "", ""};
  read_strides(call, index, tensor);
  if (!byte_range(call, index, tensor)) {
    add(words.what, sizeof words.what, "extents and strides of ");
    add_argument(words.what, sizeof words.what, call, index);
    add(words.what, sizeof words.what, " overflow");
    add_list(words.got, sizeof words.got, tensor->shape, argument->rank);
    add(words.got, sizeof words.got, " strides ");
    add_list(words.got, sizeof words.got, call->scalars + argument->first_scalar, argument->rank);
    add(words.need, sizeof words.need, "element counts and offsets in bytes that fit 64 bits");
    return fail(call, 503, &words, "");
  }
  if (call->begin[index] == call->end[index]) return 0;
  if (!tensor->data) {
    add_argument(words.what, sizeof words.what, call, index);
    add(words.what, sizeof words.what, " has no data");
    add(words.got, sizeof words.got, "a null pointer with shape ");
    add_list(words.got, sizeof words.got, tensor->shape, argument->rank);
    add(words.need, sizeof words.need, "the address of the first element");
    return fail(call, 506, &words, "");
  }
  const int32_t code = is_packed(argument) ? check_packing(call, index, tensor) : 0;
  return code || !argument->is_output ? code : check_output_strides(call, index, tensor);
}

static int32_t check_overlap(Call* call) {
  for (int64_t a = 0; a < call->head.arguments; ++a) {
    for (int64_t b = 0; b < call->head.arguments; ++b) {
      Words words = {"", "", ""};
      if (a == b || !call->arguments[a].is_output) continue;
      if (call->begin[a] == call->end[a] || call->begin[b] == call->end[b]) continue;
      if (call->begin[a] >= call->end[b] || call->begin[b] >= call->end[a]) continue;
      add_argument(words.what, sizeof words.what, call, a > b ? a : b);
      add(words.what, sizeof words.what, " overlaps ");
      add_argument(words.what, sizeof words.what, call, a > b ? b : a);
      add(words.got, sizeof words.got, "memory that both use");
      add(words.need, sizeof words.need, "an output to have its memory for itself");
      return fail(call, 505, &words, "copy one of them first");
    }
  }
  return 0;
}

static int32_t check_all(Call* call, const LatheTensor* const* tensors) {
  int32_t code = 0;
  for (int64_t a = 0; a < call->head.arguments && !code; ++a) code = check_argument(call, a, tensors[a]);
  if (!code) code = check_sizes(call, tensors);
  for (int64_t a = 0; a < call->head.arguments && !code; ++a) code = check_extents(call, a, tensors[a]);
  if (!code) code = check_conditions(call);
  for (int64_t a = 0; a < call->head.arguments && !code; ++a) code = check_memory(call, a, tensors[a]);
  return code ? code : check_overlap(call);
}

/* ---- The services of a call that brings none. */

static int32_t run_here(LatheContext* context, int64_t count, LatheTask task, void* closure) {
  return count > 0 ? task(context, closure, 0, count) : 0;
}

static void* allocate_here(LatheContext* context, int64_t bytes) {
  (void)context;
  if (bytes < 0 || bytes > INT64_MAX - 64) return NULL;
  return aligned_alloc(64, ((size_t)bytes + 64) / 64 * 64);
}

static void release_here(LatheContext* context, void* memory) {
  (void)context;
  free(memory);
}

/* ---- Which code. */

/* The strongest level that was built and that this CPU has; LATHE_LEVELS where there is none. */
static int level_of_this_cpu(const LatheKernel* kernel) {
  const bool runs[LATHE_LEVELS] = {__builtin_cpu_supports("x86-64-v4") != 0, __builtin_cpu_supports("x86-64-v3") != 0,
                                   __builtin_cpu_supports("x86-64-v2") != 0};
  int level = 0;
  while (level < LATHE_LEVELS && !(runs[level] && kernel->entries[level])) ++level;
  return level;
}

static int32_t failed(Call* call, int32_t code, const char* what, const char* got, const char* need, const char* hint) {
  Words words = {"", "", ""};
  add(words.what, sizeof words.what, "%s", what);
  add(words.got, sizeof words.got, "%s", got);
  add(words.need, sizeof words.need, "%s", need);
  return fail(call, code, &words, hint);
}

/* In the floating-point mode that kernels compute in: jit/runtime/float_mode.h. */
static int32_t enter(LatheEntry entry, LatheContext* context, Call* call) {
#if defined(__SSE__)
  const unsigned before = _mm_getcsr(), kernel_mode = 0x1f80, flags = 0x3f;
  const bool differs = (before & ~flags) != kernel_mode;
  if (differs) _mm_setcsr(kernel_mode);
#endif
  const int32_t status = entry(context, call->buffers, call->scalars);
#if defined(__SSE__)
  if (differs) _mm_setcsr(before);
#endif
  return status;
}

int32_t lathe_call(const LatheKernel* kernel, const LatheTensor* const* tensors, const int64_t* param_bits,
                   LatheContext* context, LatheError* error) {
  LatheContext here = {run_here, allocate_here, release_here, NULL, NULL};
  Call call;
  int32_t code;
  call.kernel = kernel;
  call.error = error;
  if (error) memset(error, 0, sizeof *error);
  if (!read_description(&call)) {
    return failed(&call, 901, "a description that this library cannot read", "another version, or too many arguments",
                  "both parts from one build", "");
  }
  const int level = level_of_this_cpu(kernel);
  if (level == LATHE_LEVELS) {
    return failed(&call, 302, "this machine cannot run the code", "an older CPU",
                  "a level that the kernel was built for", "");
  }
  code = check_all(&call, tensors);
  if (code) return code;
  int64_t* next = call.scalars + call.head.sizes;
  for (int64_t a = 0; a < call.head.arguments; ++a) {
    next += call.arguments[a].rank;
    call.buffers[a] = tensors[a]->data;
  }
  for (int64_t a = 0; a < call.head.arguments; ++a) *next++ = (int64_t)((uintptr_t)tensors[a]->data % 64);
  for (int64_t p = 0; p < call.head.params; ++p) *next++ = param_bits[p];
  const int64_t* tune = call.tunes;
  for (int l = 0; l < level; ++l) tune += 1 + tune[0];
  for (int64_t t = 0; t < tune[0] && next < call.scalars + MOST_SCALARS; ++t) *next++ = tune[1 + t];
  code = enter(kernel->entries[level], context ? context : &here, &call);
  if (code == 0) return 0;
  if (code != 1) return failed(&call, 901, "the kernel returned a status that it has not", "a fault", "0 or 1", "");
  return failed(&call, 509, "scratch memory could not be had", "no memory from the system",
                "enough for the intermediate values of this call", "outputs may be partly written");
}
