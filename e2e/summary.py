#!/usr/bin/env python3
"""Reads the events of `go test -json` on standard input and prints what a person wants of them: a line for each
package, the output of what failed, and the counts.

Exit status 1 when a test or a build failed, when a test was skipped (in `make test` nothing may be missing), or when
no test ran.
"""
import collections
import json
import sys


def main():
    output = collections.defaultdict(list)      # (package, test) -> lines
    count = collections.Counter()
    failed, skipped, broken = [], [], []
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
            failed.append(key)
            sys.stdout.writelines(output[key])
        elif action == "skip":
            skipped.append((key, "".join(output[key]).strip()))
        output.pop(key, None)
    for key, why in skipped:
        print("skipped: %s %s\n%s" % (key + (why,)))
    for package, test in failed:
        print("failed: %s %s" % (package, test))
    for package in sorted(set(broken) - {package for package, _ in failed}):
        print("failed: %s, which did not build or did not finish" % package)
    print("%d passed, %d failed, %d skipped" % (count["pass"], count["fail"], count["skip"]))
    sys.exit(1 if broken or failed or skipped or not count["pass"] else 0)


if __name__ == "__main__":
    main()
