"""What benches/overload/run prints: the best closed loop, and the table with its floors."""

import json
import sys

# The floors: of the capacity, times the p99 at 70 %, milliseconds, seconds.
DONE_OF_CAPACITY = 0.9
TIMES_THE_P99 = 3.0
REFUSAL_MS = 50.0
RECOVERY_S = 10.0
# Memory is flat where the second half of the overload has no more than so many times the first half's end.
FLAT_TIMES = 1.1


def result(folder):
    with open(f"{folder}/result.json", encoding="utf-8") as file:
        return json.load(file)


def closed_rate(folder):
    (phase,) = result(folder)["phases"]
    return phase["achieved_per_s"]


def verdict(is_met):
    return "" if is_met else "   misses its floor"


def capacity(folders):
    best = max(folders, key=closed_rate)
    print(best.rsplit("-", 1)[1], f"{closed_rate(best):.1f}")


def milliseconds(latency, name):
    value = latency.get(name)
    return "-" if value is None else f"{value / 1000:.1f}"


def p99_ms(latency):
    return (latency.get("p99_us") or latency.get("max_us") or 0) / 1000


def table(kind, clients, before):
    told = result("ladder")
    phases = {phase["percent"]: (number, phase) for number, phase in enumerate(told["phases"])}
    print(f"\n{'passwords hashed as for real' if kind == 'real' else 'cheap hashes'}; ladder: {told['verdict']}")
    print(f"{'load':<8} {'asked/s':>8} {'done/s':>8} {'ok':>8} {'no room':>8} {'p50 ms':>8} {'p99 ms':>8} {'told p99 ms':>12}")
    for percent in (70, 200, 50):
        _, phase = phases[percent]
        counts, latency, away = phase["counts"], phase["latency"], phase["turned_away"]
        print(f"{percent:>3} %    {phase['asked_per_s']:>8.1f} {phase['achieved_per_s']:>8.1f} {counts['ok']:>8}"
              f" {counts['shed']:>8} {milliseconds(latency, 'p50_us'):>8} {milliseconds(latency, 'p99_us'):>8}"
              f" {milliseconds(away, 'p99_us'):>12}")
    after = closed_rate(f"closed-after-{clients}")
    mean = (before + after) / 2
    number, twice = phases[200]
    done = twice["achieved_per_s"] / mean
    print(f"closed loop of {clients} clients: {before:.0f}/s before, {after:.0f}/s after")
    print(f"done: {done:.2f} of their mean, floor {DONE_OF_CAPACITY}{verdict(done >= DONE_OF_CAPACITY)}")
    times = p99_ms(twice["latency"]) / p99_ms(phases[70][1]["latency"])
    print(f"p99: {times:.1f} times that at 70 %, floor {TIMES_THE_P99}{verdict(times < TIMES_THE_P99)}")
    refusal = p99_ms(twice["turned_away"])
    print(f"told that there is no room: p99 {refusal:.1f} ms, floor {REFUSAL_MS}{verdict(refusal < REFUSAL_MS)}")
    seconds = [second for second in told["seconds"] if second["phase"] == number and second["measured"]]
    memory = [(second["server_rss_bytes"] or 0) / 2**20 for second in seconds]
    half, most = memory[len(memory) // 2], max(memory[len(memory) // 2:])
    print(f"memory: {memory[0]:.0f} MiB, {half:.0f} after half of it, {most:.0f} at most from then on,"
          f" floor {FLAT_TIMES} times{verdict(most <= FLAT_TIMES * half)}")
    rest = [second for second in told["seconds"] if second["phase"] == phases[50][0]]
    began = rest[0]["at_s"] - rest[0]["length_s"]
    late = [second["at_s"] - began for second in rest if second["shed"] > 0.05 * max(1, second["asked"])]
    over = max(late, default=0.0)
    print(f"over after {over:.0f} s, floor {RECOVERY_S:.0f}{verdict(over < RECOVERY_S)}")
    slow = sorted(seconds, key=lambda second: -(second["p99_us"] or 0))[:3]
    print("slowest seconds, p99 ms:", ", ".join(f"{(second['p99_us'] or 0) / 1000:.0f}" for second in slow))


if sys.argv[1] == "capacity":
    capacity(sys.argv[2:])
else:
    table(sys.argv[2], sys.argv[3], float(sys.argv[4]))
