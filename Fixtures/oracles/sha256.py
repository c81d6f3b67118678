#!/usr/bin/env python3
"""SHA-256 digests of byte patterns of every length around the block borders, from hashlib.

usage: sha256.py > sha256.json
The pattern of length n is bytes (7 * i + n) mod 256 for i in 0..<n.
"""
import hashlib
import json
import platform
import sys

lengths = list(range(0, 132)) + [191, 192, 193, 1000, 4096, 65537]
cases = [
    dict(length=n, sha256=hashlib.sha256(bytes((7 * i + n) % 256 for i in range(n))).hexdigest()) for n in lengths
]
json.dump(
    dict(command="sha256.py > sha256.json", python=platform.python_version(), cases=cases),
    sys.stdout, indent=0)
print()
