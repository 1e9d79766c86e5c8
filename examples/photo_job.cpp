// The main job: a real photograph at three sizes through one kernel, compiled once. It writes the pictures before and
// after as PNG and prints how fast and how right that was.
#include <fmt/core.h>

#include <chrono>
#include <cmath>
#include <filesystem>

#include "analysis/count_ops.h"
#include "lang/oracle.h"
#include "lathe.h"
#include "tools/bound.h"
#include "tools/measure.h"
#include "tools/picture.h"

namespace {
using namespace lathe;
using namespace lathe::tools;

const char* const photograph = "/usr/share/backgrounds/Kleiber_by_Lukas_Baubkus.jpg";   // lomiri-wallpapers-20.04
constexpr int64_t radius = 8;

struct Size2 {
  int64_t width, height;
};
constexpr Size2 sizes[] = {{96, 96}, {1280, 720}, {1021, 577}};

// The middle of the photograph in the shape asked for, each pixel the mean of the block it covers.
Tensor resized(const Tensor& photo, Size2 size) {
  int64_t height = photo.view().shape[0], width = photo.view().shape[1], channels = photo.view().shape[2];
  double scale = std::min(double(width) / double(size.width), double(height) / double(size.height));
  double left = (double(width) - scale * double(size.width)) / 2, top = (double(height) - scale * double(size.height)) / 2;
  Tensor result(f32, {size.height, size.width, channels});
  const float* from = photo.as<float>();
  float* to = result.as<float>();
  for (int64_t y = 0; y < size.height; ++y) {
    int64_t y0 = int64_t(top + scale * double(y)), y1 = std::max(y0 + 1, int64_t(top + scale * double(y + 1)));
    for (int64_t x = 0; x < size.width; ++x) {
      int64_t x0 = int64_t(left + scale * double(x)), x1 = std::max(x0 + 1, int64_t(left + scale * double(x + 1)));
      for (int64_t c = 0; c < channels; ++c) {
        double sum = 0;
        for (int64_t v = y0; v < y1; ++v) {
          for (int64_t u = x0; u < x1; ++u) sum += from[(v * width + u) * channels + c];
        }
        to[(y * size.width + x) * channels + c] = float(sum / double((y1 - y0) * (x1 - x0)));
      }
    }
  }
  return result;
}

Tensor luma_weights() {
  Tensor w(f32, {3});
  w.as<float>()[0] = 0.2126f, w.as<float>()[1] = 0.7152f, w.as<float>()[2] = 0.0722f;
  return w;
}

Tensor gaussian() {
  Tensor g(f32, {2 * radius + 1});
  double sum = 0;
  for (int64_t i = -radius; i <= radius; ++i) sum += std::exp(-0.5 * double(i * i) / (radius / 2.0 * radius / 2.0));
  for (int64_t i = -radius; i <= radius; ++i) {
    g.as<float>()[i + radius] = float(std::exp(-0.5 * double(i * i) / (radius / 2.0 * radius / 2.0)) / sum);
  }
  return g;
}

// The largest difference from the interpreter over points spread across the picture.
double largest_error(const Operator& op, const Bindings& bindings, const Tensor& result, int points) {
  PointOracle oracle(op, bindings);
  const std::vector<int64_t>& shape = result.view().shape;
  double largest = 0;
  for (int i = 0; i < points; ++i) {
    int64_t at = (int64_t(i) * 7919) % result.view().elements();
    std::vector<int64_t> index{at / (shape[1] * shape[2]), at / shape[2] % shape[1], at % shape[2]};
    largest = std::max(largest, std::abs(oracle.at("Y", 0, index).value - double(result.as<float>()[at])));
  }
  return largest;
}

double median_us(const std::function<void()>& call, int repetitions) {
  std::vector<double> samples;
  for (int i = 0; i < repetitions; ++i) samples.push_back(time_us(call));
  return median(samples);
}

// One row of the table; the pictures go to out/.
void run_size(const Operator& op, const Kernel& naive, const Kernel& scheduled, const Tensor& photo, Size2 size) {
  Tensor picture = resized(photo, size), result(f32, picture.view().shape), w = luma_weights(), g = gaussian();
  TensorView views[] = {picture, w, g, result};
  RunOptions one{.threads = 1};
  double naive_us = median_us(naive.bind(views, one), size.width > 1000 ? 3 : 20);

  Bindings bindings;
  bindings.sizes = {{"H", size.height}, {"W", size.width}, {"C", 3}};
  for (const ParamDecl& p : op.params) bindings.params[p.name] = p.default_value;
  bindings.tensors = {{"X", picture}, {"w", w}, {"g", g}, {"Y", result}};
  Work work = count_work(op, bindings.sizes);
  MeasurePlan plan{.call = scheduled.bind(views, one), .repetitions = 20, .target = host_target(), .threads = 1,
                   .pipes = pipes_of(work), .working_set_bytes = int64_t(work.bytes)};
  Measurement m = measure(plan);
  double fraction = bound_of(work, m.machine, host_target()).us / m.us_median;
  double error = largest_error(op, bindings, result, 1000);

  std::string name = fmt::format("out/{}x{}", size.width, size.height);
  write_png(name + "_before.png", picture);
  write_png(name + "_after.png", result);
  fmt::print("{:>9}  {:>10.2f}  {:>12.2f}  {:>7.1f}x  {:>13.2f}  {:>13.2e}\n", fmt::format("{}x{}", size.width, size.height),
             naive_us / 1e3, m.us_median / 1e3, naive_us / m.us_median, fraction, error);
}

int run(bool only_small) {
  Tensor photo = read_picture(photograph, f32);
  SourceFile file = read_lathe_file(LATHE_SOURCE_DIR "/examples/photo.lathe");
  const Operator& given = find_operator(file, "local_contrast");
  CompileOptions naive_options{.static_params = {{"radius", radius}}}, options = naive_options;
  options.schedule = schedule_for(file, given, host_target().level);
  Kernel naive = compile(given, naive_options), scheduled = compile(given, options);
  Operator op = with_static_params(given, options.static_params);
  std::filesystem::create_directories("out");

  fmt::print("local contrast of {}\none kernel for all sizes, compiled in {:.0f} ms; one thread\n\n",
             std::filesystem::path(photograph).filename().string(), scheduled.stats().total_ms);
  fmt::print("     size    naive ms  scheduled ms   speedup  of the bound   largest error\n");
  int64_t compiled = compile_events();
  for (Size2 size : sizes) {
    if (only_small && size.width > 96) continue;
    run_size(op, naive, scheduled, photo, size);
  }
  fmt::print("\nmachine code generated while running: {} times. Pictures: out/*.png\n", compile_events() - compiled);
  fmt::print("\nTry next:\n"
             "  ./dev lathe show examples/photo.lathe --stage lower\n"
             "  ./dev lathe check examples/photo.lathe\n"
             "  ./dev lathe bench stdlib:matmul --size M=1021,N=1021,K=1021 --threads 1\n");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc > 1 && std::string(argv[1]) == "--small");
  } catch (const lathe::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
