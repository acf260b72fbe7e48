"""Benchmarks: figures as ratios in one run; nothing here fails on a duration."""
