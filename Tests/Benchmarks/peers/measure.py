#!/usr/bin/env python3
"""measure.py OUT.json COMMAND...: runs a command and writes its CPU seconds and peak memory.

Standard library only. Children that the command waited for are counted.
"""
import json
import resource
import subprocess
import sys
import time


def main():
    begin = time.monotonic()
    status = subprocess.call(sys.argv[2:])
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(sys.argv[1], "w") as out:
        json.dump({
            "cpu_s": usage.ru_utime + usage.ru_stime,
            "rss_mb": usage.ru_maxrss / 1024,
            "wall_s": time.monotonic() - begin,
            "status": status,
        }, out)
    return status


if __name__ == "__main__":
    sys.exit(main())
