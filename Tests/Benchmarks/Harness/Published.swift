/// What other programs took for comparable work: CPU seconds, and peak memory where it was measured.
///
/// All measured on 2026-11-21 on two shared cores, Debian 12, Python 3.11: gwemopt 0.4.2, tilepy 3.0.8,
/// astropy 8.0.2, healpy 1.20.1, mocpy 0.21, ligo.skymap 2.5.4, astroplan 0.10.1. The work is not always
/// the same to the letter; the differences are named. `peers/run.sh` repeats the comparison of plans.
enum Published {
  static let machine =
    "Other programs: measured on 2026-11-21 on two shared cores, Debian 12, Python 3.11, without the seconds "
    + "their imports take where they are libraries."

  static let readMultiOrder = "astropy 7 ms, ligo.skymap 8 ms (50,000 rows)"
  static let readFlat = "ligo.skymap 4.9 s; healpy 1.7 s for one of four columns"
  static let area = "numpy sort 4 ms (50,000 cells)"
  static let tiles = "healpy 0.45 s (pixels of nside 512, not exact); mocpy 3.2 s"
  static let visibility =
    "astroplan 0.12 s for 100 targets at one site on a 5-min grid: about 60 s for this"
  static let oneTelescope =
    "gwemopt 26 s, 808 MB; tilepy 58 s, 400-900 MB (both GW190425, 7,461 deg2)"
  static let network = "gwemopt 142 s, 1,036 MB; tilepy 116 s, 976 MB for 6 (GW190425, 7,461 deg2)"
}
