"""Sets of files for tools outside: the 27 forecasting tables as TSV or Parquet, all at one snapshot of the lake."""
