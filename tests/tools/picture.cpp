// Pictures as tensors: PNG round trips, scaling of samples, refusals.
#include "tools/picture.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "tests/tools/helpers.h"

namespace {
using namespace lathe;
using namespace lathe::tools;

TEST_CASE("u8 pictures of one to four channels survive a round trip") {
  TemporaryFolder folder;
  const std::string path = folder.path("picture.png");
  for (int64_t channels = 1; channels <= 4; channels++) {
    Tensor picture(u8, {3, 5, channels});
    for (int64_t n = 0; n < picture.view().elements(); n++) picture.as<uint8_t>()[n] = static_cast<uint8_t>(7 * n + 3);
    write_png(path, picture);
    Tensor back = read_picture(path, u8);
    REQUIRE(back.view().shape == picture.view().shape);
    CHECK(std::equal(back.as<uint8_t>(), back.as<uint8_t>() + picture.view().elements(), picture.as<uint8_t>()));
  }
}

TEST_CASE("f32 pictures are clamped and rounded when written, and 0..1 when read") {
  TemporaryFolder folder;
  const std::string path = folder.path("picture.png");
  Tensor picture(f32, {1, 5});
  const float values[] = {-1.f, 0.5f, 1.f, 3.f, std::numeric_limits<float>::quiet_NaN()};
  std::copy(std::begin(values), std::end(values), picture.as<float>());
  write_png(path, picture);
  Tensor bytes = read_picture(path, u8);
  CHECK(std::vector<int>(bytes.as<uint8_t>(), bytes.as<uint8_t>() + 5) == std::vector<int>{0, 128, 255, 255, 0});
  CHECK(bytes.view().shape == std::vector<int64_t>{1, 5, 1});
  CHECK(read_picture(path, f32).as<float>()[2] == 1.0f);
}

TEST_CASE("a picture that is broken, or does not fit, is refused with the reason") {
  TemporaryFolder folder;
  const std::string path = folder.path("picture.png");
  write_file(path, "not a picture", "test");
  CHECK(failure_of([&] { read_picture(path, f32); }).find("is not a PNG picture") != std::string::npos);
  CHECK(failure_of([&] { read_picture(path, i32); }).find("got i32, need f32 or u8") != std::string::npos);
  CHECK(failure_of([&] { write_png(path, Tensor(f32, {4})); }).find("cannot hold this tensor: got f32[4]") !=
        std::string::npos);
  std::string jpeg = path + ".jpg";
  write_file(jpeg, "not a picture", "test");
  CHECK(failure_of([&] { read_picture(jpeg, f32); }).find("is a broken JPEG picture: got Not a JPEG file") !=
        std::string::npos);
}

TEST_CASE("names of pictures are told by their ending, in any case") {
  CHECK(is_picture("a.PNG"));
  CHECK(is_picture("dir.x/b.jpeg"));
  CHECK_FALSE(is_picture("a.npy"));
  CHECK_FALSE(is_picture("png"));
}

}  // namespace
