// One entry for each operator of the standard library: what it computes, written once more as plain loops over Real,
// and the sizes beyond the usual ones. check_all compiles each and compares.
//
//   {"sum_rows", {}, [](Call& c) {
//      const In X = c.in("X");
//      c.out("S").fill([&](Ix i) { return sum(c["N"], [&](Ix k) { return X(i, k); }); });
//    }},
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "lang/interpret.h"
#include "support/dtype_set.h"
#include "support/tensor_view.h"
#include "tests/operators/real.h"

namespace lathe::reference {

// An input. Floats are exact Reals, integers too; `at` gives an integer itself.
class In {
 public:
  explicit In(TensorView view) : view_(std::move(view)) {}
  template <class... I>
  Real operator()(I... index) const {
    return element(place({static_cast<Ix>(index)...}));
  }
  template <class... I>
  Ix at(I... index) const {
    return load_as_integer(view_, place({static_cast<Ix>(index)...}));
  }
  Ix extent(int d) const { return view_.shape[d]; }
  template <class... I>
  bool holds(I... index) const {
    return inside({static_cast<Ix>(index)...});
  }
  // The element, or 0 outside; and the nearest one.
  template <class... I>
  Real or_zero(I... index) const {
    return holds(index...) ? (*this)(index...) : Real(0);
  }
  template <class... I>
  Real nearest(I... index) const {
    return clamped({static_cast<Ix>(index)...});
  }
  template <class... I>
  Ix nearest_at(I... index) const {
    return load_as_integer(view_, clamped_place({static_cast<Ix>(index)...}));
  }

 private:
  Real element(Ix offset) const {
    if (is_float(view_.dtype)) return load_as_double(view_, offset);
    const auto whole = static_cast<Ix>(load_as_integer(view_, offset));
    return view_.dtype == u64 ? Real(static_cast<uint64_t>(whole), 0) : Real(whole);
  }
  Ix place(std::initializer_list<Ix> index) const;
  bool inside(std::initializer_list<Ix> index) const;
  Ix clamped_place(std::initializer_list<Ix> index) const;
  Real clamped(std::initializer_list<Ix> index) const;
  TensorView view_;
};

// What inputs hold now and then beside what is drawn for them. Where denormals make equal what is not, or where infinities have
// no meaning in a formula, an entry goes without those.
enum Specials : unsigned { no_specials = 0, nans = 1, infinities = 2, zeros = 4, denormals = 8, all_specials = 15 };

// Which elements of a large output are computed and compared: those at both ends and one of each so many, or only the former.
enum class Sampling { all, some, ends };

// An output as it should be.
class Out {
 public:
  Out(std::vector<Ix> shape, Sampling sampling);
  bool has(size_t n) const { return n % step_ == 0 || n < ends || n + ends >= values_.size(); }
  const std::vector<Ix>& shape() const { return shape_; }
  const std::vector<Real>& values() const { return values_; }
  Real& operator[](std::initializer_list<Ix> index);
  // Each element by a function of its indices, in order.
  template <class F>
  void fill(const F& f) {
    fill_by(f, &F::operator());
  }

 private:
  bool advance(std::vector<Ix>& point) const;
  template <class F, class R, class... I>
  void fill_by(const F& f, R (F::*)(I...) const) {
    if (values_.empty()) return;
    std::vector<Ix> point(shape_.size(), 0);
    size_t n = 0;
    do {
      if (has(n)) values_[n] = apply(f, point, std::make_index_sequence<sizeof...(I)>());
      ++n;
    } while (advance(point));
  }
  template <class F, size_t... D>
  static Real apply(const F& f, const std::vector<Ix>& p, std::index_sequence<D...>) {
    return f(p[D]...);
  }
  static constexpr size_t ends = 3000;
  std::vector<Ix> shape_;
  std::vector<Real> values_;
  size_t step_ = 1;
};

// One call: inputs as they were before it, sizes and parameters by name, and the outputs to fill in.
class Call {
 public:
  Call(const Bindings& bindings, std::map<std::string, Ix> integers, std::map<std::string, Out> outs)
      : bindings_(bindings), integers_(std::move(integers)), outs_(std::move(outs)) {}
  In in(const std::string& name) const { return In(bindings_.tensors.at(name)); }
  Out& out(const std::string& name) { return outs_.at(name); }
  Ix operator[](const std::string& name) const { return integers_.at(name); }
  Real param(const std::string& name) const {
    return {Real::in.rounded(bindings_.params.at(name)), 0};
  }
  const std::map<std::string, Out>& outs() const { return outs_; }

 private:
  const Bindings& bindings_;
  std::map<std::string, Ix> integers_;
  std::map<std::string, Out> outs_;
};

struct Entry {
  std::string name;
  struct Options {
    std::vector<std::map<std::string, Ix>> sizes = {};             // besides those of default_check_sizes
    std::vector<std::map<std::string, Ix>> params = {{}};          // static parameters; a kernel for each
    std::map<std::string, std::pair<double, double>> ranges = {};  // of inputs; integers up to the second
    unsigned specials = all_specials;
    double within = 1;     // times the bound: numeric classes
    Sampling of_pictures = Sampling::some;  // of 1280 x 720 elements; ends where each needs the results of many others
  } options;
  void (*compute)(Call& call);
};

// Compiles each, for each of these element types that it admits, and compares the results at all sizes, with inputs that lie
// densely, with gaps and transposed. Those that are not generic go with f32.
void check_all(const std::vector<Entry>& entries, DTypeSet types);

// The tables, one for each kind of operator.
using Table = std::vector<Entry>;
Table linear(), quantized(), convolutions(), reductions(), elementwise(), sequences(), layouts(), pictures();

}  // namespace lathe::reference
