"""A run as four tidy frames of pandas: attempts, verdicts, findings, prices; as CSV and Parquet."""
