// The loop of sandbox/delivery/loop.py and the traffic of traffic.py once more in C++, on the same tables, for
// lines at fixed CPM without targeting. tables.h is written by cpp.py from the tables of the engine.

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "tables.h"

using i64 = int64_t;
using u64 = uint64_t;

static const i64 kForever = i64(1) << 62, kTickMs = 10, kAhead = 12;
static const double kFar = 4.0e18;
enum Draw : u64 {
  kTime = 1, kPerson, kAccept, kCountry, kDevice, kMarketA, kMarketB, kViewable, kClick, kView, kCompletion,
  kConversion, kRotation, kEngagement, kDelay, kValueA, kValueB, kParticipation
};

static inline u64 mix(u64 key, u64 counter) {
  u64 z = key + (counter + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}
static inline double unit(u64 bits) { return double(bits >> 11) * (1.0 / (u64(1) << 53)); }
static inline bool happens(u64 key, u64 purpose, double rate) { return unit(mix(key, purpose)) < rate; }
static inline double normal(u64 key, u64 a, u64 b) {
  return std::sqrt(-2.0 * std::log(1.0 - unit(mix(key, a)))) * std::cos(2.0 * M_PI * unit(mix(key, b)));
}
static inline i64 pick(double draw, const Share* shares, i64 first, i64 last) {
  for (i64 i = first; i < last - 1; ++i)
    if (draw < shares[i].edge) return shares[i].code;
  return shares[last - 1].code;
}

static inline bool passes(const Cap* caps, const i64* numbers, i64 first, i64 last, const uint32_t* cells, i64 row,
                          i64 tick) {
  for (i64 s = first; s < last; ++s) {
    const Cap& cap = caps[numbers[s]];
    if (cap.limit == 0) return false;
    const uint32_t* ring = cells + row + cap.ring;
    i64 newest = i64(ring[0]) - cap.limit;
    if (newest < 0) newest += cap.length;
    if (i64(ring[1 + newest]) > std::max(i64(0), tick - cap.window)) return false;
  }
  return true;
}
static inline void remember(const Cap* caps, const i64* numbers, i64 first, i64 last, uint32_t* cells, i64 row,
                            i64 tick) {
  for (i64 r = first; r < last; ++r) {
    const Cap& cap = caps[numbers[r]];
    uint32_t* ring = cells + row + cap.ring;
    i64 oldest = ring[0];
    ring[1 + oldest] = uint32_t(tick);
    ring[0] = uint32_t(oldest + 1 < cap.length ? oldest + 1 : 0);
  }
}

static inline i64 reached(double level, double at, double end, const Line& line) {
  if (end > at) {
    double ahead = std::ceil((level - at) * double(line.plan_to - line.plan_from) / (end - at));
    return line.plan_from + i64(std::min(ahead, kFar));
  }
  return level <= at ? line.start : kForever;
}
static inline i64 next_due(Line& line) {
  line.dearest = (line.remainder + line.top) / line.divisor;
  if (line.spent + line.dearest > line.budget || (line.goal >= 0 && line.goal <= line.impressions)) line.full = 1;
  if (line.full || !line.live || (line.daily_cap >= 0 && line.daily_cap < line.today + line.dearest)) return kForever;
  i64 money = reached(double(line.spent) + line.half, line.plan_at, line.plan_end, line);
  i64 goal = reached(double(line.impressions) + 0.5, line.goal_at, line.goal_end, line);
  return std::max(line.start, std::max(money, goal));
}
static inline i64 line_up(i64 t, i64 first, i64 last, const i64* numbers, const i64* due_ms, i64* queue) {
  i64 waiting = 0;
  for (i64 c = first; c < last; ++c) {
    i64 n = numbers[c];
    if (due_ms[n] > t) continue;
    i64 at = waiting++;
    for (; at > 0 && due_ms[queue[at - 1]] > due_ms[n]; --at) queue[at] = queue[at - 1];
    queue[at] = n;
  }
  return waiting;
}

static inline bool affordable(const Terms& mine, i64 charge, const i64* numbers, const Group* groups) {
  for (i64 g = mine.groups; g < mine.groups_end; ++g) {
    const Group& group = groups[numbers[g]];
    if (group.total >= 0 && group.total < group.spent + charge) return false;
    if (group.daily >= 0 && group.daily < group.today + charge) return false;
  }
  return true;
}
static inline i64 rotate(const Terms& mine, u64 key, i64 row, i64 tick, const Limits& limits, const uint32_t* cells) {
  const i64* numbers = limits.numbers;
  auto allowed = [&](i64 p) {
    const Creative& one = limits.creatives[numbers[p]];
    return passes(limits.caps, numbers, one.caps, one.caps_end, cells, row, tick);
  };
  i64 whole = 0;
  for (i64 p = mine.rotation; p < mine.rotation_end; p += 2)
    if (allowed(p)) whole += numbers[p + 1];
  i64 left = i64(unit(mix(key, kRotation)) * double(whole));
  for (i64 p = mine.rotation; p < mine.rotation_end; p += 2)
    if (allowed(p) && (left -= numbers[p + 1]) < 0) return numbers[p];
  return -1;
}
static inline i64 may_show(i64 n, i64 t, i64 tick, u64 key, i64 row, const Limits& limits, const State& state) {
  const Line& line = state.lines[n];
  const Terms& mine = limits.terms[n];
  if (t >= line.stop) return -1;
  if (line.participation < 1.0 && !happens(key, kParticipation + u64(n) * 256, line.participation)) return -1;
  if (!affordable(mine, line.dearest, limits.numbers, state.groups)) return -1;
  if (!passes(limits.caps, limits.numbers, mine.caps, mine.caps_end, state.cells, row, tick)) return -1;
  return rotate(mine, key, row, tick, limits, state.cells);
}

static inline i64 delay_of(const Line& line, u64 key) {
  return i64(-std::log(1.0 - unit(mix(key, kDelay))) * line.delay);
}
static inline i64 outcome_of(Line& line, const Place& place, u64 key) {
  bool viewable = happens(key, kViewable, place.viewability), click = happens(key, kClick, place.click_rate);
  bool view = happens(key, kView, place.view_rate), engaged = happens(key, kEngagement, place.engagement_rate);
  double played = view ? unit(mix(key, kCompletion)) : 1.0;
  double rate = click ? place.click_conversion_rate : place.conversion_rate;
  if (line.conversion_rate >= 0.0) rate = line.conversion_rate;
  bool converted = false;
  if (happens(key, kConversion, rate)) {
    i64 window = click ? line.click_window : (viewable ? line.view_window : -1);
    converted = delay_of(line, key) < window;
  }
  bool completed = played < place.completion_rate, first = played < place.first_rate;
  bool middle = played < place.mid_rate, third = played < place.third_rate;
  line.impressions += 1;
  line.viewable += viewable;
  line.clicks += click;
  line.views += view;
  line.completed += completed;
  line.engagements += engaged;
  line.first_quartile += first;
  line.midpoint += middle;
  line.third_quartile += third;
  return viewable | click << 1 | view << 2 | completed << 3 | engaged << 4 | first << 5 | middle << 6 | third << 7 |
         converted << 8;
}
static inline i64 charge_for(Line& line) {
  i64 owed = line.remainder + line.top, charge = owed / line.divisor;
  line.remainder = owed - charge * line.divisor;
  line.spent += charge;
  line.today += charge;
  return charge;
}
static inline void show(i64 n, i64 tick, i64 row, i64 charge, i64 creative, const Limits& limits,
                        const State& state) {
  const Terms& mine = limits.terms[n];
  const Creative& shown = limits.creatives[creative];
  for (i64 g = mine.groups; g < mine.groups_end; ++g) {
    state.groups[limits.numbers[g]].spent += charge;
    state.groups[limits.numbers[g]].today += charge;
  }
  remember(limits.caps, limits.numbers, mine.rings, mine.rings_end, state.cells, row, tick);
  remember(limits.caps, limits.numbers, shown.rings, shown.rings_end, state.cells, row, tick);
  state.due_ms[n] = next_due(state.lines[n]);
}
static inline i64 row_of(const Place& place, i64 who, const Limits& limits, i64 stride) {
  return (place.rows >= 0 ? i64(limits.rows[place.rows + who]) : who) * stride;
}

struct Counts {
  i64 served, converted;
};
static inline void log_exposure(const Exposures& out, const Limits& limits, const Place& place, u64 key, i64 at,
                                i64 t, i64 who, i64 n, i64 where, i64 creative, i64 charge, i64 bits) {
  double area = unit(mix(key, kCountry)), device = unit(mix(key, kDevice));
  out.time_ms[at] = t;
  out.user[at] = int32_t(who);
  out.line[at] = int32_t(n);
  out.place[at] = int32_t(where);
  out.creative[at] = int32_t(creative);
  out.charge_micros[at] = charge;
  out.outcome[at] = int16_t(bits);
  out.country[at] = int16_t(pick(area, limits.shares, place.countries, place.countries_end));
  out.device[at] = int16_t(pick(device, limits.shares, place.devices, place.devices_end));
}

extern "C" void decide(i64 hour_ms, i64 hour_tick, i64 first, i64 last, i64 lines, const u64* keys,
                       const Opportunity* hour, const Limits& limits, const State& state, const Exposures& out,
                       Conversion* to, Counts& counts) {
  i64 served = 0, converted = 0, stride = state.stride;
  for (i64 n = 0; n < lines; ++n) state.due_ms[n] = next_due(state.lines[n]);
  for (i64 i = first; i < last; ++i) {
    if (stride > 0 && i + kAhead < last) {
      i64 coming = row_of(limits.places[hour[i + kAhead].place], hour[i + kAhead].who, limits, stride);
      for (i64 cell = coming; cell < coming + std::min(stride, i64(64)); cell += 16)
        __builtin_prefetch(state.cells + cell, 1, 3);
    }
    const Opportunity& chance = hour[i];
    i64 t = hour_ms + chance.tick * kTickMs, where = chance.place, who = chance.who;
    const Place& place = limits.places[where];
    i64 tick = hour_tick + chance.tick, row = -1, c = place.candidates, end = place.candidates_end;
    u64 key = 0;
    for (bool won = false; c < end && !won;) {
      i64 until = limits.numbers[place.equals + c - place.candidates];
      i64 waiting = line_up(t, c, until, limits.numbers, state.due_ms, state.queue);
      c = until;
      for (i64 q = 0; q < waiting && !won; ++q) {
        i64 n = state.queue[q];
        if (row < 0) key = mix(keys[where], u64(chance.number)), row = row_of(place, who, limits, stride);
        i64 creative = may_show(n, t, tick, key, row, limits, state);
        if (creative < 0) continue;
        Line& line = state.lines[n];
        i64 bits = outcome_of(line, place, key), charge = charge_for(line);
        show(n, tick, row, charge, creative, limits, state);
        log_exposure(out, limits, place, key, served, t, who, n, where, creative, charge, bits);
        if (bits & 256) {
          double value = std::exp(line.log_value + 0.5 * normal(key, kValueA, kValueB));
          to[converted++] = {t + delay_of(line, key), served, i64(std::min(value, kFar))};
        }
        ++served;
        won = true;
      }
    }
  }
  counts = {served, converted};
}

static inline int32_t person(u64 key, const Person* draws, i64 at, i64 count) {
  u64 bits = mix(key, kPerson);
  i64 number = i64(unit(bits) * double(count));
  if (at < 0) return int32_t(number);
  const Person& one = draws[at + number];
  return one.accept >= 1.0 || unit(mix(bits, kAccept)) < one.accept ? one.own : one.other;
}

// Arguments are those of traffic.traffic.
extern "C" i64 traffic(i64 hour_ms, i64 count, const Source* sources, const Person* draws, Opportunity* drawn,
                       int32_t* head, Opportunity* made) {
  const i64 ticks = 3600000 / kTickMs;
  i64 total = 0, found = 0;
  for (i64 s = 0; s < count; ++s) total += sources[s].count;
  double scale = double(total) / double(ticks);
  for (i64 s = 0; s < count; ++s) {
    const Source& source = sources[s];
    for (i64 i = 0; i < source.count; ++i) {
      u64 key = mix(source.key, u64(i));
      int32_t t = int32_t(unit(mix(key, kTime)) * double(ticks));
      i64 at_ms = hour_ms + t * kTickMs;
      if (at_ms < source.from_ms || at_ms >= source.until_ms) continue;
      drawn[found++] = {t, int32_t(source.place), int32_t(i), person(key, draws, source.people, source.users)};
      ++head[i64(t * scale) + 1];
    }
  }
  for (i64 b = 0; b < total; ++b) head[b + 1] += head[b];
  for (i64 j = 0; j < found; ++j) made[head[i64(drawn[j].tick * scale)]++] = drawn[j];
  for (i64 j = 1; j < found; ++j) {
    Opportunity late = made[j];
    i64 at = j;
    for (; at > 0 && made[at - 1].tick > late.tick; --at) made[at] = made[at - 1];
    made[at] = late;
  }
  return found;
}
