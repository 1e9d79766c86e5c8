// A process that tries candidates and answers: what may crash, hang or fill memory does so here.
#pragma once

#include "tuner/test_bed.h"

namespace lathe::tuner {

// Answers requests, JSON objects line by line, from one file descriptor on the other until the first ends; the process's exit
// code. A fault is answered too, as the last thing (worker_process.h). `after_run`: BedOptions.
int run_worker(int requests, int answers, decltype(BedOptions::after_run) after_run = {});

}  // namespace lathe::tuner
