// Elements of which several neighbouring lanes read the same one: an index that is divided, as where a picture is enlarged or
// two packed elements share a byte.
//
//   load    X[broadcast(b) + ramp(8, 1, 8)/broadcast(2)]    four elements from b + 4 on, each in two lanes
//
// Element by element that takes an instruction or two for each lane.
#include "jit/codegen/emitter.h"
#include "jit/codegen/types.h"

namespace lathe::codegen {

// The index of lane l is base + l / times; nothing where it is another.
std::optional<Emitter::RepeatForm> Emitter::repeat_form_of(const Expr& e) {
  if (e.type().dtype != DType::i64) return std::nullopt;
  if (e.kind() == ExprKind::var) {
    const Expr& definition = variables_.at(e->name).definition;
    return definition.defined() ? repeat_form_of(definition) : std::nullopt;
  }
  if (e.is_op(Op::div)) {
    int64_t times = 0;
    const std::optional<LaneForm> divided = is_integer_constant(e.arg(1), &times) && times > 1 ? lane_form_of(e.arg(0)) : std::nullopt;
    if (!divided || divided->stride.as_constant() != 1) return std::nullopt;
    for (const Term& term : divided->base.terms) {
      if (term.coefficient % times != 0) return std::nullopt;
    }
    return RepeatForm{divide_exactly(divided->base, times), times};
  }
  if (!e.is_op(Op::add)) return std::nullopt;
  for (size_t divided : {0, 1}) {
    const std::optional<RepeatForm> form = repeat_form_of(e.arg(divided));
    const std::optional<LaneForm> start = form ? lane_form_of(e.arg(1 - divided)) : std::nullopt;
    if (start && start->stride.is_zero()) return RepeatForm{form->base + start->base, form->times};
  }
  return std::nullopt;
}

// The elements that some lane reads, of which each stands in `times` of them.
llvm::Value* Emitter::wanted_elements(const Expr& mask, int times) {
  return hoist(level_of(mask), [&] {
    llvm::Value *lanes = emit(mask), *wanted = nullptr;
    for (int k = 0; k < times; ++k) {
      std::vector<int> lane;
      for (int i = 0; i < mask.type().lanes / times; ++i) lane.push_back(i * times + k);
      llvm::Value* part = builder_.CreateShuffleVector(lanes, lane);
      wanted = wanted ? builder_.CreateOr(wanted, part) : part;
    }
    return wanted;
  });
}

llvm::Value* Emitter::load_repeated(const Expr& e, const BufferState& buffer, const RepeatForm& form, llvm::Value* mask) {
  const int lanes = e.type().lanes, times = static_cast<int>(form.times), count = lanes / times;
  const llvm::Align alignment = alignment_of(buffer.dtype);
  llvm::Value* from = address(buffer, form.base);
  llvm::Type* type = memory_type(context_of_llvm_, {buffer.dtype, count});
  llvm::Value* elements = nullptr;
  if (!mask) {
    elements = builder_.CreateAlignedLoad(type, from, alignment);
  } else {
    elements = builder_.CreateMaskedLoad(type, from, alignment, wanted_elements(e->mask, times), llvm::Constant::getNullValue(type));
  }
  std::vector<int> source;
  for (int lane = 0; lane < lanes; ++lane) source.push_back(lane / times);
  llvm::Value* value = to_register(builder_, builder_.CreateShuffleVector(elements, source), buffer.dtype);
  return mask ? builder_.CreateSelect(mask, value, llvm::Constant::getNullValue(value->getType())) : value;
}

}  // namespace lathe::codegen
