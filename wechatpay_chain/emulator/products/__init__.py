"""The products of the platform: what each operation does to the records."""
