"""Running a deployment: backups, checks, metrics, logs (docs/operations.md)."""
