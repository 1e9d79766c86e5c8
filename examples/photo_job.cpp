// The main job: a real photograph at three sizes through one kernel, compiled once. It writes the pictures before and
// after as PNG and prints how fast and how right that was.
//
//   photo_job [--small] [--out FOLDER] [PICTURE]        --small: only 96x96; FOLDER: out; PICTURE: one of Debian's
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

constexpr int64_t radius = 8;
constexpr double most_error = 1e-4;                         // a fortieth of the step between two greys of 8 bits

struct Job {
  std::string picture = "/usr/share/backgrounds/Kleiber_by_Lukas_Baubkus.jpg";   // a nuthatch; lomiri-wallpapers-20.04
  std::string folder = "out";
  bool only_small = false;
};

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

// The operator as loops as written, without a schedule, and with the author's.
struct Kernels {
  Kernel naive, constructed, author;
};

// One row of the table, and its pictures in the folder. The largest error.
double run_size(const Operator& op, const Kernels& kernels, const Tensor& photo, Size2 size, const std::string& folder) {
  Tensor picture = resized(photo, size), result(f32, picture.view().shape), w = luma_weights(), g = gaussian();
  TensorView views[] = {picture, w, g, result};
  RunOptions one{.threads = 1};
  double naive_us = median_us(kernels.naive.bind(views, one), size.width > 1000 ? 3 : 20);
  double author_us = median_us(kernels.author.bind(views, one), 20);

  Bindings bindings;
  bindings.sizes = {{"H", size.height}, {"W", size.width}, {"C", 3}};
  for (const ParamDecl& p : op.params) bindings.params[p.name] = p.default_value;
  bindings.tensors = {{"X", picture}, {"w", w}, {"g", g}, {"Y", result}};
  Work work = count_work(op, bindings.sizes);
  MeasurePlan plan{.call = kernels.constructed.bind(views, one), .repetitions = 20, .target = host_target(), .threads = 1,
                   .pipes = pipes_of(work), .working_set_bytes = int64_t(work.bytes)};
  Measurement m = measure(plan);
  double fraction = bound_of(work, m.machine, host_target()).us / m.us_median;
  double error = largest_error(op, bindings, result, 1000);

  std::string name = fmt::format("{}/{}x{}", folder, size.width, size.height);
  write_png(name + "_before.png", picture);
  write_png(name + "_after.png", result);
  fmt::print("{:>9}  {:>10.2f}  {:>14.2f}  {:>6.1f}x  {:>12.2f}  {:>13.1e}  {:>10.0f}  {:>11.2f}\n",
             fmt::format("{}x{}", size.width, size.height), naive_us / 1e3, m.us_median / 1e3, naive_us / m.us_median,
             fraction, error, kernels.constructed.stats().total_ms, author_us / 1e3);
  return error;
}

int run(const Job& job) {
  Tensor photo = read_picture(job.picture, f32);
  SourceFile file = read_lathe_file(LATHE_SOURCE_DIR "/examples/photo.lathe");
  const Operator& given = find_operator(file, "local_contrast");
  const CompileOptions options{.static_params = {{"radius", radius}}};
  CompileOptions as_written = options, authors = options;
  as_written.schedule = plain_nest(given);
  authors.schedule = schedule_for(file, given, host_target().level);
  const Kernels kernels{compile(given, as_written), compile(given, options), compile(given, authors)};
  Operator op = with_static_params(given, options.static_params);
  std::filesystem::create_directories(job.folder);

  fmt::print("Local contrast of {}, one thread. One kernel for all sizes.\n\n",
             std::filesystem::path(job.picture).filename().string());
  fmt::print("Nobody needs to schedule it; this is constructed from the formula for this machine:\n\n{}\n",
             print(constructed_schedule(given, options)));
  fmt::print("     size    naive ms  constructed ms  speedup  of the bound  largest error  compile ms  author's ms\n");
  int64_t compiled = compile_events();
  double error = 0;
  for (Size2 size : sizes) {
    if (job.only_small && size.width > 96) continue;
    error = std::max(error, run_size(op, kernels, photo, size, job.folder));
  }
  fmt::print("\nMachine code generated while running: {} times. Before and after: {}/*.png\n", compile_events() - compiled,
             job.folder);
  fmt::print("\nTry next:\n"
             "  ./dev run my.jpg                                            your own photograph\n"
             "  ./dev lathe show examples/photo.lathe --stage lower         the author's loop nest; --stage asm: the machine code\n"
             "  ./dev lathe check examples/photo.lathe                      at odd sizes, against the interpreter\n"
             "  ./dev lathe bench stdlib:matmul --size M=1021,N=1021,K=1021\n");
  if (error <= most_error) return 0;
  fmt::print(stderr, "photo_job: the largest error is {:.1e}, more than {:.0e}\n", error, most_error);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  Job job;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if (argument == "--small") job.only_small = true;
    else if (argument == "--out" && i + 1 < argc) job.folder = argv[++i];
    else job.picture = argument;
  }
  try {
    return run(job);
  } catch (const lathe::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  }
}
