"""What benches/overload/run prints: the best closed loop, and the table with its floors."""

import json
import sys

# The least of the capacity that is done, and of it that is there again after the overload.
DONE_OF_CAPACITY = 0.9
AFTER_OF_BEFORE = 0.9
# The p99 of what is done, in times that at 70 % of the capacity; that of refusals; the time until it is over.
TIMES_THE_P99 = 3.0
REFUSAL_MS = 50.0
RECOVERY_S = 10.0
# Memory is flat where the second half of the overload grows by no more than this a minute.
GROWTH_A_MINUTE = 0.05
# A second in which more than this share is turned away is still one of overload.
STILL_TURNED_AWAY = 0.05
# Closed loops before and after that differ by more than this part: the machine was another one meanwhile.
MOST_DRIFT = 0.15
# Purchases that failed or found no connection, of those that were due, above which a table says nothing.
LOST = 0.001


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


def ms(latency, name):
    """Milliseconds, or none where there were too few."""
    value = latency.get(name)
    return None if value is None else value / 1000


def shown(value):
    return "-" if value is None else f"{value:.1f}"


def growth_a_minute(seconds):
    """The slope of a straight line through resident memory, in shares of its mean a minute; none if unknown."""
    points = [(second["at_s"] / 60, second["server_rss_bytes"]) for second in seconds]
    if len(points) < 2 or any(size is None for _, size in points):
        return None
    mean_x, mean_y = (sum(axis) / len(points) for axis in zip(*points))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread / mean_y


def bytes_a_purchase(told, number, phase):
    """By how much resident memory grew for each purchase that was done."""
    sizes = [second["server_rss_bytes"] or 0 for second in told["seconds"] if second["phase"] == number and second["measured"]]
    return (sizes[-1] - sizes[0]) / max(1, phase["counts"]["ok"])


def rows(phases):
    head = ("load", "asked/s", "done/s", "done", "no room", "failed", "not begun", "p50 ms", "p99 ms", "told p99 ms")
    print(f"{head[0]:<6}" + "".join(f" {name:>11}" for name in head[1:]))
    for percent in (70, 200, 50):
        phase = phases[percent][1]
        counts, latency = phase["counts"], phase["latency"]
        failed = sum(counts[kind] for kind in ("failed", "wrong", "refused", "cut"))
        cells = [f"{phase['asked_per_s']:.1f}", f"{phase['achieved_per_s']:.1f}", counts["ok"], counts["shed"],
                 failed, counts["not_begun"], shown(ms(latency, "p50_us")), shown(ms(latency, "p99_us")),
                 shown(ms(phase["turned_away"], "p99_us"))]
        lost = (failed + counts["not_begun"]) / max(1, counts["asked"])
        print(f"{percent:>4} %" + "".join(f" {cell:>11}" for cell in cells) + verdict(lost <= LOST))


def floors(told, phases, clients, before):
    after = closed_rate(f"closed-after-{clients}")
    mean = (before + after) / 2
    number, twice = phases[200]
    done = twice["achieved_per_s"] / mean
    print(f"closed loop of {clients} clients: {before:.0f}/s before; {after:.0f}/s after, {after / before:.2f} of it,"
          f" floor {AFTER_OF_BEFORE}{verdict(after >= AFTER_OF_BEFORE * before)}")
    if abs(after / before - 1) > MOST_DRIFT:
        print(f"the machine's speed drifted by more than {MOST_DRIFT * 100:.0f} %: run it again, these figures say little")
    print(f"done: {done:.2f} of their mean, floor {DONE_OF_CAPACITY}{verdict(done >= DONE_OF_CAPACITY)}")
    fast, slow = ms(phases[70][1]["latency"], "p99_us"), ms(twice["latency"], "p99_us")
    is_known = fast is not None and slow is not None
    print(f"p99: {slow / fast if is_known else float('nan'):.1f} times that at 70 %, floor {TIMES_THE_P99:.0f}"
          f"{verdict(is_known and slow < TIMES_THE_P99 * fast)}")
    refusal = ms(twice["turned_away"], "p99_us")
    print(f"told that there is no room: p99 {shown(refusal)} ms, floor {REFUSAL_MS:.0f}"
          f"{verdict(refusal is not None and refusal < REFUSAL_MS)}")
    seconds = [second for second in told["seconds"] if second["phase"] == number and second["measured"]]
    half = seconds[len(seconds) // 2:]
    growth = growth_a_minute(half)
    mib = [round((second["server_rss_bytes"] or 0) / 2**20) for second in (seconds[0], half[0], half[-1])]
    print(f"memory: {mib[0]} MiB at first, {mib[1]} after half of it, {mib[2]} at last; "
          f"{'unknown' if growth is None else f'{growth * 100:+.1f} %'} a minute in the second half,"
          f" floor {GROWTH_A_MINUTE * 100:.0f}{verdict(growth is not None and growth <= GROWTH_A_MINUTE)}")
    grown = {percent: bytes_a_purchase(told, *phases[percent]) for percent in (70, 200)}
    print("memory by what is bought:", "; ".join(f"{size:.0f} bytes a purchase at {percent} %" for percent, size in grown.items()))
    rest = [second for second in told["seconds"] if second["phase"] == phases[50][0]]
    began = rest[0]["at_s"] - rest[0]["length_s"]
    loud = [second["shed"] > STILL_TURNED_AWAY * max(1, second["asked"]) for second in rest]
    quiet = next((place for place in range(len(rest)) if not any(loud[place:place + 10])), len(rest) - 1)
    over = rest[quiet]["at_s"] - rest[quiet]["length_s"] - began
    print(f"over {over:.0f} s after it, floor {RECOVERY_S:.0f}{verdict(over < RECOVERY_S)}; {sum(loud[quiet:])} of the"
          f" {len(rest) - quiet} seconds from then on had one in twenty turned away")
    # A stall of the disk shows here: what it holds up is a small part of all.
    worst = sorted((second["max_us"] or 0 for second in seconds), reverse=True)[:3]
    print("the longest of its slowest seconds:", ", ".join(f"{value / 1000:.0f}" for value in worst), "ms")


NAMES = {
    "real": "passwords hashed as for real",
    "cheap": "cheap hashes",
}


def table(kind, clients, before):
    told = result("ladder")
    phases = {phase["percent"]: (number, phase) for number, phase in enumerate(told["phases"])}
    print(f"\n{NAMES[kind]}; store and answers: {told['verdict']}")
    rows(phases)
    floors(told, phases, clients, before)


if __name__ == "__main__":
    if sys.argv[1] == "capacity":
        capacity(sys.argv[2:])
    else:
        table(sys.argv[2], sys.argv[3], float(sys.argv[4]))
