"""The domain of Tianwen, without I/O: documents, workflow, access, clock, programmes."""
