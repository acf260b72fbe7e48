"""What a reader sees of a run: tables on a terminal, tables and a picture in the benchmarks' page. It measures nothing."""
