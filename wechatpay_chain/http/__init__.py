"""What a call is made of, as values: path, request, answer, headers, secrets, times."""
