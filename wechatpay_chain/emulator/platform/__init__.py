"""The platform's side of the protocol: the checks of a request, and the form of its answer."""
