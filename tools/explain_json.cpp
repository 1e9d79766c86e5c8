// An explanation as JSON: the same facts as the sentences, by name.
#include <nlohmann/json.hpp>

#include "tools/explanation.h"

namespace lathe::tools {

namespace {

using nlohmann::json;

json dispatch_of(const Explained& e) {
  json list = json::array();
  for (const tuner::Asked& a : e.kernel.asked) {
    list.push_back({{"function", a.function},
                    {"condition", condition_text(a.conditions)},
                    {"here", condition_here(a.conditions, e)},
                    {"taken", a.taken}});
  }
  return list;
}

json reasons_of(const Explained& e) {
  json list = json::array();
  for (const Reason& r : e.kernel.reasons) {
    list.push_back({{"func", r.func},
                    {"where", to_string(where_is(r.func, e.chosen.fixed))},
                    {"about", r.about},
                    {"text", r.text}});
  }
  return list;
}

json loops_of(const tuner::Executed& x, const Target& rates) {
  json list = json::array();
  for (const tuner::ExecutedLoop& loop : x.loops) {
    json busy = json::object();
    for (const auto& [what, cycles] : loop.each.busy(rates)) busy[std::string(what)] = cycles;
    list.push_back({{"function", loop.function},
                    {"loop", loop.loop},
                    {"iterations", loop.iterations},
                    {"cycles_each", loop.cycles(rates)},
                    {"chain_cycles", loop.chain_cycles},
                    {"busy_cycles", busy},
                    {"lanes", loop.each.lanes()}});
  }
  return list;
}

json json_of(const Explained& e) {
  const tuner::Explanation& k = e.kernel;
  json refused = json::array(), missed = json::array(), alternatives = json::array();
  for (const tuner::RefusedForm& r : k.refused_forms) refused.push_back({{"form", r.form}, {"why", r.why}});
  for (const auto& [key, attempt] : k.attempts) {
    missed.push_back({{"func", key.first},
                      {"fact", name_of(key.second)},
                      {"reached", attempt.reached},
                      {"missed", attempt.missed},
                      {"why", attempt.why}});
  }
  for (const tuner::Alternative& a : k.alternatives) {
    alternatives.push_back({{"decision", a.decision},
                            {"usual", a.usual},
                            {"answer", a.answer},
                            {"cycles", a.cycles},
                            {"refused", a.refused}});
  }
  const auto [least, pipe] = least_cycles(e);
  const Target rates = with_instruction_set(e.chosen.target, target_named(e.chosen.target.level));
  return {{"operator", e.chosen.op.name},
          {"sizes", size_text(e.chosen.fixed, e.sizes)},
          {"target", e.chosen.target.name},
          {"schedule", e.chosen.schedule_label},
          {"form", k.form},
          {"refused_forms", refused},
          {"params", k.params},
          {"dispatch", dispatch_of(e)},
          {"reasons", reasons_of(e)},
          {"cycles", k.executed.cycles},
          {"loops", loops_of(k.executed, rates)},
          {"least_cycles", least},
          {"least_cycles_pipe", pipe},
          {"bytes_moved", k.traffic.moved},
          {"bytes_beyond_caches", k.traffic.beyond},
          {"operations", e.work.operations},
          {"bytes", e.work.bytes},
          {"attempts", missed},
          {"alternatives", alternatives}};
}

}  // namespace

std::string json_text(const std::vector<Explained>& all) {
  json rows = json::array();
  for (const Explained& e : all) rows.push_back(json_of(e));
  return rows.dump(2);
}

}  // namespace lathe::tools
