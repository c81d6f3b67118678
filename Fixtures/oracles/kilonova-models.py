#!/usr/bin/env python3
"""Writes the kilonova families in Sources/Photometry/Models from published ejecta, and says how they fit AT2017gfo.

pip install numpy scipy
./kilonova-models.py

Heating and light of one component: Villar et al. 2017 (ApJL 851, L21), section 4, eqs. 1-6 (r-process heating of Korobkin
et al. 2012, thermalisation of Barnes et al. 2016 table 1, diffusion of Arnett 1982, black body with a temperature
floor). Ejecta: their three-component model, table 2.
"""
import os
import sys

import numpy as np
from scipy.integrate import cumulative_trapezoid
from scipy.interpolate import RegularGridInterpolator

DAY, C, MSUN = 86400.0, 2.99792458e10, 1.98847e33
H, KB, SIGMA, PC = 6.62607015e-27, 1.380649e-16, 5.670374e-5, 3.0856776e18
WAVE = dict(g=477.0, r=623.0, i=762.0, z=905.0)  # nm
# mass (Msun), velocity (c), opacity (cm2/g), temperature floor (K)
BLUE, PURPLE, RED = (0.020, 0.266, 0.5, 674.0), (0.047, 0.152, 3.0, 1308.0), (0.011, 0.137, 10.0, 3745.0)

masses, speeds = np.log10([1e-3, 5e-3, 1e-2, 5e-2]), np.array([0.1, 0.2, 0.3])
grid = lambda rows: RegularGridInterpolator((masses, speeds), np.array(rows), bounds_error=False, fill_value=None)
A = grid([[2.01, 4.52, 8.16], [0.81, 1.90, 3.20], [0.56, 1.31, 2.19], [0.27, 0.55, 0.95]])
B = grid([[0.28, 0.62, 1.19], [0.19, 0.28, 0.45], [0.17, 0.21, 0.31], [0.10, 0.13, 0.15]])
D = grid([[1.12, 1.39, 1.52], [0.86, 1.21, 1.39], [0.74, 1.13, 1.32], [0.60, 0.90, 1.13]])


def component(mass, speed, opacity, floor, days):
    t = np.geomspace(1e-4, 20, 20000)
    a, b, d = (float(f([[np.log10(mass), speed]])[0]) for f in (A, B, D))
    heat = 4e18 * mass * MSUN * (0.5 - np.arctan((t * DAY - 1.3) / 0.11) / np.pi) ** 1.3
    kept = 0.36 * (np.exp(-a * t) + np.log1p(2 * b * t**d) / (2 * b * t**d))
    diffusion = np.sqrt(2 * opacity * mass * MSUN / (13.7 * speed * C * C)) / DAY
    grow = cumulative_trapezoid(heat * kept * np.exp(np.minimum(t**2 / diffusion**2, 600)) * t / diffusion, t / diffusion, initial=0)
    light = 2 * np.exp(-np.minimum(t**2 / diffusion**2, 600)) * grow
    late = t > diffusion * 20  # beyond double precision: light is the heating
    light = np.where(late, heat * kept, light)
    light = np.interp(days, t, light)
    radius = speed * C * days * DAY
    temperature = (light / (4 * np.pi * SIGMA * radius**2)) ** 0.25
    radius = np.where(temperature > floor, radius, np.sqrt(light / (4 * np.pi * SIGMA * floor**4)))
    temperature = np.maximum(temperature, floor)
    flux = {}
    for band, nm in WAVE.items():
        nu = C / (nm * 1e-7)
        planck = 2 * H * nu**3 / C**2 / np.expm1(H * nu / (KB * temperature))
        flux[band] = np.pi * planck * (radius / (10 * PC)) ** 2
    return flux


def magnitudes(components, days):
    total = {b: 0 for b in WAVE}
    for c in components:
        for b, f in component(*c, days).items():
            total[b] = total[b] + f
    return {b: -2.5 * np.log10(f) - 48.6 for b, f in total.items()}


days = np.array([0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12])
observed = dict(r=[(0.47, 17.56), (1.44, 17.99), (2.44, 19.13), (3.45, 19.81), (5.45, 20.79), (7.47, 21.23), (9.47, 22.20)],
                i=[(0.47, 17.48), (1.44, 17.85), (2.44, 18.58), (3.45, 19.03), (5.45, 19.55), (7.47, 20.54), (9.47, 21.37)])
model = {b: None for b in observed}
for band, rows in observed.items():
    t = np.array([r[0] for r in rows])
    m = magnitudes((BLUE, PURPLE, RED), t)[band] + 5 * np.log10(40) + 25 + 0.105 * dict(r=2.285, i=1.698)[band]
    print(band, "model - observed:", " ".join(f"{x:+.2f}" for x in m - np.array([r[1] for r in rows])), file=sys.stderr)

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Sources", "Photometry", "Models")
families = dict(
    blue=((BLUE,), "blue kilonova: lanthanide-poor ejecta only (0.020 solar masses, 0.27 c, 0.5 cm2/g)"),
    red=((PURPLE, RED), "red kilonova: lanthanide-bearing ejecta only (0.047 and 0.011 solar masses, 0.15 and 0.14 c)"),
)
for name, (parts, title) in families.items():
    m = magnitudes(parts, days)
    with open(os.path.join(here, f"kilonova-{name}.yaml"), "w") as f:
        f.write(f"# Written by Fixtures/oracles/kilonova-models.py.\nid: kilonova-{name}\ntitle: \"{title}\"\n")
        f.write("citation: >-\n  components of the three-component model of AT2017gfo in Villar et al. 2017 (ApJL 851, L21), table 2, with the\n  heating, diffusion and black body of section 4 there\n")
        f.write("form: table\nbands:\n")
        for b in WAVE:
            rows = [f"[{d:g}, {min(x, 0):.2f}]" for d, x in zip(days, m[b])]  # 0: nobody sees it
            half = (len(rows) + 1) // 2
            f.write(f"  {b}: [{', '.join(rows[:half])},\n    {', '.join(rows[half:])}]\n")
