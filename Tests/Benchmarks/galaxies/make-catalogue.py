#!/usr/bin/env python3
"""A synthetic catalogue of any size in the published text columns of GLADE+, for timing.

pip install numpy
./make-catalogue.py ROWS > catalogue.txt

Positions are even over the sky, distances even in volume to 1500 Mpc with errors of 1 to 15 %, luminosities from a
Schechter function (alpha -1.07); one row in 50 has no distance, one in 500 repeats the one before it, one in 3 has a
HyperLEDA name.
"""
import sys

import numpy as np

rows = int(sys.argv[1])
rng = np.random.default_rng(1)
out = sys.stdout
done = 0
nulls = "null " * 3
while done < rows:
    n = min(200_000, rows - done)
    ra = rng.uniform(0, 360, n)
    dec = np.degrees(np.arcsin(rng.uniform(-1, 1, n)))
    d = 1500 * rng.uniform(1e-6, 1, n) ** (1 / 3)
    e = d * rng.uniform(0.01, 0.15, n)
    light = np.maximum(rng.gamma(0.3, 2.4, n), 1e-3)
    b = 5.48 - 25 - 2.5 * np.log10(light)
    mass = light * rng.lognormal(0.3, 0.5, n)
    lines = []
    for i, (x, y, dd, ee, bb, m) in enumerate(zip(ra.tolist(), dec.tolist(), d.tolist(), e.tolist(), b.tolist(), mass.tolist())):
        number = done + i + 1
        name = f"SYN{number}" if number % 3 == 0 else "null"
        distance = "null null 0" if number % 50 == 7 else f"{dd:.4f} {ee:.4f} 1"
        line = (
            f"{number} null null {name} null J{number} null G {x:.6f} {y:.6f} 17.1 0.1 0 {bb:.4f} null null null null 13.2 0.1 "
            f"12.9 0.03 12.8 0.04 0 null null 0.01 0.0101 1 null 0.001 {distance} {m:.6f} 0.5 0 null null"
        )
        lines.append(line)
        if number % 500 == 0:
            lines.append(line)
    out.write("\n".join(lines) + "\n")
    done += n
