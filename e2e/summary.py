#!/usr/bin/env python3
"""Reads the events of `go test -json` on standard input and prints what a person wants of them: a line for each
package, the output of what failed, and the counts; those of the attacks on SAML by family, as the tests tell them.

Exit status 1 when a test or a build failed, when a test was skipped (in `make test` nothing may be missing), when no
test ran, or when a family of attacks was not made, not refused, or not told from what must be accepted.
"""
import collections
import json
import re
import sys

# Of what a failed test said first, so many lines stand once more at the end, where a person looks first.
REASON = 25


def main():
    output = collections.defaultdict(list)      # (package, test) -> lines
    count = collections.Counter()
    failed, skipped, broken = [], [], []
    listed, made = {}, {}                       # attacks by family
    for line in sys.stdin:
        try:
            event = json.loads(line)
        except ValueError:                      # the go command itself: a vet finding, a missing module
            sys.stdout.write(line)
            sys.stdout.flush()
            continue
        action, test = event["Action"], event.get("Test")
        key = event.get("Package") or event.get("ImportPath"), test
        if action in ("output", "build-output"):
            output[key].append(event["Output"])
            continue
        if action == "attr" and event["Key"] == "attacks":
            *counts, family = event["Value"].split(" ", 3)
            made[family] = [a + int(b) for a, b in zip(made.get(family, (0, 0, 0)), counts)]
        if action == "attr" and event["Key"] == "attacks-listed":
            n, family = event["Value"].split(" ", 1)
            listed[family] = int(n)
        if action == "build-fail":
            sys.stdout.writelines(output.pop(key, []))
        if action not in ("pass", "fail", "skip"):
            continue
        if test is None:                        # the package's own line stands last
            lines = output.pop(key, [])
            if action == "fail":
                broken.append(key[0])
                for unfinished in [k for k in output if k[0] == key[0]]:
                    sys.stdout.writelines(output.pop(unfinished))
                sys.stdout.writelines(lines)
            elif lines and "[no test files]" not in lines[-1]:
                sys.stdout.write(lines[-1])
            sys.stdout.flush()
            continue
        count[action] += 1
        if action == "fail":
            failed.append((key, reason(output[key])))
            sys.stdout.writelines(output[key])
        elif action == "skip":
            skipped.append((key, "".join(output[key]).strip()))
        output.pop(key, None)
    for key, why in skipped:
        print("skipped: %s %s\n%s" % (key + (why,)))
    for (package, test), why in failed:
        print("failed: %s %s" % (package, test))
        sys.stdout.writelines(why)
    for package in sorted(set(broken) - {package for (package, _), _ in failed}):
        print("failed: %s, which did not build or did not finish" % package)
    lost = attacks(listed, made)
    print("%d passed, %d failed, %d skipped" % (count["pass"], count["fail"], count["skip"]))
    sys.exit(1 if broken or failed or skipped or lost or not count["pass"] else 0)


def reason(lines):
    """The first lines of what a failed test said, from the first that names a place in a test."""
    for i, line in enumerate(lines):
        if re.match(r"\s+\w+_test\.go:\d+: ", line):
            return lines[i:i + REASON]
    return []


def attacks(listed, made):
    """Prints the counts of the attacks by family and returns the families that lack any."""
    if not listed:
        print("no attack on SAML was made")
        return ["all"]
    row = "%-22s %8s %8s %22s %15s"
    print(row % ("attacks on SAML", "attacks", "cases", "refused by their rule", "twins accepted"))
    total, lost = [0, 0, 0, 0], []
    for family in sorted(listed):
        counts = [listed[family]] + list(made.get(family, (0, 0, 0)))
        print(row % (family, *counts))
        total = [a + b for a, b in zip(total, counts)]
        if counts[1] < counts[0] or counts[2] != counts[1] or counts[3] != counts[1]:
            lost.append(family)
    print(row % ("all", *total))
    for family in lost:
        print("failed: the attacks of the family %s" % family)
    return lost


if __name__ == "__main__":
    main()
