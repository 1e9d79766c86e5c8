#include "jit/runtime/background.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace lathe {

namespace {

class Worker {
 public:
  ~Worker() {
    std::deque<std::function<void()>> dropped;              // destroyed without the lock: a job may own anything
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
      dropped.swap(jobs_);
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

  void add(std::function<void()> job) {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    jobs_.push_back(std::move(job));
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    wake_.notify_one();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [&] { return stopping_ || !jobs_.empty(); });
      if (stopping_) return;
      std::function<void()> job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      job = nullptr;                                        // what it owned goes before the next begins
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace

void run_in_background(std::function<void()> job) {
  static Worker worker;
  worker.add(std::move(job));
}

}  // namespace lathe
