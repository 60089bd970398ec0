"""The driver of the benchmarks: starts programs, measures them from outside, writes tables. Knows no cargo and no S3."""
