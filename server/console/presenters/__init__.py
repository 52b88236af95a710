"""Turn what the server knows into what a page shows: pure functions, no I/O, no HTML."""
