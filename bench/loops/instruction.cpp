#include "bench/loops/instruction.h"

#include <algorithm>
#include <string_view>

namespace lathe::loops {

namespace {

// Instructions by how their names begin; the first row that fits counts. `operations` are those of one lane.
struct Family {
  std::string_view beginning;
  Pipe pipe;
  int operations;
};
constexpr Family kFamilies[] = {
    {"vfmadd", Pipe::mul, 2},       {"vfmsub", Pipe::mul, 2},         {"vfnmadd", Pipe::mul, 2},
    {"vfnmsub", Pipe::mul, 2},      {"vpdp", Pipe::mul, 8},           {"vpmadd", Pipe::mul, 3},
    {"vpmul", Pipe::mul, 1},        {"vmul", Pipe::mul, 1},           {"vrcp", Pipe::mul, 0},
    {"vrsqrt", Pipe::mul, 0},       {"vdiv", Pipe::divide, 1},        {"vsqrt", Pipe::divide, 1},
    {"vadd", Pipe::add, 1},         {"vsub", Pipe::add, 1},           {"vmax", Pipe::add, 1},
    {"vmin", Pipe::add, 1},         {"vhadd", Pipe::add, 1},          {"vcmp", Pipe::add, 0},
    {"vucomi", Pipe::add, 0},       {"vcomi", Pipe::add, 0},          {"vround", Pipe::add, 1},
    {"vrndscale", Pipe::add, 1},    {"vscalef", Pipe::add, 1},        {"vcvt", Pipe::add, 0},
    {"vpadd", Pipe::add, 1},        {"vpsub", Pipe::add, 1},          {"vpmax", Pipe::add, 1},
    {"vpmin", Pipe::add, 1},        {"vpcmp", Pipe::add, 0},          {"vpabs", Pipe::add, 1},
    {"vpavg", Pipe::add, 1},        {"vpsad", Pipe::add, 1},          {"vpopcnt", Pipe::popcount, 1},
    {"vand", Pipe::logic, 0},       {"vor", Pipe::logic, 0},          {"vxor", Pipe::logic, 0},
    {"vpand", Pipe::logic, 0},      {"vpor", Pipe::logic, 0},         {"vpxor", Pipe::logic, 0},
    {"vptern", Pipe::logic, 0},     {"vpsll", Pipe::logic, 0},        {"vpsrl", Pipe::logic, 0},
    {"vpsra", Pipe::logic, 0},      {"vblend", Pipe::logic, 0},       {"vpblend", Pipe::logic, 0},
    {"vptest", Pipe::logic, 0},     {"vbroadcast", Pipe::shuffle, 0}, {"vpbroadcast", Pipe::shuffle, 0},
    {"vperm", Pipe::shuffle, 0},    {"vpshuf", Pipe::shuffle, 0},     {"vshuf", Pipe::shuffle, 0},
    {"vunpck", Pipe::shuffle, 0},   {"vpunpck", Pipe::shuffle, 0},    {"vinsert", Pipe::shuffle, 0},
    {"vextract", Pipe::shuffle, 0}, {"vpinsr", Pipe::shuffle, 0},     {"vpextr", Pipe::shuffle, 0},
    {"vpack", Pipe::shuffle, 0},    {"vpalign", Pipe::shuffle, 0},    {"valign", Pipe::shuffle, 0},
    {"vpmovzx", Pipe::shuffle, 0},  {"vpmovsx", Pipe::shuffle, 0},    {"vmovsh", Pipe::shuffle, 0},
    {"vmovsl", Pipe::shuffle, 0},   {"vmovddup", Pipe::shuffle, 0},   {"vgather", Pipe::shuffle, 0},
    {"vpgather", Pipe::shuffle, 0},
};

// Copies that need no pipe where the source is in memory: the load unit makes them.
bool is_broadcast(std::string_view name) { return name.starts_with("vbroadcast") || name.starts_with("vpbroadcast"); }
bool adds_to_result(std::string_view name) {
  return name.starts_with("vfm") || name.starts_with("vfnm") || name.starts_with("vpdp");
}

// "4(%rdi,%rax), %ymm0" at the commas outside of parentheses.
std::vector<std::string> operands_of(const std::string& text) {
  std::vector<std::string> operands;
  const size_t space = text.find(' ');
  if (space == std::string::npos) return operands;
  int depth = 0;
  std::string operand;
  for (char c : text.substr(space + 1)) {
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (c == ',' && depth == 0) {
      operands.push_back(operand);
      operand.clear();
    } else if (c != ' ') {
      operand += c;
    }
  }
  operands.push_back(operand);
  return operands;
}

bool is_memory(const std::string& operand) { return operand.find('(') != std::string::npos; }

const char* kind_of(const std::string& operand) {
  if (is_memory(operand)) return "memory";
  if (operand[0] == '$') return "number";
  if (operand[0] != '%') return "label";
  switch (operand[1]) {
    case 'x':
      return "xmm";
    case 'y':
      return "ymm";
    case 'z':
      return "zmm";
    default:
      return "register";
  }
}

// The number of a vector register, and its bytes.
struct VectorRegister {
  int number = -1, bytes = 0;
};
VectorRegister vector_register(const std::string& operand) {
  if (operand.size() < 5 || operand[0] != '%' || operand.compare(2, 2, "mm") != 0) return {};
  const int bytes = operand[1] == 'x' ? 16 : operand[1] == 'y' ? 32 : operand[1] == 'z' ? 64 : 0;
  return bytes == 0 ? VectorRegister{} : VectorRegister{std::stoi(operand.substr(4)), bytes};
}

int bytes_of_letter(char letter) {
  switch (letter) {
    case 'b':
      return 1;
    case 'w':
      return 2;
    case 'q':
      return 8;
    default:
      return 4;
  }
}

// Bytes of an element, by the end of the name: "vaddps", "vpaddw", "movq".
int element_bytes(std::string_view name) {
  if (name.ends_with("pd") || name.ends_with("sd")) return name.starts_with("vp") ? 4 : 8;
  if (name.ends_with("ph")) return 2;
  if (name.ends_with("ps") || name.ends_with("ss")) return 4;
  return bytes_of_letter(name.back());
}

bool is_scalar(std::string_view name) {
  return !name.starts_with("vp") && (name.ends_with("ss") || name.ends_with("sd"));
}

// At a place that only the stack pointer says: a value that found no register. Arrays on the stack have an index too.
bool is_on_stack(const std::string& operand, bool has_frame_pointer) {
  return operand.find("(%rsp)") != std::string::npos ||
         (has_frame_pointer && operand.find("(%rbp)") != std::string::npos);
}

void note_memory(Instruction& i, const std::string& name, const std::vector<std::string>& operands,
                 bool has_frame_pointer) {
  if (name.starts_with("lea") || name.starts_with("prefetch") || name.starts_with("nop")) return;
  const auto memory = std::find_if(operands.begin(), operands.end(), is_memory);
  if (memory == operands.end()) return;
  const bool is_last = memory + 1 == operands.end(), is_vector = name[0] == 'v';
  const bool only_reads = name.starts_with("cmp") || name.starts_with("test") || name.starts_with("bt");
  i.stores = is_last && !only_reads && (operands.size() > 1 || !is_vector);
  i.loads = !is_last || only_reads || (!is_vector && !name.starts_with("mov") && !name.starts_with("set"));
  i.on_stack = is_on_stack(*memory, has_frame_pointer);
  i.streams = name.starts_with("vmovnt") && i.stores;
  const bool whole = i.vector_bytes > 0 && !is_scalar(name) && !is_broadcast(name) &&
                     memory->find("{1to") == std::string::npos && !name.starts_with("vmovd") &&
                     !name.starts_with("vmovq") && !name.starts_with("vpins") && !name.starts_with("vpextr") &&
                     name != "vinsertps" && name != "vextractps";
  i.memory_bytes = whole || name.starts_with("vmovdq") ? i.vector_bytes : element_bytes(name);
}

void note_registers(Instruction& i, const std::string& name, const std::vector<std::string>& operands) {
  for (size_t o = 0; o < operands.size(); ++o) {
    const VectorRegister r = vector_register(operands[o]);
    if (r.number < 0) continue;
    i.vector_bytes = std::max(i.vector_bytes, r.bytes);
    const bool is_last = o + 1 == operands.size();
    const bool keeps_old = adds_to_result(name) || (operands[o].find("{%k") != std::string::npos &&
                                                    operands[o].find("{z}") == std::string::npos);
    if (!is_last || keeps_old) i.reads.push_back(r.number);
    if (is_last) i.writes = r.number;
  }
}

// x ^ x is known to be zero before it is executed.
bool is_zero_idiom(const std::string& name, const std::vector<std::string>& operands) {
  return (name.starts_with("vxor") || name.starts_with("vpxor")) && operands.size() == 3 && operands[0] == operands[1];
}

void note_pipe(Instruction& i, const std::string& name) {
  const auto* family = std::find_if(std::begin(kFamilies), std::end(kFamilies),
                                    [&](const Family& f) { return name.starts_with(f.beginning); });
  if (family == std::end(kFamilies) || (is_broadcast(name) && i.loads)) return;
  i.pipe = family->pipe;
  const bool works = i.pipe == Pipe::add || i.pipe == Pipe::mul || i.pipe == Pipe::divide || i.pipe == Pipe::popcount;
  const bool one = is_scalar(name);
  i.is_scalar_float = works && one;
  i.is_vector_arithmetic = works && !one;
  i.divides = i.pipe == Pipe::divide;
  i.operations = family->operations * (one ? 1 : std::max(1, i.vector_bytes / element_bytes(name)));
}

}  // namespace

Instruction instruction_of(const std::string& text, bool has_frame_pointer) {
  const std::string name = text.substr(0, text.find(' '));
  const std::vector<std::string> operands = operands_of(text);
  Instruction i;
  i.calls = name.starts_with("call");
  i.divides = name.starts_with("div") || name.starts_with("idiv");
  if (i.divides) i.pipe = Pipe::divide;
  note_registers(i, name, operands);
  note_memory(i, name, operands, has_frame_pointer);
  if (is_zero_idiom(name, operands))
    i.reads.clear();
  else if (name[0] == 'v')
    note_pipe(i, name);
  return i;
}

std::string shape_of(const std::string& text) {
  std::string shape = text.substr(0, text.find(' '));
  for (const std::string& operand : operands_of(text)) shape += std::string(" ") + kind_of(operand);
  return shape;
}

}  // namespace lathe::loops
