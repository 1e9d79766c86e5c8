// In this program every pass is verified and every kernel's scratch memory is checked.
#include <cstdlib>

namespace lathe {
namespace {

[[maybe_unused]] const int verifies = setenv("LATHE_VERIFY", "1", 1);

}  // namespace
}  // namespace lathe
