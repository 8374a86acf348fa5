"""The values that a call is made of: path, request, answer, headers, secrets, times."""
